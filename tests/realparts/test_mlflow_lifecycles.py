"""Copies, deletions, restorations and renames in a real MLflow, as mlgraph reads them. The tests share one server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from mlgraph.domain.configuration import Schedule
from mlgraph.services.common.identity import Caller
from tests.realparts.mlflow_server import MLFLOW_BIN, MlflowServer, mlflow_server
from tests.realparts.mlflow_walk import CONNECTOR, LIMITS, state_of, walk
from tests.services.hydration_proof import NAME, Reading
from tests.services.parts import Store, schema_url

STARTED_MS = 1_767_225_600_000
QUIET = Schedule(poll_s=3600.0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as started:
        yield started


@dataclass
class Scene:
    """An MLflow server and mlgraph over a store of its own."""

    server: MlflowServer
    store: Store
    reading: Reading

    def call(self, path: str, method: str = "POST", **body: Any) -> dict[str, Any]:
        answer = httpx.request(method, f"{self.server.url}/api/2.0/mlflow/{path}", json=body, timeout=60)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def experiment(self, name: str) -> str:
        return str(self.call("experiments/create", name=name)["experiment_id"])

    def run(self, experiment: str, source: dict[str, Any] | None = None, parent: str | None = None) -> str:
        tags = [{"key": "mlflow.parentRunId", "value": parent}] if parent else []
        run = self.call("runs/create", experiment_id=experiment, start_time=STARTED_MS, tags=tags)["run"]["info"]["run_id"]
        if source:
            dataset = {"name": "dataset", "digest": "d1", "source_type": "s3", "source": json.dumps(source)}
            tagged = {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "training"}]}
            self.call("runs/log-inputs", run_id=run, datasets=[tagged])
        self.call("runs/update", run_id=run, status="FINISHED", end_time=STARTED_MS + 1000)
        return str(run)

    def version(self, name: str, source: str, run: str | None = None) -> str:
        known = {"run_id": run} if run else {}
        if source.startswith("models:/m-"):
            known["model_id"] = source.removeprefix("models:/")
        made = self.call("model-versions/create", name=name, source=source, **known)
        return f"mlg://model_version/mlflow%3Aprod/{name}%2F{made['model_version']['version']}"

    def model(self, name: str) -> str:
        self.call("registered-models/create", name=name)
        return name

    def logged_model(self, experiment: str, run: str, name: str = "model") -> str:
        made = self.call("logged-models", experiment_id=experiment, name=name, source_run_id=run)
        model_id = made["model"]["info"]["model_id"]
        self.call(f"logged-models/{model_id}", "PATCH", model_id=model_id, status="LOGGED_MODEL_READY")
        self.call("runs/outputs", run_id=run, models=[{"model_id": model_id, "step": 0}])
        return str(model_id)

    def use(self, run: str, model_id: str) -> None:
        self.call("runs/log-inputs", run_id=run, models=[{"model_id": model_id}])

    def sync(self) -> None:
        self.reading.connections.sync(NAME, Caller("tester"))
        self.reading.serving.queries.wait_for(self.store.reader.last_tx())

    def shown(self, uri: str) -> dict[str, Any]:
        return dict(self.reading.serving.queries.asset(uri))

    def nodes(self, uri: str, direction: str = "downstream") -> set[str]:
        return {each["uri"] for each in self.reading.serving.lineage(uri, direction=direction, level="asset")["nodes"]}

    def parents(self, run: str) -> set[str]:
        relations = [each for each in self.shown(run_uri(run))["relations"] if each["source"] == run_uri(run)]
        return {each["target"] for each in relations if each["relation"] == "part_of" and each["valid_to"] is None}


def run_uri(run: str) -> str:
    return f"mlg://run/mlflow%3Aprod/{run}"


@contextmanager
def reading(server: MlflowServer, store: Store) -> Iterator[Scene]:
    opened = Reading(store, server.url, LIMITS, QUIET, CONNECTOR)
    try:
        opened.until("state", "following")
        yield Scene(server, store, opened)
    finally:
        opened.close()


@pytest.fixture
def scene(server: MlflowServer, postgres_url: str) -> Iterator[Scene]:
    store = Store(schema_url(postgres_url))
    with reading(server, store) as opened:
        yield opened
    store.close()


def test_copies_of_copies_have_the_lineage_of_the_original_whatever_becomes_of_it(scene: Scene) -> None:
    experiment = scene.experiment("copies")
    train = scene.run(experiment, {"uri": "s3://lake/copies"})
    model = scene.logged_model(experiment, train)
    score = scene.run(experiment)
    scene.use(score, model)
    for name in ("c-dev", "c-stage", "c-prod"):
        scene.model(name)
    dev = scene.version("c-dev", f"models:/{model}")
    scene.sync()
    stage = scene.version("c-stage", "models:/c-dev/1", train)
    prod = scene.version("c-prod", "models:/c-stage/1", train)
    scene.sync()
    data = "mlg://dataset/s3%3A%2F%2Flake/copies"
    for version in (dev, stage, prod):
        assert {data, run_uri(train)} <= scene.nodes(version, "upstream")
        assert run_uri(score) in scene.nodes(version)
        assert scene.shown(version)["properties"]["logged_model"]["model_id"] == model
    assert prod in scene.nodes(dev)
    scene.call("registered-models/rename", name="c-dev", new_name="c-trial")
    scene.call("model-versions/delete", "DELETE", name="c-stage", version="1")
    scene.sync()
    scene.sync()
    assert {data, run_uri(train)} <= scene.nodes(prod, "upstream")
    assert run_uri(score) in scene.nodes(prod)
    assert stage not in scene.nodes(data)


def test_a_version_without_a_run_has_the_run_in_its_source(scene: Scene) -> None:
    experiment = scene.experiment("sources")
    train = scene.run(experiment, {"uri": "s3://lake/sources"})
    model = scene.logged_model(experiment, train, "ranker")
    score = scene.run(experiment)
    scene.use(score, model)
    scene.model("sources")
    of_model = scene.version("sources", f"models:/{model}")
    of_run = scene.version("sources", f"runs:/{train}/ranker", train)
    of_path = scene.version("sources", f"mlflow-artifacts:/{experiment}/{train}/artifacts/other", train)
    elsewhere = scene.version("sources", "s3://models/elsewhere")
    scene.sync()
    assert all(run_uri(train) in scene.nodes(version, "upstream") for version in (of_model, of_run, of_path))
    assert [run_uri(score) in scene.nodes(version) for version in (of_model, of_run, of_path, elsewhere)] == [
        True,
        True,
        False,
        False,
    ]
    assert not any(uri.startswith("mlg://run/") for uri in scene.nodes(elsewhere, "upstream"))


def test_a_nested_run_whose_parent_was_deleted_is_a_part_of_its_experiment(scene: Scene) -> None:
    experiment = scene.experiment("nested")
    parent = scene.run(experiment)
    child, orphan = scene.run(experiment, parent=parent), scene.run(experiment, parent="f" * 32)
    workflow = "mlg://workflow/mlflow%3Aprod/nested"
    scene.sync()
    assert (scene.parents(child), scene.parents(orphan)) == ({run_uri(parent)}, {workflow})
    scene.call("runs/delete", run_id=parent)
    scene.sync()
    scene.sync()
    assert scene.parents(child) == {workflow}
    scene.call("runs/restore", run_id=parent)
    scene.sync()
    scene.sync()
    assert scene.parents(child) == {run_uri(parent)}
    assert scene.parents(parent) == {workflow}


def test_a_run_that_mlflow_removed_for_good_keeps_what_was_read_of_it(scene: Scene) -> None:
    experiment = scene.experiment("purged")
    train = scene.run(experiment, {"uri": "s3://lake/purged"})
    model = scene.logged_model(experiment, train)
    measure = scene.run(experiment)
    scene.use(measure, model)
    scene.call("runs/log-metric", run_id=measure, key="auc", value=0.5, timestamp=STARTED_MS, step=0)
    scene.model("purged")
    version = scene.version("purged", f"models:/{model}")
    scene.sync()
    for run in (train, measure):
        scene.call("runs/delete", run_id=run)
    scene.sync()
    before = {each for each in state_of(scene.store)[1] if train in str(each) or measure in str(each)}
    assert [each for each in before if each[:3] == (run_uri(train), "outputs", version) and "lake" in each[3]]
    assert [each for each in before if each[1] == "evaluated_by"]
    store = f"sqlite:///{scene.server.folder / 'mlflow.db'}"
    subprocess.run(
        [str(MLFLOW_BIN / "mlflow"), "gc", "--backend-store-uri", store, "--run-ids", f"{train},{measure}"],
        env=scene.server.client_environment(scene.server.url),
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert httpx.get(f"{scene.server.url}/api/2.0/mlflow/runs/get", params={"run_id": train}).status_code == httpx.codes.NOT_FOUND
    scene.sync()
    assert {each for each in state_of(scene.store)[1] if train in str(each) or measure in str(each)} == before
    assert scene.shown(run_uri(train))["deleted_at"] is not None


def test_a_moved_alias_of_a_renamed_model_points_to_one_version(scene: Scene) -> None:
    scene.model("a-old")
    for _ in (1, 2):
        scene.version("a-old", "s3://models/a")
    scene.call("registered-models/alias", name="a-old", alias="champion", version="1")
    scene.sync()
    scene.call("registered-models/rename", name="a-old", new_name="a-new")
    scene.sync()
    scene.call("registered-models/alias", name="a-new", alias="champion", version="2")
    scene.sync()
    relations = scene.shown("mlg://model/mlflow%3Aprod/a-new")["relations"]
    pointed = {each["target"] for each in relations if each["relation"] == "points_to" and each["valid_to"] is None}
    assert pointed == {"mlg://model_version/mlflow%3Aprod/a-new%2F2"}


def test_the_stage_of_a_version_is_a_property(scene: Scene) -> None:
    scene.model("staged")
    version = scene.version("staged", "s3://models/staged")
    scene.sync()
    assert "stage" not in scene.shown(version)["properties"]
    scene.call("model-versions/transition-stage", name="staged", version="1", stage="Production", archive_existing_versions=False)
    scene.sync()
    assert scene.shown(version)["properties"]["stage"] == "Production"


def test_after_random_changes_graph_and_answers_are_those_of_a_clean_read(server: MlflowServer, postgres_url: str) -> None:
    found = walk(server, postgres_url, steps=60, seed=11)
    assert len(found.made) == 60
    assert len(found.clean[1]) > 20
    assert len(found.clean_answers) > 20
    assert found.differences() == [], found.made
