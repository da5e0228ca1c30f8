"""Scene queries: the closure of an asset, or what a change of it affects, as a table of marks (docs/spec.md#scene)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from mlgraph.domain.options.scene_options import SCENE_DEFAULTS, SceneOptions
from mlgraph.domain.timestamps import FOREVER, format_time
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.impact.change_effects import Change
from mlgraph.graph.noise.rules import Noise
from mlgraph.graph.response.edge_listing import edges_between
from mlgraph.ports.store import FactReader
from mlgraph.ports.usage import uncounted
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.impact_answer import ImpactListing
from mlgraph.services.queries.lineage_answer import LineageListing
from mlgraph.services.queries.names import claimants_of
from mlgraph.services.queries.resolver import Resolver, last_moment, moment_of
from mlgraph.services.queries.scene.contents import Contents
from mlgraph.services.queries.scene.evaluated import no_ranks
from mlgraph.services.queries.scene.layouts import SceneLayouts
from mlgraph.services.queries.scene.scene_answer import DrawnMarks
from mlgraph.services.queries.scene.scene_layout import SceneLayout
from mlgraph.services.queries.scene.selection import selection_in
from mlgraph.services.queries.scope import Scope, level_name

_ANY: Final = "any"


class Scenes:
    """Answers scene queries from the latest published graph. Thread-safe; raises `MlgraphError` only."""

    def __init__(
        self,
        reader: FactReader,
        follower: Follower,
        noise: Noise | None = None,
        requested: Callable[[int], None] = uncounted,
    ) -> None:
        """`noise` None: no answer hides anything. `requested` is called with the number of each root."""
        self._reader, self._noise, self._requested = reader, noise, requested
        self._resolver = Resolver(reader, follower)
        self._layouts = SceneLayouts(reader)

    def scene(self, uri: str, options: SceneOptions = SCENE_DEFAULTS, *, at_least: int | None = None) -> dict[str, Any]:
        """Return the scene of an asset.

        `at_least`, a watermark that the graph includes: of a past moment, the scene is then that of the time until the
        transaction of this number, or until the moment if it is later, so that what happens afterwards does not change it.
        """
        options.check()
        scope = Scope.of(self._resolver, uri, options.walk(), self._noise)
        self._requested(scope.root)
        lineage = LineageListing.of(scope, self._reader)
        impact = None
        if options.change is not None:
            change: Change | None = None if options.change == _ANY else options.change
            impact = ImpactListing.of(scope, self._reader, change)
        affected = np.zeros(0, np.int32) if impact is None else impact.assets
        earlier, latest = None, scope.moment
        if options.from_ is not None:
            before = replace(scope, moment=moment_of(options.from_))
            earlier, latest = LineageListing.of(before, self._reader), max(latest, before.moment)
            affected = earlier.assets
        pinned = None if options.as_of is None else at_least
        until = FOREVER if pinned is None else last_moment(self._reader, latest, pinned)
        scene = self._layouts.of(scope, lineage, options, affected, until)
        contents = Contents.of(scene, lineage, impact, earlier)
        body = self._body(scope, options, lineage, impact, scene, contents) | _comparison(contents, earlier)
        return body if pinned is None else {**body, "watermark": pinned}

    def _body(
        self,
        scope: Scope,
        options: SceneOptions,
        lineage: LineageListing,
        impact: ImpactListing | None,
        scene: SceneLayout,
        contents: Contents,
    ) -> dict[str, Any]:
        graph, index = scope.graph, scope.graph.asset_index
        opened = scene.mark_layout.opened(options.open, scene.row_ids)
        drawn = DrawnMarks.of(graph, scene, contents, opened, scope.moment, is_now=options.as_of is None)
        edges = edges_between(
            graph, scope.level, scope.moment, lineage.closures, lineage.assets, no_ranks, lineage.folding.hidden
        )
        places = scene.positions_of(lineage.assets)
        selection = selection_in(drawn, scope, self._reader, impact, options.select)
        return {
            "root": {
                "uri": index.uri(scope.root),
                "kind": KIND_NAMES[index.kind(scope.root)],
                "name": index.name(scope.root),
            },
            "direction": options.direction,
            "change": options.change,
            "level": level_name(scope.level),
            "as_of": format_time(scope.moment),
            "by": scene.grouping.by,
            "ambiguous": claimants_of(graph, scope.root, scope.moment),
            **drawn.numbers(),
            "rows": drawn.rows(),
            "columns": drawn.columns(),
            "marks": drawn.marks(),
            "links": drawn.links(places[edges.source], places[edges.target], edges.certain),
            **selection,
            "moments": [
                {"at": format_time(moment), "appeared": appeared, "gone": gone, "stands_for": many}
                for moment, appeared, gone, many in scene.timeline.changes()
            ],
            "ignored": [
                *({"id": each, "reason": "unknown"} for each in opened.unknown),
                *({"id": each, "reason": "no_room"} for each in opened.no_room),
            ],
            "noise": lineage.folding.summary(lineage.every),
            "partial": False,
            "reason": None,
            "watermark": graph.watermark,
        }


def _comparison(contents: Contents, earlier: LineageListing | None) -> dict[str, Any]:
    """Return `compared` of an answer: the numbers of the whole closure."""
    if earlier is None:
        return {"compared": None}
    total = {"from": format_time(earlier.scope.moment), "total": len(earlier.assets)}
    return {"compared": total | (contents.compared() or {})}
