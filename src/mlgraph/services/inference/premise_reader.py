"""Premises of inference rules (edges, states, input-output pairs), read from the store and the graph within a budget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, NamedTuple, Protocol

from mlgraph.domain.errors import TooMuch
from mlgraph.domain.history import (
    CURATED_ORIGIN,
    NO_ENDINGS,
    AssetInterval,
    AssetRecord,
    EdgeInterval,
    EdgeRecord,
    asset_intervals,
    state_at,
)
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.aliases import BEGINNING, split
from mlgraph.graph.model.rows import CERTAIN, COLUMN, DERIVES, INPUT_TO, OUTPUTS, RUN, WALK, WORKFLOW, Layer
from mlgraph.graph.model.spans import Spans, subtract, union
from mlgraph.graph.projection.build import run_pairs
from mlgraph.graph.projection.evidence import evidence_of
from mlgraph.graph.projection.histories import RunHistory
from mlgraph.graph.traversal.edge_spans import Span, spans_at
from mlgraph.inference.conditions import BLANK_NODE
from mlgraph.inference.evaluation import EVER, Link, Pairs, State, Validity, either
from mlgraph.ports.store import EdgeStep, GroupReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.asserted_facts import asserted_intervals, by_asset, records_of, retraction_ends
from mlgraph.services.history.display_attributes import OWNED_BY
from mlgraph.services.history.group_histories import Histories

MAX_FACTS: Final = 20_000
"""Most facts that rules may read for one query: about 0.3 s."""
Triple = tuple[int, int, int]


class PremiseSource(GroupReader, Protocol):
    """What premises are read from: part of a `FactReader`."""

    def origins(self) -> Mapping[int, str]:
        """Return the names of all origins, by number."""

    def steps(self, assets: Collection[int], step: EdgeStep, most: int) -> list[EdgeRecord]:
        """Return the records of the edges of `step` from `assets`, at most `most`, without column edges."""

    def owned(self, owners: Collection[int], most: int) -> list[int]:
        """Return the assets with a state that names one of `owners`, now or in the past; at most `most`."""


class PremiseReader:
    """The `Premises` of one query. Read facts are cached for the query, because rules share their first steps.

    `most`: budget of facts, `MAX_FACTS` by default. Methods raise `TooMuch` if they would exceed it.
    """

    def __init__(self, reader: PremiseSource, graph: GraphVersion, most: int | None = None) -> None:
        self._reader = reader
        self._graph = graph
        self._aliases = graph.aliases
        self._left = self._most = MAX_FACTS if most is None else most
        self._origins = reader.origins()
        self._histories = Histories(reader, graph.asset_index, graph.aliases)
        self._links: dict[tuple[EdgeStep, int], list[Link]] = {}
        self._overfull: set[tuple[EdgeStep, int]] = set()
        self._kinds: dict[int, int] = {}
        self._states: dict[int, list[State]] = {}
        self._pairs: dict[int, Pairs] = {}

    def kind(self, asset: int) -> int:
        """Return the code of the asset's kind."""
        kind = self._kinds.get(asset)
        if kind is None:
            kind = self._kinds[asset] = self._graph.asset_index.kind(asset)
        return kind

    def uri(self, asset: int) -> str:
        """Return the asset's URI."""
        return self._graph.asset_index.uri(asset)

    def reset_budget(self) -> None:
        """Restore the full budget; the cache remains."""
        self._left = self._most

    def links(self, assets: Collection[int], step: EdgeStep) -> Mapping[int, Sequence[Link]]:
        """Return, for each of `assets`, the asserted edges along `step`. Raises `TooMuch`."""
        unknown = [asset for asset in assets if (step, asset) not in self._links]
        near = 0 if step.forward else 2
        for part in chunks(unknown):
            found: dict[int, list[Link]] = defaultdict(list)
            for link in self._read(part, step):
                found[link.triple[near]].append(link)
            for asset in part:
                self._links[step, asset] = found[asset]
        return {asset: self._links[step, asset] for asset in assets}

    def asserted_at(self, triple: Triple, moment: int) -> list[Link]:
        """Return the asserted records of an edge that are valid at `moment`, among those read so far."""
        return [
            link
            for (step, asset), links in self._links.items()
            if asset == triple[0 if step.forward else 2]
            for link in links
            if link.triple == triple and link.start <= moment < link.end
        ]

    def _read(self, assets: Collection[int], step: EdgeStep) -> Iterator[Link]:
        if (overfull := self._overfull & {(step, asset) for asset in assets}) and len(overfull) == len(assets):
            self._spend(self._left + 1)
        names = {name for asset in assets for name in self._aliases.names_of(asset)}
        read = step
        if step.then is not None and step.then.relation == INPUT_TO and RUN in step.kinds:
            read = step._replace(then=None)  # a run may have inputs that no fact names
        records = self._reader.steps(names, read, self._left + 1)
        if len(assets) == 1 and len(records) > self._most:
            self._overfull.update((step, asset) for asset in assets)
        self._spend(len(records))
        asserted = [record for record in records if not self._is_computed(step.relation, record.source, record.target)]
        wanted, near = set(assets), 0 if step.forward else 1
        links = (
            self._asserted_link(interval, *piece)
            for interval in asserted_intervals(self._reader, asserted, self._aliases)
            for piece in split(self._aliases, interval.record.source, interval.record.target, interval.start, interval.end)
            if piece[near] in wanted
        )
        yield from self._effective_owners(list(links)) if step.relation == OWNED_BY else links
        for asset in assets:
            yield from map(self._computed_link, self._computed(asset, step))
            yield from self._possible_inputs(asset, step)
        if step.relation == OWNED_BY:
            yield from self._owners(assets, step.kinds) if step.forward else self._owned(assets, step.kinds)

    def _spend(self, facts: int) -> None:
        self._left -= facts
        if self._left < 0:
            raise TooMuch(f"needs more than {self._most:,} facts")

    def _is_computed(self, relation: int, source: int, target: int) -> bool:
        """Return whether the graph computes the validity of an edge: edges of workflows and between columns."""
        if relation == DERIVES:
            return self.kind(source) == COLUMN
        owner = target if relation == INPUT_TO else source
        return relation in (INPUT_TO, OUTPUTS) and self.kind(owner) == WORKFLOW

    def _computed(self, asset: int, step: EdgeStep) -> Iterator[Span]:
        if step.relation not in (INPUT_TO, OUTPUTS, DERIVES) or not ({WORKFLOW, COLUMN} & {*step.kinds, self.kind(asset)}):
            return
        layer, far = Layer.ASSET_COLUMNS if step.relation == DERIVES else Layer.ASSET, 2 if step.forward else 0
        for span in spans_at(self._graph, asset, (layer,), out=step.forward, into=not step.forward):
            source, code, target = span.triple
            if code == step.relation and self._is_computed(code, source, target) and self.kind(span.triple[far]) in step.kinds:
                self._spend(1)
                yield span

    def _possible_inputs(self, asset: int, step: EdgeStep) -> Iterator[Link]:
        """Yield the inputs of runs that lineage alone names: no fact names their edges, the graph has them at the run level."""
        if step.relation != INPUT_TO or not (self.kind(asset) == RUN or RUN in step.kinds):
            return
        spans = spans_at(self._graph, asset, (Layer.RUN,), out=step.forward, into=not step.forward)
        far = 2 if step.forward else 0
        wanted = {each.triple for each in spans if each.triple[1] == INPUT_TO and not each.certain}
        wanted = {triple for triple in wanted if self.kind(triple[far]) in step.kinds}
        for run in self._histories.runs({target for _, _, target in wanted}).values():
            for interval in _implied_inputs(run, self._graph):
                self._spend(1)
                for source, target, start, end in split(self._aliases, interval.record.source, run.run, *interval[1:3]):
                    if (source, INPUT_TO, target) in wanted:
                        yield Link((source, INPUT_TO, target), self._origins[interval.record.origin], start, end, certain=False)

    def _asserted_link(self, interval: EdgeInterval, source: int, target: int, start: int, end: int) -> Link:
        record = interval.record
        return Link(
            (source, record.relation, target),
            self._origins[record.origin],
            start,
            end,
            role=record.role or "",
            version=record.version or "",
            properties=interval.properties,
        )

    def _computed_link(self, span: Span) -> Link:
        return Link(span.triple, self._origins[span.origin], span.start, span.end, certain=span.certain)

    def _owners(self, assets: Iterable[int], kinds: frozenset[int]) -> Iterator[Link]:
        """Yield the owners in the states of the assets as edges: most owners are reported in states, few as edges."""
        number = self._graph.asset_index.number
        segments = self._segments(assets)
        named = {uri for listed in segments.values() for segment in listed for uri in segment.state.get("owners", ())}
        owners = {uri: owner for uri in named if (owner := number(uri)) is not None and self.kind(owner) in kinds}
        ends_by_asset = retraction_ends(self._reader, set(owners.values()), self._aliases)
        for asset, listed in segments.items():
            for segment in listed:
                for uri, interval in segment.owners():
                    if uri in owners:
                        ends = ends_by_asset.get(owners[uri], NO_ENDINGS).of(interval.origin)
                        end = min([segment.end, *(moment for moment in ends if moment >= interval.start)])
                        for owned, owner, start_of_span, ended in split(self._aliases, asset, owners[uri], segment.start, end):
                            if start_of_span < ended:
                                yield Link((owned, OWNED_BY, owner), self._origins[interval.origin], start_of_span, ended)

    def _effective_owners(self, edges: Collection[Link]) -> Iterator[Link]:
        """Return edges of owners without the times in which people name the owners of the asset."""
        return _unless_curated(edges, self._segments({edge.triple[0] for edge in edges}))

    def named_owner(self, asset: int, owner: int) -> dict[str, Spans]:
        """Return, by origin, the intervals in which the state of the asset names the owner."""
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for link in self._owners([asset], frozenset({self.kind(owner)})):
            if link.triple == (asset, OWNED_BY, owner):
                found[link.origin].append((link.start, link.end))
        return {origin: union(spans) for origin, spans in sorted(found.items())}

    def _owned(self, owners: Collection[int], kinds: frozenset[int]) -> Iterator[Link]:
        owned = self._reader.owned({name for owner in owners for name in self._aliases.names_of(owner)}, self._left + 1)
        self._spend(len(owned))
        wanted = set(owners)
        named = frozenset(map(self.kind, owners))
        names = [name for name in owned if name < len(self._graph.asset_index) and self.kind(name) in kinds]
        known = {segment.asset for name in names for segment in self._aliases.segments(name)}
        yield from (link for part in chunks(known) for link in self._owners(part, named) if link.triple[2] in wanted)

    def _segments(self, assets: Iterable[int]) -> dict[int, list[_StateInterval]]:
        """Return the states of each asset, split at the moments at which they change."""
        names = {asset: self._aliases.names_of(asset) for asset in assets}
        records = records_of(self._reader, {name for each in names.values() for name in each})
        self._spend(len(records))
        records_by_name = by_asset(records)
        return {
            asset: list(_segments(records_by_name[asset]) if each == {asset} else self._of_names(asset, each, records_by_name))
            for asset, each in names.items()
            if any(name in records_by_name for name in each)
        }

    def _of_names(
        self, asset: int, names: set[int], records_by_name: Mapping[int, list[AssetRecord]]
    ) -> Iterator[_StateInterval]:
        """Yield the states of an asset that has had several names: at each moment merged from the names that resolve to it."""
        moments = {segment.start for name in names for segment in self._aliases.segments(name)} - {BEGINNING}
        for start_of_span, ended in pairwise(sorted({EVER[0], *moments, FOREVER})):
            valid_names = [name for name in names if self._aliases.at(name, max(start_of_span, BEGINNING)) == asset]
            for each in _segments([record for name in valid_names for record in records_by_name.get(name, ())]):
                if max(start_of_span, each.start) < min(ended, each.end):
                    yield each._replace(start=max(start_of_span, each.start), end=min(ended, each.end))

    def states(self, assets: Collection[int]) -> Mapping[int, Sequence[State]]:
        """Return the states of each asset over all time; an asset without facts has those of its URI. Raises `TooMuch`."""
        for part in chunks(asset for asset in assets if asset not in self._states):
            segments = self._segments(part)
            for asset in part:
                listed, uri = segments.get(asset, [_StateInterval(*EVER, {}, ())]), AssetUri.parse(self.uri(asset))
                self._states[asset] = [State(each.start, each.end, _condition_values(uri, each.state)) for each in listed]
        return {asset: self._states[asset] for asset in assets}

    def pairs(self, junctions: Collection[int]) -> Mapping[int, Pairs]:
        """Return the (input, output) pairs of each run and workflow with their validity. Raises `TooMuch`."""
        unknown = [asset for asset in junctions if asset not in self._pairs]
        runs = [asset for asset in unknown if self.kind(asset) == RUN]
        for part in chunks(runs):
            for run, history in self._histories.runs(part).items():
                self._spend(len(history.edges) + len(history.columns))
                self._pairs[run] = self._pairs_of_run(history)
        for asset in unknown:
            if asset not in self._pairs:
                self._pairs[asset] = self._pairs_of_workflow(asset)
        return {asset: self._pairs[asset] for asset in junctions}

    def _pairs_of_run(self, history: RunHistory) -> Pairs:
        """Return the pairs of a run between the assets that its inputs and outputs resolve to at each time."""
        gathered: dict[tuple[int, int], list[Validity]] = defaultdict(list)
        for (source, output), (spans, certain) in run_pairs(history, self._graph.asset_index, self._aliases).items():
            validity = Validity(spans, certain)
            for left, right, start, end in split(self._aliases, source, output, *EVER):
                gathered[left, right].append(validity.within(start, end, certain=True))
        return {pair: either(parts) for pair, parts in gathered.items()}

    def _pairs_of_workflow(self, workflow: int) -> Pairs:
        """Return the pairs of a workflow as traversed in the graph: from inputs to a port, and from the port to its outputs."""
        node = self._graph.find(workflow)
        ports = [] if node is None else [node, *(p for p in self._graph.asset_index.ports_of(workflow) if p < self._graph.nodes)]
        gathered: dict[tuple[int, int], list[Validity]] = defaultdict(list)
        view = self._graph.views[Layer.ASSET]
        for port in ports:
            inputs = self._walked(view.into.every_row_of(port), INPUT_TO)
            for output, written in self._walked(view.out.every_row_of(port), OUTPUTS):
                self._spend(len(inputs))
                for source, read in inputs:
                    gathered[source, output].append(read.both(written))
        return {pair: either(parts) for pair, parts in gathered.items()}

    def _walked(self, rows: Iterator[tuple[int, int, int, int, int, int]], relation: int) -> list[tuple[int, Validity]]:
        return [
            (int(self._graph.asset_of[other]), Validity([(start, end)], [(start, end)] if flags & CERTAIN else []))
            for other, code, flags, _, start, end in rows
            if code == relation and flags & WALK
        ]


