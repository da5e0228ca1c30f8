"""Names of an asset over time, and ambiguous names (of several assets) that need a decision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlgraph.domain.timestamps import format_end, format_time
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.aliases import BEGINNING, AmbiguousName
from mlgraph.graph.model.rows import COLUMN
from mlgraph.graph.traversal.column_claims import column_of
from mlgraph.ports.store import FactReader


class NameQueries:
    """Answers about names."""

    def __init__(self, reader: FactReader) -> None:
        self._reader = reader

    def body(self, graph: GraphVersion, asset: int | None, moment: int) -> dict[str, Any]:
        """Return the names of an asset and its ambiguous names; without an asset, all ambiguous names."""
        found = graph.aliases.ambiguities()
        resolved = None if asset is None else graph.aliases.at(asset, moment)
        if asset is not None and resolved is not None:
            names = graph.aliases.names_of(asset) | graph.aliases.targets_of(asset)
            found = [each for each in found if each.name in names or names & {*each.assets}]
        uri = graph.asset_index.uri
        return {
            "uri": None if asset is None else uri(asset),
            "asset": None if resolved is None else uri(resolved),
            "names": [] if resolved is None else names_of(graph, resolved),
            "ambiguous": [_ambiguous(graph, each) for each in found],
            "watermark": graph.watermark,
        }


def claimants_of(graph: GraphVersion, asset: int, moment: int) -> list[str]:
    """Return the URIs of the assets that claim `asset`, if this is a name that several claim at `moment`, in order.

    A column of a dataset with such a name has the claimants' columns of the same name that are known.
    """
    aliases, index = graph.aliases, graph.asset_index
    claimants = set(aliases.claimants_at(asset, moment))
    for dataset in aliases.claimants_at(index.dataset_of(asset), moment) if index.kind(asset) == COLUMN else ():
        same = column_of(graph, dataset, field_of_column(AssetUri.parse(index.uri(asset))))
        claimants.update(() if same is None else (same,))
    return sorted(index.uri(claimant) for claimant in claimants)


def names_of(graph: GraphVersion, asset: int) -> list[dict[str, Any]]:
    """Return all aliases to and from `asset`, in order of time."""
    uri = graph.asset_index.uri
    names: Iterable[int] = graph.aliases.names_of(asset) | graph.aliases.targets_of(asset)
    asserted = {alias for name in names for alias in graph.aliases.asserted_of(name)}
    return [
        {
            "name": uri(alias.name),
            "asset": uri(alias.of),
            "valid_from": format_time(alias.start),
            "valid_to": format_end(alias.end),
            "decision": "apart" if alias.apart else "same",
        }
        for alias in sorted(asserted, key=lambda alias: (alias.start, uri(alias.name), uri(alias.of), alias.rank, alias.end))
    ]


def _ambiguous(graph: GraphVersion, each: AmbiguousName) -> dict[str, Any]:
    uri = graph.asset_index.uri
    return {
        "name": uri(each.name),
        "assets": [uri(asset) for asset in each.assets],
        "valid_from": None if each.start == BEGINNING else format_time(each.start),
        "valid_to": format_end(each.end),
    }
