"""What rules infer, from one end, for the time for which it holds: layer by layer along each path.

A layer is the set of assets that stand at one place of a path, each with the moments at which the edges up to it all hold.
Nothing is kept between questions: an answer is of the facts that it was asked of, at whatever moment.
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
"""Edges that may be gone along for one question, each as often as it is met."""

Triple = tuple[int, int, int]


class Validity(NamedTuple):
    """When something holds, and when it does for certain."""

    spans: Spans
    certain: Spans

    def both(self, other: Validity) -> Validity:
        """Return when this and the other hold."""
        spans = intersect(self.spans, other.spans)
        certain_links = self.certain is self.spans and other.certain is other.spans
        return Validity(spans, spans if certain_links else intersect(self.certain, other.certain))

    def within(self, start: int, end: int, *, certain: bool) -> Validity:
        """Return when this and something that holds for [start, end) do: the same as `both`, for what is done most."""
        spans = _clipped(self.spans, start, end)
        if not certain:
            return Validity(spans, [])
        return Validity(spans, spans if self.certain is self.spans else _clipped(self.certain, start, end))


def _clipped(spans: Spans, start: int, end: int) -> Spans:
    return [(max(span_start, start), min(ended, end)) for span_start, ended in spans if span_start < end and start < ended]


def either(parts: Sequence[Validity]) -> Validity:
    """Return when any of `parts` holds."""
    if len(parts) == 1:
        return parts[0]
    spans = union(span for part in parts for span in part.spans)
    if all(part.certain is part.spans for part in parts):
        return Validity(spans, spans)
    return Validity(spans, union(span for part in parts for span in part.certain))


@dataclass(frozen=True, slots=True)
class Link:
    """One origin's record of an edge, told or inferred, for [start, end)."""

    triple: Triple
    origin: str
    start: int
    end: int
    certain: bool = True
    role: str = ""
    version: str = ""
    properties: Mapping[str, Any] | None = None

    def values(self) -> dict[str, Any]:
        """Return what conditions see of it."""
        return {
            **BLANK_EDGE,
            "relation": RELATION_NAMES[self.triple[1]],
            "role": self.role,
            "version": self.version,
            "properties": dict(self.properties or {}),
        }


class State(NamedTuple):
    """What conditions see of an asset for [start, end)."""

    start: int
    end: int
    values: Mapping[str, Any]


Pairs = Mapping[tuple[int, int], Validity]


class Premises(Protocol):
    """What is told: the edges, states and pairs that rules stand on."""

    def kind(self, asset: int) -> int:
        """Return the code of the asset's kind."""

    def uri(self, asset: int) -> str:
        """Return the asset's URI."""

    def links(self, assets: Collection[int], step: EdgeStep) -> Mapping[int, Sequence[Link]]:
        """Return the told edges that `step` takes from each of `assets`."""

    def states(self, assets: Collection[int]) -> Mapping[int, Sequence[State]]:
        """Return what is said of each of `assets`, for all time."""

    def pairs(self, junctions: Collection[int]) -> Mapping[int, Pairs]:
        """Return, for each run or workflow, which input feeds which output, and when."""


class PathState(NamedTuple):
    """Where a way has come: from which asset it began, where it is, and at a junction whence it came there (else 0)."""

    anchor: int
    asset: int
    via: int


class WitnessPath(NamedTuple):
    """One way along a path, at one moment: how sure it is, and by which links."""

    possible: bool
    uris: tuple[str, ...]
    links: tuple[Link, ...]


class Inferred(NamedTuple):
    """An edge that a rule infers, and when it holds."""

    triple: Triple
    rule: Rule
    validity: Validity


