"""Vectors of texts: the weighted sum of the vectors of their words, as 256-bit codes for the scan and as int8 for the order.

The code has the sign of each dimension. The number of differing bits of two codes estimates their angle (Charikar, STOC 2002), so
the nearest codes are candidates, whose order their int8 vectors decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from mlgraph.ports.search_index import Alignment
from mlgraph.search.documents import SearchDocument
from mlgraph.search.query_text import ParsedQuery
from mlgraph.search.words import STOP_WORDS, identifiers, singular

DIMENSIONS: Final = 256
CODE_WORDS: Final = DIMENSIONS // 64
"""Numbers of 64 bits in a code."""
_SCALE: Final = 400.0
"""Of a unit vector in int8: a component of more than 0.3 is cut, which hardly any has."""
_WEIGHTS: Final = {"name": 3.0, "tag": 1.5, "text": 1.0, "column": 0.5}
_MOST_TEXT_WORDS: Final = 120
_MOST_COLUMNS: Final = 60
_NOISE: Final = 0.2
"""Cosines of words that have nothing to do with each other are below it."""

_PARTS: Final = {"covered": 0.4, "about": 0.3, "literal": 0.15, "beside": 0.15}
"""Weights of the parts of an alignment."""
NOT_ALIGNED: Final = Alignment(0.0, ())

Floats = NDArray[np.float32]
Codes = NDArray[np.uint64]


def document_words(document: SearchDocument) -> dict[str, float]:
    """Return the words that say what a document is about, with their weights. Each word counts once in a field."""
    found: dict[str, float] = {}
    _add(found, (document.name, *document.names[:3]), _WEIGHTS["name"], 30)
    _add(found, document.tags, _WEIGHTS["tag"], 20)
    _add(found, (document.description, *document.texts), _WEIGHTS["text"], _MOST_TEXT_WORDS)
    columns = document.columns[:_MOST_COLUMNS]
    _add(found, (name for name, _ in columns), _WEIGHTS["column"], 100)
    _add(found, (text for _, text in columns), _WEIGHTS["column"], 100)
    return found


def query_words(query: ParsedQuery) -> dict[str, float]:
    """Return the words of a query with their weights."""
    words = [word.form for word in query.words if not word.is_prefix or len(word.form) > 2]
    words += [word for phrase in query.phrases for word in phrase if word not in STOP_WORDS]
    return dict.fromkeys(words, 1.0)


def text_words(text: str) -> dict[str, float]:
    """Return the words of a text with their weights."""
    found: dict[str, float] = {}
    _add(found, (text,), 1.0, 2_000)
    return found


def _add(found: dict[str, float], texts: object, weight: float, most: int) -> None:
    seen: set[str] = set()
    for text in texts:  # type: ignore[attr-defined]
        for run in identifiers(text):
            for word in run:
                if word in seen or len(word) < 2 or word in STOP_WORDS or word.isdecimal():
                    continue
                if len(seen) == most:
                    return
                seen.add(word)
                found[word] = found.get(word, 0.0) + weight


def combined(vectors: Floats, weights: Floats) -> Floats:
    """Return the unit vector of the weighted sum of rows; zeros if there is no direction."""
    total: Floats = weights @ vectors
    length = float(np.linalg.norm(total))
    return total / length if length > 1e-6 else np.zeros(DIMENSIONS, np.float32)


def code_of(vector: Floats) -> Codes:
    """Return the signs of a vector, or of each row, as `CODE_WORDS` numbers."""
    return np.packbits(vector > 0, axis=-1, bitorder="little").view(np.uint64)


def quantized(vector: Floats) -> NDArray[np.int8]:
    """Return unit vectors as int8."""
    rounded: NDArray[np.int8] = np.clip(np.rint(vector * _SCALE), -127, 127).astype(np.int8)
    return rounded


def similarities(vector: Floats, rows: NDArray[np.int8]) -> Floats:
    """Return the cosine of a unit vector and each row of int8."""
    floats = rows.astype(np.float32)
    lengths = np.linalg.norm(floats, axis=1)
    found: Floats = floats @ vector / np.maximum(lengths, 1.0)
    return found


def nearest(code: Codes, codes: Codes, marks: NDArray[np.uint8], most: int, most_of_kind: int) -> NDArray[np.int64]:
    """Return the rows of `codes` nearest to `code`: `most` of all and `most_of_kind` of each kind, and those as near as the last.

    `marks` has one more than the kind of each row; rows with 0 are left out.
    """
    return _nearest(_read_only(code), _read_only(codes), _read_only(marks), most, most_of_kind)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written, as mapped files are: the kernel is compiled for one type."""
    view = array.view()
    view.flags.writeable = False
    return view


