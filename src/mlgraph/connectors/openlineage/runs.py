"""The facets of a run: parent, schedule and error; others are stored unchanged."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.descriptions import describe
from mlgraph.connectors.openlineage.facets import Facets, clean_text_of
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.history import merge
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri

_TIMES: Final = {"nominalStartTime": "start", "nominalEndTime": "end"}
_ERROR: Final = {"message": "message", "programmingLanguage": "language", "stackTrace": "stack_trace"}


def read_parent(run: AssetUri, workflow: AssetUri, facets: Facets, draft: StatementBuilder) -> None:
    """Add the parents of the run and its workflow to `draft` (parent facet; `parentRun` in old producers)."""
    facet = facets.take("parent", "parentRun")
    facets.take("parentRun")
    if facet is None:
        return
    job, parent = facet.typed("job", dict), facet.typed("run", dict)
    if parent and facet.get("job") is None:
        facet.attempt(lambda located: located.need("job"))  # its namespace is that of the parent run
    if job is None:
        return
    if parent and (parent_run := parent.attempt(lambda located: draft.names.run(job, located))):
        _part(run, parent_run, draft)
    if parent_workflow := job.attempt(draft.names.workflow):
        _part(workflow, parent_workflow, draft)


def read_run_facets(facets: Facets, draft: StatementBuilder) -> dict[str, Any]:
    """Return the state of the run in its other facets."""
    properties: dict[str, Any] = {}
    if (nominal := facets.take("nominalTime")) and (times := _times(nominal)):
        properties["nominal_time"] = times
    if (error := facets.take("errorMessage")) and (texts := _texts(error)):
        properties["error"] = texts
    state = describe(facets, draft)
    if rest := facets.rest():
        properties["facets"] = rest
    return merge({"properties": properties}, state) if properties else state


def _part(part: AssetUri, parent: AssetUri, draft: StatementBuilder) -> None:
    if part != parent:
        draft.edge(part, "part_of", parent)


def _times(facet: Located) -> dict[str, str]:
    times: dict[str, str] = {}
    for key, name in _TIMES.items():
        found = facet.typed(key, str)
        moment = found.attempt(Located.reported_time) if found else None
        if moment is not None:
            times[name] = format_time(moment)
    return times


def _texts(facet: Located) -> dict[str, str]:
    return {name: text for key, name in _ERROR.items() if (text := clean_text_of(facet, key)) is not None}
