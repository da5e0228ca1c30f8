"""Attempts at tasks, and the events of assets with the attempts and DAG runs that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeVar

from mlgraph.connectors.airflow.payloads import members_of
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.payloads.payload import decode_json
from mlgraph.sources.airflow.api import AirflowApi
from mlgraph.sources.http import MISSING, Json, RequestRefused

_MOST_CACHED: Final = 10_000
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Run = tuple[str, str]
_TaskRun = tuple[str, str, str, int]
_CLEARING: Final = {"event_pattern": "%clear%", "order_by": "id"}


class Attempts:
    """Requests for attempts and for what events of assets refer to. The latest ones are cached."""

    def __init__(self, api: AirflowApi) -> None:
        """Send requests through `api`."""
        self._api = api
        self._attempts: dict[_TaskRun, list[Json]] = {}
        self._runs: dict[_Run, Json | None] = {}
        self._cleared: frozenset[_Run] = frozenset()

    def find_cleared(self) -> None:
        """Request the runs that someone cleared, from the audit log; none where Airflow refuses it.

        Each clearing gives a DAG run another id in events, with the number of clearings, which the API does not return.
        """
        try:
            listed = list(self._api.each("eventLogs", "event_logs", _CLEARING))
        except RequestRefused:
            return
        self._cleared = frozenset((str(each.get("dag_id")), _cleared_run(each)) for each in listed)

    def is_cleared(self, run: Json) -> bool:
        """Return whether a DAG run, or that of an attempt, was cleared."""
        return (str(run.get("dag_id")), str(run.get("dag_run_id"))) in self._cleared

    def of(self, instance: Json) -> list[Json]:
        """Return all attempts of a task instance, with the dates of its DAG run. A listing has only the latest one."""
        key = (str(instance.get("dag_id")), str(instance.get("dag_run_id")), str(instance.get("task_id")), _index(instance))
        found = [instance]
        number = instance.get("try_number")
        if isinstance(number, int) and number > 1:
            reply = self._api.one(*_path(key), "tries")
            dates = {name: instance.get(name) for name in ("logical_date", "run_after")}
            # a running attempt is not among the tries of some versions
            earlier = [] if reply is MISSING else [{**each, **dates} for each in reply.get("task_instances", [])]
            found = [*(each for each in earlier if each.get("try_number") != number), instance]
        cleared = {"cleared": True} if self.is_cleared(instance) else {}
        attempts = [{**members_of("attempt", each), **cleared} for each in found]
        _store_bounded(self._attempts, key, attempts)
        return attempts

    def of_event(self, event: Json) -> Json:
        """Return the data of the payload of an event: {event, attempt?, triggered}."""
        source = (event.get("source_dag_id"), event.get("source_run_id"), event.get("source_task_id"))
        triggered = [
            run
            for each in event.get("created_dagruns") or []
            if (run := self._run(str(each.get("dag_id")), str(each.get("run_id")))) is not None and not self.is_cleared(run)
        ]
        attempt = None
        if all(source):
            index = event.get("source_map_index")
            key = (str(source[0]), str(source[1]), str(source[2]), index if isinstance(index, int) else -1)
            attempt = self._at(key, str(event.get("timestamp")))
        return {"event": members_of("event", event), **({"attempt": attempt} if attempt else {}), "triggered": triggered}

    def _at(self, key: _TaskRun, time: str) -> Json | None:
        """Return the attempt that had begun last at a time; None if the task instance no longer exists."""
        if key not in self._attempts:
            found = self._api.one(*_path(key))
            if found is MISSING:
                return None
            self.of(found)
        started = [each for each in self._attempts[key] if (each.get("start_date") or "~") <= time]
        return max(started, key=lambda each: str(each["start_date"]), default=None)

    def _run(self, dag_id: str, run_id: str) -> Json | None:
        """Return the DAG run of these ids: the reference in an event lacks the date that identifies it."""
        key = (dag_id, run_id)
        if key not in self._runs:
            found = self._api.one("dags", dag_id, "dagRuns", run_id)
            _store_bounded(self._runs, key, None if found is MISSING else members_of("run", found))
        return self._runs[key]


def _cleared_run(logged: Json) -> str:
    """Return the run of an entry of the audit log: a request that clears tasks has it in its body."""
    if isinstance(logged.get("run_id"), str):
        return str(logged["run_id"])
    try:
        body = decode_json(str(logged.get("extra")).encode())
    except MlgraphError:
        return ""
    return str(body.get("dag_run_id")) if isinstance(body, dict) else ""


def _path(key: _TaskRun) -> Iterator[str]:
    dag_id, run_id, task_id, index = key
    yield from ("dags", dag_id, "dagRuns", run_id, "taskInstances", task_id)
    if index >= 0:
        yield str(index)


def _index(instance: Json) -> int:
    found = instance.get("map_index")
    return found if isinstance(found, int) else -1


def _store_bounded(memory: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    while len(memory) >= _MOST_CACHED:
        memory.pop(next(iter(memory)))
    memory[key] = value
