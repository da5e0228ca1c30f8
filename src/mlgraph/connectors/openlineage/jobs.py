"""Jobs, which are workflows, and their facets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mlgraph.connectors.openlineage.descriptions import describe
from mlgraph.connectors.openlineage.facets import Facets, bare, checked, nonblank
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.history import merge
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

_LOCATION: Final = ("type", "url", "repoUrl", "path", "version", "tag", "branch")


@dataclass(frozen=True)
class Job:
    """A workflow, its code version, and its lineage facet."""

    uri: AssetUri
    code_version: str | None
    lineage: Located | None


def read_job(job: Located, draft: StatementBuilder) -> Job:
    """Return the workflow of `job`, and add its state to `draft`. Raises `InvalidInput` where it has no usable name."""
    uri = draft.names.workflow(job)
    facets = Facets(job)
    properties: dict[str, Any] = {}
    if kind := facets.take("jobType"):
        properties["job_type"] = bare(checked(kind, ("processingType", "integration", "jobType")))
    elif facets.deleted("jobType"):
        properties["job_type"] = None
    location = facets.take("sourceCodeLocation")
    if location:
        properties["source_code_location"] = bare(checked(location, _LOCATION))
    elif facets.deleted("sourceCodeLocation"):
        properties["source_code_location"] = None
    lineage = facets.take("lineage")
    state = describe(facets, draft)
    if rest := facets.rest():
        properties["facets"] = rest
    draft.asset(uri, merge({"properties": properties}, state) if properties else state)
    for name in draft.names.other_names(job):
        draft.edge(name, "alias_of", uri)
    version = nonblank(location, "version") if location else None
    return Job(uri, (version.text() or None) if version else None, lineage)
