"""Graph versions: the immutable graph that queries read, and the mutable graph that publishes it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.csr_table import Arc, Group, MutableTable, View, level_view
from mlgraph.graph.csr.row_format import Arrays
from mlgraph.graph.model.aliases import NO_ALIASES, Aliases, split
from mlgraph.graph.model.rows import TABLE_AND_LEVEL, Ints, Layer, NodeKey, Row


@dataclass(frozen=True, slots=True)
class GraphVersion:
    """One published state of the graph. `watermark` is the number of the last transaction that it includes."""

    asset_index: AssetIndex
    views: Mapping[Layer, View]
    downstream: Sequence[Arrays]
    """The downstream rows of each table."""
    asset_of: Ints
    port_of: Ints
    nodes: int
    watermark: int
    aliases: Aliases = NO_ALIASES
    rule_origins: Mapping[int, str] = field(default_factory=dict)
    """The names of the origins of inferred edges, by number: of exactly these rules the graph has the edges."""

    def find(self, asset: int) -> int | None:
        """Return the node of an asset, or None if this version has none."""
        node = self.asset_index.find(NodeKey(asset))
        return node if node is not None and node < self.nodes else None

    def nodes_of(self, assets: Ints) -> Ints:
        """Return the node of each asset, -1 where this version has none."""
        nodes = self.asset_index.nodes_of(assets)
        nodes[nodes >= self.nodes] = -1
        return nodes


_MOST_ASSETS: Final = 1 << 30
"""More assets than a store has: the numbers of groups are int32."""
_FlagsByRow = dict[tuple[NodeKey, int, NodeKey, int, int, int, int], int]


def rows_by_table(rows: Iterable[Row]) -> Mapping[int, _FlagsByRow]:
    """Return by table the distinct rows, as tuples without layer, with their level flags.

    A row of both levels is stored once with both flags.
    """
    found: dict[int, _FlagsByRow] = defaultdict(dict)
    for row in rows:
        table, level = TABLE_AND_LEVEL[row.layer]
        rows_of_table, key = found[table], row[1:]
        rows_of_table[key] = rows_of_table.get(key, 0) | level
    return found


def resolve_aliases(aliases: Aliases, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows with their ends resolved, split where the resolution of an end changes."""
    if not aliases:
        yield from rows
        return
    for row in rows:
        for source, target, start, end in split(aliases, row.source.asset, row.target.asset, row.start, row.end):
            ends = row.source._replace(asset=source), row.target._replace(asset=target)
            yield row._replace(source=ends[0], target=ends[1], start=start, end=end)


def lone_edges_group(name: int) -> int:
    """Return the group of all lone edges at an alias `name`: their rows are stored at other assets."""
    return -name


def claims_group(asset: int) -> int:
    """Return the group of the rows by which `asset` is a claimant of ambiguous names, or such a name itself."""
    return -_MOST_ASSETS - asset


def arcs_of(asset_index: AssetIndex, rows: Iterable[Row]) -> list[list[Arc]]:
    """Return the rows of each table with node numbers; `asset_index` numbers new nodes."""
    node = asset_index.node
    arcs: list[list[Arc]] = [[], [], []]
    for table, flags_of in rows_by_table(rows).items():
        for (source, relation, target, origin, start, end, flags), level in flags_of.items():
            arcs[table].append(Arc(node(source), node(target), relation, origin, flags | level, start, end))
    return arcs


def views_of(arrays: Sequence[tuple[Arrays, Arrays]]) -> Mapping[Layer, View]:
    """Return the view of each layer, given the arrays of each table."""
    return {layer: level_view(*arrays[table], level) for layer, (table, level) in zip(Layer, TABLE_AND_LEVEL, strict=True)}


class MutableGraph:
    """The writer's graph: groups of rows are replaced as facts arrive, then published together."""

    def __init__(self, base: Base | None = None) -> None:
        self.base = base or Base.empty()
        self.asset_index = AssetIndex(self.base)
        self.aliases = NO_ALIASES
        """The aliases that `replace` applies. A caller that changes them must replace the groups of the affected assets."""
        self.rule_origins: Mapping[int, str] = {}
        """The origins of the rules whose edges are groups of this graph."""
        self._tables = [MutableTable(table) for table in (self.base.lineage, self.base.column_lineage, self.base.structure)]
        self._arrays: list[tuple[Arrays, Arrays]] = []
        self._lock = threading.Lock()
        self._snapshot = self._publish(self.base.watermark)

    @property
    def snapshot(self) -> GraphVersion:
        """The latest published version."""
        with self._lock:
            return self._snapshot

    @property
    def overlay(self) -> int:
        """The number of changes since the base was built."""
        return sum(table.overlay for table in self._tables)

    def added(self) -> list[Mapping[int, list[Arc]]]:
        """Return, by table, the rows in the overlay that are computed from runs and workflows."""
        return [table.added() for table in self._tables]

    def replace(self, group: int | tuple[int, int, int], rows: Iterable[Row]) -> None:
        """Replace the rows of `group` by `rows`, visible from the next publication on.

        A group is a run or workflow (its asset number), a lone edge (source, relation, target), `lone_edges_group(name)`: all
        lone edges at an alias, `claims_group(asset)`, or the edges that rules infer from an asset (its number, which is of
        another kind).
        """
        arcs = arcs_of(self.asset_index, resolve_aliases(self.aliases, rows))
        key: Group | None = group if isinstance(group, int) else self._triple(group)
        for table, arcs_of_table in zip(self._tables, arcs, strict=True):
            if key is not None:
                table.replace(key, arcs_of_table)

    def _triple(self, triple: tuple[int, int, int]) -> tuple[int, int, int] | None:
        source, target = self.asset_index.find(NodeKey(triple[0])), self.asset_index.find(NodeKey(triple[2]))
        return None if source is None or target is None else (source, triple[1], target)

    def draft(self) -> GraphVersion:
        """Return what `publish` would publish now; readers do not see it."""
        return self._publish(self.snapshot.watermark)

    def publish(self, watermark: int) -> None:
        """Publish all replacements so far as the graph version of transaction `watermark`."""
        snapshot = self._publish(watermark)
        with self._lock:  # only for the assignment: readers wait for this lock
            self._snapshot = snapshot

    def _publish(self, watermark: int) -> GraphVersion:
        published = [table.publish() for table in self._tables]
        if self._arrays:
            published = [new or old for new, old in zip(published, self._arrays, strict=True)]
        self._arrays = [arrays for arrays in published if arrays is not None]
        asset_index = self.asset_index
        downstream = [out for out, _ in self._arrays]
        return GraphVersion(
            asset_index,
            views_of(self._arrays),
            downstream,
            asset_index.asset_of,
            asset_index.port_of,
            asset_index.nodes,
            watermark,
            self.aliases,
            self.rule_origins,
        )
