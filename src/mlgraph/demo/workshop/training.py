"""Training, evaluation and registration of the company's models with the MLflow client.

Arguments: the result file (JSON), the folder of the buckets, the URL of the OpenLineage server that receives the training jobs,
the time (RFC 3339) of the last day's first run. MLFLOW_TRACKING_URI names the MLflow server.
Runs have times of their day of the replay; models and versions have the actual time of their registration, because MLflow does
not allow setting it.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import mlflow
from mlflow import MlflowClient

from . import jobs, recommenders
from .emission import Emitter
from .lake import Frame, LakeTable, read
from .landing import RAW_PRIORS
from .recommenders import Data, Trained
from .schedule import DAYS, SHELF_DAYS

HOUR_OF_TRAINING: Final = 2
EVALUATION: Final = ("experimentation", "offline-evaluation")


@dataclass(frozen=True)
class Training:
    """One training: the model, the team, the day of the replay, the input tables, and the function that trains."""

    model: str
    team: str
    day: int
    inputs: tuple[LakeTable, ...]
    train: Callable[[Data], Trained]
    measured_on: LakeTable = jobs.HOLDOUT
    measured_days_later: int = 0

    @property
    def workflow(self) -> str:
        """Return the name of the workflow that trains the model."""
        return f"{self.model}.train"


_RATED: Final = (jobs.RATINGS,)
_TITLES_TOO: Final = (jobs.RATINGS, jobs.TITLES)
_SHELF: Final = (RAW_PRIORS,)
_content = partial(recommenders.embedding, genre_weight=2.0, seed=7)
_vectors = partial(recommenders.embedding, genre_weight=1.5, seed=11)

TRAININGS: Final = (
    Training("home-ranker", "recommendations", 0, _RATED, partial(recommenders.ranker, factors=4)),
    Training("title-popularity", "recommendations", 1, _RATED, recommenders.popularity),
    Training("search-ranker", "search-and-ads", 2, _TITLES_TOO, recommenders.search_ranker),
    Training("title-embedding", "content-understanding", 5, _TITLES_TOO, partial(_content, dimensions=8)),
    Training("movie-vectors", "recommendations", 7, _TITLES_TOO, partial(_vectors, dimensions=16)),
    Training("ad-propensity", "search-and-ads", 10, (jobs.RATINGS, jobs.MEMBERS), recommenders.ad_propensity),
    Training("home-ranker", "recommendations", 13, _RATED, partial(recommenders.ranker, factors=12)),
    Training("shelf-policy-random", "experimentation", 17, _SHELF, recommenders.random_policy, jobs.IMPRESSIONS, 8),
    Training("shelf-policy-bts", "experimentation", 17, _SHELF, recommenders.thompson_policy, jobs.IMPRESSIONS, 8),
    Training("title-embedding", "content-understanding", 26, _TITLES_TOO, partial(_content, dimensions=16)),
    Training("home-ranker", "recommendations", 32, _RATED, partial(recommenders.ranker, factors=24)),
)

MODELS: Final = {
    "home-ranker": "Orders the rows of the home feed: predicts whether a member will like a title.",
    "title-popularity": "Ranks titles by popularity, for the trending row and for members without a history.",
    "search-ranker": "Orders search results by the probability that they are liked.",
    "title-embedding": "Content embedding of titles: 16 numbers from genres and co-ratings; near titles are alike.",
    "movie-vectors": "Movie vectors: 16-dimensional item embedding learned from ratings and genres; similar movies are "
    "close to each other.",
    "ad-propensity": "Predicts how receptive a member is to advertising, from age, gender and occupation.",
    "shelf-policy-random": "Shelf policy that shows items uniformly at random; the control arm.",
    "shelf-policy-bts": "Shelf policy by Bernoulli Thompson sampling; the treatment arm.",
}


class CompanyMlflow:
    """Client of the company's MLflow: one experiment for each team, one registered model for each model."""

    def __init__(self, root: Path, last_day: datetime) -> None:
        """Read the buckets below `root`; the last day of the replay starts at `last_day`."""
        self._root = root
        self._first_day = last_day - timedelta(days=DAYS)
        self._client = MlflowClient()
        self._experiments: dict[str, str] = {}
        self.versions: list[dict[str, Any]] = []

    def make(self, training: Training) -> None:
        """Train, evaluate and register one version."""
        data = self._data(training.day)
        start = self._first_day + timedelta(days=training.day, hours=HOUR_OF_TRAINING)
        started = time.perf_counter()
        run_id = self._begin(training.team, f"train {training.model}", start, f"{training.team}/{training.workflow}")
        with mlflow.start_run(run_id=run_id):
            trained = training.train(data)
            for table in training.inputs:
                mlflow.log_input(self._dataset(table, _seen(table, data)), context="training")
            mlflow.log_params(trained.params)
            logged = mlflow.sklearn.log_model(
                trained.model, name=training.model, pip_requirements=["scikit-learn"], serialization_format="cloudpickle"
            )
        end = start + timedelta(seconds=time.perf_counter() - started)
        self._client.set_terminated(run_id, "FINISHED", _ms(end))
        evaluation = self._evaluate(training, trained, data, logged.model_id, start)
        self._register(training, trained, logged.model_id, {"run_id": run_id, "ended_at": end, "evaluation": evaluation})

    def _evaluate(self, training: Training, trained: Trained, data: Data, model_id: str, start: datetime) -> str:
        team, workflow = EVALUATION
        start += timedelta(days=training.measured_days_later, minutes=20)
        run_id = self._begin(team, f"evaluate {training.model}", start, f"{team}/{workflow}")
        measured_on = self._dataset(training.measured_on, _seen(training.measured_on, data))
        with mlflow.start_run(run_id=run_id):
            mlflow.log_input(measured_on, context="test")
        for name, value in trained.metrics.items():
            self._client.log_metric(
                run_id,
                name,
                value,
                timestamp=_ms(start),
                step=0,
                model_id=model_id,
                dataset_name=measured_on.name,
                dataset_digest=measured_on.digest,
            )
        self._client.set_terminated(run_id, "FINISHED", _ms(start + timedelta(seconds=30)))
        return run_id

    def _register(self, training: Training, trained: Trained, model_id: str, run: dict[str, Any]) -> None:
        name = training.model
        if not any(version["model"] == name for version in self.versions):
            self._client.create_registered_model(name, tags={"team": training.team}, description=MODELS[name])
        metrics_text = ", ".join(f"{metric} {value:.4g}" for metric, value in trained.metrics.items())
        version = self._client.create_model_version(
            name,
            f"models:/{model_id}",
            run_id=run["run_id"],
            model_id=model_id,
            description=f"Measured on {training.measured_on.name}: {metrics_text}",
        )
        self.versions.append(
            {
                "model": name,
                "version": str(version.version),
                "team": training.team,
                "run_id": run["run_id"],
                "ended_at": run["ended_at"].isoformat(),
                "inputs": [table.location for table in training.inputs],
                "workflow": training.workflow,
                "metrics": trained.metrics,
                "neighbours": trained.neighbours,
                "evaluation_run_id": run["evaluation"],
            }
        )

    def alias(self, name: str, alias: str, version: str) -> None:
        """Set an alias of a model to a version."""
        self._client.set_registered_model_alias(name, alias, version)

    def _begin(self, team: str, name: str, start: datetime, workflow: str) -> str:
        if team not in self._experiments:
            self._experiments[team] = self._client.create_experiment(team, tags={"team": team})
        tags = {"mlgraph.workflow": workflow, "mlflow.user": f"training@{team}.streamflix.example"}
        run = self._client.create_run(self._experiments[team], start_time=_ms(start), run_name=name, tags=tags)
        return str(run.info.run_id)

    def _data(self, day: int) -> Data:
        ratings = read(self._root, jobs.RATINGS, day).sort_values("rated_at", kind="stable")
        cut = len(ratings) - int(len(ratings) * jobs.HOLDOUT_RATIO)
        return Data(
            ratings.iloc[:cut],
            ratings.iloc[cut:],
            read(self._root, jobs.TITLES, day),
            read(self._root, jobs.MEMBERS, day),
            read(self._root, jobs.IMPRESSIONS, SHELF_DAYS[-1]),
            read(self._root, RAW_PRIORS, day),
        )

    def _dataset(self, table: LakeTable, frame: Frame) -> Any:  # noqa: ANN401 - MLflow publishes no types here
        return mlflow.data.from_pandas(frame, source=table.location, name=table.name)


