"""Layouts of scenes: what does not depend on the moment is computed once for each version of the graph."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlgraph.domain.options.scene_options import SceneOptions
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.rows import Bools, Ints, Layer
from mlgraph.graph.scene.all_time import AllTimeClosure, Steps, all_time_closure, distinct
from mlgraph.graph.scene.edges_over_time import edges_over_time
from mlgraph.graph.scene.moments import ClosureOverTime
from mlgraph.graph.scene.timeline import Timeline
from mlgraph.ports.store import FactReader
from mlgraph.services.common.listing_cache import ListingCache
from mlgraph.services.queries.lineage_answer import LineageListing
from mlgraph.services.queries.scene.evaluated import EvaluatedClosure
from mlgraph.services.queries.scene.grouping import LAST_MOMENT, grouped_by
from mlgraph.services.queries.scene.scene_layout import SceneLayout, layout_of, namespaces_of, ordered_assets
from mlgraph.services.queries.scope import Scope

MOST_LAYOUTS: Final = 32
MOST_BYTES: Final = 100_000_000
_BYTES_AN_ASSET: Final = 100
"""Of the arrays of a layout."""


class SceneLayouts:
    """Layouts by graph version, root and options, the least recently used ones dropped. Thread-safe."""

    def __init__(self, reader: FactReader) -> None:
        self._reader = reader
        self._layouts: ListingCache[SceneLayout] = ListingCache(most_listings=MOST_LAYOUTS, most_entries=MOST_BYTES)

    def of(
        self, scope: Scope, lineage: LineageListing, options: SceneOptions, affected: Ints, until: int = FOREVER
    ) -> SceneLayout:
        """Return the layout of a scene that shows the listing `lineage` and the assets `affected`, over time up to `until`."""
        walk = options.walk()
        key = (scope.graph.watermark, scope.root, scope.level, walk.direction, walk.kinds, walk.certain, walk.fold, until)
        key_of_layout = (*key, options.by, options.marks)
        layout = self._layouts.get(key_of_layout)
        if layout is not None and not layout.missing(lineage.assets) and not layout.missing(affected):
            return layout
        layout = self._new(scope, lineage, options, affected, until)
        timeline = layout.timeline
        self._layouts.put(key_of_layout, layout, _BYTES_AN_ASSET * len(timeline.assets))
        return layout

    def _new(self, scope: Scope, lineage: LineageListing, options: SceneOptions, affected: Ints, until: int) -> SceneLayout:
        graph = scope.graph
        timeline, steps = self._over_time(scope, lineage, until)
        by_number = np.argsort(lineage.assets)
        timeline, steps = _with_assets(timeline, steps, lineage.assets[by_number], lineage.distances[by_number], scope)
        timeline, steps = _with_assets(timeline, steps, np.sort(affected), np.ones(len(affected), np.int32), scope)
        assets = ordered_assets(graph, timeline.assets)
        order = np.searchsorted(timeline.assets, assets)
        timeline, steps = timeline.take(order), steps.take(order)
        namespaces = namespaces_of(graph, assets)
        kinds = graph.asset_index.kinds(assets)
        grouping = grouped_by(options.by, graph, self._reader, assets, kinds, namespaces, min(until, LAST_MOMENT))
        return layout_of(graph, scope.root, steps, timeline, namespaces, grouping, options.marks)

    def _over_time(self, scope: Scope, lineage: LineageListing, until: int) -> tuple[Timeline, Steps]:
        """Return the timeline of the listed assets, by number, and their steps."""
        closures = self._closures(scope, until)
        if closures is None:
            evaluated = EvaluatedClosure(scope, self._reader, until)
            evaluated.evaluate(lineage)
            timeline = evaluated.timeline()
            return timeline, evaluated.steps(timeline.assets)
        assets = distinct(np.concatenate([closure.assets for closure in closures]))
        hidden = _hidden(scope, closures, assets)
        steps, cycles, ordered = np.zeros(len(assets), np.int32), assets.copy(), []
        for direction, closure in reversed([*zip(scope.directions, closures, strict=True)]):
            places = np.searchsorted(assets, closure.assets)
            own, by_topology = closure.ordered(~hidden[places])
            steps[places] = -own.step if direction == "upstream" else own.step
            cycles[places] = own.cycle
            ordered.append(by_topology)
        listed = scope.lists(assets, np.ones(len(assets), np.bool_)) & ~hidden
        edges = edges_over_time(scope.graph, scope.level, ordered, assets, listed | hidden, until)
        timeline = ClosureOverTime(ordered, assets, listed, edges, scope.options.certain).timeline()
        return timeline, Steps(steps, cycles).take(np.searchsorted(assets, timeline.assets))

    def _closures(self, scope: Scope, until: int) -> list[AllTimeClosure] | None:
        """Return the closure over all time in each direction; None if it has to be computed moment by moment."""
        if scope.noise is not None and scope.noise.retries and scope.level == Layer.RUN:
            return None  # which runs are hidden differs over time
        found = [all_time_closure(scope.graph, scope.root, direction, scope.level, until) for direction in scope.directions]
        closures = [closure for closure in found if closure is not None]
        return closures if len(closures) == len(found) else None


def _hidden(scope: Scope, closures: list[AllTimeClosure], assets: Ints) -> Bools:
    """Return of each asset whether noise rules hide it; the root and its parts never are."""
    if scope.noise is None:
        return np.zeros(len(assets), np.bool_)
    starts = [closure.assets[closure.vertex_asset[: closure.starts]] for closure in closures]
    rules = scope.noise.of(scope.graph.asset_index, assets)
    hidden: Bools = (rules > 0) & ~np.isin(assets, np.concatenate(starts))
    return hidden


def _with_assets(timeline: Timeline, steps: Steps, assets: Ints, distances: Ints, scope: Scope) -> tuple[Timeline, Steps]:
    """Return a timeline with all of `assets`: those that it lacked are at none of its moments, at the step of their distance."""
    known = np.minimum(np.searchsorted(timeline.assets, assets), len(timeline.assets) - 1)
    lacking = timeline.assets[known] != assets
    if not lacking.any():
        return timeline, steps
    sign = -1 if scope.directions == ("upstream",) else 1
    every = np.concatenate([timeline.assets, assets[lacking]])
    order = np.argsort(every)
    masks = np.concatenate([timeline.masks, np.zeros((int(lacking.sum()), timeline.masks.shape[1]), np.uint64)])
    found = Timeline.of(every[order], timeline.moments, timeline.stands_for, masks[order], timeline.changing)
    step = np.concatenate([steps.step, sign * np.maximum(distances[lacking], 1)]).astype(np.int32)
    return found, Steps(step, np.concatenate([steps.cycle, assets[lacking]])).take(order)
