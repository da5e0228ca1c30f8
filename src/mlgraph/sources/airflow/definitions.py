"""DAGs and tasks of an Airflow with the assets that they declare, as payloads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from mlgraph.connectors.airflow.payloads import members_of
from mlgraph.domain.errors import SourceError
from mlgraph.sources.airflow.api import AirflowApi
from mlgraph.sources.http import MISSING, Json, RequestRefused

_DECLARED: Final = (("scheduled_dags", "reads"), ("consuming_tasks", "reads"), ("producing_tasks", "writes"))
Workflow = tuple[str, str | None]
"""The id of a DAG, and that of a task of it; None for the DAG itself."""


@dataclass
class Declarations:
    """The assets that each workflow reads and writes; `known` is False where Airflow refused to list them."""

    known: bool = True
    reads: dict[Workflow, list[Json]] = field(default_factory=lambda: defaultdict(list))
    writes: dict[Workflow, list[Json]] = field(default_factory=lambda: defaultdict(list))

    def of(self, workflow: Workflow) -> Json:
        """Return the members `reads` and `writes` of the payload of a workflow."""
        if not self.known:
            return {}
        return {"reads": self.reads.get(workflow, []), "writes": self.writes.get(workflow, [])}


@dataclass(frozen=True, slots=True)
class WorkflowDefinition:
    """What the payload of a DAG or task has: its type without the prefix, its data, and its id."""

    noun: str
    data: Json
    workflow: Workflow


def declarations_of(assets: Iterable[Json]) -> Declarations:
    """Return what the listing of assets says of workflows."""
    found = Declarations()
    for asset in assets:
        named = {"name": asset.get("name"), "uri": asset.get("uri")}
        for member, side in _DECLARED:
            for each in asset.get(member) or []:
                task = each.get("task_id")
                getattr(found, side)[each.get("dag_id"), task].append(named)
    return found


class Definitions:
    """Requests for the definitions of DAGs."""

    def __init__(self, api: AirflowApi) -> None:
        """Send requests through `api`."""
        self._api = api

    def import_errors(self) -> dict[tuple[str, str], str]:
        """Return the last line of each error, by bundle and file; none if Airflow refuses to list them."""
        try:
            listed = list(self._api.each("importErrors", "import_errors"))
        except RequestRefused:
            return {}
        return {
            (str(each.get("bundle_name")), str(each.get("filename"))): (
                str(each.get("stack_trace")).strip().splitlines() or [""]
            )[-1]
            for each in listed
        }

    def of_dag(self, dag_id: str, declared: Declarations, errors: dict[tuple[str, str], str]) -> Iterator[WorkflowDefinition]:
        """Yield a DAG and its tasks; nothing if it was deleted. Tasks of a DAG whose tasks are refused are left out."""
        dag = self._api.one("dags", dag_id, "details")
        if dag is MISSING:
            return
        error = errors.get((str(dag.get("bundle_name")), str(dag.get("relative_fileloc"))))
        data = {"dag": members_of("dag", dag), **declared.of((dag_id, None)), **({"import_error": error} if error else {})}
        yield WorkflowDefinition("dag", data, (dag_id, None))
        listed = self._api.one("dags", dag_id, "tasks")
        since = (dag.get("latest_dag_version") or {}).get("created_at")
        for task in [] if listed is MISSING else listed.get("tasks", []):
            data = {"dag_id": dag_id, "task": members_of("task", task), **({"since": since} if since else {})}
            workflow = (dag_id, _task_id(task))
            yield WorkflowDefinition("task", {**data, **declared.of(workflow)}, workflow)

    def of_assets(self, dag_id: str) -> Declarations:
        """Return what the assets of one DAG say of it and its tasks."""
        try:
            return declarations_of(self._api.each("assets", "assets", {"dag_ids": dag_id}))
        except RequestRefused:
            return Declarations(known=False)

    def named(self, name: str) -> WorkflowDefinition | None:
        """Return the DAG, or the task `DAG.TASK`, of this name; None if there is none. Both ids may contain dots."""
        end = len(name)
        while end > 0:
            dag_id = name[:end]
            for found in self.of_dag(dag_id, self.of_assets(dag_id), {} if end < len(name) else self.import_errors()):
                if ".".join(part for part in found.workflow if part) == name:
                    return found
            end = name.rfind(".", 0, end)
        return None


def _task_id(task: Json) -> str:
    found = task.get("task_id")
    if not isinstance(found, str) or not found:
        raise SourceError("Airflow's answer has a task without an id: check that the URL is that of Airflow's API server")
    return found
