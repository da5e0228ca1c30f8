"""The answer to a scene query as JSON: rows, columns, marks, and the links between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import Effect
from mlgraph.graph.impact.predecessor_search import NOTHING
from mlgraph.graph.impact.severity import SEVERITIES
from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs
from mlgraph.graph.response.paging import CERTAINTY
from mlgraph.graph.scene.marks import Mark, Opened, split_name
from mlgraph.graph.scene.timeline import Presence
from mlgraph.services.queries.scene.contents import NO_SEVERITY, Contents
from mlgraph.services.queries.scene.scene_layout import SceneLayout

_COMPARED: Final[dict[tuple[bool, bool], Presence]] = {
    (True, True): "same",
    (False, True): "appeared",
    (True, False): "gone",
    (False, False): "later",
}
"""How an asset is shown that was there (first) and is there (second)."""


@dataclass(frozen=True, slots=True)
class DrawnMarks:
    """The marks of an answer. `mark_of` int32[n] is the number of the mark that shows each asset, in `opened.marks`."""

    graph: GraphVersion
    scene: SceneLayout
    contents: Contents
    opened: Opened
    moment: int
    is_now: bool
    mark_of: Ints
    counts: Longs
    cycle_counts: Longs

    @classmethod
    def of(
        cls, graph: GraphVersion, scene: SceneLayout, contents: Contents, opened: Opened, moment: int, *, is_now: bool
    ) -> DrawnMarks:
        """Return the marks with the number of counted assets of each; that of an open fold is 0, its parts have them.

        `is_now`: the scene was not requested for a moment.
        """
        mark_of = np.zeros(len(scene.assets), np.int32)
        for number, mark in enumerate(opened.marks):
            if not mark.is_open:
                mark_of[mark.members] = number
        counts = np.bincount(mark_of[contents.counted], minlength=len(opened.marks))
        in_cycles = scene.cycles[contents.counted & (scene.cycles >= 0)]
        cycle_counts = np.bincount(in_cycles, minlength=len(scene.cycle_ids))
        return cls(graph, scene, contents, opened, moment, is_now, mark_of, counts, cycle_counts)

    def marks(self) -> list[dict[str, Any]]:
        """Return the JSON objects of all marks."""
        marks = self.opened.marks
        single = [mark for mark in marks if not mark.is_fold]
        places = np.array([int(mark.members[0]) for mark in single], np.int64)
        assets, present = self.scene.assets[places], self.contents.present[places]
        presence = self._presence(places, present)
        named = self.graph.asset_index.names_and_owners(assets)
        uris = self.graph.asset_index.uris(assets)
        rows = zip(single, uris, named, presence, strict=True)
        shown = {mark.id: (uri, name, presence) for mark, uri, (name, _), presence in rows}
        return [
            {
                "id": mark.id,
                "at": [mark.row, mark.column],
                "order": mark.order,
                "parent": mark.parent,
                "count": count,
                **self._cycle(mark),
                **({"fold": self._fold(mark)} if mark.is_fold else {"asset": self._asset(mark, *shown[mark.id])}),
            }
            for mark, count in zip(marks, self.counts.tolist(), strict=True)
        ]

    def _presence(self, places: Longs, present: Bools) -> Sequence[Presence]:
        if self.contents.before is None:
            return self.scene.timeline.presence(places, present, self.moment, is_now=self.is_now)
        before = self.contents.before[places]
        return [_COMPARED[pair] for pair in zip(before.tolist(), present.tolist(), strict=True)]

    def _cycle(self, mark: Mark) -> dict[str, Any]:
        """Return the cycle that all assets of a mark are in, with the number of its counted assets."""
        number = int(self.scene.cycles[mark.members[0]])
        if number < 0 or (mark.is_fold and not (mark.is_cycle or mark.in_cycle)):
            return {}
        return {"cycle": {"id": self.scene.cycle_ids[number], "count": int(self.cycle_counts[number])}}

    def _asset(self, mark: Mark, uri: str, name: str, presence: Presence) -> dict[str, Any]:
        place = int(mark.members[0])
        contents = self.contents
        is_present = bool(contents.present[place])
        effect, severity = int(contents.effects[place]), int(contents.severities[place])
        return {
            "uri": uri,
            "kind": KIND_NAMES[int(self.scene.kinds[place])],
            "name": name,
            "effect": Effect(effect).word if effect != NOTHING else None,
            "severity": SEVERITIES[severity] if severity != NO_SEVERITY else None,
            "certainty": CERTAINTY[bool(contents.certain[place])] if is_present else None,
            "distance": int(contents.distances[place]) if is_present else None,
            "present": presence,
        }

    def _fold(self, mark: Mark) -> dict[str, Any]:
        contents, scene = self.contents, self.scene
        counted = mark.members[contents.counted[mark.members]]
        present = int(contents.present[mark.members].sum())
        return {
            "count": len(counted),
            "unaffected": present - len(counted),
            "absent": len(mark.members) - present,
            "label": self._label(mark),
            "by": "cell" if mark.label is None else mark.label.by,
            "split": split_name(scene.mark_layout, mark),
            "open": mark.is_open,
            "kinds": _counts(scene.kinds[counted], lambda kind: KIND_NAMES[kind]),
            "severities": _counts(contents.severities[counted], lambda code: SEVERITIES[code], NO_SEVERITY),
            "effects": _counts(contents.effects[counted], lambda code: Effect(code).word, NOTHING),
            "possible": int((~contents.certain[counted]).sum()),
            **({} if contents.before is None else {"compared": contents.compared(mark.members)}),
        }

    def _label(self, mark: Mark) -> str:
        if mark.label is not None:
            return self.scene.label(mark.label)
        kinds = np.flatnonzero(np.bincount(self.scene.kinds[mark.members]))
        return KIND_NAMES[int(kinds[0])] if len(kinds) == 1 else f"{len(kinds)} kinds"

    def rows(self) -> list[dict[str, Any]]:
        """Return the JSON objects of the rows."""
        scene, counted = self.scene, self.contents.counted
        counts = np.bincount(scene.table.row[counted], minlength=len(scene.table.rows)).tolist()
        found = []
        for row, identity, count in zip(scene.table.rows, scene.row_ids, counts, strict=True):
            body: dict[str, Any] = {"id": identity, "name": f"{len(row.groups)} others", "uri": None, "count": count}
            if len(row.groups) > 1:
                body["rows"] = len(row.groups)
            else:
                [group] = row.groups
                body |= {"name": scene.grouping.names[group], "uri": scene.grouping.uris[group]}
            found.append(body)
        return found

    def columns(self) -> list[dict[str, Any]]:
        """Return the JSON objects of the columns."""
        table, counted = self.scene.table, self.contents.counted
        counts = np.bincount(table.column[counted], minlength=len(table.columns)).tolist()
        return [
            {"step": column.first, "to_step": column.last, "count": count}
            for column, count in zip(table.columns, counts, strict=True)
        ]

    def links(self, sources: Ints, targets: Ints, certain: Bools) -> list[dict[str, Any]]:
        """Return how many edges lead from each mark to each other one. `sources` and `targets` are positions of assets."""
        many = len(self.opened.marks)
        ends = self.mark_of[sources].astype(np.int64) * many + self.mark_of[targets]
        apart = ends // many != ends % many
        pairs, place, counts = np.unique(ends[apart], return_inverse=True, return_counts=True)
        is_certain = np.bincount(place[certain[apart]], minlength=len(pairs)) > 0
        ids = [mark.id for mark in self.opened.marks]
        rows = zip(pairs.tolist(), counts.tolist(), is_certain.tolist(), strict=True)
        return [
            {"from": ids[pair // many], "to": ids[pair % many], "count": count, "certainty": CERTAINTY[each]}
            for pair, count, each in rows
        ]

    def numbers(self) -> dict[str, int]:
        """Return the counts of the header: all, on marks of their own, in closed folds, and how many these are."""
        is_fold = np.array([mark.is_fold for mark in self.opened.marks], np.bool_)
        contents = self.contents
        return {
            "total": int(self.counts.sum()),
            "shown": int(self.counts[~is_fold].sum()),
            "folded": int(self.counts[is_fold].sum()),
            "folds": int((self.counts[is_fold] > 0).sum()),
            "unaffected": int((contents.present & ~contents.counted).sum()),
        }


def _counts(values: Bytes, word: Callable[[int], str], without: int = -1) -> dict[str, int]:
    """Return how often each value occurs, by its word, except `without`."""
    counts = np.bincount(values, minlength=1)
    return {word(value): int(counts[value]) for value in np.flatnonzero(counts).tolist() if value != without}
