"""dbt (`dbt-ol`, openlineage-dbt): a node is its unique id, a relative DuckDB file belongs to its project.

`dbt-ol run`, `dbt-ol build` and `--consume-structured-logs` give three names to the job of one node, and the job of the
invocation is in the namespace of its parent if it has one. The facets `dbt_node` and `dbt_run` say which they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

from mlgraph.connectors.openlineage.name_resolver import NameResolver
from mlgraph.connectors.openlineage.producers.producer import EventContent, Producer, text_at
from mlgraph.domain.naming.dbt_nodes import TOOL, command_job, command_run, node_run, node_table
from mlgraph.domain.naming.relative_places import is_relative, project_namespace
from mlgraph.domain.naming.sql_identifiers import split
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

_NODE: Final = ("facets", "dbt_node", "unique_id")
_KIND: Final = ("facets", "jobType", "jobType")
_STATEMENT: Final = re.compile(r"\.sql\.\d+\Z")
_MAKING: Final = ("MODEL", "SEED", "SNAPSHOT")
"""The types of jobs that make the table of a node."""
_CHECKS: Final = ("test", "unit_test")
"""The beginnings of the unique ids of checks."""


@dataclass(frozen=True)
class Dbt(Producer):
    """The conventions of dbt in one project."""

    project: str = ""

    @classmethod
    def recognised(cls, event: Located, scope: str | None) -> Self | None:
        """Return dbt's conventions if the event names a project of dbt."""
        project = text_at(event.value, "run", "facets", "dbt_run", "project_name")
        return cls(scope, project) if project else None

    def reports(self, event: Located) -> EventContent:
        """Return what a run event reports: statements of a node are no runs, tests make nothing."""
        job = event.value.get("job")
        if text_at(job, *_KIND) == "SQL" and _STATEMENT.search(text_at(job, "name") or ""):
            return EventContent.NOTHING
        return EventContent.CHECK if text_at(job, *_KIND) == "TEST" else EventContent.PROCESS

    def workflow(self, job: Located) -> AssetUri:
        """Return the workflow of a node by its unique id, that of an invocation by its project; others as written."""
        name = self._stable_name(job)
        if name is not None:
            return super().workflow(job.with_members({"name": name}))
        if job.need("name").value == self._invocation:
            return self._project_names.workflow(job.with_members({"namespace": self._namespace}))
        return super().workflow(job)

    def other_names(self, job: Located) -> Collection[AssetUri]:
        """Return the name that the command gives to the job."""
        written = super().workflow(job)
        return () if written == self.workflow(job) else (written,)

    def other_run_names(self, event: Located) -> Collection[AssetUri]:
        """Return the name that dbt's own files give to the run of a node or of a command."""
        invocation = text_at(event.value, "run", "facets", "dbt_run", "invocation_id")
        if invocation is None:
            return ()
        if (unique_id := _made_node(event)) is not None:
            return (node_run(invocation, unique_id),)
        return (command_run(invocation),) if text_at(event.value, "job", "name") == self._invocation else ()

    def other_output_names(self, event: Located) -> Collection[AssetUri]:
        """Return the name that dbt's own files give to the table of a node where they do not know its place."""
        unique_id = _made_node(event)
        return () if unique_id is None else (node_table(self.project, unique_id, self.scope),)

    def dataset(self, item: Located) -> AssetUri:
        """Return the dataset of an item, within the project if its place is relative."""
        return super().dataset(item) if self._is_placed(item) else self._project_names.dataset(item)

    def written_dataset(self, item: Located) -> AssetUri:
        """Return the dataset that an event writes, within the project if its place is relative."""
        return super().written_dataset(item) if self._is_placed(item) else self._project_names.written_dataset(item)

    def unlisted_inputs(self, lineage: Collection[AssetUri]) -> Collection[AssetUri]:
        """Return all sources: `dbt-ol` lists models and sources as inputs, but no seeds."""
        return lineage

    def is_source(self, source: AssetUri, target: AssetUri, inputs: Collection[AssetUri]) -> bool:
        """Return whether a source is a table. A function such as `range()` is no input, and has fewer parts of a name."""
        if source in inputs or source.namespace != target.namespace:
            return True
        return len(split(source.name) or ()) >= len(split(target.name) or ())

    @property
    def _invocation(self) -> str:
        return command_job(self.project)

    @property
    def _namespace(self) -> str:
        """The namespace of what has no place but its project, with the scope of the sender as the bare name of a tool has it."""
        return project_namespace(TOOL, self.project, self.scope)

    @property
    def _project_names(self) -> NameResolver:
        return NameResolver(self._namespace)

    def _is_placed(self, item: Located) -> bool:
        namespace = item.value.get("namespace")
        return not (isinstance(namespace, str) and is_relative(namespace))

    def _stable_name(self, job: Located) -> str | None:
        unique_id, kind = text_at(job.value, *_NODE), text_at(job.value, *_KIND)
        if unique_id is None or kind != "TEST" or unique_id.partition(".")[0] in _CHECKS:
            return unique_id
        return f"{unique_id}.test"  # `dbt-ol` reports the tests of a node as one job, with the unique id of the node


def _made_node(event: Located) -> str | None:
    """Return the unique id of the node that a run makes; None for tests and for commands."""
    job = event.value.get("job")
    unique_id = text_at(job, *_NODE)
    return unique_id if text_at(job, *_KIND) in _MAKING and unique_id is not None else None
