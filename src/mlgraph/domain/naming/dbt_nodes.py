"""Names that dbt's files and the events of `dbt-ol` share: a node of a project is its unique id, a command its invocation id."""

from __future__ import annotations

from typing import Final

from mlgraph.domain.naming.relative_places import project_namespace
from mlgraph.domain.uri import AssetUri

TOOL: Final = "dbt"
"""The default namespace of the jobs of `dbt-ol`, and the namespace of runs, because the id of an invocation is a UUID."""


def node_table(project: str, unique_id: str, scope: str | None) -> AssetUri:
    """Return the name of the table of a node within its project. Raises `InvalidInput`, as the others do, for no name."""
    return AssetUri("dataset", project_namespace(TOOL, project, scope), unique_id)


def node_run(invocation_id: str, unique_id: str) -> AssetUri:
    """Return the run of a node by a command."""
    return AssetUri("run", TOOL, f"{invocation_id}/{unique_id}")


def command_run(invocation_id: str) -> AssetUri:
    """Return the run of a command."""
    return AssetUri("run", TOOL, invocation_id)


def command_job(project: str) -> str:
    """Return the name of the workflow whose runs are the commands of a project."""
    return f"dbt-run-{project}"