class Inference:
    """Evaluates rules over what is told: of all time, or of the moments `when` alone."""

    def __init__(self, rules: Rules, premises: Premises, when: Spans | None = None, max_steps: int = MAX_STEPS) -> None:
        self._rules = rules
        self._premises = premises
        self._when = [EVER] if when is None else when
        self._max_steps = max_steps
        self._known: dict[tuple[str, bool, int], dict[int, Validity]] = {}
        self._steps_taken = 0

    def reset_budget(self) -> None:
        """Allow as many ways again: what was found so far stays."""
        self._steps_taken = 0

    def _spend(self, ways: int) -> None:
        self._steps_taken += ways
        if self._steps_taken > self._max_steps:
            raise TooMuch(f"goes more than {self._max_steps:,} ways")

    def of(self, asset: int, rule: Rule) -> list[Inferred]:
        """Return every edge that `rule` infers from or to the asset."""
        return [edge for forward in (True, False) for edge in self.ends(rule, [asset], forward=forward)]

    def between(self, source: int, target: int, rule: Rule, *, forward: bool) -> Validity | None:
        """Return when `rule` infers its relation from `source` to `target`, looking on from the source (`forward`) or back."""
        near, far = (source, target) if forward else (target, source)
        return self._ends(rule, [near], forward=forward)[near].get(far)

    def ends(self, rule: Rule, anchors: Collection[int], *, forward: bool) -> Iterator[Inferred]:
        """Yield what `rule` infers from each of `anchors` (`forward`), or to each of them."""
        relation = RELATIONS[rule.relation].code
        for anchor, found in self._ends(rule, anchors, forward=forward).items():
            for end, validity in found.items():
                yield Inferred((anchor, relation, end) if forward else (end, relation, anchor), rule, validity)

    def anchors_through(self, rule: Rule, touched: TouchedAssets, *, forward: bool) -> set[int]:
        """Return from where paths of `rule` lead through what is touched: they begin there (`forward`), or end there."""
        found: set[int] = set()
        for path in rule.paths if forward else [path.reversed() for path in rule.paths]:
            for position in range(len(path.nodes)):
                seeds = touched.at(rule, path, position)
                self._spend(len(seeds))
                back = PathPattern(path.nodes[: position + 1], path.edges[:position]).reversed()
                start = {PathState(0, asset, 0): Validity(self._when, self._when) for asset in seeds}
                found.update(place.asset for place in self._along(rule, back, start))
        return found

    def witness_path(self, source: int, target: int, rule: Rule, moment: int, *, forward: bool) -> WitnessPath | None:
        """Return one way under the edge that `rule` infers at `moment`: a certain one before others, then by URIs."""
        near, far = (source, target) if forward else (target, source)
        ways = []
        for path in self._paths(rule, [near], forward=forward):
            traced: dict[PathState, WitnessPath] = {PathState(near, near, 0): WitnessPath(possible=False, uris=(), links=())}
            now = [(moment, moment + 1)]
            self._along(rule, path, {PathState(near, near, 0): Validity(now, now)}, traced)
            ways += [way for place, way in traced.items() if place.asset == far]
        if not ways:
            return None
        best = min(ways, key=lambda way: (way.possible, len(way.links), way.uris))
        return best if forward else best._replace(links=best.links[::-1])

    def _paths(self, rule: Rule, anchors: Collection[int], *, forward: bool) -> list[PathPattern]:
        kinds = {KIND_NAMES[self._premises.kind(anchor)] for anchor in anchors}
        turned = rule.paths if forward else tuple(path.reversed() for path in rule.paths)
        return [path for path in turned if path.nodes[0].kinds & kinds]

    def _ends(self, rule: Rule, anchors: Collection[int], *, forward: bool) -> Mapping[int, Mapping[int, Validity]]:
        """Return, for each anchor, what the rule leads to from it (`forward`), or what it leads from to it, and when."""
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
        return _may_lead(rule.relation, *(kinds if forward else kinds[::-1]))

    def _along(
        self,
        rule: Rule,
        path: PathPattern,
        start: Mapping[PathState, Validity],
        traced: dict[PathState, WitnessPath] | None = None,
    ) -> dict[PathState, Validity]:
        """Return where `path` leads from the places of `start`, with the moments among those at which it does.

        `traced` holds a way to each place: it is moved on from layer to layer.
        """
        first = path.nodes[0]
        fitting = {
            place: validity for place, validity in start.items() if KIND_NAMES[self._premises.kind(place.asset)] in first.kinds
        }
        places = self._where(rule, first, fitting)
        for position, edge in enumerate(path.edges):
            deadlines.raise_if_exceeded()
            links = self._links({place.asset for place in places}, path, position)
            links = {asset: _fit(rule, edge, listed) for asset, listed in links.items()}
            paired = position > 0 and _is_junction(path, position)
            pairs = self._premises.pairs({place.asset for place in places}) if paired else None
            needs_junction = position + 1 < len(path.edges) and _is_junction(path, position + 1)
            self._spend(sum(len(links[place.asset]) for place in places))
            step = _LayerStep(edge.forward, pairs, needs_junction, traced)
            moved = step.take(places, links, self._premises.uri)
            if traced is not None:
                traced.clear()
                traced.update(step.ways)
            places = self._where(rule, path.nodes[position + 1], moved)
        if traced is not None:
            for place in [place for place in traced if place not in places]:
                del traced[place]
        return places

    def _where(self, rule: Rule, node: PatternNode, places: dict[PathState, Validity]) -> dict[PathState, Validity]:
        """Return the places that fulfil the conditions about `node`, while they do."""
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
        """Return the edges, told and inferred, that this step of a path may take from each of `assets`."""
        found: dict[int, list[Link]] = {asset: [] for asset in assets}
        if not assets:
            return found
        edge, far = path.edges[position], path.nodes[position + 1]
        signatures = allowed(path.nodes[position], edge, far)
        then = self._sparing(path, position)
        for step in _steps(edge, signatures):
            for asset, links in self._premises.links(assets, step._replace(then=then)).items():
                found[asset] += links
        for rule in self._rules.inferring(signatures):
            relation_code = RELATIONS[rule.relation].code
            for asset, ends in self._ends(rule, assets, forward=edge.forward).items():
                for other, validity in ends.items():
                    if KIND_NAMES[self._premises.kind(other)] in far.kinds:
                        triple = (asset, relation_code, other) if edge.forward else (other, relation_code, asset)
                        found[asset] += _as_links(triple, rule.origin, validity)
        return found

    def _sparing(self, path: PathPattern, position: int) -> EdgeStep | None:
        """Return the step after this one where runs stand between: an asset has many, few of which go on to what is asked for."""
        if position + 1 == len(path.edges) or path.nodes[position + 1].kinds != {"run"}:
            return None
        edge = path.edges[position + 1]
        signatures = allowed(path.nodes[position + 1], edge, path.nodes[position + 2])
        steps = _steps(edge, signatures)
        return steps[0] if len(steps) == 1 and not self._rules.inferring(signatures) else None


