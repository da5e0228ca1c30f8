"""Evaluates inference rules from one end, with validity intervals, layer by layer along each path.

A layer is the set of assets at one position of a path, each with the moments at which all edges up to it are valid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from mlgraph.domain import deadlines
from mlgraph.domain.errors import TooMuch
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import KIND_NAMES, KINDS, RELATION_NAMES, RELATIONS
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.inference.conditions import BLANK_EDGE, Condition
from mlgraph.inference.diff_seeds import TouchedAssets
from mlgraph.inference.patterns import WITH_PAIRS, PathPattern, PatternEdge, PatternNode, allowed
from mlgraph.inference.rules import Rule, Rules
from mlgraph.ports.store import EdgeStep

EVER: Final = (-FOREVER, FOREVER)
MAX_STEPS: Final = 200_000
"""Limit of edges that one rule may follow for one query; an edge counts each time it is followed."""

Triple = tuple[int, int, int]


class Validity(NamedTuple):
    """The spans in which something is valid, and those in which it is certainly valid."""

    spans: Spans
    certain: Spans

    def both(self, other: Validity) -> Validity:
        """Return when both this and the other are valid."""
        spans = intersect(self.spans, other.spans)
        all_certain = self.certain is self.spans and other.certain is other.spans
        return Validity(spans, spans if all_certain else intersect(self.certain, other.certain))

    def within(self, start: int, end: int, *, certain: bool) -> Validity:
        """Return when this is valid within [start, end): the same as `both` with one interval, as the fast common case."""
        spans = _clipped(self.spans, start, end)
        if not certain:
            return Validity(spans, [])
        return Validity(spans, spans if self.certain is self.spans else _clipped(self.certain, start, end))


def _clipped(spans: Spans, start: int, end: int) -> Spans:
    return [(max(first, start), min(last, end)) for first, last in spans if first < end and start < last]


def either(parts: Sequence[Validity]) -> Validity:
    """Return when any of `parts` is valid."""
    if len(parts) == 1:
        return parts[0]
    spans = union(span for part in parts for span in part.spans)
    if all(part.certain is part.spans for part in parts):
        return Validity(spans, spans)
    return Validity(spans, union(span for part in parts for span in part.certain))


@dataclass(frozen=True, slots=True)
class Link:
    """One origin's record of an edge, asserted or inferred, valid for [start, end)."""

    triple: Triple
    origin: str
    start: int
    end: int
    certain: bool = True
    role: str = ""
    version: str = ""
    properties: Mapping[str, Any] | None = None

    def values(self) -> dict[str, Any]:
        """Return the values that conditions see of the edge."""
        return {
            **BLANK_EDGE,
            "relation": RELATION_NAMES[self.triple[1]],
            "role": self.role,
            "version": self.version,
            "properties": dict(self.properties or {}),
        }


class State(NamedTuple):
    """The values that conditions see of an asset for [start, end)."""

    start: int
    end: int
    values: Mapping[str, Any]


Pairs = Mapping[tuple[int, int], Validity]


class Premises(Protocol):
    """Interface to the asserted edges, states and pairs on which rules are evaluated."""

    def kind(self, asset: int) -> int:
        """Return the code of the asset's kind."""

    def uri(self, asset: int) -> str:
        """Return the asset's URI."""

    def links(self, assets: Collection[int], step: EdgeStep) -> Mapping[int, Sequence[Link]]:
        """Return the asserted edges that `step` takes from each of `assets`."""

    def states(self, assets: Collection[int]) -> Mapping[int, Sequence[State]]:
        """Return the states of each of `assets`, for all time."""

    def pairs(self, junctions: Collection[int]) -> Mapping[int, Pairs]:
        """Return, for each run or workflow, when each input feeds each output, by (input, output)."""


class PathState(NamedTuple):
    """The state of a partial path: the asset at its start, the current asset, and at a junction the asset before it (else 0)."""

    anchor: int
    asset: int
    via: int


class WitnessPath(NamedTuple):
    """The links of a path at one moment, from its source, and the URIs of its assets but the first one searched.

    `possible` if any of the links is uncertain.
    """

    possible: bool
    uris: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def rank(self) -> tuple[Any, ...]:
        """The order of witnesses of one edge: certain ones first, then short ones, then by the URIs from the source on."""
        edges = [(RELATION_NAMES[link.triple[1]], link.origin, link.start, not link.certain) for link in self.links]
        return self.possible, len(self.links), self.uris, edges


