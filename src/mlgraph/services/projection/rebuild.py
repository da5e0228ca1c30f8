"""The graph's base from the store alone: for a store without a usable snapshot.

Edges that one fact tells and nothing ends are taken as they stand, plain runs and workflows are computed by compiled code, many
at a time. All others go the way that changes go: what is computed is the same, as tests compare.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from mlgraph.domain.facts import Contact, Mode
from mlgraph.domain.history import AssetRecord, run_outcome
from mlgraph.domain.vocabulary import INPUT_ROLES
from mlgraph.graph.csr.assemble import Allocate, Arcs, DisplayAttributeArrays, assemble
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.row_format import FLAG_SHIFT, ORIGIN_SHIFT, RELATION_SHIFT
from mlgraph.graph.csr.snapshot import MutableGraph, merged
from mlgraph.graph.csr.string_index import Strings, StringsBuilder
from mlgraph.graph.model.aliases import NO_ALIASES
from mlgraph.graph.model.rows import (
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
    RUN_OF,
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
from mlgraph.graph.projection.batch.plain_owners import OwnedEdges, Plain, RunEnds
from mlgraph.graph.projection.build import plain_rows, run_rows, workflow_rows, workflow_sides
from mlgraph.ports.store import EdgeTable, FactReader
from mlgraph.services.common.chunks import CHUNK, chunks
from mlgraph.services.common.pipelining import prefetch
from mlgraph.services.history.asserted_facts import by_triple
from mlgraph.services.history.display_attributes import display_attributes_of, open_owners
from mlgraph.services.history.group_histories import Histories
from mlgraph.services.projection.projector import Projector

_log = logging.getLogger(__name__)

_SPAN: Final = 100_000
"""Assets whose edges are read at once."""
_LOG_EVERY_S: Final = 10.0
_READ: Final = tuple(sorted(WALKED_CODES | PART_CODES | {RUN_OF}))
_ONLINE: Final = INPUT_ROLES.index("online") + 1
_LINEAGE, _COLUMNS, _STRUCTURE = range(3)

Triple = tuple[int, int, int]


def rebuild(reader: FactReader, allocate: Allocate = np.zeros, in_passing: Collection[str] = ()) -> Base:
    """Return the base as of the last transaction. `in_passing`: the origins that mention datasets in passing."""
    upto = reader.last_tx()
    past = reader.at(upto)
    base = _Rebuild(past, upto).base(allocate)
    if not past.alias_records():
        return base
    graph = MutableGraph(base)
    Projector(past, graph, in_passing).reapply_aliases()
    return compact(freeze(graph), allocate)


class _Rebuild:
    def __init__(self, reader: FactReader, upto: int) -> None:
        self._reader = reader
        self._upto = upto
        self._uris, self._kind, self._dataset = _assets(reader)
        assets = len(self._kind)
        nameless = Strings(np.zeros(assets + 1, np.int64), np.zeros(0, np.uint8))
        known = replace(Base.empty(), uris=self._uris, kind=self._kind, dataset=self._dataset, names=nameless)
        self._registry = AssetIndex(replace(known, node_of=np.full(assets, -1, np.int32)))
        self._histories = Histories(reader, self._registry)
        self._tables = (Arcs(), Arcs(), Arcs())
        self._ports: dict[NodeKey, int] = {}
        self._retracted = reader.all_retracted()
        self._run_ends = RunEnds(assets)
        self._owned = OwnedEdges(self._kind, self._retracted, reader.owners_needing_full_computation(), self._run_ends)
        self._logged = time.monotonic()

    def base(self, allocate: Allocate) -> Base:
        """Read everything and put it together."""
        attributes = self._attribute_arrays()
        self._read_edges()
        ports = self._owners()
        return assemble(self._uris, self._kind, self._dataset, ports, self._tables, attributes, self._upto, allocate)

    def _spans(self, size: int) -> Iterator[range]:
        assets = len(self._kind)
        return (range(low, min(low + size, assets)) for low in range(1, assets, size))

    def _owners(self) -> Longs:
        """Compute the rows of runs and workflows, and return the ports they need."""
        single = self._owned.sorted_out(self._uris)
        self._unusual(single)
        ports = [np.array(list(self._ports), np.int64).reshape(-1, 2)]
        for found in single.rows(len(self._kind) + len(self._ports)):
            sources, targets, owners = (found.rows[:, column].astype(np.int32) for column in (0, 1, 5))
            self._tables[_LINEAGE].extend(sources, targets, found.rows[:, 2:5], owners)
            ports.append(found.ports)
            self._progress("rows", int(found.rows[-1, 5]) if len(found.rows) else 0, len(self._kind))
        return np.concatenate(ports)

    def _unusual(self, groups: Plain) -> None:
        """Compute the rows of runs and workflows that are not plain, one by one."""
        runs = np.flatnonzero((self._kind == RUN) & ~groups.usual)
        for done, numbers in enumerate(chunks(runs.tolist())):
            for history, member in self._histories.runs(numbers).values():
                self._add(run_rows(history, self._registry, NO_ALIASES, standalone=not member), history.run)
            self._progress("runs", done * CHUNK, len(runs))
        workflows = np.flatnonzero((self._kind == WORKFLOW) & ~groups.usual)
        for done, numbers in enumerate(chunks(workflows.tolist(), 50)):
            for workflow in self._histories.workflows(numbers):
                sides = workflow_sides(workflow, self._registry, NO_ALIASES)
                self._add(workflow_rows(workflow, sides, self._registry, NO_ALIASES), workflow.workflow)
            self._progress("workflows", done * 50, len(workflows))

    def _progress(self, what: str, done: int, total: int) -> None:
        if time.monotonic() - self._logged > _LOG_EVERY_S:
            self._logged = time.monotonic()
            _log.info("building the graph from the store: %s %d of %d", what, done, total)

    def _read_edges(self) -> None:
        """Read all edges: rows of those that stand for themselves, and those of runs and workflows beside each other."""
        for part, table in prefetch(lambda part: self._reader.edge_table(part.start, part.stop, _READ), self._spans(_SPAN)):
            self._take_edges(table)
            self._progress("edges", part.start, len(self._kind))

    def _take_edges(self, table: EdgeTable) -> None:
        of_runs, computed = table.relation == RUN_OF, self._computed(table)
        self._owned.add_members(_take(table, of_runs))
        self._owned.add(_take(table, computed))
        table = _take(table, ~of_runs & ~computed)
        simple = self._simple(table)
        self._add_simple(_take(table, simple))
        others = _take(table, ~simple)
        triples_left = set(zip(others.source.tolist(), others.relation.tolist(), others.target.tolist(), strict=True))
        for triples in chunks(triples_left):
            records = by_triple(self._reader.edges(triples))
            ends_by_asset = self._histories.retraction_ends(
                {asset for source, _, target in triples for asset in (source, target)}
            )
            for records_by_asset in records.values():
                self._add(plain_rows(records_by_asset, ends_by_asset, self._registry), 0)

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
        single = (table.mode != Mode.RETRACT) & (table.relation != REQUIRED_BY) & (table.end > table.start)
        simple: Bools = alone & ~ended & single
        return simple

    def _add_simple(self, table: EdgeTable) -> None:
        flags = np.full(len(table.source), WALK | SHOW | CERTAIN, np.int64)
        flags[(table.relation == INPUT_TO) & (table.role == _ONLINE)] |= ONLINE
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

    def _attribute_arrays(self) -> DisplayAttributeArrays:
        """Return what is said of all assets, and note how the runs among them ended."""
        attributes = DisplayAttributeArrays(len(self._kind))
        for part, batch in prefetch(self._asset_batch, self._spans(_SPAN // 10)):
            records, owned, contacts = batch
            records_by_asset: dict[int, list[AssetRecord]] = defaultdict(list)
            for record in records:
                records_by_asset[record.asset].append(record)
            for asset in {*records_by_asset, *owned}:
                asset_records, outcome = records_by_asset[asset], None
                if self._kind[asset] == RUN:
                    outcome = run_outcome(asset_records)
                    self._run_ends.note(
                        asset, outcome, {record.origin for record in asset_records if record.mode != Mode.RETRACT}
                    )
                attributes.set(asset, display_attributes_of(asset_records, owned.get(asset, ()), contacts.get(asset), outcome))
            self._progress("assets", part.start, len(self._kind))
        return attributes

    def _asset_batch(self, part: range) -> tuple[list[AssetRecord], dict[int, set[str]], dict[int, Contact]]:
        reader = self._reader
        return reader.records_between(part.start, part.stop), open_owners(reader, part, self._registry), reader.contacts(part)


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
