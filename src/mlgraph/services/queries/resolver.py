"""Resolution of the URIs and the time in a query to assets and a moment of the published graph."""

from __future__ import annotations

from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.errors import NotReadYet, Unavailable, UnknownAsset
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column, field_of_column
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.store import FactReader
from mlgraph.services.history.asserted_facts import resolve_name_with_store
from mlgraph.services.projection.log_follower import Follower

UNKNOWN_WAIT_S: Final = 2.0
"""Longest wait of a query for an unknown asset until the graph includes all committed transactions, in seconds."""


def moment_of(text: str | None) -> int:
    """Return the moment `text` in microseconds since the epoch; None: now. Raises `InvalidInput`."""
    return clock.now_us() if text is None else parse_time(text)


def last_moment(reader: FactReader, moment: int, watermark: int) -> int:
    """Return until when an answer about `moment` that was made at `watermark` is fixed, in microseconds: the later of both times.

    Facts recorded after the watermark about later moments are no part of such an answer.
    """
    found = reader.provenance([watermark]).get(watermark)
    return moment if found is None else max(moment, found.recorded_at)


def unknown_asset_text(uri: str) -> str:
    """Return the error text for a URI that no fact names."""
    return f"{uri[:300]} is unknown: no fact names it, neither as an asset nor in an edge; mlgraph export lists all known names"


class Resolver:
    """Resolves the URIs of a query in the latest published graph."""

    def __init__(self, reader: FactReader, follower: Follower) -> None:
        self._reader = reader
        self._follower = follower

    def graph(self, *uris: str | None) -> GraphVersion:
        """Return the latest published graph; if one of `uris` is not in it, one with all committed transactions.

        Raises `InvalidInput` for an unknown URI that is malformed, and `NotReadYet` after `UNKNOWN_WAIT_S`.
        """
        graph = self._follower.snapshot()
        unknown = [uri for uri in uris if uri is not None and graph.asset_index.number(uri) is None]
        for uri in unknown:
            AssetUri.parse(uri)
        if unknown and (written := self._reader.last_tx()) > graph.watermark:
            try:
                self._follower.wait_for(written, UNKNOWN_WAIT_S)
            except Unavailable:
                raise NotReadYet(
                    f"{unknown[0][:300]} is not in the graph yet, and the graph lags behind the store: "
                    f"it is at watermark {graph.watermark}, the store at {written}; try again"
                ) from None
            graph = self._follower.snapshot()
        return graph

    def number(self, graph: GraphVersion, uri: str) -> int:
        """Return the id of the name `uri`. Raises `UnknownAsset`."""
        parsed = AssetUri.parse(uri)
        asset = graph.asset_index.number(uri)
        if asset is None:
            asset = _under_another_name(graph, parsed)
        if asset is None:
            raise UnknownAsset(unknown_asset_text(uri))
        return asset

    def asset(self, graph: GraphVersion, uri: str, moment: int) -> int:
        """Return the id of the asset that `uri` resolves to at `moment`. Raises `UnknownAsset`."""
        return resolve_name_with_store(self._reader.at(graph.watermark), graph, self.number(graph, uri), moment)


def _under_another_name(graph: GraphVersion, uri: AssetUri) -> int | None:
    """Return the column that facts name under another name of its dataset only, or None."""
    dataset = dataset_of_column(uri) if uri.kind == "column" else None
    number = graph.asset_index.number(str(dataset)) if dataset is not None else None
    if number is None:
        return None
    aliases = graph.aliases
    names = sorted({graph.asset_index.uri(name) for asset in aliases.targets_of(number) for name in aliases.names_of(asset)})
    found = (graph.asset_index.number(str(column_uri(AssetUri.parse(name), field_of_column(uri)))) for name in names)
    return next((column for column in found if column is not None), None)
