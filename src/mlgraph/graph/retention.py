"""Which runs a graph may leave out: those that ended long ago and are no ancestor of anything that was ever deployed."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.compact import Frozen
from mlgraph.graph.kernels import EVER, FLAG_SHIFT
from mlgraph.graph.rows import AT_ASSET, RUN, WALK, Ints, Layer
from mlgraph.graph.snapshot import Snapshot

_DEPLOYED_AS: Final = RELATIONS["deployed_as"].code
_DEPLOYMENT: Final = KINDS["deployment"].code
_FIRST, _LAST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def ancestors_of_deployed(graph: Snapshot) -> Ints:
    """Return what was ever deployed, and all that leads there at run level, at whatever time."""
    rows = graph.views[Layer.RUN]
    deployments = np.flatnonzero(graph.registry.kind_at[: graph.nodes] == _DEPLOYMENT).astype(np.int32)
    leading = rows.into.gather(deployments, EVER)
    frontier = np.unique(leading.other[leading.relation == _DEPLOYED_AS])
    seen = np.zeros(graph.nodes, np.bool_)
    while len(frontier):
        seen[frontier] = True
        behind = rows.into.gather(frontier, EVER, WALK).other
        frontier = np.unique(behind[~seen[behind]])
    return np.unique(graph.asset_of[: graph.nodes][seen])


def begun_before(frozen: Frozen, moment: int) -> Ints:
    """Return the runs that are over and of which all run-level rows begin before `moment`.

    A run without a workflow is not among them: its rows are those of the asset level too.
    """
    registry = frozen.snapshot.registry
    latest = np.full(frozen.assets, _FIRST)
    base = registry.base
    for table in (base.lineage, base.column_lineage):
        words, starts = table.out_rows[table.owned, 0], table.out_rows[table.owned, 1]
        of_both = words >> FLAG_SHIFT & AT_ASSET != 0
        np.maximum.at(latest, table.owner, np.where(of_both, _LAST, starts))
    for computed in frozen.added:
        for group, arcs in computed.items():
            for arc in arcs:
                latest[group] = max(latest[group], _LAST if arc.flags & AT_ASSET else arc.start)
    assets = np.arange(frozen.assets, dtype=np.int32)
    told = latest > _FIRST
    found = assets[told & (latest < moment) & (registry.kinds(assets) == RUN)]
    return found[registry.finished(found)]
