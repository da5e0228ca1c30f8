"""The graph that queries read: levels as published, what nodes stand for, and how far the log has been read."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.csr_table import Arc, Group, MutableTable, View, level_view
from mlgraph.graph.csr.row_format import Arrays
from mlgraph.graph.model.aliases import NO_ALIASES, Aliases, split
from mlgraph.graph.model.rows import TABLE_AND_LEVEL, Ints, Layer, NodeKey, Row


@dataclass(frozen=True, slots=True)
class GraphVersion:
    """One published state of the graph. `watermark` is the last transaction in it."""

    registry: AssetIndex
    views: Mapping[Layer, View]
    downstream: Sequence[Arrays]
    """The downstream rows of each table."""
    asset_of: Ints
    port_of: Ints
    nodes: int
    watermark: int
    aliases: Aliases = NO_ALIASES

    def find(self, asset: int) -> int | None:
        """Return the node of an asset, or None if it is not known to this state."""
        node = self.registry.find(NodeKey(asset))
        return node if node is not None and node < self.nodes else None

    def nodes_of(self, assets: Ints) -> Ints:
        """Return the node of each asset, -1 where it is not known to this state."""
        nodes = self.registry.nodes_of(assets)
        nodes[nodes >= self.nodes] = -1
        return nodes


_FlagsByRow = dict[tuple[NodeKey, int, NodeKey, int, int, int, int], int]


def rows_by_table(rows: Iterable[Row]) -> Mapping[int, _FlagsByRow]:
    """Return the rows of each table, each once (a row without its layer), with the flags of its levels."""
    found: dict[int, _FlagsByRow] = defaultdict(dict)
    for row in rows:
        table, level = TABLE_AND_LEVEL[row.layer]
        rows_of_table, key = found[table], row[1:]
        rows_of_table[key] = rows_of_table.get(key, 0) | level
    return found


def resolve_aliases(aliases: Aliases, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows between the assets that their ends stand for, split where that changes."""
    if not aliases:
        yield from rows
        return
    for row in rows:
        for source, target, start, end in split(aliases, row.source.asset, row.target.asset, row.start, row.end):
            ends = row.source._replace(asset=source), row.target._replace(asset=target)
            yield row._replace(source=ends[0], target=ends[1], start=start, end=end)


def lone_edges_group(name: int) -> int:
    """Return the group of the edges that stand for themselves and end at a name of another asset."""
    return -name


def arcs_of(registry: AssetIndex, rows: Iterable[Row]) -> list[list[Arc]]:
    """Return the rows of each table with their nodes as the registry numbers them, new ones included."""
    node = registry.node
    arcs: list[list[Arc]] = [[], [], []]
    for table, flags_of in rows_by_table(rows).items():
        for (source, relation, target, origin, start, end, flags), level in flags_of.items():
            arcs[table].append(Arc(node(source), node(target), relation, origin, flags | level, start, end))
    return arcs


def views_of(arrays: Sequence[tuple[Arrays, Arrays]]) -> Mapping[Layer, View]:
    """Return the layers that are read from the tables."""
    return {layer: level_view(*arrays[table], level) for layer, (table, level) in zip(Layer, TABLE_AND_LEVEL, strict=True)}


class MutableGraph:
    """The traversal graph: groups of rows are replaced as facts come, then published together."""

    def __init__(self, base: Base | None = None) -> None:
        self.base = base or Base.empty()
        self.registry = AssetIndex(self.base)
        self.aliases = NO_ALIASES
        """What rows are put under: whoever changes it replaces the groups whose assets it concerns."""
        self._tables = [MutableTable(table) for table in (self.base.lineage, self.base.column_lineage, self.base.structure)]
        self._arrays: list[tuple[Arrays, Arrays]] = []
        self._lock = threading.Lock()
        self._snapshot = self._publish(self.base.watermark)

    @property
    def snapshot(self) -> GraphVersion:
        """The state that was published last."""
        with self._lock:
            return self._snapshot

    @property
    def overlay(self) -> int:
        """How many changes there are since the base was made."""
        return sum(table.overlay for table in self._tables)

    def added(self) -> list[Mapping[int, list[Arc]]]:
        """Return, by table, the rows that runs and workflows computed since the base was made."""
        return [table.added() for table in self._tables]

    def replace(self, group: int | tuple[int, int, int], rows: Iterable[Row]) -> None:
        """Let `rows` be all the rows of `group`, from the next publication on.

        A group is a run or workflow (its asset), an edge that stands for itself (source, relation and target), or a name of
        another asset (`edges_of`): all edges that stand for themselves at whose end it is.
        """
        arcs = arcs_of(self.registry, resolve_aliases(self.aliases, rows))
        key: Group | None = group if isinstance(group, int) else self._triple(group)
        for rows_of_table, found in zip(self._tables, arcs, strict=True):
            if key is not None:
                rows_of_table.replace(key, found)

    def _triple(self, triple: tuple[int, int, int]) -> tuple[int, int, int] | None:
        source, target = self.registry.find(NodeKey(triple[0])), self.registry.find(NodeKey(triple[2]))
        return None if source is None or target is None else (source, triple[1], target)

    def publish(self, watermark: int) -> None:
        """Show readers everything replaced so far, as of transaction `watermark`."""
        snapshot = self._publish(watermark)
        with self._lock:  # no longer than it takes to set it: readers wait here
            self._snapshot = snapshot

    def _publish(self, watermark: int) -> GraphVersion:
        published = [table.publish() for table in self._tables]
        if self._arrays:
            published = [new or old for new, old in zip(published, self._arrays, strict=True)]
        self._arrays = [arrays for arrays in published if arrays is not None]
        registry = self.registry
        downstream = [out for out, _ in self._arrays]
        return GraphVersion(
            registry,
            views_of(self._arrays),
            downstream,
            registry.asset_of,
            registry.port_of,
            registry.nodes,
            watermark,
            self.aliases,
        )
