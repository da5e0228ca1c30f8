"""Impact of the changes of a pull request, each from its own root, and their union: of each asset the worst effect."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

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

    `unknown_column`: the asset is a dataset of which some column changes that no fact names.
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

    def take(self, chosen: NDArray[np.int64]) -> AffectedAssets:
        """Return the entries at these places, in that order."""
        return AffectedAssets(
            self.assets[chosen],
            self.distances[chosen],
            self.effects[chosen],
            self.certain[chosen],
            self.severities[chosen],
            self.source[chosen],
            self.entry[chosen],
            self.cause[chosen],
            self.impacts,
        )

    def path(self, place: int) -> list[int]:
        """Return the assets on the first of the shortest paths from the change to an asset, both included."""
        return self.impacts[int(self.source[place])].path(int(self.entry[place]))


class ChangeImpacts:
    """Impacts at `moment` (microseconds) in one graph version, at the asset level."""

    def __init__(self, reader: FactReader, graph: GraphVersion, noise: Noise | None, moment: int) -> None:
        self._reader, self._graph, self._noise, self._moment = reader, graph, noise, moment

    def of(self, changes: Iterable[RootChange], alternatives: Collection[int] = ()) -> AffectedAssets:
        """Return the assets that any of the changes affects. Raises `OutOfTime`.

        `alternatives` are left out where they are only possible: of these, a file means one, which is not hurt by another.
        """
        groups: dict[tuple[Change, bool, bool, bool], list[tuple[int, int]]] = {}
        for number, each in enumerate(changes):
            is_column = self._graph.asset_index.kind(each.root) == COLUMN
            groups.setdefault((each.change, each.is_certain, is_column, each.unknown_column), []).append((number, each.root))
        found: list[tuple[int, ImpactResult]] = []
        for (change, is_certain, is_column, unknown_column), numbered in groups.items():
            deadlines.raise_if_exceeded()
            roots = tuple(root for _, root in numbered)
            impacts = (
                self._of_unknown_columns(change, roots) if unknown_column else self._of_roots(change, roots, is_column=is_column)
            )
            found += [(numbered[0][0], impact if is_certain else _only_possible(impact)) for impact in impacts]
        affected = self._merged(found)
        others = np.isin(affected.assets, np.array(sorted(alternatives), np.int32)) & ~affected.certain
        return affected.take(np.flatnonzero(~others)) if others.any() else affected

    def _of_roots(self, change: Change, roots: tuple[int, ...], *, is_column: bool) -> Iterator[ImpactResult]:
        """Yield the impact of one kind of change of several assets at once; of columns, also through their readers."""
        folding = self._folding(roots)
        found = folding.impact(change, None)
        if not is_column:
            yield found
            return
        index, aliases = self._graph.asset_index, self._graph.aliases
        datasets = {aliases.at(index.dataset_of(root), self._moment) for root in roots}
        yield _without(found, datasets)
        readers = ColumnReaders(self._graph, change, self._moment)
        starts = tuple(_distinct(readers.starts(self._columns(roots, found))))
        if starts:
            through = folding.impact(change, None, starts)
            shown = np.array(sorted(readers.certain), np.int32)
            yield _without(replace(through, certain=among(self._graph, through.assets, shown)), datasets)

    def _of_unknown_columns(self, change: Change, datasets: tuple[int, ...]) -> Iterator[ImpactResult]:
        """Yield the impact of columns that no fact names: on readers of which no column lineage is known."""
        readers = ColumnReaders(self._graph, change, self._moment)
        starts = tuple(_distinct(start for dataset in datasets for start in readers.others(dataset)))
        if starts:
            yield _only_possible(self._folding(datasets).impact(change, None, starts))

    def _folding(self, roots: tuple[int, ...]) -> Folding:
        return Folding.of_roots(self._reader, self._noise, self._graph, roots, Layer.ASSET, self._moment)

    def _columns(self, roots: Sequence[int], found: ImpactResult) -> list[ReachedColumn]:
        """Return the changed columns and those computed from them."""
        kinds = self._graph.asset_index.kinds(found.assets)
        places = np.flatnonzero(kinds == COLUMN)[:MAX_COLUMNS_READ].tolist()
        further = [
            ReachedColumn(found.path(each), Effect(int(found.effects[each])), bool(found.certain[each])) for each in places
        ]
        return [*(ReachedColumn((root,), Effect.CHANGED, certain=True) for root in roots), *further]

    def _merged(self, found: Sequence[tuple[int, ImpactResult]]) -> AffectedAssets:
        impacts = [impact for _, impact in found]
        lengths = [len(impact.assets) for impact in impacts]
        every = AffectedAssets(
            np.concatenate([np.zeros(0, np.int32), *(impact.assets for impact in impacts)]),
            np.concatenate([np.zeros(0, np.int32), *(impact.distances for impact in impacts)]),
            np.concatenate([np.zeros(0, np.uint8), *(impact.effects for impact in impacts)]),
            np.concatenate([np.zeros(0, np.bool_), *(impact.certain for impact in impacts)]),
            np.concatenate([np.zeros(0, np.uint8), *(impact.severities for impact in impacts)]),
            np.repeat(np.arange(len(impacts), dtype=np.int32), lengths),
            np.concatenate([np.zeros(0, np.int32), *(np.arange(length, dtype=np.int32) for length in lengths)]),
            np.repeat(np.array([number for number, _ in found], np.int32), lengths),
            impacts,
        )
        return self._worst_first(every)

    def _worst_first(self, every: AffectedAssets) -> AffectedAssets:
        """Return one entry for each asset, the worst of it, in the order of an answer."""
        if not len(every.assets):
            return every
        first = np.lexsort(
            (every.cause, every.source, every.distances, every.severities, every.effects, ~every.certain, every.assets)
        )
        one = every.take(first[np.flatnonzero(np.diff(every.assets[first], prepend=-1))])
        ranks = self._graph.asset_index.uri_ranks(one.assets)
        return one.take(np.lexsort((ranks[one.assets], one.distances, one.severities, one.effects, ~one.certain)))


def _only_possible(impact: ImpactResult) -> ImpactResult:
    return replace(impact, certain=np.zeros(len(impact.assets), np.bool_))


def _without(found: ImpactResult, assets: Collection[int]) -> ImpactResult:
    """Return an impact without some assets: the datasets whose columns change are not hurt by their own change."""
    remaining = ~np.isin(found.assets, np.array(sorted(assets), np.int32))
    return found if remaining.all() else found.take(remaining)


def _distinct(starts: Iterable[GivenStart]) -> Iterable[GivenStart]:
    """Return of several starts at the same nodes of an asset the one with the worst effect and the shortest path."""
    best: dict[tuple[int, tuple[int, ...]], GivenStart] = {}
    for start in starts:
        key = start.path[-1], start.nodes
        if key not in best or (start.effect, len(start.path), start.path) < (
            best[key].effect,
            len(best[key].path),
            best[key].path,
        ):
            best[key] = start
    return best.values()
