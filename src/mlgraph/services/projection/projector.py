"""From what transactions touched to the rows of the graph: affected groups are computed anew, whole."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.times import FOREVER
from mlgraph.graph.csr.snapshot import Graph, edges_of
from mlgraph.graph.model.rows import COLUMN, DERIVES, INPUT_TO, OUTPUTS, PART_CODES, RUN, RUN_OF, WALKED_CODES, WORKFLOW
from mlgraph.graph.projection.build import plain_rows, run_rows, workflow_rows, workflow_sides
from mlgraph.graph.projection.levels import WorkflowHistory
from mlgraph.graph.projection.steady import Steady, after, steady_of
from mlgraph.ports.store import Changes, FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.aliases import AliasTable
from mlgraph.services.history.histories import Histories
from mlgraph.services.history.remembered import Remembered
from mlgraph.services.projection.cards import OWNED_BY, Cards

Triple = tuple[int, int, int]
KEPT_WORKFLOWS: Final = 20_000


@dataclass(slots=True)
class Affected:
    """Which groups must be computed anew."""

    plain: set[Triple] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)
    workflows: set[int] = field(default_factory=set)
    """Those of which more may have changed than that runs were told."""
    members: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Workflows by what is only told of runs, with those runs."""
    cards: set[int] = field(default_factory=set)


