"""Building the base of the graph from the store, without a usable base file.

Edges that one fact alone decides are computed in bulk. The rows of runs and workflows are computed as for changes.
"""

from __future__ import annotations

import logging
import time
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Final

import numpy as np

from mlgraph.domain.facts import Contact
from mlgraph.domain.history import AssetRecord, run_outcome
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.assemble import Allocate, Arcs, AssetArrays, DisplayAttributeArrays, assemble
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.row_format import FLAG_SHIFT, ORIGIN_SHIFT, RELATION_SHIFT
from mlgraph.graph.csr.snapshot import MutableGraph, rows_by_table
from mlgraph.graph.csr.text.string_index import Strings, StringsBuilder, hash_table, table_size
from mlgraph.graph.model.aliases import NO_ALIASES
from mlgraph.graph.model.rows import (
    DATASET,
    INPUT_TO,
    OUTPUTS,
    RUN,
    RUN_OF,
    STRUCTURE_CODES,
    WALKED_CODES,
    WORKFLOW,
    Bools,
    Bytes,
    Ints,
    Longs,
    NodeKey,
    Row,
)
from mlgraph.graph.projection.build import plain_rows, run_rows, workflow_rows
from mlgraph.graph.projection.histories import RunHistory
from mlgraph.graph.projection.lone_facts import are_lone, lone_rows
from mlgraph.graph.projection.nested_fields import nested_field_rows, nested_pairs
from mlgraph.inference.walked_rules import NO_WALKED_RULES, WalkedRules
from mlgraph.ports.store import EdgeTable, FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.common.metrics import Shortcut, count_shortcut
from mlgraph.services.common.pipelining import prefetch
from mlgraph.services.history.asserted_facts import by_triple
from mlgraph.services.history.display_attributes import display_attributes_of, open_owners
from mlgraph.services.history.group_histories import Histories
from mlgraph.services.projection.inferred_rows import ANCHORS, inferred_rows
from mlgraph.services.projection.projector import Projector

_log = logging.getLogger(__name__)

_SPAN: Final = 100_000
"""Assets whose edges are read in one query."""
_EDGES: Final = 20_000
"""Edges of runs and workflows that are computed in one chunk; a workflow with more is a chunk of its own."""
_LOG_EVERY_S: Final = 10.0
_READ_RELATIONS: Final = tuple(sorted(WALKED_CODES | STRUCTURE_CODES | {RUN_OF}))

Triple = tuple[int, int, int]


def rebuild(
    reader: FactReader,
    allocate: Allocate = np.zeros,
    in_passing: Collection[str] = (),
    rules: WalkedRules = NO_WALKED_RULES,
) -> Base:
    """Return the base as of the last transaction. `in_passing`: the origins that mention datasets in passing (`Aliases`).

    `rules`: those whose inferred edges the base has.
    """
    upto = reader.last_tx()
    past = reader.at(upto)
    if not (past.alias_records() or rules.reads_computed):
        return _Rebuild(past, upto, rules).base(allocate)
    graph = MutableGraph(_Rebuild(past, upto).base(allocate))
    Projector(past, graph, in_passing, rules).complete()
    return compact(freeze(graph), allocate)