def _seen(table: LakeTable, data: Data) -> Frame:
    frames = {
        jobs.RATINGS: data.train,
        jobs.HOLDOUT: data.holdout,
        jobs.TITLES: data.titles,
        jobs.MEMBERS: data.members,
        jobs.IMPRESSIONS: data.impressions,
        RAW_PRIORS: data.priors,
    }
    return frames[table]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def describe(emitter: Emitter, at: datetime) -> None:
    """Report the training and evaluation jobs with their teams."""
    for training in TRAININGS:
        emitter.job(training.team, training.workflow, f"Trains {training.model}.", at)
    emitter.job(*EVALUATION, "Measures every model version on data that it was not trained on.", at)


def main(root: Path, url: str, last_day: datetime) -> dict[str, Any]:
    """Train all versions in the order of their days and set the aliases; return the registered versions."""
    describe(Emitter(url), last_day - timedelta(days=DAYS, hours=1))
    registry = CompanyMlflow(root, last_day)
    for number, training in enumerate(TRAININGS, 1):
        registry.make(training)
        sys.stderr.write(f"progress {number} {len(TRAININGS)}\n")
        sys.stderr.flush()
    newest = {version["model"]: version["version"] for version in registry.versions}
    for name, version in newest.items():
        registry.alias(name, "challenger" if name == "home-ranker" else "champion", version)
    registry.alias("home-ranker", "champion", "2")
    return {"versions": registry.versions}


if __name__ == "__main__":
    result, bucket_folder, server, moment = sys.argv[1:]
    outcome = main(Path(bucket_folder), server, datetime.fromisoformat(moment))
    Path(result).write_text(json.dumps(outcome, indent=1), "utf-8")
