"""What is asked of the search of a generated catalogue, with what must be found, and how a list of hits is marked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from mlgraph.domain.options.search_options import MAX_LIMIT
from mlgraph.domain.uri import AssetUri

CHECKS: Final = (
    "exact name",
    "full name",
    "typo",
    "description",
    "phrase",
    "meaning",
    "spelling",
    "twin",
    "deprecated",
)
"""Kinds of labelled queries (DISCOVERY section 2, musts 2 to 7)."""
LIMIT: Final = 10
"""Hits that are looked at."""
PHRASE_LIMIT: Final = MAX_LIMIT
"""Hits of a phrase: many descriptions may have it, and nothing tells which one is meant, so that all of them are looked at."""


class SearchHit(NamedTuple):
    """A hit of any engine."""

    uri: str
    name: str


class Found(NamedTuple):
    """The answer of any engine: the first hits, and how many there are in all (None: the engine does not count)."""

    hits: list[SearchHit]
    total: int | None


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """A query of one check. `expected` are right assets; `below` must not be ranked above them.

    `text` of an exact name: every asset of that name is right. `phrase` are the words that every hit must have in this order.
    """

    check: str
    text: str
    expected: frozenset[str]
    half: int = 0
    below: str | None = None
    phrase: tuple[str, ...] = ()
    note: str = ""


class Marked(NamedTuple):
    """Whether an answer is right, and what came instead."""

    query: LabelledQuery
    right: bool
    rank: int | None
    """The rank of the first right hit, from 1; None if it is not among the first `LIMIT`."""
    got: str


def mark(query: LabelledQuery, found: Found, texts: Mapping[str, Sequence[str]]) -> Marked:
    """Return whether an answer is right for the query, by the rule of its check. `texts`: the texts of each asset by URI."""
    rank = next((place for place, hit in enumerate(found.hits[:LIMIT], 1) if _is_right(query, hit)), None)
    right = _RULES[query.check](query, found, rank)
    if query.phrase:
        right = right and all(any(has_phrase(text, query.phrase) for text in texts[hit.uri]) for hit in found.hits)
    return Marked(query, right, rank, _first(found))


def has_phrase(text: str, phrase: Sequence[str]) -> bool:
    """Return whether a text has these words, one after the other, whatever their case and punctuation."""
    listed = words_of(text)
    return any(listed[place : place + len(phrase)] == list(phrase) for place in range(len(listed)))


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, with letters of all alphabets and digits."""
    return re.findall(r"[^\W_]+", text.lower())


def _first(found: Found) -> str:
    listed = ", ".join(AssetUri.parse(hit.uri).name for hit in found.hits[:3])
    return f"{listed or 'nothing'} (total {found.total})"


def _is_right(query: LabelledQuery, hit: SearchHit) -> bool:
    if hit.uri in query.expected:
        return True
    return query.check == "exact name" and query.text in {hit.name, AssetUri.parse(hit.uri).name}


def _within(most: int, rank: int | None) -> bool:
    return rank is not None and rank <= most


def _above(query: LabelledQuery, found: Found, rank: int | None) -> bool:
    uris = [hit.uri for hit in found.hits]
    return query.below not in uris or (rank is not None and uris.index(query.below) >= rank)


def _only(found: Found, rank: int | None) -> bool:
    return rank == 1 and found.total in {1, None} and len(found.hits) == 1


_RULES: Final = {
    "exact name": lambda _, __, rank: _within(1, rank),
    "full name": lambda _, found, rank: _only(found, rank),
    "typo": lambda _, __, rank: _within(3, rank),
    "description": lambda _, __, rank: _within(3, rank),
    "phrase": lambda query, found, _: query.expected <= {hit.uri for hit in found.hits},
    "meaning": lambda _, __, rank: _within(3, rank),
    "spelling": lambda _, __, rank: _within(1, rank),
    "twin": lambda query, found, rank: rank is not None and _above(query, found, rank),
    "deprecated": _above,
}


def share(marked: Sequence[Marked]) -> float:
    """Return the share of right answers. Raises `ZeroDivisionError` if there is none."""
    return sum(each.right for each in marked) / len(marked)
