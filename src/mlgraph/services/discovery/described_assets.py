"""Reads what is compared of assets from the facts of the store: names, descriptions, columns, metrics."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, asset_intervals, deleted_at, state_at
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import DATASET, PART_OF, Layer
from mlgraph.ports.store import FactReader
from mlgraph.search.similarity.profiles import Described, described
from mlgraph.services.history.asserted_facts import by_asset, records_of

COMPARED: Final = (
    "dataset", "feature", "feature_view", "feature_service", "model", "workflow", "service", "index", "agent", "prompt", "tool",
    "metric", "experiment",
)  # fmt: skip
"""The kinds of which one asset can be built twice."""
COMPARED_CODES: Final = frozenset(KINDS[name].code for name in COMPARED)
MEASURED_CODES: Final = frozenset(KINDS[name].code for name in ("evaluation", "model_version"))
"""Kinds whose metrics are those of a model."""
LAST_MOMENT: Final = FOREVER - 1
_FEATURE, _FEATURE_VIEW = KINDS["feature"].code, KINDS["feature_view"].code
_LAST_PART: Final = re.compile(r"[./:#]")
_PARTS: Final = ("name", "description", "tags")
_PROPERTIES: Final = ("schema", "features", "entities", "entity", "metrics", "nearest_neighbours")
_NO_STATE: Final[Mapping[str, Any]] = {}


class DescribedAssets:
    """The descriptions of assets as of a graph version."""

    def __init__(self, reader: FactReader, graph: GraphVersion) -> None:
        """Read facts up to the watermark of `graph`."""
        self._reader = reader.at(graph.watermark)
        self._graph = graph

    def of(self, assets: Collection[int]) -> dict[int, Described]:
        """Return the descriptions of those of `assets` that exist: neither deleted nor another name of an asset."""
        graph = self._graph
        names = {asset: graph.aliases.names_at(asset, LAST_MOMENT) or [asset] for asset in assets if self.is_asset(asset)}
        records = by_asset(records_of(self._reader, {name for listed in names.values() for name in listed}))
        found = {}
        for asset, listed in names.items():
            described_asset = self.from_records(asset, [record for name in listed for record in records.get(name, ())])
            if described_asset is not None:
                found[asset] = described_asset
        return found

    def is_asset(self, asset: int) -> bool:
        """Return whether `asset` is of a compared kind, and no other name of another asset."""
        index = self._graph.asset_index
        return index.kind(asset) in COMPARED_CODES and self._graph.aliases.at(asset, LAST_MOMENT) == asset

    def from_records(self, asset: int, records: Iterable[AssetRecord]) -> Described | None:
        """Return the description of an asset from its records; None if it was deleted or nothing was said of it."""
        listed = list(records)
        if not listed or deleted_at(listed, LAST_MOMENT) is not None:
            return None
        state = state_at(asset_intervals(listed), LAST_MOMENT)
        return None if state is None else self.from_state(asset, state)

    def from_state(self, asset: int, state: Mapping[str, Any]) -> Described:
        """Return the description of an asset with this state; columns that only edges name are added."""
        uri = AssetUri.parse(self._graph.asset_index.uri(asset))
        found = described(self._graph.asset_index.kind(asset), uri.namespace, uri.name, state)
        return with_named_columns(self._graph, asset, found)


def with_named_columns(graph: GraphVersion, asset: int, found: Described) -> Described:
    """Return a description with the columns of a dataset that only edges name, and the features that are parts of a view."""
    if found.kind == DATASET:
        names = _columns_of(graph, asset)
    elif found.kind == _FEATURE_VIEW:
        names = _features_of(graph, asset)
    else:
        return found
    listed = {path for path, _ in found.columns}
    others = [(name, "") for name in sorted(names) if name and name not in listed]
    return replace(found, columns=[*found.columns, *others]) if others else found


def _columns_of(graph: GraphVersion, dataset: int) -> set[str]:
    index = graph.asset_index
    names = graph.aliases.names_at(dataset, LAST_MOMENT) or [dataset]
    return {field_of_column(AssetUri.parse(index.uri(column))) for name in names for column in index.columns_of(name)}


def _features_of(graph: GraphVersion, view: int) -> set[str]:
    node = graph.find(view)
    if node is None:
        return set()
    rows = graph.views[Layer.STRUCTURE].into.rows_of(node, clock.now_us())
    features = [int(graph.asset_of[other]) for other, relation, _, _ in rows if relation == PART_OF]
    return {_LAST_PART.split(graph.asset_index.name(each))[-1] for each in features if graph.asset_index.kind(each) == _FEATURE}


def relevant_part(record: AssetRecord) -> tuple[Any, ...] | None:
    """Return what a record says of the compared parts of an asset; None if it may change more than it says."""
    if record.mode != Mode.PATCH:
        return None
    properties = record.state.get("properties") or _NO_STATE
    return (*(record.state.get(key) for key in _PARTS), *(properties.get(key) for key in _PROPERTIES))
