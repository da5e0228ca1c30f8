"""Impact analysis: the assets that a change affects, with effect, severity and a shortest path (docs/spec.md#6-impact)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.vocabulary import KIND_NAMES, KINDS
from mlgraph.graph.csr.grouping_kernel import first_with_least, grouped
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import Change, Effect, reported_effect
from mlgraph.graph.impact.predecessor_search import (
    NO_ASSET,
    NOTHING,
    GivenStart,
    SearchRequest,
    SearchTree,
    search_with_predecessors,
    transition_table,
)
from mlgraph.graph.impact.severity import SEVERITIES, severity
from mlgraph.graph.model.rows import CERTAIN, DEPLOYED_AS, MODEL, MODEL_VERSION, SOFT, VERSION_OF, Bools, Bytes, Ints, Layer
from mlgraph.graph.traversal.closures import NO_LIMIT, among, models_of_many
from mlgraph.graph.traversal.name_hubs import NOT_LISTED
from mlgraph.graph.traversal.noise_marks import NOTHING_HIDDEN, SHOWN

_ENDING: Final = np.array([KINDS[name].code for name in ("run", "rollout", "experiment", "variant")], np.uint8)
"""Kinds that can be finished: a change no longer affects them then."""
_PACKED: Final = np.array([KINDS[name].code for name in ("model_version", "image")], np.uint8)
"""Kinds that are deployed directly."""


class _AffectedEntries(NamedTuple):
    """One entry an asset: distance, worst effect, position in the search tree; `leaf`: it is one step past that position."""

    assets: Ints
    distances: Ints
    effects: Bytes
    positions: NDArray[np.int64]
    leaf: Bools

    def take(self, chosen: NDArray[np.int64] | Bools) -> _AffectedEntries:
        """Return the `chosen` entries (positions, or a mask), in that order."""
        return _AffectedEntries(
            self.assets[chosen], self.distances[chosen], self.effects[chosen], self.positions[chosen], self.leaf[chosen]
        )


@dataclass(frozen=True, slots=True)
class ImpactResult:
    """The affected assets, nearest first, then by URI: arrays of one entry an asset. `hidden` assets were reached but not listed.

    `effects` are reported codes of `Effect` (`NOTHING`: reached without an effect), `severities` indexes of `SEVERITIES`. Paths
    are computed on demand, because the sum of their lengths can be quadratic in the size of the graph.
    """

    graph: GraphVersion
    assets: Ints
    distances: Ints
    effects: Bytes
    certain: Bools
    severities: Bytes
    hidden: Ints
    _found: _AffectedEntries
    _tree: SearchTree

    @property
    def reached(self) -> Ints:
        """All assets that the change reached, unordered, with duplicates, including the root and finished assets."""
        reached = _reached(self._tree)
        return reached[reached != NOT_LISTED]

    def take(self, chosen: Bools) -> ImpactResult:
        """Return the impact with the `chosen` entries only."""
        return replace(
            self,
            assets=self.assets[chosen],
            distances=self.distances[chosen],
            effects=self.effects[chosen],
            certain=self.certain[chosen],
            severities=self.severities[chosen],
            _found=self._found.take(chosen),
        )

    def path(self, entry: int) -> list[int]:
        """Return the assets on the first of the shortest paths from the root to an entry, both included."""
        path = self._tree.path_to(int(self._found.positions[entry]))
        path = path[1:] if path[0] == NO_ASSET else path
        return [*path, int(self._found.assets[entry])] if self._found.leaf[entry] else path


@dataclass(frozen=True, slots=True)
class ImpactWalk:
    """The propagation of one change from one root through the graph at `moment` (microseconds).

    `roots`: several assets change at once, all columns or none; `root` is `NO_ASSET` then. `given`: the starts of the traversal,
    in place of the roots and their parts.
    """

    graph: GraphVersion
    root: int
    change: Change | None
    level: Layer
    moment: int
    limit: int = NO_LIMIT
    marks: Bytes = field(default_factory=lambda: NOTHING_HIDDEN)
    given: tuple[GivenStart, ...] = ()
    roots: tuple[int, ...] = ()

    def result(self) -> ImpactResult:
        """Return every affected asset.

        Without a change, all reached assets are listed, without an effect. The distance is the least over all paths, and the
        effect the worst.
        """
        tree = search_with_predecessors(self._request(self.limit), ordered=True)
        found = self._assets_of(tree)
        certain_assets, hard_assets = self._certain_assets(tree), self._hard_assets(tree)
        found, certain_assets, hard_assets = self._with_models(tree, found, certain_assets, hard_assets)
        asset_index = self.graph.asset_index
        kinds = asset_index.kinds(found.assets)
        finished = np.isin(kinds, _ENDING) & asset_index.finished(found.assets)
        hides = self.marks[found.assets] != SHOWN if len(self.marks) else np.zeros(len(found.assets), np.bool_)
        hidden = found.assets[hides]
        changed = np.isin(found.assets, self.roots) if self.root == NO_ASSET else found.assets == self.root
        found = found.take(~changed & ~finished & ~hides)
        found = found.take(self._nearest_first(tree, found))
        certain, soft = self._among(found.assets, certain_assets), ~self._among(found.assets, hard_assets)
        effects = self._reported_effects(found.effects)
        return ImpactResult(
            self.graph,
            found.assets,
            found.distances - (self.root == NO_ASSET),
            effects,
            certain,
            self._severities(found.assets, effects, soft),
            hidden,
            found,
            tree,
        )

    def _nearest_first(self, tree: SearchTree, found: _AffectedEntries) -> NDArray[np.int64]:
        """Return the positions of entries in order of distance, then of URI."""
        if found.leaf.any():  # the search has not ranked the models
            return self.graph.asset_index.sort(found.assets, found.distances)
        return np.argsort(found.distances.astype(np.int64) << 32 | tree.order[found.assets])

    def _request(self, limit: int) -> SearchRequest:
        request = SearchRequest(self.graph, self.root, self.change, "downstream", self.level, self.moment, limit, self.marks)
        return replace(request, given=self.given, roots=self.roots)

    def _assets_of(self, found: SearchTree) -> _AffectedEntries:
        """Return the entry of each asset at the end of the first of its shortest paths."""
        listed = found.listed()
        starts = [found.starts[number] for number in listed]
        hops = np.concatenate([np.array([found.paths.lengths[start.path] for start in starts], np.int32), found.hops])
        effects = np.concatenate([np.array([start.effect for start in starts], np.uint8), found.effects])
        positions = np.concatenate([np.array([-1 - n for n in listed], np.int64), np.arange(len(found.states))])
        entries = _AffectedEntries(_reached(found), hops, effects, positions, np.zeros(len(hops), np.bool_))
        if listed:  # the states are in order of their paths already
            groups = np.concatenate([found.path_groups[[start.path for start in starts]], found.groups])
            entries = entries.take(np.argsort(groups, kind="stable"))
        return _once(entries.take(entries.assets != NOT_LISTED) if (found.assets == NOT_LISTED).any() else entries)

    def _certain_assets(self, found: SearchTree) -> Ints | None:
        """Return the assets on paths of certain edges only; None: all assets are."""
        return None if found.common & CERTAIN else _reached(search_with_predecessors(self._request(NO_LIMIT), need=CERTAIN))

    def _hard_assets(self, found: SearchTree) -> Ints | None:
        """Return the assets on paths without a soft requirement; None: all assets are."""
        return _reached(search_with_predecessors(self._request(NO_LIMIT), avoid=SOFT)) if found.seen & SOFT else None

    def _among(self, assets: Ints, chosen: Ints | None) -> Bools:
        return np.ones(len(assets), np.bool_) if chosen is None else among(self.graph, assets, chosen)

    def _with_models(
        self, tree: SearchTree, found: _AffectedEntries, certain_assets: Ints | None, hard_assets: Ints | None
    ) -> tuple[_AffectedEntries, Ints | None, Ints | None]:
        """Add the model of each reached version as a leaf, one step further, if the effect on the version affects the model."""
        asset_index = self.graph.asset_index
        versions = np.flatnonzero((asset_index.kinds(found.assets) == MODEL_VERSION) & (found.distances < self.limit))
        which, models = models_of_many(self.graph, found.assets[versions], self.moment)
        at = versions[which]
        effects = transition_table(self.change)[found.effects[at], VERSION_OF, 0, MODEL]
        with_effect = effects != NOTHING
        at, models, effects = at[with_effect], models[with_effect], effects[with_effect]
        if not len(models):
            return found, certain_assets, hard_assets
        leaves = _AffectedEntries(models, found.distances[at] + 1, effects, found.positions[at], np.ones(len(models), np.bool_))
        both = _AffectedEntries(
            np.concatenate([found.assets, leaves.assets]),
            np.concatenate([found.distances, leaves.distances]),
            np.concatenate([found.effects, leaves.effects]),
            np.concatenate([found.positions, leaves.positions]),
            np.concatenate([found.leaf, leaves.leaf]),
        )
        of = found.assets[at]
        certain_assets = (
            None if certain_assets is None else np.concatenate([certain_assets, models[self._among(of, certain_assets)]])
        )
        hard_assets = None if hard_assets is None else np.concatenate([hard_assets, models[self._among(of, hard_assets)]])
        if self._among(models, found.assets).any():  # a model reached as a part of the root, too: the first path counts
            parents = [*map(tree.parent_group, found.positions.tolist()), *map(tree.group_at, found.positions[at].tolist())]
            both = both.take(np.argsort(np.array(parents, np.int32), kind="stable"))
        return _once(both), certain_assets, hard_assets

    def _reported_effects(self, effects: Bytes) -> Bytes:
        if self.change is None:
            return np.full(len(effects), NOTHING, np.uint8)
        words = np.array([reported_effect(self.change, effect) for effect in Effect], np.uint8)
        return words[effects]

    def _severities(self, assets: Ints, effects: Bytes, soft: Bools) -> Bytes:
        kinds = self.graph.asset_index.kinds(assets)
        deployed = self._deployed(assets, kinds)
        idle = self.graph.asset_index.idle(assets)
        row = np.where(effects == NOTHING, len(Effect), effects)
        return severity_table()[row, kinds, deployed.astype(np.int8), soft.astype(np.int8), idle.astype(np.int8)]

    def _deployed(self, assets: Ints, kinds: Bytes) -> Bools:
        """Return a mask of the model versions, images and models that a deployment runs."""
        found = np.zeros(len(assets), np.bool_)
        packed = np.flatnonzero(np.isin(kinds, _PACKED))
        found[packed] = self._are_deployed(assets[packed])
        models = np.flatnonzero(kinds == MODEL)
        nodes = self.graph.nodes_of(assets[models])
        known = np.flatnonzero(nodes >= 0)
        rows = self.graph.views[Layer.STRUCTURE].into.gather(nodes[known], self.moment)
        parts = self.graph.asset_of[rows.other]
        packed_parts = np.isin(self.graph.asset_index.kinds(parts), _PACKED)
        running = self._are_deployed(parts[packed_parts])
        found[models[known[rows.position[packed_parts][running]]]] = True
        return found

    def _are_deployed(self, assets: Ints) -> Bools:
        nodes = self.graph.nodes_of(assets)
        known = np.flatnonzero(nodes >= 0)
        rows = self.graph.views[Layer.ASSET].out.gather(nodes[known], self.moment)
        found = np.zeros(len(assets), np.bool_)
        found[known[rows.position[rows.relation == DEPLOYED_AS]]] = True
        return found


def _reached(found: SearchTree) -> Ints:
    """Return the assets of a search, starts that are only listed first; some more than once, some `NOT_LISTED`."""
    listed = np.array([found.asset_of(number) for number in found.listed()], np.int32)
    return np.concatenate([listed, found.assets])


@cache
def severity_table() -> Bytes:
    """Return uint8[effects + 1, kinds, deployed, soft, idle]: the index in `SEVERITIES` of `severity` (last row: no effect)."""
    table = np.zeros((len(Effect) + 1, 256, 2, 2, 2), np.uint8)
    words = [None if effect == Effect.CHANGED else effect.word for effect in Effect] + [None]
    for row, word in enumerate(words):
        for code, kind in KIND_NAMES.items():
            for flags in np.ndindex(2, 2, 2):
                deployed, soft, idle = map(bool, flags)
                table[(row, code, *flags)] = SEVERITIES.index(severity(word, kind, deployed=deployed, soft=soft, idle=idle))
    return table


def _once(found: _AffectedEntries) -> _AffectedEntries:
    """Return one entry for each asset: its first entry with the least distance, with the worst effect of all its entries."""
    if len(found.distances) and (found.distances[1:] < found.distances[:-1]).any():
        _, nearest_first = grouped(found.distances, int(found.distances.max()) + 1)
        found = found.take(nearest_first)
    first, worst = first_with_least(found.assets, found.effects)
    return found.take(first)._replace(effects=worst)
