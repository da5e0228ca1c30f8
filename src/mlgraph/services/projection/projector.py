"""The projector: from transactions to rows of the graph; affected groups are recomputed completely."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr.snapshot import MutableGraph, claims_group, lone_edges_group
from mlgraph.graph.model.rows import (
    COLUMN,
    DERIVES,
    INPUT_TO,
    OUTPUTS,
    RUN,
    RUN_OF,
    STRUCTURE_CODES,
    WALKED_CODES,
    WORKFLOW,
    Layer,
)
from mlgraph.graph.projection.build import plain_rows, run_rows, workflow_rows
from mlgraph.graph.projection.claim_rows import claim_rows
from mlgraph.inference.walked_rules import NO_WALKED_RULES, WalkedRules
from mlgraph.ports.store import Changes, FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.alias_table import AliasTable
from mlgraph.services.history.display_attributes import OWNED_BY, DisplayAttributesUpdater
from mlgraph.services.history.fact_cache import CachedGroupReader
from mlgraph.services.history.group_histories import Histories
from mlgraph.services.projection.inferred_rows import InferredRows, TouchedFacts
from mlgraph.services.projection.nested_columns import NestedColumns

Triple = tuple[int, int, int]


@dataclass(slots=True)
class AffectedGroups:
    """The groups to recompute, the assets whose display attributes to update, and the claimants whose claims changed."""

    triples: set[Triple] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)
    workflows: set[int] = field(default_factory=set)
    attributes: set[int] = field(default_factory=set)
    premises: set[Triple] = field(default_factory=set)
    """Edges from which rules may infer edges of the graph."""
    states: set[int] = field(default_factory=set)
    """Assets with a new fact or retraction."""
    moved: set[int] = field(default_factory=set)
    """Names that resolve to another asset at some moment."""
    members: Collection[int] = frozenset()
    """Names and claimants whose claims changed."""


class Projector:
    """Computes groups of rows from the store's facts and puts them into the graph."""

    def __init__(
        self, reader: FactReader, graph: MutableGraph, in_passing: Collection[str] = (), rules: WalkedRules = NO_WALKED_RULES
    ) -> None:
        """Bring `graph` up to date. `in_passing`: the origins that mention datasets in passing (`Aliases.in_passing`).

        `rules`: those whose edges the graph has; a base that `graph` has must have their edges already.
        """
        self._reader = reader
        self._graph = graph
        self._cache = CachedGroupReader(reader)
        self._histories = Histories(self._cache, graph.asset_index)
        self._aliases = AliasTable(graph.asset_index, in_passing)
        self._aliases.open(reader.at(graph.snapshot.watermark))
        self._histories.aliases = graph.aliases = self._aliases.aliases
        self._inferred = InferredRows(rules, graph)
        graph.rule_origins = rules.origins
        if graph.aliases or graph.rule_origins:
            # a base has the rows under resolved names and of rules, but not the aliases and the names of the rules
            graph.publish(graph.snapshot.watermark)
        self._nested = NestedColumns(graph)
        self._attributes = DisplayAttributesUpdater(graph.asset_index, self._histories)
        self._attributes_due: set[int] = set()

    def apply(self, changes: Changes, *, with_attributes: bool = True) -> None:
        """Bring the graph up to `changes.upto` and publish it. `with_attributes` False: `adopt_caches` will bring them."""
        before = self._graph.snapshot.watermark
        reader, greatest = self._reader.at(changes.upto), len(self._graph.asset_index) - 1
        for row in changes.assets:
            self._graph.asset_index.add(row)
        if changes.records is None:
            self._cache.invalidate(reader)
        else:
            self._cache.apply_appended(reader, changes.records, greatest, (before, changes.upto))
        moved, members = self._aliases.follow(reader, changes)
        self._histories.aliases = self._graph.aliases = self._aliases.aliases
        affected = self._affected(changes, moved)
        affected.members = members
        if not with_attributes:
            self._attributes_due.update(affected.attributes)
            affected.attributes.clear()
        self._recompute(affected, before, changes.upto)
        self._nested.replace_changed(self._cache, changes.asserted, moved, before, changes.upto)
        touched = TouchedFacts(affected.premises, affected.runs, affected.workflows, affected.states, affected.moved)
        self._inferred.replace_touched(reader, self._cache, touched)
        self._graph.publish(changes.upto)

    def complete(self) -> None:
        """Move all edges of aliases to their assets and add the inferred edges, in a base built from the store without both."""
        upto = self._graph.snapshot.watermark
        reader = self._reader.at(upto)
        self._cache.invalidate(reader)
        if self._graph.aliases:
            names = self._aliases.all_names()
            affected = self._affected(Changes(upto), names)
            affected.members = self._aliases.all_members()
            self._recompute(affected, upto, upto)
            self._nested.replace_changed(self._cache, (), names, upto, upto)
        self._inferred.replace_all(reader)
        self._graph.publish(upto)

    def _recompute(self, affected: AffectedGroups, before: int, upto: int) -> None:
        """Recompute the affected groups."""
        self._histories.invalidate(affected.runs)
        named = {name for triple in affected.triples if (name := self._aliases.name_in(triple))}
        for name in named:
            self._replace_edges_of(name)
        for member in affected.members:
            self._graph.replace(claims_group(member), claim_rows(member, self._graph.aliases, self._graph.asset_index))
        for chunk in chunks(triple for triple in affected.triples if not self._aliases.name_in(triple)):
            self._replace_triples(chunk)
        for runs in chunks(affected.runs):
            for run in self._histories.runs(runs).values():
                self._graph.asset_index.set_workflow(run.run, run.workflow or 0)
                self._graph.replace(run.run, run_rows(run, self._graph.asset_index, self._graph.aliases))
        for workflows in chunks(affected.workflows, 50):
            for workflow in self._histories.workflows(workflows):
                self._graph.replace(workflow.workflow, workflow_rows(workflow, self._graph.asset_index, self._graph.aliases))
        for assets in chunks(affected.attributes):
            self._attributes.refresh(assets, before, upto)

    def _affected(self, changes: Changes, moved: Collection[int]) -> AffectedGroups:
        affected, kind = AffectedGroups(), self._graph.asset_index.kind
        affected.states.update(changes.asserted)
        affected.moved.update(moved)
        for triple in changes.edges:
            self._add_triple(affected, triple)
        for owner in changes.seen_by:
            self._add_owner(affected, owner)
        affected.attributes.update(changes.asserted)
        affected.attributes.update(self._aliases.aliases.at(asset, FOREVER - 1) for asset in changes.asserted)
        affected.runs.update(asset for asset in changes.asserted if kind(asset) == RUN)
        affected.workflows.update(asset for asset in changes.declared if kind(asset) == WORKFLOW)
        reader = self._cache
        for asset in reader.retracted(changes.asserted):
            self._add_readers(affected, asset)
            for triple in reader.neighbours(asset):
                self._add_triple(affected, triple)
        for name in moved:
            self._add_readers(affected, name, *(segment.asset for segment in self._aliases.aliases.segments(name)))
            affected.attributes.update((name, *(segment.asset for segment in self._aliases.aliases.segments(name))))
            for triple in reader.neighbours(name):
                self._add_triple(affected, triple)
        columns = {source for source, relation, _ in affected.triples if relation == DERIVES and kind(source) == COLUMN}
        for chunk in chunks(columns):
            for seen_by in {edge.by for edge in reader.edges_from(chunk, (DERIVES,)) if edge.by is not None}:
                self._add_owner(affected, seen_by)
        self._add_members(affected)
        return affected

    def _add_readers(self, affected: AffectedGroups, *assets: int) -> None:
        """Add the runs and workflows that read `assets` in the graph: some inputs are known from lineage alone."""
        graph = self._graph.snapshot
        for asset in assets:
            node = graph.find(asset)
            if node is not None:
                for layer in (Layer.RUN, Layer.ASSET):
                    for other, relation, *_ in graph.views[layer].out.every_row_of(node):
                        if relation == INPUT_TO:
                            self._add_triple(affected, (asset, relation, int(graph.asset_of[other])))

    def _add_members(self, affected: AffectedGroups) -> None:
        """Add the workflows of the affected runs."""
        for chunk in chunks(affected.runs):
            affected.workflows.update(edge.target for edge in self._cache.edges_from(chunk, (RUN_OF,)))

    def adopt_caches(self, other: Projector) -> None:
        """Take over the caches of another projector with the same watermark, and its display attributes."""
        self._attributes.adopt_caches(other._attributes, self._attributes_due)
        self._attributes_due.clear()
        self._nested.adopt_cache(other._nested)
        self._cache = self._histories.reader = other._cache
        self._histories.adopt_caches(other._histories)

    def _add_owner(self, affected: AffectedGroups, owner: int) -> None:
        (affected.runs if self._graph.asset_index.kind(owner) == RUN else affected.workflows).add(owner)

    def _add_triple(self, affected: AffectedGroups, triple: Triple) -> None:
        source, relation, target = triple
        kind = self._graph.asset_index.kind
        owner = target if relation == INPUT_TO else source
        if relation in self._inferred.rules.relations:
            affected.premises.add(triple)
        if relation in (INPUT_TO, OUTPUTS) and kind(owner) == RUN:
            affected.runs.add(owner)
        elif relation in (INPUT_TO, OUTPUTS) and kind(owner) == WORKFLOW:
            affected.workflows.add(owner)
        elif relation == RUN_OF:
            affected.runs.add(source)
        elif relation in WALKED_CODES or relation in STRUCTURE_CODES:
            affected.triples.add(triple)
        elif relation == OWNED_BY:
            affected.attributes.add(source)

    def _replace_triples(self, triples: Collection[Triple]) -> None:
        records: dict[Triple, list[EdgeRecord]] = defaultdict(list)
        for record in self._cache.edges(triples):
            records[record.triple].append(record)
        ends_by_asset = self._histories.retraction_ends({asset for source, _, target in triples for asset in (source, target)})
        for triple in triples:
            records_of_triple = records.get(triple, [])
            rows = plain_rows(records_of_triple, ends_by_asset, self._graph.asset_index) if records_of_triple else ()
            self._graph.replace(triple, rows)

    def _replace_edges_of(self, name: int) -> None:
        """Replace the plain edges of an aliased name as one group, because the name may resolve to another asset at each time."""
        found = AffectedGroups()
        for triple in self._histories.reader.neighbours(name):
            self._add_triple(found, triple)
        triples = [triple for triple in found.triples if self._aliases.name_in(triple) == name]
        records: dict[Triple, list[EdgeRecord]] = defaultdict(list)
        for chunk in chunks(triples):
            for record in self._histories.reader.edges(chunk):
                records[record.triple].append(record)
            for triple in chunk:
                self._graph.replace(triple, ())  # the group from before the alias
        ends_by_asset = self._histories.retraction_ends({asset for source, _, target in triples for asset in (source, target)})
        self._graph.replace(
            lone_edges_group(name),
            (
                row
                for records_of_triple in records.values()
                for row in plain_rows(records_of_triple, ends_by_asset, self._graph.asset_index)
            ),
        )
