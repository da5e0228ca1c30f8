"""The metrics that are a measurement of a logged model by a run, by dataset.

A run measures a model if the model has metrics that the run recorded on a named dataset. A run that did not create the model
also measures it if the model has any metrics of that run. Otherwise the metrics of the run itself count, if the model is an
input and the run has no model outputs, or if a tag of `mlflow.models.evaluate` (`mlflow.datasets`) says that it scored the model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlgraph.connectors.mlflow.mlflow_instance import entries, micros, optional, step_of
from mlgraph.connectors.mlflow.tracking.datasets import DatasetInput, scored_datasets
from mlgraph.connectors.mlflow.tracking.logged_models import LoggedModel, only_measures
from mlgraph.domain.payloads.payload import Located

Measured = tuple[str | None, str | None]
"""Name and digest of the dataset of a measurement; None if unknown."""


@dataclass(slots=True)
class Metrics:
    """The latest value of each metric by name, as (time in microseconds, step, value)."""

    latest: dict[str, tuple[int, int, Any]] = field(default_factory=dict)

    def add(self, metric: Located) -> None:
        """Add a metric (REST `Metric`); a value that is not the latest is ignored."""
        entry = (micros(metric.need("timestamp")), step_of(metric), metric.need("value").plain())
        name = metric.need("key").text()
        if name not in self.latest or entry[:2] >= self.latest[name][:2]:
            self.latest[name] = entry


def measurements(run: Located, model: LoggedModel, inputs: list[DatasetInput]) -> dict[Measured, Metrics]:
    """Return the metrics of `model` by `run`, for each dataset."""
    return _of_model(run, model) or _of_run(run, model, inputs)


def _of_model(run: Located, model: LoggedModel) -> dict[Measured, Metrics]:
    run_id = run.need("info").need("run_id").name()
    groups: dict[Measured, Metrics] = {}
    for metric in model.metrics():
        on = (optional(metric, "dataset_name"), optional(metric, "dataset_digest"))
        if optional(metric, "run_id") == run_id and (on[0] or run_id != model.source_run_id):
            groups.setdefault(on, Metrics()).add(metric)
    return groups


def _of_run(run: Located, model: LoggedModel, inputs: list[DatasetInput]) -> dict[Measured, Metrics]:
    scored = [name for name, model_id in scored_datasets(run).items() if model_id == model.model_id]
    data = run.get("data")
    metrics = list(entries(data, "metrics")) if data else []
    made_here = run.need("info").need("run_id").name() == model.source_run_id
    if not metrics or made_here or not (scored or only_measures(run, model.model_id)):
        return {}
    on = [(each.name, each.digest) for each in inputs if not scored or each.name in scored]
    group = Metrics()
    for metric in metrics:
        group.add(metric)
    return {(on[0] if len(on) == 1 else (None, None)): group}
