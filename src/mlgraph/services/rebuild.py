"""The graph's base from the store alone: for a store without a usable snapshot.

Edges that one fact tells and nothing ends are taken as they stand, many at a time. All others, runs and workflows go the way that
changes go: what is computed is the same, as tests compare.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord
from mlgraph.graph.assemble import Allocate, Arcs, Cards, assemble
from mlgraph.graph.base import Base
from mlgraph.graph.build import plain_rows, run_rows, workflow_rows, workflow_sides
from mlgraph.graph.compact import compact, freeze
from mlgraph.graph.kernels import FLAG_SHIFT, ORIGIN_SHIFT, RELATION_SHIFT
from mlgraph.graph.registry import Registry
from mlgraph.graph.rows import (
    AT_ASSET,
    AT_RUN,
    CERTAIN,
    COLUMN,
    DERIVES,
    FEEDS,
    INPUT_TO,
    ONLINE,
    OUTPUTS,
    PART_CODES,
    REQUIRED_BY,
    RUN,
    SHOW,
    WALK,
    WALKED_CODES,
    WORKFLOW,
    Bools,
    Bytes,
    Ints,
    Longs,
    NodeKey,
    Row,
)
from mlgraph.graph.snapshot import Graph, merged
from mlgraph.graph.strings import Strings, StringsBuilder
from mlgraph.ports.store import EdgeTable, FactReader
from mlgraph.services.cards import OWNED_BY, card_of
from mlgraph.services.chunks import chunks
from mlgraph.services.facts_at import by_triple, told_intervals
from mlgraph.services.histories import Histories
from mlgraph.services.projector import Projector

_log = logging.getLogger(__name__)

_SPAN: Final = 100_000
"""Assets whose edges are read at once."""
_LOG_EVERY_S: Final = 10.0
_PLAIN: Final = tuple(sorted(WALKED_CODES | PART_CODES))
_LINEAGE, _COLUMNS, _STRUCTURE = range(3)

Triple = tuple[int, int, int]


def rebuild(reader: FactReader, allocate: Allocate = np.zeros) -> Base:
    """Return the base as of the last transaction."""
    upto = reader.last_tx()
    past = reader.at(upto)
    base = _Rebuild(past, upto).base(allocate)
    if not past.alias_records():
        return base
    graph = Graph(base)
    Projector(past, graph).put_under_names()
    return compact(freeze(graph), allocate)


class _Rebuild:
    def __init__(self, reader: FactReader, upto: int) -> None:
        self._reader = reader
        self._upto = upto
        self._uris, self._kind, self._dataset = _assets(reader)
        assets = len(self._kind)
        nameless = Strings(np.zeros(assets + 1, np.int64), np.zeros(0, np.uint8))
        known = replace(Base.empty(), uris=self._uris, kind=self._kind, dataset=self._dataset, names=nameless)
        self._registry = Registry(replace(known, node_of=np.full(assets, -1, np.int32)))
        self._histories = Histories(reader, self._registry)
        self._tables = (Arcs(), Arcs(), Arcs())
        self._ports: dict[NodeKey, int] = {}
        self._retracted = reader.all_retracted()
        self._logged = time.monotonic()

    def base(self, allocate: Allocate) -> Base:
        """Read everything and put it together."""
        assets = len(self._kind)
        for low in range(1, assets, _SPAN):
            self._edges(low, min(low + _SPAN, assets))
            self._progress("edges", low, assets)
        runs = np.flatnonzero(self._kind == RUN)
        for done, numbers in enumerate(chunks(runs.tolist())):
            for history, member in self._histories.runs(numbers).values():
                self._add(run_rows(history, self._registry, standalone=not member), history.run)
            self._progress("runs", done * len(numbers), len(runs))
        workflows = np.flatnonzero(self._kind == WORKFLOW)
        for done, numbers in enumerate(chunks(workflows.tolist(), 50)):
            for workflow in self._histories.workflows(numbers):
                sides = workflow_sides(workflow, self._registry)
                self._add(workflow_rows(workflow, sides, self._registry), workflow.workflow)
            self._progress("workflows", done * 50, len(workflows))
        cards = self._cards()
        return assemble(self._uris, self._kind, self._dataset, list(self._ports), self._tables, cards, self._upto, allocate)

    def _progress(self, what: str, done: int, total: int) -> None:
        if time.monotonic() - self._logged > _LOG_EVERY_S:
            self._logged = time.monotonic()
            _log.info("building the graph from the store: %s %d of %d", what, done, total)

    def _edges(self, low: int, high: int) -> None:
        table = self._reader.edge_table(low, high, _PLAIN)
        table = _take(table, ~self._computed(table))
        simple = self._simple(table)
        self._add_simple(_take(table, simple))
        others = _take(table, ~simple)
        triples_left = set(zip(others.source.tolist(), others.relation.tolist(), others.target.tolist(), strict=True))
        for triples in chunks(triples_left):
            records = by_triple(self._reader.edges(triples))
            pins = self._histories.pins({asset for source, _, target in triples for asset in (source, target)})
            for said in records.values():
                self._add(plain_rows(said, pins, self._registry), 0)

    def _computed(self, table: EdgeTable) -> Bools:
        """Say which edges are those of a run or workflow, whose rows are computed from all that is known of it."""
        owner = np.where(table.relation == INPUT_TO, self._kind[table.target], self._kind[table.source])
        reported = (table.relation == INPUT_TO) | (table.relation == OUTPUTS)
        computed: Bools = reported & ((owner == RUN) | (owner == WORKFLOW))
        return computed

    def _simple(self, table: EdgeTable) -> Bools:
        """Say which facts alone tell their edge, with nothing that ends it or that their properties would have to say."""
        order = np.lexsort((table.target, table.relation, table.source))
        same = np.ones(len(order) - 1 if len(order) else 0, np.bool_)
        for column in (table.source, table.relation, table.target):
            same &= column[order[1:]] == column[order[:-1]]
        alone = np.ones(len(order), np.bool_)
        alone[order[1:]] &= ~same
        alone[order[:-1]] &= ~same
        ended = np.isin(table.source, self._retracted) | np.isin(table.target, self._retracted)
        plain = (table.mode != Mode.RETRACT) & (table.relation != REQUIRED_BY) & (table.end > table.start)
        simple: Bools = alone & ~ended & plain
        return simple

    def _add_simple(self, table: EdgeTable) -> None:
        flags = np.full(len(table.source), WALK | SHOW | CERTAIN, np.int64)
        flags[(table.relation == INPUT_TO) & (table.online != 0)] |= ONLINE
        from_column = self._kind[table.source] == COLUMN
        of_columns = from_column & ((table.relation == DERIVES) | (table.relation == FEEDS))
        structure = np.isin(table.relation, list(PART_CODES))
        flags |= np.where(structure, AT_ASSET, AT_ASSET | AT_RUN)
        relation, origin = table.relation.astype(np.int64), table.origin.astype(np.int64)
        words = flags << FLAG_SHIFT | relation << RELATION_SHIFT | origin << ORIGIN_SHIFT
        rows: Longs = np.column_stack([words, table.start, table.end])
        for number, chosen in ((_LINEAGE, ~of_columns & ~structure), (_COLUMNS, of_columns), (_STRUCTURE, structure)):
            owners = np.zeros(int(chosen.sum()), np.int32)
            self._tables[number].extend(table.source[chosen], table.target[chosen], rows[chosen], owners)

    def _add(self, rows: Iterable[Row], owner: int) -> None:
        for number, flags_of in merged(rows).items():
            for (source, target, relation, origin, flags, start, end), level in flags_of.items():
                word = (flags | level) << FLAG_SHIFT | relation << RELATION_SHIFT | origin << ORIGIN_SHIFT
                self._tables[number].add(self._node(source), self._node(target), (word, start, end), owner)

    def _node(self, key: NodeKey) -> int:
        return key.asset if not key.port else self._ports.setdefault(key, len(self._kind) + len(self._ports))

    def _cards(self) -> Cards:
        assets = len(self._kind)
        cards = Cards(assets)
        for low in range(1, assets, _SPAN // 10):
            high = min(low + _SPAN // 10, assets)
            said: dict[int, list[AssetRecord]] = defaultdict(list)
            for record in self._reader.records_between(low, high):
                said[record.asset].append(record)
            owned: dict[int, set[str]] = defaultdict(set)
            for interval in told_intervals(self._reader, self._reader.edges_from(range(low, high), (OWNED_BY,))):
                owned[interval.record.source].add(self._registry.uri(interval.record.target))
            contacts = self._reader.contacts(range(low, high))
            for asset, records in said.items():
                card = card_of(records, owned.get(asset, ()), contacts.get(asset), is_run=self._kind[asset] == RUN)
                cards.set(asset, card)
            self._progress("assets", low, assets)
        return cards


def _assets(reader: FactReader) -> tuple[Strings, Bytes, Ints]:
    uris = StringsBuilder()
    uris.extend([""])
    kinds, datasets = [np.zeros(1, np.uint8)], [np.zeros(1, np.int32)]
    for rows in reader.assets():
        if rows and rows[-1].asset != len(uris) + len(rows) - 1:
            raise AssertionError(f"assets are numbered without gaps, but {rows[-1].asset} is not {len(uris) + len(rows) - 1}")
        uris.extend(row.uri for row in rows)
        kinds.append(np.array([row.kind for row in rows], np.uint8))
        datasets.append(np.array([row.dataset for row in rows], np.int32))
    return uris.finish(), np.concatenate(kinds), np.concatenate(datasets)


def _take(table: EdgeTable, chosen: Bools) -> EdgeTable:
    return EdgeTable(*(column[chosen] for column in table))  # type: ignore[arg-type]
