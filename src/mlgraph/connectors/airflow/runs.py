"""DAG runs, attempts at tasks and events of assets: the runs of OpenLineage's events, under the same ids."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from mlgraph.connectors.airflow.airflow_instance import (
    ORIGIN,
    AirflowInstance,
    integer,
    optional_flag,
    optional_text,
    optional_time,
    without_empty,
)
from mlgraph.connectors.airflow.run_ids import dag_run_id, task_run_id
from mlgraph.domain.facts import AssetFact, EdgeFact, Mode, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri

_ENDED: Final = MappingProxyType(
    {
        "success": "COMPLETE",
        "skipped": "COMPLETE",
        "failed": "FAIL",
        "up_for_retry": "FAIL",
        "upstream_failed": "FAIL",
        "removed": "ABORT",
    }
)
"""By final state of a DAG run or attempt: the state of its run, as the events of the provider have it."""


def dag_run_statements(instance: AirflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `airflow.dag_run`: {run}. A run that has not started gives none."""
    run = data.need("run")
    uri = dag_run_uri(instance, run)
    workflow = instance.workflow(run.need("dag_id").name())
    properties = without_empty(
        airflow_run=optional_text(run, "dag_run_id"),
        run_type=optional_text(run, "run_type"),
        triggered_by=optional_text(run, "triggered_by"),
        dag_versions=[integer(each, "version_number") for each in _items(run, "dag_versions")],
    )
    return _run(uri, workflow, run, properties)


def task_run_statements(instance: AirflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `airflow.task_run`: {attempt}. An attempt that never started was not tried: it gives none.

    The DAG run of one that is `cleared` has an id that only events have.
    """
    attempt = data.need("attempt")
    uri = task_run_uri(instance, attempt)
    dag = attempt.need("dag_id").name()
    workflow = instance.workflow(dag, attempt.need("task_id").name())
    map_index = integer(attempt, "map_index")
    properties = without_empty(
        airflow_run=optional_text(attempt, "dag_run_id"),
        attempt=integer(attempt, "try_number"),
        map_index=map_index if map_index >= 0 else None,
        operator=optional_text(attempt, "operator"),
    )
    found = _run(uri, workflow, attempt, properties)
    started = optional_time(attempt, "start_date")
    if found and not optional_flag(attempt, "cleared"):
        found.append(EdgeFact(uri, "part_of", dag_run_uri(instance, attempt), ORIGIN, started, mode=Mode.PATCH))
    if found:
        found.append(EdgeFact(workflow, "part_of", instance.workflow(dag), ORIGIN, started, mode=Mode.PATCH))
    return found


def asset_event_statements(instance: AirflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `airflow.asset_event`: {event, attempt?, triggered}.

    `attempt` is what updated the asset; none if it was a person or another tool. `triggered` are the DAG runs that it started.
    """
    event = data.need("event")
    dataset, at = instance.dataset(event), event.need("timestamp").time()
    found: list[Statement] = [AssetFact(dataset, ORIGIN, at, {}, Mode.PATCH)]
    attempt = data.get("attempt")
    if attempt:
        found.append(EdgeFact(task_run_uri(instance, attempt), "outputs", dataset, ORIGIN, at, mode=Mode.PATCH))
    runs = [dag_run_uri(instance, run) for run in _items(data, "triggered")]
    return [*found, *(EdgeFact(dataset, "input_to", run, ORIGIN, at, mode=Mode.PATCH) for run in runs)]


def dag_run_uri(instance: AirflowInstance, run: Located) -> AssetUri:
    """Return the run of a DAG run, or of the DAG run of an attempt: {dag_id, logical_date, run_after}."""
    return instance.run(dag_run_id(instance.name, run.need("dag_id").name(), _date(run)))


def task_run_uri(instance: AirflowInstance, attempt: Located) -> AssetUri:
    """Return the run of an attempt: {dag_id, task_id, try_number, logical_date, run_after, map_index}."""
    dag, task = attempt.need("dag_id").name(), attempt.need("task_id").name()
    number, index = integer(attempt, "try_number"), integer(attempt, "map_index")
    return instance.run(task_run_id(instance.name, dag, task, number, _date(attempt), index))


def _date(run: Located) -> int:
    """Return the date that identifies a run: the logical date, or `run_after` of a run that has none."""
    logical = optional_time(run, "logical_date")
    return logical if logical is not None else run.need("run_after").time()


def _run(uri: AssetUri, workflow: AssetUri, run: Located, properties: dict[str, Any]) -> list[Statement]:
    """Return one fact for the start and one for the end of a run, as its events would be."""
    started, ended = optional_time(run, "start_date"), optional_time(run, "end_date")
    if started is None:
        return []
    start_state = {**properties, "state": "START", "started_at": format_time(started)}
    found: list[Statement] = [
        AssetFact(uri, ORIGIN, started, {"properties": start_state}, Mode.PATCH),
        EdgeFact(uri, "run_of", workflow, ORIGIN, started, mode=Mode.PATCH),
    ]
    state = _ENDED.get(optional_text(run, "state") or "")
    if state and ended is not None:
        last = {"state": state, "ended_at": format_time(ended)}
        found.append(AssetFact(uri, ORIGIN, max(started, ended), {"properties": last}, Mode.PATCH))
    return found


def _items(parent: Located, key: str) -> list[Located]:
    found = parent.get(key)
    return list(found.items()) if found else []
