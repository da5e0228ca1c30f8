"""Name resolution for queries: the asset that a name denotes at a moment, or the asset that received the name later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import ALIAS_OF, Ints, Layer

_LAYERS: Final = (Layer.ASSET, Layer.RUN, Layer.STRUCTURE)


def resolve_name(graph: GraphVersion, name: int, moment: int, is_asserted: Callable[[int], bool]) -> int:
    """Return the asset that `name` denotes at `moment`.

    If the name did not exist yet at `moment`, this is the asset that later received it, under its name at the time. If the target
    of a later rename has no edge by `moment`, `is_asserted` decides whether it existed: whether there is another fact about it.
    """
    aliases = graph.aliases
    if not aliases:
        return name
    found, seen = aliases.at(name, moment), set()
    while found not in seen:
        seen.add(found)
        earlier = aliases.renamed_to(found, moment)
        if earlier is None or _has_edges_by(graph, found, moment) or is_asserted(found):
            break
        found = aliases.at(earlier, moment)
    return found


def resolved_assets(graph: GraphVersion, names: Ints, moment: int) -> Ints:
    """Return the asset that each of many names denotes at `moment`."""
    aliases = graph.aliases
    if not aliases:
        return names
    found = names.copy()
    for place in np.flatnonzero(np.isin(names, list(aliases.names()))).tolist():
        found[place] = aliases.at(int(names[place]), moment)
    return found


def _has_edges_by(graph: GraphVersion, asset: int, moment: int) -> bool:
    """Return whether an edge of the asset begins at or before `moment`."""
    node = graph.find(asset)
    if node is None:
        return False
    directions = (direction for layer in _LAYERS for direction in (graph.views[layer].out, graph.views[layer].into))
    rows = (row for direction in directions for row in direction.every_row_of(node))
    return any(start <= moment for _, relation, _, _, start, _ in rows if relation != ALIAS_OF)
