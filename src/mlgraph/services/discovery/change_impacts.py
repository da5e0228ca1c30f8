"""Impact of the changes of a pull request, each from its own root, and their union: of each asset the worst effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.analysis import ImpactResult
from mlgraph.graph.impact.change_effects import Change, Effect
from mlgraph.graph.impact.column_readers import ColumnReaders, ReachedColumn
from mlgraph.graph.impact.predecessor_search import GivenStart
from mlgraph.graph.model.rows import COLUMN, Bools, Bytes, Ints, Layer
from mlgraph.graph.noise.rules import Noise
from mlgraph.graph.traversal.closures import among
from mlgraph.ports.store import FactReader
from mlgraph.services.queries.folding import Folding

MAX_COLUMNS_READ: Final = 20_000
"""Columns of one change whose readers are looked up."""


class RootChange(NamedTuple):
    """A change of one asset of the graph. `is_certain`: the file shows it, and means this asset.

    `unknown_column` : the asset is a dataset of which some column changes that no fact names.
    """

    root: int
    change: Change
    is_certain: bool
    unknown_column: bool = False


@dataclass(frozen=True, slots=True)
class AffectedAssets:
    """The union of impacts: arrays of one entry an asset, the worst first (certain, effect, severity, distance, URI).

    `source` is the number of the impact in which the entry is found, `entry` its number there, `cause` that of its change.
    """

    assets: Ints
    distances: Ints
    effects: Bytes
    certain: Bools
    severities: Bytes
    source: Ints
    entry: Ints
    cause: Ints
    impacts: Sequence[ImpactResult]

    def path(self, place: int) -> list[int]:
        """Return the assets on the first of the shortest paths from the change to an asset, both included."""
        return self.impacts[int(self.source[place])].path(int(self.entry[place]))


class ChangeImpacts:
    """Impacts at `moment` (microseconds) in one graph version, at the asset level."""

    def __init__(self, reader: FactReader, graph: GraphVersion, noise: Noise | None, moment: int) -> None:
        self._reader, self._graph, self._noise, self._moment = reader, graph, noise, moment

    def of(self, changes: Iterable[RootChange]) -> AffectedAssets:
        """Return the assets that any of the changes affects. Raises `OutOfTime`."""
        found: list[tuple[int, ImpactResult]] = []
        for number, change in enumerate(changes):
            deadlines.raise_if_exceeded()
            found += [(number, self._doubted(impact, change)) for impact in self._of_change(change)]
        return self._united(found)

    def _doubted(self, impact: ImpactResult, change: RootChange) -> ImpactResult:
        if change.is_certain:
            return impact
        return replace(impact, certain=np.zeros(len(impact.assets), np.bool_))

    def _of_change(self, change: RootChange) -> Iterable[ImpactResult]:
        root = change.root
        folding = Folding(self._reader, self._noise, self._graph, root, Layer.ASSET, self._moment)
        if change.unknown_column:
            starts = tuple(ColumnReaders(self._graph, change.change, self._moment).others(root))
            if starts:
                found = folding.impact(change.change, None, starts)
                yield replace(found, certain=np.zeros(len(found.assets), np.bool_))
            return
        found = folding.impact(change.change, None)
        if self._graph.asset_index.kind(root) != COLUMN:
            yield found
            return
        dataset = self._graph.aliases.at(self._graph.asset_index.dataset_of(root), self._moment)
        yield _without(found, dataset)
        readers = ColumnReaders(self._graph, change.change, self._moment)
        starts = tuple(_distinct(readers.starts(self._columns(root, found))))
        if starts:
            through = folding.impact(change.change, None, starts)
            shown = np.array(sorted(readers.certain), np.int32)
            yield _without(replace(through, certain=among(self._graph, through.assets, shown)), dataset)

    def _columns(self, root: int, found: ImpactResult) -> list[ReachedColumn]:
        """Return the changed column and those computed from it."""
        kinds = self._graph.asset_index.kinds(found.assets)
        places = np.flatnonzero(kinds == COLUMN)[:MAX_COLUMNS_READ].tolist()
        further = [
            ReachedColumn(found.path(each), Effect(int(found.effects[each])), bool(found.certain[each])) for each in places
        ]
        return [ReachedColumn((root,), Effect.CHANGED, certain=True), *further]

    def _united(self, found: Sequence[tuple[int, ImpactResult]]) -> AffectedAssets:
        impacts = [impact for _, impact in found]
        lengths = [len(impact.assets) for impact in impacts]

        def joined(arrays: list[np.ndarray], kind: type) -> np.ndarray:  # type: ignore[type-arg] # of any of the types below
            return np.concatenate([np.zeros(0, kind), *arrays])

        assets = joined([impact.assets for impact in impacts], np.int32)
        distances = joined([impact.distances for impact in impacts], np.int32)
        effects = joined([impact.effects for impact in impacts], np.uint8)
        certain = joined([impact.certain for impact in impacts], np.bool_)
        severities = joined([impact.severities for impact in impacts], np.uint8)
        source = np.repeat(np.arange(len(impacts), dtype=np.int32), lengths)
        cause = np.repeat(np.array([number for number, _ in found], np.int32), lengths)
        entry = joined([np.arange(length, dtype=np.int32) for length in lengths], np.int32)
        worst_first = np.lexsort((cause, source, distances, severities, effects, ~certain, assets))
        ordered = assets[worst_first]
        first = worst_first[np.flatnonzero(np.diff(ordered, prepend=-1))] if len(ordered) else worst_first
        ranks = self._graph.asset_index.uri_ranks(assets[first]) if len(first) else np.zeros(1, np.int32)
        by_rank = np.lexsort((ranks[assets[first]], distances[first], severities[first], effects[first], ~certain[first]))
        chosen = first[by_rank]
        columns = (assets, distances, effects, certain, severities, source, entry, cause)
        return AffectedAssets(*(column[chosen] for column in columns), impacts)


def _without(found: ImpactResult, asset: int) -> ImpactResult:
    """Return an impact without one asset: the dataset whose column changes is not hurt by its own change."""
    kept = found.assets != asset
    return found if kept.all() else found.take(kept)


def _distinct(starts: Iterable[GivenStart]) -> Iterable[GivenStart]:
    """Return of several starts at the same asset the one with the worst effect and the shortest path."""
    best: dict[tuple[int, bool], GivenStart] = {}
    for start in starts:
        key = start.path[-1], bool(start.nodes)
        if key not in best or (start.effect, len(start.path), start.path) < (
            best[key].effect,
            len(best[key].path),
            best[key].path,
        ):
            best[key] = start
    return best.values()
