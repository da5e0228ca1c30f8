"""State search: a breadth-first search over (node, effect) states with predecessors.

A state is `node * 4 + effect`. It serves impact analysis, shortest paths, and closures that contract hidden assets: a step to
such an asset has length 0 (ADR 0022), as has a step to the hub of an ambiguous name (ADR 0035). Of equally short paths the one
whose list of URIs comes first is found (docs/spec.md#10-ties).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.grouping_kernel import grouped
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import Bytes, Ints, Longs
from mlgraph.graph.traversal.name_hubs import marks_with_hubs
from mlgraph.graph.traversal.state_search_kernel import EFFECTS, Queues, SeedTree, StateFilter, search
from mlgraph.graph.traversal.workspace import borrowed


class Seeds(NamedTuple):
    """The start states of a search, at the ends of paths from the root.

    The paths are a tree: path 0 consists of the root, each other one continues an earlier path, `parents` int32[paths], by one
    asset, `assets` int32[paths]. The states `states` int64[k] are at the ends of the paths `paths` int32[k]; `back` int32[k] are
    their predecessors, in the caller's numbering.
    """

    parents: Ints
    assets: Ints
    states: Longs
    paths: Ints
    back: Ints


class StateSearchOptions(NamedTuple):
    """The rows to follow, and the transition table of effects.

    A row is followed if it is valid at `moment` (microseconds) and has all flags of `need` and none of `avoid`.
    `table` uint8[4, relations, 2, kinds] maps the effect, the relation, whether the row is `ONLINE`, and the kind of the target
    to the effect on the target; 255: none. `marks` uint8[assets] are noise marks; empty: nothing is hidden.
    """

    moment: int
    need: int
    avoid: int
    max_depth: int
    table: Bytes
    marks: Bytes


class StateSearchResult(NamedTuple):
    """The states reached in order of distance, with the position of each one's predecessor (of seeds: `Seeds.back`) and distance.

    `common` are the flags common to all rows over which states were reached, `seen` the union of the flags of all rows read.
    `groups` int32[k] numbers the lists of URIs of the states' paths, in order of distance, then of the list; `path_groups`
    int32[paths] are those of the paths of the seeds. They mean nothing if no order was requested.
    """

    states: Longs
    back: Ints
    hops: Ints
    common: int
    seen: int
    groups: Ints
    path_groups: Ints


def search_states(
    graph: GraphVersion, rows: DirectedRows, seeds: Seeds, options: StateSearchOptions, order: Ints | None = None
) -> StateSearchResult:
    """Return the states reached from `seeds` over `rows`, each once, in order of distance.

    With `order` (int32 by asset: the rank of its URI) the predecessors form the first of the equally short paths.
    """
    size = graph.nodes * EFFECTS
    asset_index, ranks = graph.asset_index, np.zeros(0, np.int32) if order is None else order
    marks = marks_with_hubs(graph, options.marks)
    hiding = len(marks) > 0
    conditions = StateFilter(
        options.moment,
        options.need | rows.level,
        options.avoid,
        hiding,
        asset_index.kind_at,
        graph.asset_of,
        marks,
        ranks,
    )
    paths, ordered, totals = len(seeds.parents), order is not None, np.zeros(4, np.int64)
    child_index, children = grouped(seeds.parents[1:], paths)
    state_index, chosen = grouped(seeds.paths, paths)
    groups = np.zeros(paths, np.int32)
    tree = SeedTree(seeds.assets, child_index, children + 1, state_index, seeds.states[chosen], seeds.back[chosen], groups)
    arrays, low, high = rows.arrays, rows.low, rows.high
    with borrowed() as workspace:
        while True:
            space = workspace.for_states(size, paths)
            queues = Queues(space.stamp, space.epoch, space.queue, space.back, space.groups, space.levels)
            depth, table = options.max_depth, options.table
            totals[:] = 0
            levels = search(arrays, low, high, tree, conditions, ordered, depth, table, queues, space.ends, totals)
            count, _, common, seen = totals.tolist()
            if levels <= len(space.ends):
                hops = hops_of(space.ends[:levels], count)
                found = (space.queue[:count].copy(), space.back[:count].copy(), hops, common, seen)
                return StateSearchResult(*found, space.groups[:count].copy(), groups)
            workspace.grow_levels(levels)


def hops_of(ends: Longs, count: int) -> Ints:
    """Return the level of each of `count` positions; level `d` ends before position `ends[d]`."""
    sizes = np.diff(np.concatenate([[0], np.minimum(ends, count)]))
    return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
