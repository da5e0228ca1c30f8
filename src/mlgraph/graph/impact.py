"""Impact: what a change to an asset hurts, how, how badly, and the path that proves it (CONTRACT, Semantics 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mlgraph.domain.vocabulary import KIND_NAMES, RELATIONS
from mlgraph.graph.effects import Change, Effect, of_part, spread
from mlgraph.graph.rows import CERTAIN, MODEL_VERSION, SOFT, Layer
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
    """What the change does to one asset. `path` leads from the root to it, both included."""

    asset: int
    distance: int
    effect: Effect | None
    certain: bool
    severity: str
    path: tuple[int, ...]


@dataclass(slots=True)
class _Trail:
    """One breadth-first walk over states: hops, and the state that each was reached from."""

    hops: dict[State, int] = field(default_factory=dict)
    back: dict[State, State | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImpactWalk:
    """The spread of one change from one root, as the graph stands at `moment`."""

    graph: Snapshot
    root: int
    change: Change | None
    level: Layer
    moment: int
    limit: int = NO_LIMIT

    def hurt(self) -> list[Hurt]:
        """Return every asset that can be hurt, nearest first, then by URI.

        Without a change everything reached is listed, with no effect. Distances and paths are over all ways; the effect is the
        worst over all of them.
        """
        trail = self._spread(0, 0, self.limit)
        sure = {self._asset(state) for state in self._spread(CERTAIN, 0, NO_LIMIT).hops}
        firm = {self._asset(state) for state in self._spread(0, SOFT, NO_LIMIT).hops}
        nearest: dict[int, State] = {}
        worst: dict[int, Effect] = {}
        for state, hop in trail.hops.items():
            asset = self._asset(state)
            if asset not in nearest or hop < trail.hops[nearest[asset]]:
                nearest[asset] = state
            worst[asset] = min(worst.get(asset, state.effect), state.effect)
        paths = {asset: self._path(trail, state) for asset, state in nearest.items()}
        for version in [asset for asset in nearest if self.graph.registry.kind(asset) == MODEL_VERSION]:
            for model in models_of(self.graph, version, self.moment):
                if len(paths[version]) <= self.limit and len(paths.get(model, paths[version])) >= len(paths[version]):
                    paths.setdefault(model, (*paths[version], model))
                    worst[model] = min(worst.get(model, worst[version]), worst[version])
                    sure.update({model} if version in sure else ())
                    firm.update({model} if version in firm else ())
        found = [
            self._hurt(asset, path, worst[asset], certain=asset in sure, soft=asset not in firm)
            for asset, path in paths.items()
            if asset != self.root and not self._is_over(asset)
        ]
        uris = self.graph.registry.uris
        return sorted(found, key=lambda hurt: (hurt.distance, uris[hurt.asset]))

    def _hurt(self, asset: int, path: tuple[int, ...], effect: Effect, *, certain: bool, soft: bool) -> Hurt:
        kind = KIND_NAMES[self.graph.registry.kind(asset)]
        told = effect if self.change else None
        if told == Effect.CHANGED and self.change is not None:  # the dataset of a changed column
            told = of_part(self.change, self.graph.registry.kind(asset))
        word = told.word if told is not None else None
        card = self.graph.registry.cards.get(asset)
        idle = card is not None and card.state in IDLE_STATES
        rank = severity(word, kind, deployed=self._is_deployed(asset), soft=soft, idle=idle)
        return Hurt(asset, len(path) - 1, told, certain, rank, path)

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

    def _path(self, trail: _Trail, state: State | None) -> tuple[int, ...]:
        path: list[int] = []
        while state is not None:
            path.append(self._asset(state))
            state = trail.back[state]
        return tuple(reversed(path))

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
