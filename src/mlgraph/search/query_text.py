"""Parsing of what a person types: words, identifiers and quoted phrases. Nothing else has a meaning, and nothing is an error.

Quotes that are not closed, and the field syntax or operators of other search engines (`kind:table`, `+a -b`, `a AND (b OR c)`,
`name~2`), are plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from mlgraph.search.documents import MAX_JOINED, joined_words
from mlgraph.search.words import STOP_WORDS, name_parts, singular

MAX_QUERY_CHARS: Final = 20_000
"""A longer query is refused by the API; of one that is shorter, the first `MAX_WORDS` distinct words count."""
MAX_WORDS: Final = 40
_QUOTED: Final = re.compile(r'"([^"]*)"|\u201c([^\u201d]*)\u201d')
_FEW_LETTERS_FOR_ONE_TYPO: Final = 5
_FEW_LETTERS_FOR_TWO_TYPOS: Final = 7
"""The word that is meant has nine letters; two of them may be missing."""
_PARTS_WITHOUT_TYPOS: Final = 3


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of a query: as typed (folded), its singular, and how many wrong letters are forgiven."""

    form: str
    stem: str
    typos: int
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """What a query asks for. `text` is the query without surrounding space; all parts are empty if it has no word."""

    text: str
    words: tuple[QueryWord, ...]
    joined: tuple[str, ...]
    """The words of each identifier of several words, joined: `user_id` also finds `userid`."""
    phrases: tuple[tuple[str, ...], ...]
    """The folded words of each quoted phrase."""
    omitted_words: int
    """Words over `MAX_WORDS`, which are not searched for."""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is searched for."""
        return not self.words and not self.phrases

    @property
    def is_identifier(self) -> bool:
        """Return whether the query is one name without spaces, of several parts: a URI, a path or a dotted name."""
        return not re.search(r"\s", self.text) and bool(re.search(r"\w[./:#@]+\w|\w[_-]\w.*[_-]\w", self.text))


def parse_query(text: str, *, prefix: bool = False) -> ParsedQuery:
    """Return the parts of a query. `prefix`: the query is being typed, so the last word may be the start of a longer one."""
    text = text.strip()
    quoted = (_phrase(found[1] or found[2] or "") for found in _QUOTED.finditer(text))
    phrases = tuple(dict.fromkeys(phrase for phrase in quoted if phrase))
    words: dict[str, QueryWord] = {}
    joined: dict[str, None] = {}
    last: str | None = None
    for piece in text.split():
        parts = name_parts(piece)
        for part in parts:
            stem = singular(part)
            last = part
            if stem not in words:
                words[stem] = QueryWord(part, stem, _typos(part, len(parts)))
        joined.update(dict.fromkeys(joined_words(piece)))
        if 1 < len(parts) <= MAX_JOINED:
            joined["".join(map(singular, parts))] = None
    chosen = [word for word in words.values() if word.form not in STOP_WORDS] or list(words.values())
    if prefix and last is not None and not text.endswith('"'):
        chosen = _with_prefix(chosen, last)
    listed = tuple(chosen[:MAX_WORDS])
    return ParsedQuery(text, listed, tuple(joined)[:MAX_WORDS], phrases, len(chosen) - len(listed))


def _phrase(text: str) -> tuple[str, ...]:
    return tuple(name_parts(text))


def _typos(part: str, parts: int) -> int:
    """Return how many wrong letters are forgiven in a word: none in a long identifier, a number or a short word."""
    letters = len(part)
    if parts >= _PARTS_WITHOUT_TYPOS or not part.isalpha() or letters < _FEW_LETTERS_FOR_ONE_TYPO:
        return 0
    return 2 if letters >= _FEW_LETTERS_FOR_TWO_TYPOS else 1


def _with_prefix(words: list[QueryWord], last: str) -> list[QueryWord]:
    """Return `words` with the last typed word marked as a prefix; it counts even if it looks like a stop word."""
    stem = singular(last)
    return [*(word for word in words if word.stem != stem), QueryWord(last, stem, 0, is_prefix=True)]
