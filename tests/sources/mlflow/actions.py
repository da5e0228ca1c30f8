"""Random changes of an MLflow server through its own client. Runs in MLflow's environment, on the store of the server.

Argument: seed. Each line of standard input is a number of changes to make. The answer is one line of JSON: the changes, and the
webhook events that MLflow would send for them.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
import json
import random
import sys
import time
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput
from mlflow.exceptions import MlflowException

SOURCES: list[tuple[str, Any]] = [
    ("s3", {"uri": "s3://lake/{n}"}),
    ("local", {"uri": "/data/{n}.csv"}),
    ("local", {"uri": "data/{n}.csv"}),
    ("http", {"url": "https://data.example.org/{n}.csv"}),
    ("delta_table", {"delta_table_name": "main.crm.t{n}", "delta_table_version": 3}),
    ("delta_table", {"path": "s3://lake/delta/{n}"}),
    ("hugging_face", {"path": "imdb", "config_name": "c{n}", "split": "train"}),
    ("spark", {"sql": "SELECT {n}"}),
    ("code", {"tags": {"mlflow.user": "u", "mlflow.source.name": "train.py"}}),
]
CONTEXTS = ("training", "training", "training", "validation", "testing", "", "nightly")

WEIGHTS = {
    "create_experiment": 4,
    "rename_experiment": 3,
    "delete_experiment": 1,
    "restore_experiment": 4,
    "create_run": 14,
    "log_dataset": 14,
    "finish_run": 5,
    "tag_run": 3,
    "log_model": 8,
    "use_model": 6,
    "measure_model": 5,
    "measure_run": 2,
    "register": 4,
    "create_version": 12,
    "copy_version": 8,
    "set_alias": 6,
    "delete_alias": 3,
    "tag_version": 4,
    "transition": 2,
    "rename": 4,
    "delete_version": 3,
    "delete_model": 1,
    "delete_run": 5,
    "restore_run": 5,
    "delete_logged_model": 2,
}
"""How often each change is made, in relation to the others."""


class Walk:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.client = MlflowClient()
        self.count = 0
        self.events: list[dict[str, Any]] = []
        self.experiments: list[str] = []
        self.gone_experiments: list[str] = []
        self.runs: dict[str, str] = {}
        self.gone_runs: dict[str, str] = {}
        self.models: dict[str, tuple[str, str]] = {}
        """Run and name of each logged model."""
        self.names: list[str] = []
        self.versions: list[tuple[str, str]] = []
        self.registered: set[str] = set()
        """The sources of all versions ever."""

    def step(self) -> str:
        """Make one change; one that MLflow refuses is none, and another is tried."""
        while True:
            (name,) = self.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))
            self.count += 1
            try:
                made = getattr(self, name)()
            except (IndexError, MlflowException) as error:
                if isinstance(error, MlflowException) and error.error_code == "INTERNAL_ERROR":
                    raise
                continue
            return f"{name} {made}"

    def one_of(self, objects: Any) -> Any:
        """Return one of the latest few, so that changes meet."""
        return self.dice.choice(list(objects)[-12:])

    def event(self, entity: str, action: str, **data: str) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.events.append({"entity": entity, "action": action, "timestamp": stamp, "data": data})

    def now_ms(self) -> int:
        return int(time.time() * 1000)

    def create_experiment(self) -> str:
        if len(self.experiments) > 6:
            raise IndexError
        made = self.client.create_experiment(f"e{self.count}")
        self.experiments.append(made)
        return str(made)

    def rename_experiment(self) -> str:
        found = self.one_of(self.experiments)
        self.client.rename_experiment(found, f"e{self.count}")
        return str(found)

    def delete_experiment(self) -> str:
        found = self.one_of(self.experiments)
        self.client.delete_experiment(found)
        self.experiments.remove(found)
        self.gone_experiments.append(found)
        for run in [run for run, experiment in self.runs.items() if experiment == found]:
            self.gone_runs[run] = self.runs.pop(run)
        return str(found)

    def restore_experiment(self) -> str:
        found = self.one_of(self.gone_experiments)
        self.client.restore_experiment(found)
        self.gone_experiments.remove(found)
        self.experiments.append(found)
        for run in [run for run, experiment in self.gone_runs.items() if experiment == found]:
            self.runs[run] = self.gone_runs.pop(run)
        return str(found)

    def create_run(self) -> str:
        tags = {}
        if self.runs and self.dice.random() < 0.3:
            tags["mlflow.parentRunId"] = self.one_of([*self.runs, *self.gone_runs, "f" * 32])
        if self.dice.random() < 0.2:
            tags["mlgraph.workflow"] = f"airflow/w{self.dice.randrange(3)}"
        start = self.now_ms() - self.dice.choice([0, 0, 86_400_000])
        experiment = self.one_of(self.experiments)
        run = self.client.create_run(experiment, start_time=start, tags=tags, run_name=f"r{self.count}")
        self.runs[run.info.run_id] = experiment
        return str(run.info.run_id)

    def dataset(self) -> Dataset:
        kind, source = self.dice.choice(SOURCES)
        number, digest = self.dice.randrange(4), f"d{self.dice.randrange(4)}"
        text = json.dumps(source).replace("{n}", str(number))
        return Dataset(self.dice.choice(["dataset", "dataset", "ratings"]), digest, kind, text, '{"mlflow_colspec": []}', "{}")

    def log_dataset(self) -> str:
        run, context = self.one_of(self.runs), self.dice.choice(CONTEXTS)
        tags = [InputTag("mlflow.data.context", context)] if context else []
        dataset = self.dataset()
        self.client.log_inputs(run, datasets=[DatasetInput(dataset, tags)])
        return f"{run} {dataset.source} {dataset.digest} {context}"

    def finish_run(self) -> str:
        run = self.one_of(self.runs)
        self.client.set_terminated(run, self.dice.choice(["FINISHED", "FINISHED", "FAILED", "KILLED"]))
        return str(run)

    def tag_run(self) -> str:
        run = self.one_of(self.runs)
        if self.dice.random() < 0.4:
            parent = self.one_of([*self.runs, *self.gone_runs])
            self.client.set_tag(run, "mlflow.parentRunId", parent)
            return f"{run} parent {parent}"
        if self.dice.random() < 0.5:
            self.client.set_tag(run, "mlgraph.workflow", f"airflow/w{self.dice.randrange(3)}")
        else:
            self.client.delete_tag(run, self.dice.choice(["mlgraph.workflow", "mlflow.parentRunId"]))
        return str(run)

    def log_model(self) -> str:
        run = self.one_of(self.runs)
        name = f"model{self.dice.randrange(2)}"
        model = self.client.create_logged_model(self.runs[run], name=name, source_run_id=run)
        self.client.finalize_logged_model(model.model_id, "READY")
        self.client.log_outputs(run, [LoggedModelOutput(model.model_id, 0)])
        self.models[model.model_id] = run, name
        return f"{model.model_id} by {run}"

    def use_model(self) -> str:
        run, model = self.one_of(self.runs), self.one_of(self.models)
        self.client.log_inputs(run, models=[LoggedModelInput(model)])
        return f"{model} in {run}"

    def measure_model(self) -> str:
        run, model = self.one_of(self.runs), self.one_of(self.models)
        on = {"dataset_name": "holdout", "dataset_digest": f"h{self.dice.randrange(2)}"} if self.dice.random() < 0.6 else {}
        self.client.log_metric(run, "auc", self.dice.random(), model_id=model, **on)
        return f"{model} by {run} {on}"

    def measure_run(self) -> str:
        run = self.one_of(self.runs)
        self.client.log_metric(run, "loss", self.dice.random())
        return str(run)

    def register(self) -> str:
        name = f"m{self.count}"
        self.client.create_registered_model(name)
        self.names.append(name)
        self.event("registered_model", "created", name=name)
        return name

    def create_version(self) -> str:
        name, sort = self.one_of(self.names), self.dice.randrange(5)
        run = self.one_of([*self.runs, *self.gone_runs])
        if sort < 2:
            model = self.one_of(self.models)
            source, run_id = f"models:/{model}", self.dice.choice([None, self.models[model][0]])
        elif sort == 2:
            made_by, made = self.models[self.one_of(self.models)]
            source, run_id = f"runs:/{made_by}/{made}", self.dice.choice([None, made_by])
        elif sort == 3:
            source, run_id = f"mlflow-artifacts:/1/{run}/artifacts/model", self.dice.choice([None, run])
        else:
            source, run_id = "s3://models/elsewhere", None
        version = self.client.create_model_version(name, source, run_id=run_id)
        self.registered.add(source)
        self.versions.append((name, str(version.version)))
        self.event("model_version", "created", name=name, version=str(version.version))
        return f"{name}/{version.version} {source} {run_id}"

    def copy_version(self) -> str:
        (name, number), to = self.one_of(self.versions), self.one_of(self.names)
        version = self.client.copy_model_version(f"models:/{name}/{number}", to)
        self.versions.append((to, str(version.version)))
        self.event("model_version", "created", name=to, version=str(version.version))
        return f"{name}/{number} to {to}/{version.version}"

    def set_alias(self) -> str:
        name, number = self.one_of(self.versions)
        alias = self.dice.choice(["champion", "challenger"])
        self.client.set_registered_model_alias(name, alias, number)
        self.event("model_version_alias", "created", name=name, alias=alias, version=number)
        return f"{name}/{number} {alias}"

    def delete_alias(self) -> str:
        name, alias = self.one_of(self.names), self.dice.choice(["champion", "challenger"])
        self.client.delete_registered_model_alias(name, alias)
        self.event("model_version_alias", "deleted", name=name, alias=alias)
        return f"{name} {alias}"

    def tag_version(self) -> str:
        name, number = self.one_of(self.versions)
        self.client.set_model_version_tag(name, number, "checked", str(self.count))
        self.event("model_version_tag", "set", name=name, version=number, key="checked", value=str(self.count))
        return f"{name}/{number}"

    def transition(self) -> str:
        name, number = self.one_of(self.versions)
        self.client.transition_model_version_stage(name, number, self.dice.choice(["Staging", "Production", "Archived"]))
        return f"{name}/{number}"

    def rename(self) -> str:
        name, new = self.one_of(self.names), f"m{self.count}"
        self.client.rename_registered_model(name, new)
        self.names = [new if each == name else each for each in self.names]
        self.versions = [(new if each == name else each, number) for each, number in self.versions]
        return f"{name} to {new}"

    def delete_version(self) -> str:
        name, number = self.one_of(self.versions)
        self.client.delete_model_version(name, number)
        self.versions.remove((name, number))
        return f"{name}/{number}"

    def delete_model(self) -> str:
        name = self.one_of(self.names)
        self.client.delete_registered_model(name)
        self.names.remove(name)
        self.versions = [each for each in self.versions if each[0] != name]
        return str(name)

    def delete_run(self) -> str:
        run = self.one_of(self.runs)
        self.client.delete_run(run)
        self.gone_runs[run] = self.runs.pop(run)
        return str(run)

    def restore_run(self) -> str:
        run = self.one_of(self.gone_runs)
        if self.gone_runs[run] in self.gone_experiments:
            raise IndexError
        self.client.restore_run(run)
        self.runs[run] = self.gone_runs.pop(run)
        return str(run)

    def delete_logged_model(self) -> str:
        """Delete a model that was never registered: the files of a registered one are those of its versions."""
        found = self.one_of(
            model
            for model, (run, name) in self.models.items()
            if self.registered.isdisjoint({f"models:/{model}", f"runs:/{run}/{name}"})
        )
        self.client.delete_logged_model(found)
        del self.models[found]
        return str(found)


def main() -> None:
    walk = Walk(int(sys.argv[1]))
    for line in sys.stdin:
        walk.events = []
        made = [walk.step() for _ in range(int(line))]
        sys.stdout.write(json.dumps({"made": made, "events": walk.events}) + "\n")
        sys.stdout.flush()


main()
