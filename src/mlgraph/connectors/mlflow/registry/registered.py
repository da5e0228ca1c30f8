"""Logged models, and the provenance and evaluations of logged models and model versions."""

from __future__ import annotations

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, micros, optional, table, tags_of, without_empty
from mlgraph.connectors.mlflow.tracking.datasets import dataset_inputs
from mlgraph.connectors.mlflow.tracking.evaluations import evaluations
from mlgraph.connectors.mlflow.tracking.feature_inputs import feature_inputs
from mlgraph.connectors.mlflow.tracking.logged_models import LoggedModels
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Mode, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


def logged_model_statements(instance: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.logged_model`: {model_id, logged_models, runs?}.

    The versions of a registered logged model have facts of their own. Here it has only its evaluations, and a retraction of
    its artifact at the time of registration, if the artifact is known.
    """
    logged = LoggedModels(instance, data).get(data.need("model_id").name())
    if logged is None:
        return []
    uri = instance.uri("artifact", logged.model_id)
    measured = measured_by(instance, data)
    if logged.registered_at is not None:
        return [*_registered(instance, uri, logged.registered_at), *measured]
    info = logged.model.need("info")
    made = micros(info.need("creation_timestamp_ms"))
    changed = micros(info.get("last_updated_timestamp_ms") or info.need("creation_timestamp_ms"))
    state = without_empty(name=optional(info, "name"), tags=tags_of(table(info, "tags")), properties=logged.summary())
    return [
        AssetFact(uri, ORIGIN, instance.since(changed), state),
        *made_by(instance, data, logged.source_run_id, uri, made),
        *measured,
    ]


def _registered(instance: MlflowInstance, uri: AssetUri, registered_at: int) -> list[Statement]:
    """Return the retractions of the artifact of a model that was registered.

    It ends at the registration. What was read of it since, because the registration was not known yet, ends now.
    """
    if instance.known_since is None or instance.known_ended:
        return []
    later = [] if instance.at is None or instance.at <= registered_at else [AssetRetraction(uri, ORIGIN, instance.at)]
    return [AssetRetraction(uri, ORIGIN, registered_at), *later]


def made_by(instance: MlflowInstance, data: Located, run_id: str | None, made: AssetUri, at: int) -> list[Statement]:
    """Return the edge from a run to `made`, with the inputs that feed it: all except held-out data.

    Of a run that MLflow removed for good nothing is known: the edge is a patch then, and its known inputs stay.
    """
    if run_id is None:
        return []
    runs, uri = data.get("runs"), instance.uri("run", run_id)
    run = runs.get(run_id) if runs else None
    if run is None:
        return [EdgeFact(uri, "outputs", made, ORIGIN, at, mode=Mode.PATCH)]
    models = LoggedModels(instance, data)
    used = sorted({str(each.uri) for each in dataset_inputs(instance, run) if each.trains})
    used += feature_inputs(instance, run).feeding
    used += sorted({str(version) for version, role in models.inputs(run) if role == "base"} - {str(made)})
    return [EdgeFact(uri, "outputs", made, ORIGIN, at, properties=without_empty(**{"from": used}))]


def measured_by(instance: MlflowInstance, data: Located) -> list[Statement]:
    """Return the evaluations of each logged model in the payload by each run in the payload."""
    runs = data.get("runs")
    found = [run for _, run in runs.members()] if runs else []
    models = list(LoggedModels(instance, data).known())
    return [each for run in found for model in models for each in evaluations(instance, run, model)]
