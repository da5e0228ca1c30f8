"""What is compared: assets with their surroundings, and what a comparison needs to know of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mlgraph.search.similarity.profiles import ColumnTable, Profile
from mlgraph.search.similarity.text.vocabulary import Floats, Vocabulary


@dataclass(frozen=True, slots=True)
class Subject:
    """An asset to compare: its number, its profile, and its surroundings in the graph."""

    asset: int
    profile: Profile
    leaves: frozenset[int] = frozenset()
    """The sources that it is made from in the end: ancestors without parents. Empty: unknown."""
    inputs: frozenset[int] = frozenset()
    """The data that it is made from directly."""
    metrics: frozenset[int] = frozenset()


class Rarities(dict[int, float]):
    """How much sharing each number tells, 0 to 1; computed when it is first asked for."""

    def __init__(self, compute: Callable[[int], float]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, number: int) -> float:
        """Compute and cache the rarity of a number."""
        found = self[number] = self._compute(number)
        return found


class Context:
    """What the comparisons of one query need to know of the catalogue."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        columns: ColumnTable,
        assets: int,
        assets_with_columns: int,
        source_rarity: Callable[[int], float],
        mean: Floats | None = None,
    ) -> None:
        """`assets`: how many are compared with each other; `mean`: the mean vector of all, which tells nothing."""
        self.vocabulary = vocabulary
        self.columns = columns
        self.assets = assets
        self.assets_with_columns = assets_with_columns
        self.mean = mean
        self.sources = Rarities(source_rarity)
        """By source."""
        self.rarities = Rarities(lambda concept: vocabulary.rarity(concept, assets))
        """By concept."""

    def concepts(self, words: Iterable[int]) -> frozenset[int]:
        """Return the concepts of words."""
        return frozenset(self.vocabulary.concepts_of(words))
