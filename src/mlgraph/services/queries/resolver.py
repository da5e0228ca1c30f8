"""From the URIs and the time in a query to a published graph, assets and a moment."""

from __future__ import annotations

from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.errors import Unavailable, UnknownAsset
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.store import FactReader
from mlgraph.services.history.asserted_facts import resolve_name_with_store
from mlgraph.services.projection.log_follower import Follower

UNKNOWN_WAIT_S: Final = 2.0
"""How long a query for an unknown asset waits for transactions that are written and not in the graph yet, in seconds."""


def moment_of(text: str | None) -> int:
    """Return the moment that `text` names, in microseconds; now, where it is None."""
    return clock.now_us() if text is None else parse_time(text)


class Resolver:
    """Finds the assets that a query names in the graph as last published."""

    def __init__(self, reader: FactReader, follower: Follower) -> None:
        self._reader = reader
        self._follower = follower

    def graph(self, *uris: str | None) -> GraphVersion:
        """Return the graph as last published; if it does not know one of `uris`, once it includes all that is written.

        Raises `InvalidInput` for an unknown URI that is not well-formed, and `Unavailable` after `UNKNOWN_WAIT_S`.
        """
        graph = self._follower.snapshot()
        unknown = [uri for uri in uris if uri is not None and graph.registry.number(uri) is None]
        for uri in unknown:
            AssetUri.parse(uri)
        if unknown and (written := self._reader.last_tx()) > graph.watermark:
            try:
                self._follower.wait_for(written, UNKNOWN_WAIT_S)
            except Unavailable:
                raise Unavailable(
                    f"{unknown[0][:300]} is not known so far, and not all that is written can be asked about yet: "
                    f"answers are of watermark {graph.watermark}, {written} is written; try again"
                ) from None
            graph = self._follower.snapshot()
        return graph

    def number(self, graph: GraphVersion, uri: str) -> int:
        """Return the number of the asset that has this URI. Raises `UnknownAsset`."""
        AssetUri.parse(uri)
        asset = graph.registry.number(uri)
        if asset is None:
            raise UnknownAsset(f"{uri[:300]} has never been heard of, as an asset or in an edge; mlgraph export lists what has")
        return asset

    def asset(self, graph: GraphVersion, uri: str, moment: int) -> int:
        """Return the asset that this URI names at `moment`. Raises `UnknownAsset`."""
        return resolve_name_with_store(self._reader.at(graph.watermark), graph, self.number(graph, uri), moment)