def _implied_inputs(run: RunHistory, graph: GraphVersion) -> Iterator[EdgeInterval]:
    """Yield the edges of inputs that lineage of the run alone names."""
    evidence = evidence_of(run, graph.asset_index)
    for interval in run.intervals(evidence.implied, at_run_level=False):
        if interval.record.relation == INPUT_TO and interval.record.source in evidence.possible:
            yield interval


class _StateInterval(NamedTuple):
    """The state of an asset for [start, end), and the intervals of origins that it is merged from."""

    start: int
    end: int
    state: Mapping[str, Any]
    intervals: Sequence[AssetInterval]

    @property
    def owners_are_curated(self) -> bool:
        """Whether people name the owners: those that sources report do not count."""
        return any(each.origin == CURATED_ORIGIN and "owners" in each.state for each in self.intervals)

    def owners(self) -> Iterator[tuple[str, AssetInterval]]:
        """Yield each owner, with each interval that names it."""
        for uri in self.state.get("owners", ()):
            yield from ((uri, interval) for interval in self.intervals if uri in interval.state.get("owners", ()))


def _unless_curated(edges: Iterable[Link], segments: Mapping[int, Sequence[_StateInterval]]) -> Iterator[Link]:
    for edge in edges:
        curated = union((each.start, each.end) for each in segments.get(edge.triple[0], ()) if each.owners_are_curated)
        for start, end in subtract([(edge.start, edge.end)], curated):
            yield replace(edge, start=start, end=end)


def _segments(records: Sequence[AssetRecord]) -> Iterator[_StateInterval]:
    """Yield the states of one asset without a gap: without a valid interval the state is empty."""
    intervals = asset_intervals(records)
    moments = sorted({EVER[0], *(moment for interval in intervals for moment in (interval.start, interval.end)), FOREVER})
    for start, end in pairwise(moments):
        valid_intervals = [interval for interval in intervals if interval.start <= start < interval.end]
        yield _StateInterval(start, end, state_at(intervals, start) or {}, valid_intervals)


def _condition_values(uri: AssetUri, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what conditions read of an asset in this state."""
    named = {key: value for key, value in state.items() if key in BLANK_NODE and value is not None}
    status = state.get("properties", {}).get("state")
    of_uri = {"uri": str(uri), "kind": uri.kind, "state": status if isinstance(status, str) else ""}
    return {**BLANK_NODE, "name": uri.name, **named, **of_uri}
