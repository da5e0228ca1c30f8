"""Evaluations: the metrics of a logged model by one run, one evaluation for each dataset."""

from __future__ import annotations

from mlgraph.connectors.mlflow.datasets import DatasetInput, dataset_inputs
from mlgraph.connectors.mlflow.logged_models import LoggedModel, only_measures
from mlgraph.connectors.mlflow.measurements import Measured, Metrics, measurements
from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, optional, without_empty
from mlgraph.domain.facts import AssetFact, EdgeFact, Statement
from mlgraph.domain.payload import Located


def evaluations(instance: MlflowInstance, run: Located, model: LoggedModel) -> list[Statement]:
    """Return the evaluations of `model` by `run`, with edges from the run and from the versions of the model."""
    inputs = dataset_inputs(instance, run)
    measured = measurements(run, model, inputs)
    return [each for on, group in measured.items() for each in _statements(instance, run, model, on, group, inputs)]


def _statements(
    instance: MlflowInstance, run: Located, model: LoggedModel, on: Measured, group: Metrics, inputs: list[DatasetInput]
) -> list[Statement]:
    info = run.need("info")
    run_id = info.need("run_id").name()
    uri = instance.uri("evaluation", "/".join(part for part in (run_id, model.model_id, *on) if part))
    times = [at for at, _, _ in group.latest.values()]
    properties = {
        "metrics": {name: value for name, (_, _, value) in sorted(group.latest.items())},
        "model_id": model.model_id,
        "run_id": run_id,
        **without_empty(dataset=without_empty(name=on[0], digest=on[1])),
    }
    name = " on ".join(part for part in (optional(info, "run_name") or run_id, on[0]) if part)
    used = sorted({str(each.uri) for each in inputs if on[0] is None or (each.name, each.digest or on[1]) == on})
    if only_measures(run, model.model_id):
        used += [str(version) for version in model.versions or (instance.uri("artifact", model.model_id),)]
    return [
        AssetFact(uri, ORIGIN, max(times), {"name": name, "properties": properties}),
        EdgeFact(instance.uri("run", run_id), "outputs", uri, ORIGIN, min(times), properties=without_empty(**{"from": used})),
        *(EdgeFact(version, "evaluated_by", uri, ORIGIN, min(times)) for version in model.versions),
    ]
