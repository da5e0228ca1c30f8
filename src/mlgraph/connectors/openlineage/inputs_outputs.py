"""Inputs and outputs of a run or job: their edges, and the inputs that feed each output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlgraph.connectors.openlineage.dataset_lineage import DatasetLineage
from mlgraph.connectors.openlineage.datasets import Listed, read_dataset
from mlgraph.connectors.openlineage.lineage import merged_lineage
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.facts import Mode
from mlgraph.domain.payload import Located
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
    reads: set[AssetUri] = set()
    for _, listed in inputs or ():
        reads.add(listed.uri)
        draft.edge(listed.uri, "input_to", actor.uri, _version(listed), mode=actor.mode)
    for _, listed in outputs or ():
        lineage = merged_lineage(listed.lineage, entries.get(listed.uri))
        feeds = _feeding_inputs(lineage, listed.column_lineage, reads)
        draft.edge(actor.uri, "outputs", listed.uri, {**_version(listed), **feeds}, mode=actor.mode)
        for lineage_source in (lineage, listed.column_lineage):
            if lineage_source:
                lineage_source.derive_columns(listed.uri, listed.fields, draft, actor.by, actor.mode)
    return tuple(side for side, found in (("inputs", inputs), ("outputs", outputs)) if found is not None)


def _version(listed: Listed) -> dict[str, Any]:
    return {"version": listed.version} if listed.version else {}


def _feeding_inputs(lineage: DatasetLineage | None, columns: DatasetLineage | None, reads: set[AssetUri]) -> dict[str, Any]:
    """Return the inputs that feed an output: by the lineage facet, else by columnLineage (docs/spec.md#4-pairs).

    A facet that refers to an input of this event takes precedence over one that does not.
    """
    named = [datasets for lineage_source in (lineage, columns) if lineage_source and (datasets := lineage_source.datasets())]
    chosen = next((datasets for datasets in named if datasets & reads), named[0] if named else None)
    return {"from": sorted(str(dataset) for dataset in chosen)} if chosen else {}