class Inferred(NamedTuple):
    """An edge that a rule infers, with its validity."""

    triple: Triple
    rule: Rule
    validity: Validity


class Inference:
    """Evaluates rules over `premises`, for all time or only for the spans `when`; results are cached for its lifetime."""

    def __init__(self, rules: Rules, premises: Premises, when: Spans | None = None, max_steps: int = MAX_STEPS) -> None:
        self._rules = rules
        self._premises = premises
        self._when = [EVER] if when is None else when
        self._max_steps = max_steps
        self._known: dict[tuple[str, bool, int], dict[int, Validity]] = {}
        self._steps_taken = 0

    def reset_budget(self) -> None:
        """Reset the count of followed edges; cached results stay."""
        self._steps_taken = 0

    def _spend(self, steps: int) -> None:
        self._steps_taken += steps
        if self._steps_taken > self._max_steps:
            raise TooMuch(f"follows more than {self._max_steps:,} edges")

    def of(self, asset: int, rule: Rule) -> list[Inferred]:
        """Return every edge that `rule` infers from or to the asset. Raises `TooMuch`."""
        return [edge for forward in (True, False) for edge in self.ends(rule, [asset], forward=forward)]

    def between(self, source: int, target: int, rule: Rule, *, forward: bool) -> Validity | None:
        """Return when `rule` infers its relation from `source` to `target`; evaluation starts at the source if `forward`."""
        near, far = (source, target) if forward else (target, source)
        return self._ends(rule, [near], forward=forward)[near].get(far)

    def ends(self, rule: Rule, anchors: Collection[int], *, forward: bool) -> Iterator[Inferred]:
        """Yield the edges that `rule` infers from each of `anchors` (`forward`), or to each of them."""
        relation = RELATIONS[rule.relation].code
        for anchor, found in self._ends(rule, anchors, forward=forward).items():
            for end, validity in found.items():
                yield Inferred((anchor, relation, end) if forward else (end, relation, anchor), rule, validity)

    def anchors_through(self, rule: Rule, touched: TouchedAssets, *, forward: bool) -> set[int]:
        """Return the first assets (`forward`) or last assets of all paths of `rule` that contain a touched element."""
        found: set[int] = set()
        for path in rule.paths if forward else [path.reversed() for path in rule.paths]:
            for position in range(len(path.nodes)):
                seeds = touched.at(rule, path, position)
                if not seeds:
                    continue
                self._spend(len(seeds))
                back = PathPattern(path.nodes[: position + 1], path.edges[:position]).reversed()
                start = {PathState(0, asset, 0): Validity(self._when, self._when) for asset in seeds}
                found.update(place.asset for place in self._along(rule, back, start))
        return found

    def witness_path(self, source: int, target: int, rule: Rule, moment: int, *, forward: bool) -> WitnessPath | None:
        """Return a witness path of the edge that `rule` infers at `moment`: certain ones first, then short ones, then by URIs."""
        near, far = (source, target) if forward else (target, source)
        witnesses = []
        for path in self._paths(rule, [near], forward=forward):
            traced: dict[PathState, WitnessPath] = {PathState(near, near, 0): WitnessPath(possible=False, uris=(), links=())}
            now = [(moment, moment + 1)]
            self._along(rule, path, {PathState(near, near, 0): Validity(now, now)}, traced, backwards=not forward)
            witnesses += [witness for place, witness in traced.items() if place.asset == far]
        return min(witnesses, key=lambda witness: witness.rank, default=None)

    def _paths(self, rule: Rule, anchors: Collection[int], *, forward: bool) -> list[PathPattern]:
        kinds = {KIND_NAMES[self._premises.kind(anchor)] for anchor in anchors}
        directed = rule.paths if forward else tuple(path.reversed() for path in rule.paths)
        return [path for path in directed if path.nodes[0].kinds & kinds]

    def _ends(self, rule: Rule, anchors: Collection[int], *, forward: bool) -> Mapping[int, Mapping[int, Validity]]:
        """Return, for each anchor, the validity of the rule's edges from it (`forward`) or to it, by their other end."""
        unknown = [anchor for anchor in anchors if (rule.name, forward, anchor) not in self._known]
        gathered: dict[int, dict[int, list[Validity]]] = defaultdict(lambda: defaultdict(list))
        if unknown:
            for path in self._paths(rule, unknown, forward=forward):
                start = {PathState(anchor, anchor, 0): Validity(self._when, self._when) for anchor in unknown}
                for place, validity in self._along(rule, path, start).items():
                    if place.asset != place.anchor and self._allowed(rule, place, forward=forward):
                        gathered[place.anchor][place.asset].append(validity)
        for anchor in unknown:
            self._known[rule.name, forward, anchor] = {end: either(parts) for end, parts in gathered[anchor].items()}
        return {anchor: self._known[rule.name, forward, anchor] for anchor in anchors}

    def _allowed(self, rule: Rule, place: PathState, *, forward: bool) -> bool:
        kinds = [KIND_NAMES[self._premises.kind(asset)] for asset in (place.anchor, place.asset)]
        return _allows(rule.relation, *(kinds if forward else kinds[::-1]))

    def _along(
        self,
        rule: Rule,
        path: PathPattern,
        start: Mapping[PathState, Validity],
        traced: dict[PathState, WitnessPath] | None = None,
        *,
        backwards: bool = False,
    ) -> dict[PathState, Validity]:
        """Return the states that `path` reaches from those of `start`, with their validity.

        `traced` has a witness path to each state; it is updated from layer to layer. `backwards`: `path` is a reversed one.
        """
        first = path.nodes[0]
        fitting = {
            place: validity for place, validity in start.items() if KIND_NAMES[self._premises.kind(place.asset)] in first.kinds
        }
        places = self._where(rule, first, fitting)
        for position, edge in enumerate(path.edges):
            if not places:
                break
            deadlines.raise_if_exceeded()
            links = self._links({place.asset for place in places}, path, position)
            links = {asset: _fit(rule, edge, listed) for asset, listed in links.items()}
            paired = position > 0 and is_junction(path, position)
            pairs = self._premises.pairs({place.asset for place in places}) if paired else None
            needs_junction = position + 1 < len(path.edges) and is_junction(path, position + 1)
            self._spend(sum(len(links[place.asset]) for place in places))
            step = _LayerStep(edge.forward, pairs, needs_junction, traced, backwards)
            reached = step.take(places, links, self._premises.uri)
            if traced is not None:
                traced.clear()
                traced.update(step.witnesses)
            places = self._where(rule, path.nodes[position + 1], reached)
        if traced is not None:
            for place in [place for place in traced if place not in places]:
                del traced[place]
        return places

    def _where(self, rule: Rule, node: PatternNode, places: dict[PathState, Validity]) -> dict[PathState, Validity]:
        """Return the states whose asset fulfils the conditions about `node`, with the validity reduced to those times."""
        conditions = [condition for condition in rule.where if condition.about == node.name]
        if not conditions or not places:
            return places
        states = self._premises.states({place.asset for place in places})
        fulfilled = {asset: _fulfilled(conditions, listed) for asset, listed in states.items()}
        found = {
            place: validity.both(Validity(fulfilled[place.asset], fulfilled[place.asset])) for place, validity in places.items()
        }
        return {place: validity for place, validity in found.items() if validity.spans}

    def _links(self, assets: Collection[int], path: PathPattern, position: int) -> dict[int, list[Link]]:
        """Return the edges, asserted and inferred, that match the edge at `position` of a path, from each of `assets`."""
        found: dict[int, list[Link]] = {asset: [] for asset in assets}
        edge, far = path.edges[position], path.nodes[position + 1]
        signatures = allowed(path.nodes[position], edge, far)
        then = self._filter_after_run(path, position)
        for step in _steps(edge, signatures):
            for asset, links in self._premises.links(assets, step._replace(then=then)).items():
                found[asset] += links
        for rule in self._rules.inferring(signatures):
            relation_code = RELATIONS[rule.relation].code
            for asset, ends in self._ends(rule, assets, forward=edge.forward).items():
                for other, validity in ends.items():
                    if KIND_NAMES[self._premises.kind(other)] in far.kinds:
                        triple = (asset, relation_code, other) if edge.forward else (other, relation_code, asset)
                        found[asset] += as_links(triple, rule.origin, validity)
        return found

    def _filter_after_run(self, path: PathPattern, position: int) -> EdgeStep | None:
        """Return the step after the next node if that is a run (else None): few of an asset's many runs have the next edge."""
        if position + 1 == len(path.edges) or path.nodes[position + 1].kinds != {"run"}:
            return None
        edge = path.edges[position + 1]
        signatures = allowed(path.nodes[position + 1], edge, path.nodes[position + 2])
        steps = _steps(edge, signatures)
        return steps[0] if len(steps) == 1 and not self._rules.inferring(signatures) else None


