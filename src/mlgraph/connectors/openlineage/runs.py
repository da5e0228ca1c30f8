"""The facets of a run: parent, schedule and error; others are stored unchanged."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.descriptions import describe
from mlgraph.connectors.openlineage.facets import Facets
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.history import merge
from mlgraph.domain.payload import Located
from mlgraph.domain.sanitizing import sanitize_text
from mlgraph.domain.uri import AssetUri

_TIMES: Final = {"nominalStartTime": "start", "nominalEndTime": "end"}
_ERROR: Final = {"message": "message", "programmingLanguage": "language", "stackTrace": "stack_trace"}


def read_parent(run: AssetUri, workflow: AssetUri, facets: Facets, draft: StatementBuilder) -> None:
    """Add the parents of the run and its workflow to `draft` (parent facet; `parentRun` in old producers)."""
    facet = facets.take("parent", "parentRun")
    facets.take("parentRun")
    job, parent = (facet.get("job"), facet.get("run")) if facet else (None, None)
    if job is None or job.get("namespace") is None:
        return
    if parent and parent.get("runId"):
        _part(run, draft.names.run(job, parent), draft)
    if job.get("name"):
        _part(workflow, draft.names.workflow(job), draft)


def read_run_facets(facets: Facets, draft: StatementBuilder) -> dict[str, Any]:
    """Return the state of the run in its other facets."""
    properties: dict[str, Any] = {}
    if (nominal := facets.take("nominalTime")) and (times := _texts(nominal, _TIMES)):
        properties["nominal_time"] = times
    if (error := facets.take("errorMessage")) and (texts := _texts(error, _ERROR)):
        properties["error"] = texts
    state = describe(facets, draft)
    if rest := facets.rest():
        properties["facets"] = rest
    return merge({"properties": properties}, state) if properties else state


def _part(part: AssetUri, parent: AssetUri, draft: StatementBuilder) -> None:
    if part != parent:
        draft.edge(part, "part_of", parent)


def _texts(facet: Located, names: dict[str, str]) -> dict[str, str]:
    return {name: sanitize_text(value) for key, name in names.items() if (value := facet.get(key))}
