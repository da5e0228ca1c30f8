"""An imitation of the parts of Airflow's API that the adapter reads, for faults that a real one does not make at will."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from tests.sources.flaky_server import Answer, respond_with

Json = dict[str, Any]
TIME: Final = "2026-11-29T03:00:00Z"
PAGE: Final = 2
"""Pages of two, whatever limit is asked for, as an administrator may set it."""
VERSION: Final = {"version_number": 1, "created_at": TIME}


def dag(name: str, **members: Any) -> Json:
    """Return a DAG as its details have it."""
    return {"dag_id": name, "is_paused": False, "is_stale": False, "latest_dag_version": VERSION, **members}


def asset(name: str, *producers: tuple[str, str]) -> Json:
    """Return an asset in S3 that these tasks write."""
    writing = [{"dag_id": each, "task_id": task} for each, task in producers]
    return {"name": name, "uri": f"s3://lake/{name}", "created_at": TIME, "producing_tasks": writing}


def run(name: str, number: int) -> Json:
    """Return a successful run of a DAG."""
    date = f"2026-11-{number:02}T03:00:00Z"
    times = {"logical_date": date, "run_after": date, "start_date": date, "end_date": date}
    return {"dag_id": name, "dag_run_id": f"r{number}", "state": "success", **times}


def attempt(name: str, task: str, number: int, try_number: int = 1) -> Json:
    """Return an attempt at a task of a run."""
    return {**run(name, number), "task_id": task, "try_number": try_number, "map_index": -1}


@dataclass
class Airflow:
    """What the imitation has, and what it refuses: an HTTP status with a detail by path."""

    dags: dict[str, Json] = field(default_factory=dict)
    tasks: dict[str, list[str]] = field(default_factory=dict)
    assets: list[Json] = field(default_factory=list)
    runs: list[Json] = field(default_factory=list)
    attempts: list[Json] = field(default_factory=list)
    earlier: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    log: list[Json] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    version: Json | None = field(default_factory=lambda: {"version": "3.3.2"})
    slow_s: float = 0.0

    def __call__(self, target: str, _: Any) -> Answer:
        """Answer a request."""
        parts = urlsplit(target)
        asked = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        path = unquote(parts.path).removeprefix("/api/v2/")
        if path in self.refused:
            status, detail = self.refused[path]
            return respond_with({"detail": detail}, status)
        answer = self._answer(path, asked)
        return Answer(answer.status, answer.body, hang_s=self.slow_s)

    def _answer(self, path: str, asked: dict[str, str]) -> Answer:
        if path == "version":
            return respond_with(self.version) if self.version else respond_with({"error": "API route not found"}, 404)
        if path == "dags":
            assert asked["exclude_stale"] == "false"
            return _page("dags", list(self.dags.values()), asked)
        if path == "assets":
            wanted = [each for each in self.assets if "dag_ids" not in asked or asked["dag_ids"] in str(each)]
            return _page("assets", wanted, asked)
        if path == "assets/events":
            return _page(
                "asset_events", [each for each in self.events if each["timestamp"] >= asked.get("timestamp_gte", "")], asked
            )
        listings = {"importErrors": ("import_errors", self.errors), "eventLogs": ("event_logs", self.log)}
        if path in listings:
            return _page(*listings[path], asked)
        by_cursor = {
            "dags/~/dagRuns": ("dag_runs", self.runs),
            "dags/~/dagRuns/~/taskInstances": ("task_instances", self.attempts),
        }
        return _by_cursor(*by_cursor[path], asked) if path in by_cursor else self._single(path.split("/"))

    def _single(self, parts: list[str]) -> Answer:
        match parts:
            case ["dags", name, "details"] if name in self.dags:
                return respond_with(self.dags[name])
            case ["dags", name, "tasks"] if name in self.dags:
                return respond_with({"tasks": [{"task_id": each} for each in self.tasks.get(name, [])]})
            case ["dags", name, "dagRuns", run_id]:
                found = _matching(self.runs, name, run_id)
            case ["dags", name, "dagRuns", run_id, "taskInstances", task]:
                found = [each for each in _matching(self.attempts, name, run_id) if each["task_id"] == task]
            case ["dags", name, "dagRuns", run_id, "taskInstances", task, "tries"]:
                tries = [*self.earlier, *self.attempts]
                listed = [each for each in _matching(tries, name, run_id) if each["task_id"] == task]
                dateless = [
                    {key: value for key, value in each.items() if key not in ("logical_date", "run_after")} for each in listed
                ]
                return respond_with({"task_instances": dateless})
            case _:
                found = []
        return respond_with(found[0]) if found else respond_with({"detail": f"The `{parts[-1]}` was not found"}, 404)


def _matching(items: list[Json], name: str, run_id: str) -> list[Json]:
    return [each for each in items if (each["dag_id"], each["dag_run_id"]) == (name, run_id)]


def _page(member: str, items: list[Json], asked: dict[str, str]) -> Answer:
    offset = int(asked.get("offset", "0"))
    return respond_with({member: items[offset : offset + PAGE], "total_entries": len(items)})


def _by_cursor(member: str, items: list[Json], asked: dict[str, str]) -> Answer:
    if "cursor" not in asked:
        return respond_with({member: items[:1], "total_entries": len(items)})
    assert asked["order_by"] == "id"
    changed = [each for each in items if each["end_date"] >= asked.get("updated_at_gte", "")]
    start = int(asked["cursor"] or 0)
    more = start + PAGE < len(changed)
    return respond_with({member: changed[start : start + PAGE], "next_cursor": str(start + PAGE) if more else None})
