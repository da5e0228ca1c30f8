"""What a scene selects: an asset, the folds to open until it has a mark of its own, and the shortest path to it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mlgraph.graph.scene.marks import Mark, parts_of_fold
from mlgraph.ports.store import FactReader
from mlgraph.services.queries.impact_answer import ImpactListing
from mlgraph.services.queries.scene.scene_answer import DrawnMarks
from mlgraph.services.queries.scope import Scope

_NOTHING: Final[dict[str, Any]] = {"selected": None, "path": [], "path_assets": []}


def selection_in(
    drawn: DrawnMarks, scope: Scope, reader: FactReader, impact: ImpactListing | None, wanted: str | None
) -> dict[str, Any]:
    """Return `selected`, `path` (ids of marks) and `path_assets` (URIs) of an answer; `wanted`: the id of a mark, or a URI.

    Of a fold, the nearest of its assets is selected. What is not in the closure at the moment is not selected.
    """
    place = None if wanted is None else _place_of(drawn, wanted)
    if place is None:
        return dict(_NOTHING)
    scene, index = drawn.scene, scope.graph.asset_index
    assets = _path(scope, reader, impact, int(scene.assets[place]))
    listed = np.array([asset for asset in assets if not scene.missing(np.array([asset], np.int32))], np.int32)
    marks = [drawn.opened.marks[number].id for number in drawn.mark_of[scene.positions_of(listed)].tolist()]
    shown = drawn.opened.marks[int(drawn.mark_of[place])]
    return {
        "selected": {"uri": index.uri(int(scene.assets[place])), "mark": shown.id, "open": _folds_to_open(drawn, shown, place)},
        "path": list(dict.fromkeys(marks)),
        "path_assets": [index.uri(asset) for asset in assets],
    }


def _place_of(drawn: DrawnMarks, wanted: str) -> int | None:
    """Return the position of the selected asset, or None."""
    scene, contents = drawn.scene, drawn.contents
    asset = drawn.graph.asset_index.number(wanted)
    members = next((mark.members for mark in drawn.opened.marks if mark.id == wanted), None)
    if members is None:
        if asset is None or scene.missing(np.array([asset], np.int32)):
            return None
        members = scene.positions_of(np.array([asset], np.int32)).astype(np.int64)
    counted = members[contents.counted[members]]
    present = counted if len(counted) else members[contents.present[members]]
    return int(present[np.argmin(contents.distances[present])]) if len(present) else None


def _path(scope: Scope, reader: FactReader, impact: ImpactListing | None, asset: int) -> list[int]:
    """Return the assets of the shortest path between the root and an asset: that of impact, if a change affects it."""
    if impact is not None:
        entries = np.flatnonzero(impact.found.assets == asset)
        if len(entries):
            return impact.found.path(int(entries[0]))
    for direction in scope.directions:
        steps, _ = scope.folding(reader).path(asset, direction)
        if steps:
            return [step.asset for step in steps]
    return []


def _folds_to_open(drawn: DrawnMarks, shown: Mark, place: int) -> list[str]:
    """Return the ids of the folds to open, one inside the other, until the asset at `place` has a mark of its own."""
    found = []
    while shown.is_fold:
        found.append(shown.id)
        parts = parts_of_fold(drawn.scene.mark_layout, shown) or []
        shown = next(part for part in parts if place in part.members)
    return found
