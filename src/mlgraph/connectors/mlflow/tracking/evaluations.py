"""Evaluations: the metrics of a logged model by one run, one evaluation for each dataset."""

from __future__ import annotations

from collections.abc import Iterable

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, optional, without_empty
from mlgraph.connectors.mlflow.tracking.datasets import DatasetInput, dataset_inputs
from mlgraph.connectors.mlflow.tracking.logged_models import LoggedModel, is_input
from mlgraph.connectors.mlflow.tracking.measurements import Measured, Metrics, measurements
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Statement
from mlgraph.domain.payloads.payload import Located


def evaluations(instance: MlflowInstance, run: Located, model: LoggedModel) -> list[Statement]:
    """Return the evaluations of `model` by `run`, with edges from the run and from the versions of the model.

    Other evaluations, which the run's metrics were before it had further inputs, outputs or metrics, are retracted.
    """
    inputs = dataset_inputs(instance, run)
    measured = measurements(run, model, inputs)
    made_here = run.need("info").need("run_id").name() == model.source_run_id
    former = set() if made_here or instance.at is None else _possible(inputs)
    names = sorted({_name(run, model, on) for on in former} - {_name(run, model, on) for on in measured})
    return [
        *(each for on, group in measured.items() for each in _statements(instance, run, model, on, group, inputs)),
        *(AssetRetraction(instance.uri("evaluation", name), ORIGIN, instance.at) for name in names),
    ]


def _possible(inputs: list[DatasetInput]) -> set[Measured]:
    """Return what a run that did not make a model may have measured it on, by its own metrics."""
    return {(None, None), *((each.name, each.digest) for each in inputs)}


def _name(run: Located, model: LoggedModel, on: Iterable[str | None]) -> str:
    run_id = run.need("info").need("run_id").name()
    return "/".join(part for part in (run_id, model.model_id, *on) if part)


def _statements(
    instance: MlflowInstance, run: Located, model: LoggedModel, on: Measured, group: Metrics, inputs: list[DatasetInput]
) -> list[Statement]:
    info = run.need("info")
    run_id = info.need("run_id").name()
    uri = instance.uri("evaluation", _name(run, model, on))
    times = [at for at, _, _ in group.latest.values()]
    properties = {
        "metrics": {name: value for name, (_, _, value) in sorted(group.latest.items())},
        "model_id": model.model_id,
        "run_id": run_id,
        **without_empty(dataset=without_empty(name=on[0], digest=on[1])),
    }
    name = " on ".join(part for part in (optional(info, "run_name") or run_id, on[0]) if part)
    used = sorted({str(each.uri) for each in inputs if on[0] is None or (each.name, each.digest or on[1]) == on})
    if is_input(run, model.model_id):
        used += [str(version) for version in model.versions or (instance.uri("artifact", model.model_id),)]
    return [
        AssetFact(uri, ORIGIN, max(times), {"name": name, "properties": properties}),
        EdgeFact(instance.uri("run", run_id), "outputs", uri, ORIGIN, min(times), properties=without_empty(**{"from": used})),
        *(EdgeFact(version, "evaluated_by", uri, ORIGIN, min(times)) for version in model.versions),
    ]
