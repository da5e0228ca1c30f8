"""From what transactions touched to the rows of the graph: affected groups are computed anew, whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from mlgraph.domain.history import EdgeRecord
from mlgraph.graph.build import plain_rows, run_rows, workflow_rows
from mlgraph.graph.rows import COLUMN, DERIVES, INPUT_TO, OUTPUTS, PART_CODES, RUN, RUN_OF, WALKED_CODES, WORKFLOW
from mlgraph.graph.snapshot import Graph
from mlgraph.ports.store import Changes, FactReader
from mlgraph.services.cards import OWNED_BY, Cards
from mlgraph.services.chunks import chunks
from mlgraph.services.histories import Histories

Triple = tuple[int, int, int]


@dataclass(slots=True)
class Affected:
    """Which groups must be computed anew."""

    plain: set[Triple] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)
    workflows: set[int] = field(default_factory=set)
    cards: set[int] = field(default_factory=set)


class Projector:
    """Computes groups of rows from the store's facts and puts them into the graph."""

    def __init__(self, reader: FactReader, graph: Graph) -> None:
        self._reader = reader
        self._graph = graph
        self._histories = Histories(reader, graph.registry)
        self._cards = Cards(graph.registry, self._histories)

    def apply(self, changes: Changes) -> None:
        """Bring the graph up to `changes.upto` and publish it."""
        before = self._graph.snapshot.watermark
        self._histories.reader = self._reader.at(changes.upto)
        for row in changes.assets:
            self._graph.registry.add(row)
        affected = self._affected(changes)
        self._histories.forget(affected.runs)
        for chunk in chunks(affected.plain):
            self._replace_plain(chunk)
        for runs in chunks(affected.runs):
            for run, member in self._histories.runs(runs).values():
                rows = run_rows(run, self._graph.registry, standalone=not member)
                self._graph.replace(run.run, rows)
        for workflows in chunks(affected.workflows, 50):
            for workflow in self._histories.workflows(workflows):
                self._graph.replace(workflow.workflow, workflow_rows(workflow, self._graph.registry))
        for assets in chunks(affected.cards):
            self._cards.refresh(assets, before, changes.upto)
        self._graph.publish(changes.upto)

    def _affected(self, changes: Changes) -> Affected:
        affected = Affected()
        kind = self._graph.registry.kind
        for triple in changes.edges:
            self._add_triple(affected, triple)
        for owner in changes.seen_by:
            self._add_owner(affected, owner)
        affected.cards.update(changes.told)
        affected.runs.update(asset for asset in changes.told if kind(asset) == RUN)
        affected.workflows.update(asset for asset in changes.told if kind(asset) == WORKFLOW)
        for asset in self._histories.reader.retracted(changes.told):
            for triple in self._histories.reader.neighbours(asset):
                self._add_triple(affected, triple)
        columns = {source for source, relation, _ in affected.plain if relation == DERIVES and kind(source) == COLUMN}
        for chunk in chunks(columns):
            for edge in self._histories.reader.edges_from(chunk, (DERIVES,)):
                if edge.by is not None:
                    self._add_owner(affected, edge.by)
        for chunk in chunks(affected.runs):
            affected.workflows.update(edge.target for edge in self._histories.reader.edges_from(chunk, (RUN_OF,)))
        return affected

    def _add_owner(self, affected: Affected, owner: int) -> None:
        (affected.runs if self._graph.registry.kind(owner) == RUN else affected.workflows).add(owner)

    def _add_triple(self, affected: Affected, triple: Triple) -> None:
        source, relation, target = triple
        kind = self._graph.registry.kind
        owner = target if relation == INPUT_TO else source
        if relation in (INPUT_TO, OUTPUTS) and kind(owner) == RUN:
            affected.runs.add(owner)
        elif relation in (INPUT_TO, OUTPUTS) and kind(owner) == WORKFLOW:
            affected.workflows.add(owner)
        elif relation == RUN_OF:
            affected.runs.add(source)
            affected.workflows.add(target)
        elif relation in WALKED_CODES or relation in PART_CODES:
            affected.plain.add(triple)
        elif relation == OWNED_BY:
            affected.cards.add(source)

    def _replace_plain(self, triples: Collection[Triple]) -> None:
        records: dict[Triple, list[EdgeRecord]] = defaultdict(list)
        for record in self._histories.reader.edges(triples):
            records[record.triple].append(record)
        pins = self._histories.pins({asset for source, _, target in triples for asset in (source, target)})
        for triple in triples:
            said = records.get(triple, [])
            rows = plain_rows(said, pins, self._graph.registry) if said else ()
            self._graph.replace(triple, rows)