@lru_cache(1 << 12)
def _allows(relation: str, source: str, target: str) -> bool:
    return RELATIONS[relation].allows(source, target)


def _steps(edge: PatternEdge, signatures: Sequence[tuple[str, str, str]]) -> list[EdgeStep]:
    """Return the steps over asserted edges of these (source kind, relation, target kind), one for each relation."""
    kinds: dict[str, set[int]] = defaultdict(set)
    for source, relation, target in signatures:
        kinds[relation].add(KINDS[target if edge.forward else source].code)
    return [EdgeStep(RELATIONS[relation].code, edge.forward, frozenset(codes)) for relation, codes in sorted(kinds.items())]


@dataclass
class _LayerStep:
    """The step from one layer to the next; `take` also sets `witnesses` if paths are traced."""

    forward: bool
    pairs: Mapping[int, Pairs] | None
    needs_junction: bool
    traced: Mapping[PathState, WitnessPath] | None
    backwards: bool = False

    def __post_init__(self) -> None:
        self.witnesses: dict[PathState, WitnessPath] = {}

    def take(
        self, places: Mapping[PathState, Validity], links: Mapping[int, Sequence[Link]], uri: Callable[[int], str]
    ) -> dict[PathState, Validity]:
        """Return the states that the links reach from `places`, with their validity."""
        gathered: dict[PathState, list[Validity]] = defaultdict(list)
        for place, validity in places.items():
            for link in links[place.asset]:
                far = link.triple[2] if self.forward else link.triple[0]
                now = validity.within(link.start, link.end, certain=link.certain)
                if self.pairs is not None and now.spans:
                    pair = (place.via, far) if self.forward else (far, place.via)
                    input_validity = self.pairs.get(place.asset, {}).get(pair)
                    now = now.both(input_validity) if input_validity is not None else Validity([], [])
                if now.spans:
                    reached = PathState(place.anchor, far, place.asset if self.needs_junction else 0)
                    gathered[reached].append(now)
                    if self.traced is not None:
                        self._trace(self.traced[place], reached, link, uri(far), possible=not now.certain)
        return {place: either(parts) for place, parts in gathered.items()}

    def _trace(self, before: WitnessPath, reached: PathState, link: Link, uri: str, *, possible: bool) -> None:
        uris, links = (*before.uris, uri), (*before.links, link)
        if self.backwards:
            uris, links = (uri, *before.uris), (link, *before.links)
        witness = WitnessPath(before.possible or possible, uris, links)
        if reached not in self.witnesses or witness.rank < self.witnesses[reached].rank:
            self.witnesses[reached] = witness


