"""Inputs and outputs of a run or job: their edges, and the inputs that feed each output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlgraph.connectors.openlineage.dataset_facets.dataset_lineage import DatasetLineage
from mlgraph.connectors.openlineage.dataset_facets.lineage import merged_lineage
from mlgraph.connectors.openlineage.datasets import Listed, read_dataset
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.facts import Mode
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


@dataclass(frozen=True)
class ProcessNode:
    """The run or workflow with inputs and outputs, the reporter of its column edges, and the mode of its edges."""

    uri: AssetUri
    by: AssetUri | None
    mode: Mode


def read_sides(
    event: Located, actor: ProcessNode, entries: Mapping[AssetUri, DatasetLineage], draft: StatementBuilder
) -> tuple[str, ...]:
    """Add all edges of the event's inputs and outputs to `draft`; return the sides that the event has.

    A side says nothing if it is no array, or if none of its items is a dataset that can be read.
    """
    inputs = event.readable("inputs", lambda item: read_dataset(item, draft, "inputFacets", target=False))
    outputs = event.readable("outputs", lambda item: read_dataset(item, draft, "outputFacets", target=True))
    for _, listed in inputs or ():
        draft.edge(listed.uri, "input_to", actor.uri, _version(listed), mode=actor.mode)
    for _, listed in outputs or ():
        lineage = merged_lineage(listed.lineage, entries.get(listed.uri))
        feeds = _named_inputs(lineage, listed.column_lineage)
        dropped = {"drop": True} if listed.is_dropped else {}
        draft.edge(actor.uri, "outputs", listed.uri, {**_version(listed), **dropped, **feeds}, mode=actor.mode)
        for lineage_source in (lineage, listed.column_lineage):
            if lineage_source:
                lineage_source.derive_columns(listed.uri, listed.fields, draft, actor.by, actor.mode)
    return tuple(side for side, found in (("inputs", inputs), ("outputs", outputs)) if found is not None)


def _version(listed: Listed) -> dict[str, Any]:
    return {"version": listed.version} if listed.version else {}


def _named_inputs(*lineage: DatasetLineage | None) -> dict[str, Any]:
    """Return the datasets that lineage of an output names: the first of the facets that names any (docs/spec.md#4-pairs)."""
    named = next((datasets for each in lineage if each and (datasets := each.datasets())), None)
    return {"from": sorted(map(str, named))} if named else {}
