"""Impact: what a change to an asset hurts, how, how badly, and the path that proves it (CONTRACT, Semantics 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mlgraph.domain.vocabulary import KIND_NAMES, RELATIONS
from mlgraph.graph.effects import Change, Effect, as_told, of_part, spread
from mlgraph.graph.rows import CERTAIN, MODEL, MODEL_VERSION, SOFT, VERSION_OF, Layer
from mlgraph.graph.severity import IDLE_STATES, severity
from mlgraph.graph.snapshot import Snapshot
from mlgraph.graph.steps import Place, Step, asset_at, models_of, positions_of, steps_from
from mlgraph.graph.walk import NO_LIMIT, parts_of

_DEPLOYED_AS: Final = RELATIONS["deployed_as"].code
_ENDING: Final = frozenset({"run", "rollout", "experiment", "variant"})
"""Kinds that can be over: then nothing can hurt them any more."""


class State(NamedTuple):
    """A position of the walk and what happens there; each is visited once."""

    place: Place
    number: int
    effect: Effect


@dataclass(frozen=True, slots=True)
class Hurt:
    """What the change does to one asset, over all ways."""

    asset: int
    distance: int
    effect: Effect | None
    certain: bool
    severity: str


@dataclass(slots=True)
class _Trail:
    """One breadth-first walk over states: hops, and the state that each was reached from."""

    hops: dict[State, int] = field(default_factory=dict)
    back: dict[State, State | None] = field(default_factory=dict)


class _Reach(NamedTuple):
    """How an asset was reached: the shortest way ends in `state` (or, for a `leaf`, one step past it); the worst effect."""

    distance: int
    effect: Effect
    state: State
    leaf: bool = False


@dataclass(frozen=True, slots=True)
class Impact:
    """All that a change hurts. Paths are made when asked for: all of them together can be quadratic in the graph."""

    hurt: list[Hurt]
    _walk: ImpactWalk
    _trail: _Trail
    _reached: dict[int, _Reach]

    def path(self, asset: int) -> tuple[int, ...]:
        """Return the assets on a shortest way from the root to `asset`, both included."""
        return self._walk.path_to(self._trail, self._reached[asset], asset)


@dataclass(frozen=True, slots=True)
class ImpactWalk:
    """The spread of one change from one root, as the graph stands at `moment`."""

    graph: Snapshot
    root: int
    change: Change | None
    level: Layer
    moment: int
    limit: int = NO_LIMIT

    def result(self) -> Impact:
        """Return every asset that can be hurt, nearest first, then by URI.

        Without a change everything reached is listed, with no effect. Distances and paths are over all ways; the effect is the
        worst over all of them.
        """
        trail = self._spread(0, 0, self.limit)
        sure = {self._asset(state) for state in self._spread(CERTAIN, 0, NO_LIMIT).hops}
        firm = {self._asset(state) for state in self._spread(0, SOFT, NO_LIMIT).hops}
        reached: dict[int, _Reach] = {}
        for state, hop in trail.hops.items():
            asset = self._asset(state)
            before = reached.get(asset, _Reach(hop, state.effect, state))
            nearer = before if before.distance <= hop else _Reach(hop, state.effect, state)
            reached[asset] = nearer._replace(effect=min(before.effect, state.effect))
        self._add_models(reached, sure, firm)
        found = [
            self._hurt(asset, reach, certain=asset in sure, soft=asset not in firm)
            for asset, reach in reached.items()
            if asset != self.root and not self._is_over(asset)
        ]
        uris = self.graph.registry.uris
        return Impact(sorted(found, key=lambda hurt: (hurt.distance, uris[hurt.asset])), self, trail, reached)

    def _add_models(self, reached: dict[int, _Reach], sure: set[int], firm: set[int]) -> None:
        """Add the model of each reached version as a leaf, one step further, where what happens to the version reaches it."""
        for version in [asset for asset in reached if self.graph.registry.kind(asset) == MODEL_VERSION]:
            reach = reached[version]
            for model in models_of(self.graph, version, self.moment):
                effect = spread(self.change, reach.effect, VERSION_OF, 0, MODEL) if self.change else reach.effect
                if effect is None or reach.distance >= self.limit:
                    continue
                leaf = _Reach(reach.distance + 1, effect, reach.state, leaf=True)
                known = reached.get(model, leaf)
                nearer = known if known.distance <= leaf.distance else leaf
                reached[model] = nearer._replace(effect=min(known.effect, effect))
                sure.update({model} if version in sure else ())
                firm.update({model} if version in firm else ())

    def _hurt(self, asset: int, reach: _Reach, *, certain: bool, soft: bool) -> Hurt:
        kind = KIND_NAMES[self.graph.registry.kind(asset)]
        told = as_told(self.change, reach.effect) if self.change else None
        card = self.graph.registry.cards.get(asset)
        idle = card is not None and card.state in IDLE_STATES
        rank = severity(told.word if told else None, kind, deployed=self._is_deployed(asset), soft=soft, idle=idle)
        return Hurt(asset, reach.distance, told, certain, rank)

    def path_to(self, trail: _Trail, reach: _Reach, asset: int) -> tuple[int, ...]:
        """Return the assets from the root to `asset`, both included."""
        path = [asset] if reach.leaf else []
        state: State | None = reach.state
        while state is not None:
            path.append(self._asset(state))
            state = trail.back[state]
        return tuple(reversed(path))

    def _spread(self, need: int, avoid: int, limit: int) -> _Trail:
        trail = _Trail()
        arriving: list[tuple[State, State | None]] = [(state, None) for state in self._root_states()]
        waiting = self._part_states(limit)
        hop = 0
        while arriving or waiting.get(hop):
            following: list[tuple[State, State | None]] = []
            for state, back in (*arriving, *waiting.pop(hop, ())):
                if state in trail.hops:
                    continue
                trail.hops[state], trail.back[state] = hop, back
                if hop >= limit:
                    continue
                for step in steps_from(self.graph, self.level, self.moment, "downstream", state.place, state.number):
                    if (step.flags & need) == need and not step.flags & avoid:
                        effect = self._effect(state, step)
                        if effect is not None:
                            following.append((State(step.place, step.number, effect), state))
            arriving, hop = following, hop + 1
            if not arriving and waiting:
                hop = max(hop, min(waiting))
        return trail

    def _effect(self, state: State, step: Step) -> Effect | None:
        if self.change is None or step.place == Place.WHOLE:
            return state.effect
        kind = self.graph.registry.kind(asset_at(self.graph, step.place, step.number))
        return spread(self.change, state.effect, step.relation, step.flags, kind)

    def _root_states(self) -> list[State]:
        return [State(*position, Effect.CHANGED) for position in positions_of(self.graph, self.root)]

    def _part_states(self, limit: int) -> dict[int, list[tuple[State, State | None]]]:
        """Return the root's parts, their parts and so on by distance: they share what happens to the whole."""
        found: dict[int, list[tuple[State, State | None]]] = {}
        layer, seen, hop = {self.root: self._root_states()[:1]}, {self.root}, 0
        while layer and hop < limit:
            hop += 1
            following: dict[int, list[State]] = {}
            for whole, wholes in layer.items():
                for part, _ in parts_of(self.graph, whole, self.moment):
                    effect = of_part(self.change, self.graph.registry.kind(part)) if self.change else Effect.CHANGED
                    if part in seen or effect is None:
                        continue
                    seen.add(part)
                    states = [State(*position, effect) for position in positions_of(self.graph, part)]
                    following[part] = states[:1]
                    found.setdefault(hop, []).extend((state, wholes[0] if wholes else None) for state in states)
            layer = following
        return found

    def _asset(self, state: State) -> int:
        return asset_at(self.graph, state.place, state.number)

    def _is_deployed(self, asset: int) -> bool:
        kind = KIND_NAMES[self.graph.registry.kind(asset)]
        if kind == "model":
            return any(self._is_deployed(part) for part, _ in parts_of(self.graph, asset, self.moment))
        node = self.graph.find(asset)
        if kind not in ("model_version", "image") or node is None:
            return False
        rows = self.graph.views[Layer.ASSET].out.rows_of(node, self.moment)
        return any(relation == _DEPLOYED_AS for _, relation, _, _ in rows)

    def _is_over(self, asset: int) -> bool:
        card = self.graph.registry.cards.get(asset)
        return card is not None and card.finished and KIND_NAMES[self.graph.registry.kind(asset)] in _ENDING