def is_junction(path: PathPattern, position: int) -> bool:
    """Return whether the path goes through a run or workflow here, from input to output or back, so that pairs apply."""
    before, after = path.edges[position - 1], path.edges[position]
    through = ({"input_to"}, {"outputs"}) if after.forward else ({"outputs"}, {"input_to"})
    return (
        path.nodes[position].kinds <= WITH_PAIRS
        and before.forward == after.forward
        and (set(before.relations), set(after.relations)) == through
    )


def _fit(rule: Rule, edge: PatternEdge, links: list[Link]) -> list[Link]:
    """Return the links that fulfil the conditions about `edge`."""
    conditions = [condition for condition in rule.where if condition.about == edge.name]
    if not conditions:
        return links
    return [link for link in links if all(condition.matches(link.values()) for condition in conditions)]


def _fulfilled(conditions: Sequence[Condition], states: Sequence[State]) -> Spans:
    return union((s.start, s.end) for s in states if all(condition.matches(s.values) for condition in conditions))


def as_links(triple: Triple, origin: str, validity: Validity) -> list[Link]:
    """Return an inferred edge as links: certain ones, and uncertain ones for the rest of its validity."""
    certain_links = [Link(triple, origin, start, end) for start, end in validity.certain]
    rest = [] if validity.certain is validity.spans else subtract(validity.spans, validity.certain)
    return certain_links + [Link(triple, origin, start, end, certain=False) for start, end in rest]
