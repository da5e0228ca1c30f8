"""Runs of MLflow: state, times, code, parameters and metrics; dataset and model inputs; parents."""

from __future__ import annotations

from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import (
    ORIGIN,
    MlflowInstance,
    entries,
    micros,
    optional,
    table,
    tags_of,
    without_empty,
)
from mlgraph.connectors.mlflow.tracking.datasets import dataset_inputs, dataset_statements
from mlgraph.connectors.mlflow.tracking.evaluations import evaluations
from mlgraph.connectors.mlflow.tracking.feature_inputs import feature_inputs
from mlgraph.connectors.mlflow.tracking.logged_models import LoggedModels
from mlgraph.connectors.mlflow.tracking.run_parents import run_parents
from mlgraph.domain.facts import AssetFact, AssetRetraction, Contact, EdgeFact, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri, person_uri

_STATES: Final = {
    "FINISHED": "COMPLETE",
    "FAILED": "FAIL",
    "KILLED": "ABORT",
    "RUNNING": "RUNNING",
    "SCHEDULED": "RUNNING",
}
_NO_USER: Final = "unknown"  # the user in MLflow if the client reports none
_RETAINED_TAGS: Final = {
    "mlflow.source.git.commit": "code_version",
    "mlflow.source.git.repoURL": "code_repository",
    "mlflow.source.git.branch": "code_branch",
    "mlflow.source.name": "source_name",
    "mlflow.source.type": "source_type",
}


def run_statements(instance: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.run`: {run, experiment?, logged_models?}."""
    run = data.need("run")
    info = run.need("info")
    uri = instance.uri("run", info.need("run_id").name())
    start = _time(info, "start_time") or _time(info, "end_time")
    models = LoggedModels(instance, data)
    measured = [each for model in models.known() for each in evaluations(instance, run, model)]
    asset = _asset(instance, run, uri, data.get("experiment"))
    return [
        *(_deleted(instance, uri, asset) if is_deleted(run) else asset),
        *(EdgeFact(uri, relation, parent, ORIGIN, start) for relation, parent in run_parents(instance, run, data)),
        *dataset_statements(dataset_inputs(instance, run), uri, start),
        *feature_inputs(instance, run).statements(uri, start),
        *(
            EdgeFact(source, "input_to", uri, ORIGIN, start, properties=without_empty(role=role))
            for source, role in models.inputs(run)
        ),
        *measured,
    ]


def is_deleted(run: Located) -> bool:
    """Return whether a run was deleted. MLflow keeps it, with all that it reported, until `mlflow gc` removes it."""
    return optional(run.need("info"), "lifecycle_stage") == "deleted"


def _deleted(instance: MlflowInstance, uri: AssetUri, asset: list[Statement]) -> list[Statement]:
    """Return the facts about a deleted run: its state, unless it is known, and its end when the deletion was noticed."""
    if instance.known_ended:
        return []
    ended = AssetRetraction(uri, ORIGIN, instance.at)
    if instance.known_since is not None or instance.at is None:
        return [ended]
    timed = [
        each._replace(valid_from=instance.at - 1) if isinstance(each, AssetFact) and each.valid_from is None else each
        for each in asset
    ]
    return [*timed, ended]


def _time(info: Located, key: str) -> int | None:
    """Return a time of a run in microseconds; None where it is absent or 0, which means that the run was created without one."""
    found = info.get(key)
    return micros(found) or None if found else None


def _asset(instance: MlflowInstance, run: Located, uri: AssetUri, experiment: Located | None) -> list[Statement]:
    info = run.need("info")
    data = run.get("data") or Located({}, f"{run.pointer}/data")
    tags = table(data, "tags")
    start, end = _time(info, "start_time"), _time(info, "end_time")
    status = info.need("status").text()
    user = tags.get("mlflow.user") or optional(info, "user_id")
    user = None if user == _NO_USER else user
    properties = without_empty(
        state=_STATES.get(status, "OTHER"),
        started_at=format_time(start) if start is not None else None,
        ended_at=format_time(end) if end is not None and status in ("FINISHED", "FAILED", "KILLED") else None,
        experiment_id=optional(info, "experiment_id"),
        experiment=optional(experiment, "name") if experiment else None,
        params=table(data, "params"),
        metrics={each.need("key").text(): each.need("value").plain() for each in entries(data, "metrics")},
        **{name: redact_text(tags[tag]) for tag, name in _RETAINED_TAGS.items() if tag in tags},
    )
    state = without_empty(
        name=optional(info, "run_name"),
        description=redact_text(tags.get("mlflow.note.content", "")),
        owners=[str(person_uri(user))] if user else None,
        tags=tags_of(tags),
        properties=properties,
    )
    since = max((at for at in (start, end) if at is not None), default=None)
    asset = AssetFact(uri, ORIGIN, instance.since(since) if since is not None else None, state)
    return [asset, Contact(person_uri(user), user, user if "@" in user else None)] if user else [asset]
