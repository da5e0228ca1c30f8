"""The catalogue of compared assets: their profiles, and the candidates for near-duplicates of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from mlgraph.search.similarity.postings import Postings
from mlgraph.search.similarity.profiles import ColumnTable, Described, Profile, profile_of
from mlgraph.search.similarity.signals import vectors_of
from mlgraph.search.similarity.sketches import bands
from mlgraph.search.similarity.subjects import Context
from mlgraph.search.similarity.text.vocabulary import Embed, Floats, Vocabulary
from mlgraph.search.similarity.text.words import hashed

MOST_CANDIDATES: Final = 240
_RARE_WORDS: Final = 10
_RARE_COLUMNS: Final = 5
_UNDER_ONE_KEY: Final = 120
"""Candidates from one key: what many assets share tells little, and the newest are as good as any."""
_MOST_CONCEPTS: Final = 40
_LEAST_FOR_MEAN: Final = 10
_MEAN_OF: Final = 2_000
"""Profiles whose mean vector is subtracted."""


class Catalogue:
    """Profiles by asset number. One thread puts and removes; any thread reads."""

    def __init__(self, embed: Embed) -> None:
        """`embed`: vectors of words."""
        self.vocabulary = Vocabulary(embed)
        self.columns = ColumnTable(self.vocabulary)
        self._packed: dict[int, bytes] = {}
        self._with_columns = 0
        self._postings = Postings()
        self._mean_sum: Floats | None = None
        self._mean_count = 0

    def __len__(self) -> int:
        """Return the number of assets."""
        return len(self._packed)

    def __contains__(self, asset: int) -> bool:
        """Return whether the catalogue has the asset."""
        return asset in self._packed

    def assets(self) -> list[int]:
        """Return the assets."""
        return list(self._packed)

    def profile(self, asset: int) -> Profile | None:
        """Return the profile of an asset, or None."""
        packed = self._packed.get(asset)
        return None if packed is None else Profile.unpack(packed)

    def put(self, asset: int, described: Described) -> bool:
        """Add an asset, or replace its profile; return whether anything changed."""
        profile = profile_of(described, self.vocabulary, self.columns)
        packed = profile.pack()
        if self._packed.get(asset) == packed:
            return False
        self.remove(asset)
        self.vocabulary.embed_new()
        self._count(profile, 1)
        self._packed[asset] = packed
        self._postings.add(self._keys(profile), asset)
        if self._mean_count < _MEAN_OF:
            (vector,) = vectors_of([profile], self.context(lambda _: 1.0, centred=False))
            self._mean_sum = vector if self._mean_sum is None else self._mean_sum + vector
            self._mean_count += 1
        return True

    def remove(self, asset: int) -> None:
        """Remove an asset, if it is there."""
        packed = self._packed.pop(asset, None)
        if packed is not None:
            self._count(Profile.unpack(packed), -1)

    def _count(self, profile: Profile, change: int) -> None:
        concepts = {*self.vocabulary.concepts_of(profile.name), *self.vocabulary.concepts_of(profile.text)}
        concepts.update(concept for column in profile.columns for concept in self.columns.concepts[column])
        self.vocabulary.count(concepts, change)
        self.columns.count(profile.columns, change)
        if profile.columns:
            self._with_columns += change

    def context(self, source_rarity: Callable[[int], float], *, centred: bool = True) -> Context:
        """Return what comparisons need to know of the catalogue. `source_rarity`: how much sharing a source tells."""
        mean: Floats | None = None
        if centred and self._mean_sum is not None and self._mean_count >= _LEAST_FOR_MEAN:
            mean = (self._mean_sum / self._mean_count).astype("float32")
        return Context(self.vocabulary, self.columns, len(self._packed), self._with_columns, source_rarity, mean)

    def _keys(self, profile: Profile) -> Iterator[int]:
        """Yield the keys under which the asset is found: its rarest words and columns, and bands of its columns."""
        kind, assets = profile.kind, len(self._packed)
        concepts = self.vocabulary.concepts_of((*profile.name, *profile.text))
        concepts.sort(key=lambda each: -self.vocabulary.rarity(each, assets))
        yield from (_key(kind, 1, concept) for concept in concepts[:_RARE_WORDS])
        columns = sorted(profile.columns, key=lambda each: self.columns.frequencies[each])
        yield from (_key(kind, 2, column) for column in columns[:_RARE_COLUMNS])
        yield from (_key(kind, 3, band) for band in bands(list(profile.columns)))
        yield _key(kind, 4, profile.identity)

    def candidates(self, profile: Profile, also: Iterable[int] = ()) -> list[int]:
        """Return the assets of the same kind that may be near-duplicates, those with most keys in common first.

        `also`: candidates found otherwise, such as those with the same sources or similar texts; each counts as a key.
        """
        votes = Counter(asset for asset in also if asset in self._packed)
        for key in set(self._keys(profile)):
            votes.update(self._postings.find(key, _UNDER_ONE_KEY))
        return [asset for asset, _ in votes.most_common() if asset in self._packed][:MOST_CANDIDATES]

    def about(self, concepts: Collection[int], kinds: Collection[int], most: int) -> list[int]:
        """Return at most `most` assets of these kinds that have some of `concepts`, the rarest counting most."""
        assets = len(self._packed)
        rarest = sorted(concepts, key=lambda each: -self.vocabulary.rarity(each, assets))[:_MOST_CONCEPTS]
        votes: dict[int, float] = {}
        for concept in rarest:
            weight = self.vocabulary.rarity(concept, assets)
            for kind in kinds:
                for asset in self._postings.find(_key(kind, 1, concept), _UNDER_ONE_KEY):
                    votes[asset] = votes.get(asset, 0.0) + weight
        ranked = sorted(votes, key=lambda asset: (-votes[asset], asset))
        return [asset for asset in ranked if asset in self._packed][:most]


def _key(kind: int, sort: int, number: int) -> int:
    return hashed(f"{kind} {sort} {number}", 8) >> 1
