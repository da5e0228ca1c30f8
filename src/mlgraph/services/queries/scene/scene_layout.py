"""What of a scene depends neither on the moment nor on the change nor on open folds: its assets, table and closed marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import numpy as np

from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.grouping_kernel import PlaceTable, place_table, places_in
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.analysis import severity_table
from mlgraph.graph.impact.severity import SEVERITIES
from mlgraph.graph.model.rows import Bytes, Ints, Longs
from mlgraph.graph.scene.all_time import Steps
from mlgraph.graph.scene.fold_splitting import CYCLES, PartLabel, SplitKeys, SplitName
from mlgraph.graph.scene.kernels import runs_of_prefixes
from mlgraph.graph.scene.marks import MOST_UNFOLDED, MarkLayout, MarkTexts, mark_id
from mlgraph.graph.scene.placement import Table, kind_order, placed
from mlgraph.graph.scene.timeline import Timeline
from mlgraph.services.queries.scene.grouping import Grouping, NamespaceNumbers

_NO_EFFECT_ROW = -1
_SEPARATOR = " \u00b7 "
_SEVERITY_BITS = 15
"""A row with one asset more of a severity outweighs any number of assets (below 2^15) of all lesser ones."""


@dataclass(frozen=True, slots=True)
class SceneLayout:
    """The assets of a scene at any moment, in order of kind, then URI; arrays of one entry an asset.

    `root` is the position of the root, `places` has the positions of all assets. `cycles` int32[n]: the number of each asset's
    cycle, whose id is in `cycle_ids`; -1: it is in no cycle of several.
    """

    assets: Ints
    kinds: Bytes
    root: int
    places: PlaceTable
    namespaces: NamespaceNumbers
    grouping: Grouping
    table: Table
    row_ids: Sequence[str]
    mark_layout: MarkLayout
    cycles: Ints
    cycle_ids: Sequence[str]
    timeline: Timeline

    def positions_of(self, assets: Ints) -> Ints:
        """Return the position of each of `assets`; -1 for those that are not in the scene."""
        return places_in(self.places, assets)

    def missing(self, assets: Ints) -> bool:
        """Return whether some of `assets` are not in the scene."""
        return bool((self.positions_of(assets) < 0).any())

    def label(self, label: PartLabel) -> str:
        """Return the text that names a part of a fold: its keys in each dimension, from the first to the last."""
        if label.by == "rest":
            return f"{label.first[0]} more"
        if label.by == "cycle":
            return "cycle"
        first, last = (list(map(self._key_name, label.dimensions, ends)) for ends in (label.first, label.last))
        same = next((place for place, pair in enumerate(zip(first, last, strict=True)) if pair[0] != pair[1]), len(first))
        if label.first == label.last:
            return _SEPARATOR.join(first)
        same = min(same, len(first) - 1)
        return _SEPARATOR.join([*first[:same], " \u2013 ".join(map(_SEPARATOR.join, (first[same:], last[same:])))])

    def _key_name(self, by: SplitName, key: int) -> str:
        if by == "kind":
            return _kind_name(key)
        if by == "namespace":
            return unquote(self.namespaces.texts[key])
        return self.grouping.names[key] if by == "group" else unquote(self.mark_layout.texts.uri(key).rpartition("/")[2])


def ordered_assets(graph: GraphVersion, assets: Ints) -> Ints:
    """Return assets in order of kind, then URI."""
    index = graph.asset_index
    by_uri = index.sort(assets, np.zeros(len(assets), np.int32))
    return assets[kind_order(index.kinds(assets), by_uri)]


def namespaces_of(graph: GraphVersion, assets: Ints) -> NamespaceNumbers:
    """Return the namespaces of assets, which are in order of kind and URI, numbered in order."""
    texts = graph.asset_index.uri_texts(assets)
    begins = runs_of_prefixes(texts.starts, texts.ends, texts.data, texts.extra)
    firsts = np.flatnonzero(begins)
    found = [uri.split("/", 4)[3] for uri in graph.asset_index.uris(assets[firsts])]
    distinct = sorted(set(found))
    numbers = {text: number for number, text in enumerate(distinct)}
    by_run = np.fromiter((numbers[text] for text in found), np.int32, len(found))
    return NamespaceNumbers(by_run[np.cumsum(begins) - 1], distinct)


def layout_of(
    graph: GraphVersion,
    root: int,
    steps: Steps,
    timeline: Timeline,
    namespaces: NamespaceNumbers,
    grouping: Grouping,
    most_marks: int,
) -> SceneLayout:
    """Return the layout of a scene. `timeline`: when its assets, in order, are in it; `steps`: theirs."""
    assets = timeline.assets
    kinds = graph.asset_index.kinds(assets)
    table = placed(grouping.number, len(grouping.keys), _weights(kinds), steps.step, most_marks)
    keys = ["\0" if len(row.groups) > 1 else grouping.keys[row.groups[0]] for row in table.rows]
    uri = graph.asset_index.uri

    def part_key(by: SplitName, key: int) -> str:
        if by == "kind":
            return _kind_name(key)
        if by == "namespace":
            return namespaces.texts[key]
        return grouping.keys[key] if by == "group" else uri(int(assets[key])) if by in ("name", "cycle") else ""

    texts = MarkTexts(lambda row: f"{grouping.by}\0{keys[row]}", part_key, lambda place: uri(int(assets[place])))
    split_keys = SplitKeys.of(grouping.number, kinds, namespaces.number)
    place = int(np.flatnonzero(assets == root)[0])
    unfolded = timeline.most_at_once <= MOST_UNFOLDED
    cycles, firsts = _cycles(steps.cycle)
    cycle_ids = [mark_id("c", uri(int(assets[first]))) for first in firsts]
    layout = MarkLayout.of(split_keys, cycles, texts, table, place, most_marks, unfolded=unfolded)
    row_ids = [mark_id("r", grouping.by, key) for key in keys]
    found = (namespaces, grouping, table, row_ids, layout, cycles, cycle_ids, timeline)
    return SceneLayout(assets, kinds, place, place_table(assets), *found)


def _cycles(labels: Ints) -> tuple[Ints, list[int]]:
    """Return the number of the cycle of each asset, -1 for those of none, and the first position in each."""
    _, first, place, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts > 1)
    several = several[np.argsort(first[several])]
    number = np.full(len(counts), -1, np.int32)
    number[several] = np.arange(len(several), dtype=np.int32)
    return number[place], first[several].tolist()


def _kind_name(code: int) -> str:
    return "cycles" if code == CYCLES else KIND_NAMES[code]


def _weights(kinds: Bytes) -> Longs:
    """Return the weight of each asset in the choice of rows: by its severity where everything reached is affected."""
    severities = severity_table()[_NO_EFFECT_ROW, kinds, 0, 0, 0].astype(np.int64)
    weights: Longs = np.int64(1) << (_SEVERITY_BITS * (len(SEVERITIES) - 1 - severities))
    return weights
