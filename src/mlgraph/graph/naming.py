"""What a name is answered with: the asset that bears it at a moment, or that which bears it now, as it was called then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mlgraph.graph.rows import Layer
from mlgraph.graph.snapshot import Snapshot

_LAYERS: Final = (Layer.ASSET, Layer.RUN, Layer.STRUCTURE)


def bearer(graph: Snapshot, name: int, moment: int, is_told: Callable[[int], bool]) -> int:
    """Return the asset that answers to `name` at `moment`.

    Where nothing bore the name then, what was renamed to it later answers, under the name that it had. `is_told` says of an
    asset that has no edge in the graph then, and that something was renamed to later, whether anything else is said of it.
    """
    aliases = graph.aliases
    if not aliases:
        return name
    found, seen = aliases.at(name, moment), set()
    while found not in seen and not _has_edges(graph, found, moment):
        seen.add(found)
        earlier = aliases.renamed_to(found, moment)
        if earlier is None or is_told(found):
            break
        found = aliases.at(earlier, moment)
    return found


def _has_edges(graph: Snapshot, asset: int, moment: int) -> bool:
    node = graph.find(asset)
    if node is None:
        return False
    directions = (direction for layer in _LAYERS for direction in (graph.views[layer].out, graph.views[layer].into))
    return any(next(direction.rows_of(node, moment), None) is not None for direction in directions)