class Projector:
    """Computes groups of rows from the store's facts and puts them into the graph."""

    def __init__(self, reader: FactReader, graph: Graph, in_passing: Collection[str] = ()) -> None:
        """Bring `graph` up to date. `in_passing`: the origins that mention datasets in passing (`Aliases.in_passing`)."""
        self._reader = reader
        self._graph = graph
        self._known = Remembered(reader)
        self._histories = Histories(self._known, graph.registry)
        self._aliases = AliasTable(graph.registry, in_passing)
        self._aliases.open(reader.at(graph.snapshot.watermark))
        self._histories.aliases = graph.aliases = self._aliases.aliases
        if graph.aliases:
            graph.publish(graph.snapshot.watermark)  # what a base shows knows its rows under their names, but not the names
        self._cards = Cards(graph.registry, self._histories)
        self._cards_due: set[int] = set()
        self._steady: OrderedDict[int, Steady] = OrderedDict()
        self.went_on = 0
        """How often it was seen that runs change nothing of their workflow."""

    def apply(self, changes: Changes, *, with_cards: bool = True) -> None:
        """Bring the graph up to `changes.upto` and publish it; without cards, where those of another are taken over later."""
        before = self._graph.snapshot.watermark
        reader, greatest = self._reader.at(changes.upto), len(self._graph.registry) - 1
        for row in changes.assets:
            self._graph.registry.add(row)
        if changes.records is None:
            self._known.forget(reader)
        else:
            self._known.go_on(reader, changes.records, greatest, (before, changes.upto))
        moved = self._aliases.follow(reader, changes)
        self._histories.aliases = self._graph.aliases = self._aliases.aliases
        affected = self._affected(changes, moved)
        if not with_cards:
            self._cards_due.update(affected.cards)
            affected.cards.clear()
        self._bring(affected, before, changes.upto)

    def put_under_names(self) -> None:
        """Put all edges of aliases where they belong, in a graph that was made from the store without a look at aliases."""
        upto = self._graph.snapshot.watermark
        self._known.forget(self._reader.at(upto))
        self._bring(self._affected(Changes(upto), self._aliases.all_names()), upto, upto)

    def _bring(self, affected: Affected, before: int, upto: int) -> None:
        """Compute the affected groups anew and publish them."""
        self._histories.forget(affected.runs)
        named = {name for triple in affected.plain if (name := self._aliases.name_in(triple))}
        for name in named:
            self._replace_edges_of(name)
        for chunk in chunks(triple for triple in affected.plain if not self._aliases.name_in(triple)):
            self._replace_plain(chunk)
        for runs in chunks(affected.runs):
            for run, member in self._histories.runs(runs).values():
                rows = run_rows(run, self._graph.registry, self._graph.aliases, standalone=not member)
                self._graph.replace(run.run, rows)
        changed = {workflow for workflow, runs in affected.members.items() if not self._goes_on(workflow, runs, affected)}
        for workflows in chunks(affected.workflows | changed, 50):
            for workflow in self._histories.workflows(workflows):
                self._replace_workflow(workflow)
        for assets in chunks(affected.cards):
            self._cards.refresh(assets, before, upto)
        self._graph.publish(upto)

    def _affected(self, changes: Changes, moved: Collection[int]) -> Affected:
        affected, kind = Affected(), self._graph.registry.kind
        for triple in changes.edges:
            self._add_triple(affected, triple)
        for owner in changes.seen_by:
            self._add_owner(affected, owner)
        affected.cards.update(changes.told)
        affected.cards.update(self._aliases.aliases.at(asset, FOREVER - 1) for asset in changes.told)
        affected.runs.update(asset for asset in changes.told if kind(asset) == RUN)
        affected.workflows.update(asset for asset in changes.declared if kind(asset) == WORKFLOW)
        reader = self._known
        for triple in (triple for asset in reader.retracted(changes.told) for triple in reader.neighbours(asset)):
            self._add_triple(affected, triple)
            if triple[1] == RUN_OF:
                affected.workflows.add(triple[2])
        for name in moved:
            self._steady.clear()  # a run that says nothing new may speak of another asset than it did
            affected.cards.update((name, *(segment.asset for segment in self._aliases.aliases.segments(name))))
            for triple in reader.neighbours(name):
                self._add_triple(affected, triple)
        columns = {source for source, relation, _ in affected.plain if relation == DERIVES and kind(source) == COLUMN}
        for chunk in chunks(columns):
            for seen_by in {edge.by for edge in reader.edges_from(chunk, (DERIVES,)) if edge.by is not None}:
                self._add_owner(affected, seen_by)
        self._add_members(affected)
        return affected

    def _add_members(self, affected: Affected) -> None:
        """Add the workflows of the affected runs: as a whole, where it may have changed which runs are theirs."""
        for chunk in chunks(affected.runs):
            of: dict[int, set[int]] = defaultdict(set)
            for edge in self._known.edges_from(chunk, (RUN_OF,)):
                of[edge.source].add(edge.target)
                affected.members[edge.target].add(edge.source)
                if edge.mode == Mode.RETRACT:
                    affected.workflows.add(edge.target)
            affected.workflows.update(workflow for workflows in of.values() if len(workflows) > 1 for workflow in workflows)

    def take_over(self, other: Projector) -> None:
        """Go on with what another projector, which has read the log as far, keeps of runs and workflows."""
        self._steady, self.went_on = other._steady, other.went_on
        self._cards.take_over(other._cards, self._cards_due)
        self._cards_due.clear()
        self._known = self._histories.reader = other._known
        self._histories.take_over(other._histories)

    def _goes_on(self, workflow: int, runs: set[int], affected: Affected) -> bool:
        """Say whether what is told of these runs changes nothing of their workflow."""
        steady = None if workflow in affected.workflows else self._steady.get(workflow)
        for history, _ in self._histories.runs(runs).values() if steady is not None else ():
            steady = None if steady is None else after(steady, history, self._graph.registry)
        if steady is None:
            return False
        self._keep(workflow, steady)
        self.went_on += 1
        return True

    def _replace_workflow(self, workflow: WorkflowHistory) -> None:
        registry, aliases = self._graph.registry, self._graph.aliases
        sides = workflow_sides(workflow, registry, aliases)
        self._graph.replace(workflow.workflow, workflow_rows(workflow, sides, registry, aliases))
        self._keep(workflow.workflow, steady_of(workflow, sides))

    def _keep(self, workflow: int, steady: Steady | None) -> None:
        self._steady.pop(workflow, None)
        if steady is not None:
            self._steady[workflow] = steady
        while len(self._steady) > KEPT_WORKFLOWS:
            self._steady.popitem(last=False)

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
        elif relation in WALKED_CODES or relation in PART_CODES:
            affected.plain.add(triple)
        elif relation == OWNED_BY:
            affected.cards.add(source)

    def _replace_plain(self, triples: Collection[Triple]) -> None:
        records: dict[Triple, list[EdgeRecord]] = defaultdict(list)
        for record in self._known.edges(triples):
            records[record.triple].append(record)
        pins = self._histories.pins({asset for source, _, target in triples for asset in (source, target)})
        for triple in triples:
            said = records.get(triple, [])
            rows = plain_rows(said, pins, self._graph.registry) if said else ()
            self._graph.replace(triple, rows)

    def _replace_edges_of(self, name: int) -> None:
        """Put the plain edges of a name of another asset into the graph: they are one group, whatever it stands for when."""
        found = Affected()
        for triple in self._histories.reader.neighbours(name):
            self._add_triple(found, triple)
        triples = [triple for triple in found.plain if self._aliases.name_in(triple) == name]
        records: dict[Triple, list[EdgeRecord]] = defaultdict(list)
        for chunk in chunks(triples):
            for record in self._histories.reader.edges(chunk):
                records[record.triple].append(record)
            for triple in chunk:
                self._graph.replace(triple, ())  # from before it was known to be a name
        pins = self._histories.pins({asset for source, _, target in triples for asset in (source, target)})
        self._graph.replace(
            edges_of(name), (row for said in records.values() for row in plain_rows(said, pins, self._graph.registry))
        )
