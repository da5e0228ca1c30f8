"""Which metrics are a measurement of a logged model by a run, and on which dataset.

A run measures a model where the model has metrics that the run recorded on a named dataset. A run that did not make
the model measures it, too, where the model has any metrics recorded by that run; failing those, the run's own metrics
count where it took the model in without making another, or where `mlflow.models.evaluate` says (tag `mlflow.datasets`)
that it scored it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mlgraph.connectors.mlflow.datasets import DatasetInput, scored_datasets
from mlgraph.connectors.mlflow.logged_models import LoggedModel, takes_in
from mlgraph.connectors.mlflow.mlflow_instance import entries, micros, optional, step_of
from mlgraph.domain.payload import Located

Measured = tuple[str | None, str | None]
"""Name and digest of the dataset that was measured on; None where none is named."""


@dataclass(slots=True)
class Metrics:
    """The latest value of each metric: when and at which step it was recorded, and what it was."""

    latest: dict[str, tuple[int, int, Any]] = field(default_factory=dict)

    def add(self, metric: Located) -> None:
        """Take in a metric (REST `Metric`)."""
        entry = (micros(metric.need("timestamp")), step_of(metric), metric.need("value").plain())
        name = metric.need("key").text()
        if name not in self.latest or entry[:2] >= self.latest[name][:2]:
            self.latest[name] = entry


def measurements(run: Located, model: LoggedModel, inputs: list[DatasetInput]) -> dict[Measured, Metrics]:
    """Return what `run` measured of `model`, for each dataset that it was measured on."""
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
    if not metrics or made_here or not (scored or takes_in(run, model.model_id)):
        return {}
    on = [(each.name, each.digest) for each in inputs if not scored or each.name in scored]
    group = Metrics()
    for metric in metrics:
        group.add(metric)
    return {(on[0] if len(on) == 1 else (None, None)): group}
