"""Inputs and outputs of a run or job: their edges, and the inputs that feed each output."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlgraph.connectors.openlineage.dataset_facets.dataset_lineage import DatasetLineage
from mlgraph.connectors.openlineage.dataset_facets.lineage import merged_lineage
from mlgraph.connectors.openlineage.datasets import Listed, read_dataset
from mlgraph.connectors.openlineage.producers.producer import Producer
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.facts import Mode
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS

_SIDES: Final = {"inputs": ("inputFacets", False), "outputs": ("outputFacets", True)}
"""The member with further facets of the datasets of a side, and whether the event describes them."""


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
    inputs = read_states(event, "inputs", draft)
    outputs = read_states(event, "outputs", draft)
    read = {listed.uri for _, listed in inputs or ()}
    for _, listed in inputs or ():
        draft.edge(listed.uri, "input_to", actor.uri, _version(listed), mode=actor.mode)
    for item, listed in outputs or ():
        lineage = merged_lineage(listed.lineage, entries.get(listed.uri))
        columns = _columns(listed, read, draft.names)
        for source in draft.names.unlisted_inputs(columns.datasets() - read if columns else ()):
            draft.edge(source, "input_to", actor.uri, mode=actor.mode)
        feeds = _named_inputs(lineage, columns) or _feeding(draft.names.sources_of(item))
        dropped = {"drop": True} if listed.is_dropped else {}
        if RELATIONS["outputs"].allows(actor.uri.kind, listed.uri.kind):
            draft.edge(actor.uri, "outputs", listed.uri, {**_version(listed), **dropped, **feeds}, mode=actor.mode)
        for lineage_source in (lineage, columns):
            if lineage_source:
                lineage_source.derive_columns(listed.uri, listed.fields, draft, actor.by, actor.mode)
    if outputs is not None and len(outputs) == 1:
        for name in draft.names.other_output_names(event):
            draft.edge(name, "alias_of", outputs[0][1].uri)
    return tuple(side for side, found in (("inputs", inputs), ("outputs", outputs)) if found is not None)


def read_states(event: Located, side: str, draft: StatementBuilder) -> list[tuple[Located, Listed]] | None:
    """Add the state of the assets in `inputs` or `outputs` to `draft`; return them as `Located.readable` does."""
    members, is_target = _SIDES[side]

    def read(item: Located) -> Listed | None:
        return read_dataset(item, draft, members, target=is_target) if draft.names.is_asset(item) else None

    return event.readable(side, read)


def _columns(listed: Listed, inputs: Collection[AssetUri], names: Producer) -> DatasetLineage | None:
    """Return the column lineage of an output, without sources that are no datasets."""
    if listed.column_lineage is None:
        return None
    return listed.column_lineage.restricted(lambda source: names.is_source(source, listed.uri, inputs))


def _version(listed: Listed) -> dict[str, Any]:
    return {"version": listed.version} if listed.version else {}


def _named_inputs(*lineage: DatasetLineage | None) -> dict[str, Any]:
    """Return the datasets that lineage of an output names: the first of the facets that names any (docs/spec.md#4-pairs)."""
    named = next((datasets for each in lineage if each and (datasets := each.datasets())), None)
    return _feeding(named or ())


def _feeding(datasets: Collection[AssetUri]) -> dict[str, Any]:
    return {"from": sorted(map(str, datasets))} if datasets else {}
