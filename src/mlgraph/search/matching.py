"""Which fields and words of a hit matched: computed from the document itself, so that it is right for every way to match."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from mlgraph.search.documents import SearchDocument, joined_words
from mlgraph.search.query_text import ParsedQuery, QueryWord
from mlgraph.search.words import name_parts, singular

MAX_WORDS: Final = 10
"""Words listed of each field."""
MEANING: Final = "meaning"
"""The field of hits that match by their meaning, not by a word."""


def matched_fields(query: ParsedQuery, document: SearchDocument, misspelled: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return the fields of a document with words of the query, each with these words as the document has them.

    `misspelled`: the words (singulars) for which typos were allowed.
    """
    in_phrases = {word for phrase in query.phrases for word in phrase}
    loose = _LooseWords([word for word in query.words if word.form not in in_phrases], misspelled)
    found = []
    for field, texts in _fields(document):
        words = dict.fromkeys(_matching_words(query, texts, loose))
        if words:
            found.append({"field": field, "words": list(words)[:MAX_WORDS]})
    return found


def _fields(document: SearchDocument) -> Iterator[tuple[str, Iterable[str]]]:
    yield "name", dict.fromkeys((document.name, *document.names))
    yield "columns", (name for name, _ in document.columns)
    yield "tag", document.tags
    yield "owner", (*(name for _, name in document.owners), document.team_name)
    yield "description", (document.description,)
    yield "column descriptions", (text for _, text in document.columns)
    yield "properties", document.texts
    yield "place", (document.namespace, document.kind.replace("_", " "))


class _LooseWords:
    """The words of a query outside of phrases, and whether a word of a document is one of them."""

    def __init__(self, words: Iterable[QueryWord], misspelled: Collection[str]) -> None:
        listed = list(words)
        self._stems = {word.stem for word in listed}
        self._prefixes = tuple(word.form for word in listed if word.is_prefix)
        self._misspelled = [word for word in listed if word.stem in misspelled]
        self._known: dict[str, bool] = {}

    def match(self, form: str) -> bool:
        """Return whether a word of a document is one of the query, or the start or a misspelling of one."""
        known = self._known.get(form)
        if known is None:
            known = self._known[form] = self._is_match(form, singular(form))
        return known

    def _is_match(self, form: str, stem: str) -> bool:
        if stem in self._stems or (self._prefixes and form.startswith(self._prefixes)):
            return True
        return bool(self._misspelled) and any(within_distance(word.stem, stem, word.typos) for word in self._misspelled)


def _matching_words(query: ParsedQuery, texts: Iterable[str], loose: _LooseWords) -> Iterator[str]:
    joined = set(query.joined)
    for text in texts:
        forms = name_parts(text)
        for phrase in query.phrases:
            if _contains(forms, phrase):
                yield " ".join(phrase)
        yield from filter(loose.match, forms)
        if joined:
            yield from (each for each in joined_words(text) if each in joined)


def is_misspelled(word: QueryWord, stems: Collection[str]) -> bool:
    """Return whether one of `stems` is the word with typos that are forgiven."""
    return word.typos > 0 and any(within_distance(word.stem, stem, word.typos) for stem in stems)


def within_distance(one: str, other: str, most: int) -> bool:
    """Return whether two words differ by at most `most` insertions, deletions, replacements and swaps of neighbours."""
    if abs(len(one) - len(other)) > most:
        return False
    # each change removes one letter of a word at most; a swap none
    if len(_letters(one) - _letters(other)) > most or len(_letters(other) - _letters(one)) > most:
        return False
    return _within_distance(one, other, most)


@lru_cache(1 << 14)
def _letters(word: str) -> frozenset[str]:
    return frozenset(word)


@lru_cache(1 << 14)
def _within_distance(one: str, other: str, most: int) -> bool:
    oldest: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, row = row, [i]
        for j, right in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (left != right))
            if oldest and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, oldest[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(above) > most:
            return False
        oldest = above
    return row[-1] <= most


def is_phrase_in(phrase: tuple[str, ...], document: SearchDocument) -> bool:
    """Return whether a field of the document has exactly these words, one after the other."""
    return any(_contains(name_parts(text), phrase) for _, texts in _fields(document) for text in texts)


def _contains(words: list[str], phrase: tuple[str, ...]) -> bool:
    length = len(phrase)
    return any(tuple(words[place : place + length]) == phrase for place in range(len(words) - length + 1))
