"""The words and columns of a catalogue by number: their concepts, how many assets have them, and vectors of their meaning."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.search.similarity.text.slices import slice_of
from mlgraph.search.similarity.text.thesaurus import concept
from mlgraph.search.similarity.text.words import is_meaningful, split, stem

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
"""Returns a vector for each text, all of one length."""

MAX_WORDS: Final = 2_000_000
"""Words beyond are dropped: by then they are numbers and codes, each in one asset."""
DIMENSIONS: Final = 128
"""Of the vectors retained: the first dimensions of embeddings trained to be cut (Matryoshka) have most of their quality."""
_UNKNOWN: Final = -1
_GROW: Final = 4_096


class Vocabulary:
    """Words by number. It only grows; one thread adds, any thread reads."""

    def __init__(self, embed: Embed) -> None:
        """`embed`: vectors of single words."""
        self._embed = embed
        self._numbers: dict[str, int] = {}
        self.words: list[str] = []
        self.concepts: list[int] = []
        """By word: the number of its concept; -1 for a stop word."""
        self.slices: list[int] = []
        """By word: the code of what it restricts data to (`Slice`)."""
        self._concept_numbers: dict[str, int] = {}
        self._frequencies: list[int] = []
        """By concept: how many assets have it in their name or description."""
        self.vectors: NDArray[np.float16] = np.zeros((_GROW, DIMENSIONS), np.float16)
        """By word; zero until `embed_new`."""
        self.embedded_words = 0
        """How many words have their vector."""

    def __len__(self) -> int:
        return len(self.words)

    def numbers(self, text: str, most: int) -> list[int]:
        """Return the numbers of the words of a text in order, at most `most`; unknown words are added."""
        found: list[int] = []
        for word in split(text):
            number = self._numbers.get(word)
            if number is None:
                if len(self.words) >= MAX_WORDS:
                    continue
                number = self._add(word)
            found.append(number)
            if len(found) == most:
                break
        return found

    def _add(self, word: str) -> int:
        number = len(self.words)
        meaning = concept(stem(word)) if is_meaningful(word) else None
        concept_number = _UNKNOWN
        if meaning is not None:
            concept_number = self._concept_numbers.setdefault(meaning, len(self._frequencies))
            if concept_number == len(self._frequencies):
                self._frequencies.append(0)
        self.concepts.append(concept_number)
        self.slices.append(slice_of(word))
        self.words.append(word)
        self._numbers[word] = number
        return number

    def concepts_of(self, numbers: Iterable[int]) -> list[int]:
        """Return the distinct concepts of words in order, without those of stop words."""
        concepts = self.concepts
        return list(dict.fromkeys(each for number in numbers if (each := concepts[number]) >= 0))

    def count(self, concepts: Iterable[int], change: int) -> None:
        """Add `change` to the number of assets that have each of `concepts`."""
        for each in concepts:
            self._frequencies[each] += change

    def rarity(self, concept_number: int, assets: int) -> float:
        """Return how much a concept tells among so many assets: 1 if one has it, 0 if all do."""
        return rarity(self._frequencies[concept_number], assets)

    def rarities(self, concepts: Sequence[int], assets: int) -> list[float]:
        """Return the rarity of each concept."""
        frequencies = self._frequencies
        return [rarity(frequencies[each], assets) for each in concepts]

    def embed_new(self) -> None:
        """Compute the vectors of the words added since the last call."""
        missing = self.words[self.embedded_words :]
        if not missing:
            return
        until, vectors = self.embedded_words + len(missing), self.vectors
        if until > len(vectors):
            spare = np.zeros((max(_GROW, until - len(vectors), until // 4), DIMENSIONS), np.float16)
            vectors = np.concatenate([vectors, spare])
        vectors[self.embedded_words : until] = self.embedded(missing)
        self.vectors = vectors
        self.embedded_words = until

    def embedded(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of words, of length 1, which need not be words of the vocabulary."""
        found = self._embed(texts)[:, :DIMENSIONS]
        lengths: Floats = np.linalg.norm(found, axis=1, keepdims=True)
        return np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)

    def concept_of(self, word: str) -> int | None:
        """Return the concept of a split word if an asset has it; None for stop words and for what no asset has."""
        number = self._numbers.get(word)
        if number is None:
            return self._concept_numbers.get(concept(stem(word))) if is_meaningful(word) else None
        found = self.concepts[number]
        return found if found >= 0 and self._frequencies[found] else None


def rarity(frequency: float, assets: int) -> float:
    """Return 1 - log(frequency) / log(assets), between 0 and 1; what no other asset has counts like what two have."""
    return min(1.0, max(0.0, 1.0 - math.log(max(frequency, 1)) / math.log(max(assets, 20))))