@numba.njit(cache=True, nogil=True)
def _nearest(code: Codes, codes: Codes, marks: NDArray[np.uint8], most: int, most_of_kind: int) -> NDArray[np.int64]:
    rows = len(marks)
    distances = np.empty(rows, np.uint16)
    by_kind = np.zeros((65, 258), np.int64)
    a, b, c, d = code[0], code[1], code[2], code[3]
    for row in range(rows):
        distances[row] = _ones(codes[row, 0] ^ a) + _ones(codes[row, 1] ^ b) + _ones(codes[row, 2] ^ c) + _ones(codes[row, 3] ^ d)
    for row in range(rows):
        by_kind[marks[row] & 63, distances[row]] += 1
    limits = np.zeros(65, np.int64)
    for kind in range(1, 64):
        limits[kind] = _limit(by_kind[kind], most_of_kind)
        for distance in range(257):
            by_kind[64, distance] += by_kind[kind, distance]
    limits[64] = _limit(by_kind[64], most)
    found = np.empty(4 * most + 64 * most_of_kind, np.int64)
    count = 0
    for row in range(rows):
        mark = marks[row] & 63
        if mark > 0 and (distances[row] <= limits[64] or distances[row] <= limits[mark]) and count < len(found):
            found[count] = row
            count += 1
    return found[:count]


@numba.njit(cache=True, nogil=True)
def _limit(histogram: NDArray[np.int64], most: int) -> int:
    """Return the distance up to which there are at least `most` rows; 256 if there are fewer."""
    count = 0
    for distance in range(257):
        count += histogram[distance]
        if count >= most:
            return distance
    return 256


@numba.njit(cache=True, nogil=True, inline="always")
def _ones(bits: np.uint64) -> np.uint64:
    """Return the number of set bits; LLVM compiles it to one instruction."""
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (bits * np.uint64(0x0101010101010101)) >> np.uint64(56)


def warm() -> None:
    """Load the kernels from numba's cache, or compile them."""
    nearest(np.zeros(CODE_WORDS, np.uint64), np.zeros((1, CODE_WORDS), np.uint64), np.ones(1, np.uint8), 1, 1)


def alignments(
    words: Sequence[str], vectors: Floats, known: Sequence[str], rows: Floats, documents: Sequence[Sequence[str]]
) -> list[Alignment]:
    """Return how well each document covers a query of `words`; `rows` are the vectors of `known`, all words of `documents`.

    A query word is covered by its best cosine with a word of the document, up to `_NOISE` by nothing, and counts as much as its
    vector is long, which is how much it says: the late interaction of Khattab and Zaharia, SIGIR 2020, with static vectors. The
    score is the weighted mean (`_PARTS`) of that, of the cosine of the summed vectors, of the words that are in the document
    literally, and of the cosine of what both have beside these: words that are in both say nothing about the others.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    filled = [place for place, listed in enumerate(documents) if listed]
    if not filled or not lengths.any():
        return [NOT_ALIGNED] * len(documents)
    number = {word: place for place, word in enumerate(known)}
    flat = np.array([number[word] for place in filled for word in documents[place]])
    starts = np.cumsum([0, *(len(documents[place]) for place in filled[:-1])])
    wanted = np.array([singular(word) for word in words])
    is_same = np.array([singular(word) for word in known])[:, None] == wanted
    cosines = np.maximum(_units(rows) @ _units(vectors).T - _NOISE, 0.0) / (1.0 - _NOISE)
    cosines[is_same] = 1.0
    weights = lengths / lengths.sum()
    best = np.maximum.reduceat(cosines[flat], starts, axis=0)
    is_shared = np.logical_or.reduceat(is_same[flat], starts, axis=0)
    listed = rows[flat]
    others = np.add.reduceat(listed * ~is_same.any(axis=1)[flat][:, None], starts, axis=0)
    parts = {
        "covered": best @ weights,
        "about": _cosines(np.add.reduceat(listed, starts, axis=0), vectors.sum(axis=0)),
        "literal": is_shared @ weights,
        "beside": np.where(is_shared.all(axis=1), 1.0, _cosines(others, ~is_shared @ vectors)),
    }
    scores = sum(weight * parts[name] for name, weight in _PARTS.items()) / sum(_PARTS.values())
    found = [NOT_ALIGNED] * len(documents)
    for place, score, row in zip(
        filled, np.clip(scores, 0.0, 1.0).tolist(), np.rint(best * 100).astype(int).tolist(), strict=True
    ):
        found[place] = Alignment(score, tuple(row))
    return found


def _cosines(rows: Floats, other: Floats) -> Floats:
    """Return the cosine of each row and `other`, one vector or one for each row."""
    found: Floats = (_units(rows) * _units(np.atleast_2d(other))).sum(axis=1)
    return found


def closest_words(query: Floats, rows: Floats, words: Sequence[str], most: int) -> list[str]:
    """Return the words, of which `rows` are the vectors, that are nearest to any word of a query, nearest first."""
    if not len(words) or not len(query):
        return []
    best = (_units(rows) @ _units(query).T).max(axis=1)
    return [words[place] for place in np.argsort(-best, kind="stable")[:most].tolist()]


def _units(rows: Floats) -> Floats:
    found: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return found