class _Owners:
    """The runs and workflows of a store, in chunks of similar numbers of edges."""

    def __init__(self, kind: Bytes) -> None:
        self._kind = kind
        self._edges: Longs = np.zeros(len(kind), np.int64)
        self._with_runs: Longs = np.zeros(len(kind), np.int64)

    def count(self, owners: Ints) -> None:
        """Count one edge for each of these runs and workflows."""
        self._edges += np.bincount(owners, minlength=len(self._edges))

    def count_members(self, runs: Ints, workflows: Ints) -> None:
        """Add to workflows the cost of their runs: each run and its edges, which `count` must have counted before."""
        self._with_runs += np.bincount(workflows, self._edges[runs] + 1, len(self._edges)).astype(np.int64)

    def chunks(self, kind: int) -> Iterator[list[int]]:
        """Yield the assets of this kind, `RUN` or `WORKFLOW`, in chunks."""
        owners = np.flatnonzero(self._kind == kind)
        costs = np.cumsum(self._edges[owners] + self._with_runs[owners] + 1)
        for chunk in np.split(owners, np.flatnonzero(np.diff(costs // _EDGES)) + 1):
            yield chunk.tolist()


class _LazyIndex(AssetIndex):
    """An index of assets that builds its table of URIs when a URI is looked up first: few builds need it."""

    def number(self, uri: str) -> int | None:
        """Return the number of the asset with that URI, or None."""
        uris = self.base.uris
        if not len(self.base.uri_table) and len(uris):
            table = hash_table(uris.offsets, uris.data, table_size(self.base.assets))
            self.base = replace(self.base, uri_table=table)
        return super().number(uri)


class _Rebuild:
    """Accumulates the rows of all three tables, ports and attributes of one build."""

    def __init__(self, reader: FactReader, upto: int, rules: WalkedRules = NO_WALKED_RULES) -> None:
        """`rules` must not read edges that the graph computes: there is no graph yet."""
        self._reader = reader
        self._upto = upto
        self._rules = rules
        self._uris, self._kind, self._dataset = _assets(reader)
        assets = len(self._kind)
        no_names = Strings(np.zeros(assets + 1, np.int64), np.zeros(0, np.uint8))
        base = replace(Base.empty(), uris=self._uris, kind=self._kind, dataset=self._dataset, names=no_names)
        self._facts_alone = replace(base, node_of=np.full(assets, -1, np.int32))
        self._registry = _LazyIndex(self._facts_alone)
        self._histories = Histories(reader, self._registry)
        self._tables = (Arcs(), Arcs(), Arcs())
        self._ports = array("q")
        """Asset and output of each port, alternating, in the order of the temporary port numbers."""
        self._retracted = reader.all_retracted()
        self._owners = _Owners(self._kind)
        self._workflow: Ints = np.zeros(assets, np.int32)
        self._logged = time.monotonic()

    def base(self, allocate: Allocate) -> Base:
        """Read all facts and return the assembled base."""
        attributes = self._attribute_arrays()
        self._read_edges()
        self._add_owners()
        self._add_inferred()
        ports = np.array(self._ports, np.int64).reshape(-1, 2)
        numbers = AssetArrays(self._uris, self._kind, self._dataset, self._workflow)
        return assemble(numbers, ports, self._tables, attributes, self._upto, allocate)

    def _spans(self, size: int) -> Iterator[range]:
        assets = len(self._kind)
        return (range(low, min(low + size, assets)) for low in range(1, assets, size))

    def _add_owners(self) -> None:
        """Add the rows of all workflows and their runs, then those of runs without a workflow."""
        done: Bools = np.zeros(len(self._kind), np.bool_)
        for numbers in self._owners.chunks(WORKFLOW):
            for workflow in self._histories.workflows(numbers):
                for run in workflow.runs:
                    if not done[run.run]:
                        self._add_run(run)
                        done[run.run] = True
                self._add(workflow_rows(workflow, self._registry, NO_ALIASES), workflow.workflow)
            self._log_progress("workflows", numbers)
        for numbers in self._owners.chunks(RUN):
            for run in self._histories.runs([number for number in numbers if not done[number]]).values():
                self._add_run(run)
            self._log_progress("runs", numbers)

    def _add_inferred(self) -> None:
        """Add the inferred edges that traversals follow."""
        anchors = np.flatnonzero(np.isin(self._kind, list(self._rules.anchor_kinds)))
        base = self._facts_alone
        if self._rules.reads_owners:  # states name owners by URI
            base = replace(base, uri_table=hash_table(base.uris.offsets, base.uris.data, table_size(len(self._kind))))
        graph = MutableGraph(base).snapshot
        for part in np.array_split(anchors, len(anchors) // ANCHORS + 1):
            for anchor, rows in inferred_rows(self._rules, self._reader, graph, part.tolist()):
                self._add(rows, anchor)
            self._log_progress("inferred edges", part.tolist())

    def _add_run(self, run: RunHistory) -> None:
        self._workflow[run.run] = run.workflow or 0
        self._add(run_rows(run, self._registry, NO_ALIASES), run.run)

    def _log_progress(self, phase: str, numbers: Iterable[int]) -> None:
        if time.monotonic() - self._logged > _LOG_EVERY_S:
            self._logged = time.monotonic()
            last, assets = max(numbers, default=0), len(self._kind) - 1
            _log.info("building the graph from the store: %s up to asset %d of %d", phase, last, assets)

    def _read_edges(self) -> None:
        """Read all edges: add the rows of plain ones, and count those of runs and workflows."""
        members: list[tuple[Ints, Ints]] = []
        for part, table in prefetch(
            lambda part: self._reader.edge_table(part.start, part.stop, _READ_RELATIONS), self._spans(_SPAN)
        ):
            of_runs = table.relation == RUN_OF
            members.append((table.source[of_runs], table.target[of_runs]))
            owner, owned = self._owner(table)
            self._owners.count(owner[owned])
            self._add_plain(_take(table, ~of_runs & ~owned))
            self._log_progress("edges", part)
        for runs, workflows in members:
            self._owners.count_members(runs, workflows)

    def _owner(self, table: EdgeTable) -> tuple[Ints, Bools]:
        """Return the run or workflow of each edge, and whether it has one; then its rows need all facts of that owner."""
        owner = np.where(table.relation == INPUT_TO, table.target, table.source)
        reported = (table.relation == INPUT_TO) | (table.relation == OUTPUTS)
        return owner, reported & np.isin(self._kind[owner], (RUN, WORKFLOW))

    def _add_plain(self, table: EdgeTable) -> None:
        lone = are_lone(table, self._retracted)
        count_shortcut(Shortcut.LONE_FACT, int(lone.sum()))
        for arcs, (sources, targets, rows) in zip(self._tables, lone_rows(_take(table, lone), self._kind), strict=True):
            arcs.extend(sources, targets, rows, np.zeros(len(sources), np.int32))
        others = _take(table, ~lone)
        for triples in chunks(set(zip(others.source.tolist(), others.relation.tolist(), others.target.tolist(), strict=True))):
            records = by_triple(self._reader.edges(triples))
            ends = {end for source, _, target in triples for end in (source, target)}
            ends_by_asset = self._histories.retraction_ends(ends)
            for triple_records in records.values():
                self._add(plain_rows(triple_records, ends_by_asset, self._registry), 0)

    def _add(self, rows: Iterable[Row], owner: int) -> None:
        """Add the rows of a run or workflow with its ports, of rules from an asset, or of a plain edge (`owner` 0)."""
        first = len(self._kind) + len(self._ports) // 2
        ports: dict[NodeKey, int] = {}
        for number, flags_of in rows_by_table(rows).items():
            self._tables[number].add(
                (
                    source.asset if not source.port else ports.setdefault(source, first + len(ports)),
                    target.asset if not target.port else ports.setdefault(target, first + len(ports)),
                    (flags | level) << FLAG_SHIFT | relation << RELATION_SHIFT | origin << ORIGIN_SHIFT,
                    start,
                    end,
                    owner,
                )
                for (source, relation, target, origin, start, end, flags), level in flags_of.items()
            )
        self._ports.extend(chain.from_iterable(ports))

    def _attribute_arrays(self) -> DisplayAttributeArrays:
        """Return the display attributes of all assets."""
        attributes = DisplayAttributeArrays(len(self._kind))
        for part, batch in prefetch(self._asset_batch, self._spans(_SPAN // 10)):
            records, owned, contacts = batch
            records_by_asset: dict[int, list[AssetRecord]] = defaultdict(list)
            for record in records:
                records_by_asset[record.asset].append(record)
            for asset in {*records_by_asset, *owned}:
                outcome = run_outcome(records_by_asset[asset]) if self._kind[asset] == RUN else None
                attributes.set(
                    asset, display_attributes_of(records_by_asset[asset], owned.get(asset, ()), contacts.get(asset), outcome)
                )
            self._add_nested(records_by_asset)
            self._log_progress("assets", part)
        return attributes

    def _add_nested(self, records_by_asset: Mapping[int, list[AssetRecord]]) -> None:
        """Add the rows of nested fields of the datasets among the assets."""
        nested = [
            asset
            for asset, records in records_by_asset.items()
            if self._kind[asset] == DATASET and any(nested_pairs(record.state) for record in records)
        ]
        columns = np.flatnonzero(np.isin(self._dataset, nested)) if nested else np.zeros(0, np.int64)
        numbers = dict(zip(self._uris.many(columns), columns.tolist(), strict=True))
        for dataset in nested:
            uri = AssetUri.parse(self._uris[dataset])
            self._add(nested_field_rows(uri, records_by_asset[dataset], numbers.get), dataset)

    def _asset_batch(self, part: range) -> tuple[list[AssetRecord], dict[int, set[str]], dict[int, Contact]]:
        reader = self._reader
        return reader.records_between(part.start, part.stop), open_owners(reader, part, self._registry), reader.contacts(part)


def _assets(reader: FactReader) -> tuple[Strings, Bytes, Ints]:
    uris = StringsBuilder()
    uris.extend([""])
    kinds, datasets = [np.zeros(1, np.uint8)], [np.zeros(1, np.int32)]
    for rows in reader.assets():
        if rows and rows[-1].asset != len(uris) + len(rows) - 1:
            raise AssertionError(f"asset numbers must have no gaps, but {rows[-1].asset} is not {len(uris) + len(rows) - 1}")
        uris.extend(row.uri for row in rows)
        kinds.append(np.array([row.kind for row in rows], np.uint8))
        datasets.append(np.array([row.dataset for row in rows], np.int32))
    return uris.finish(), np.concatenate(kinds), np.concatenate(datasets)


def _take(table: EdgeTable, chosen: Bools) -> EdgeTable:
    return EdgeTable(*(column[chosen] for column in table))  # type: ignore[arg-type]