@lru_cache(1 << 12)
def _may_lead(relation: str, source: str, target: str) -> bool:
    return RELATIONS[relation].allows(source, target)


def _steps(edge: PatternEdge, signatures: Sequence[tuple[str, str, str]]) -> list[EdgeStep]:
    """Return the steps to told edges that these (source kind, relation, target kind) stand for, one a relation."""
    kinds: dict[str, set[int]] = defaultdict(set)
    for source, relation, target in signatures:
        kinds[relation].add(KINDS[target if edge.forward else source].code)
    return [EdgeStep(RELATIONS[relation].code, edge.forward, frozenset(codes)) for relation, codes in sorted(kinds.items())]


@dataclass
class _LayerStep:
    """From one layer to the next."""

    forward: bool
    pairs: Mapping[int, Pairs] | None
    needs_junction: bool
    traced: Mapping[PathState, WitnessPath] | None

    def __post_init__(self) -> None:
        self.ways: dict[PathState, WitnessPath] = {}

    def take(
        self, places: Mapping[PathState, Validity], links: Mapping[int, Sequence[Link]], uri: Callable[[int], str]
    ) -> dict[PathState, Validity]:
        """Return where the links lead from `places`, and when."""
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
        way = WitnessPath(before.possible or possible, (*before.uris, uri), (*before.links, link))
        known = self.ways.get(reached)
        if known is None or way[:2] < known[:2]:
            self.ways[reached] = way


def _is_junction(path: PathPattern, position: int) -> bool:
    """Say whether the path goes through a run or workflow here, from input to output or back: pairs tell what feeds what."""
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


def _as_links(triple: Triple, origin: str, validity: Validity) -> list[Link]:
    """Return an inferred edge as links: those for certain, and those for the rest of the time."""
    certain_links = [Link(triple, origin, start, end) for start, end in validity.certain]
    rest = [] if validity.certain is validity.spans else subtract(validity.spans, validity.certain)
    return certain_links + [Link(triple, origin, start, end, certain=False) for start, end in rest]
