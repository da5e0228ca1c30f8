"""Which fields and words of a hit matched: computed from the document itself, so that it is right for every way to match."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from mlgraph.search.documents import SearchDocument, joined_words
from mlgraph.search.query_text import ParsedQuery, QueryWord
from mlgraph.search.words import tokens

MAX_WORDS: Final = 10
"""Words listed of each field."""
MEANING: Final = "meaning"
"""The field of hits that match by their meaning, not by a word."""


def matched_fields(query: ParsedQuery, document: SearchDocument, *, forgiving: bool) -> list[dict[str, Any]]:
    """Return the fields of a document with words of the query, each with these words as the document has them.

    `forgiving`: typos were allowed.
    """
    found = []
    for field, texts in _fields(document):
        words = dict.fromkeys(_matching_words(query, texts, forgiving=forgiving))
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


def _matching_words(query: ParsedQuery, texts: Iterable[str], *, forgiving: bool) -> Iterator[str]:
    joined = set(query.joined)
    in_phrases = {word for phrase in query.phrases for word in phrase}
    loose = [word for word in query.words if word.form not in in_phrases]
    for text in texts:
        found = tokens(text)
        for phrase in query.phrases:
            if _contains([token.form for token in found], phrase):
                yield " ".join(phrase)
        yield from (token.form for token in found if any(_matches(word, token.form, token.stem, forgiving) for word in loose))
        if joined:
            yield from (each for each in joined_words(text) if each in joined)


def _matches(word: QueryWord, form: str, stem: str, forgiving: bool) -> bool:  # noqa: FBT001 - an inner loop
    if word.stem == stem or (word.is_prefix and form.startswith(word.form)):
        return True
    return forgiving and word.typos > 0 and within_distance(word.stem, stem, word.typos)


def is_misspelled(word: QueryWord, stems: Collection[str]) -> bool:
    """Return whether one of `stems` is the word with typos that are forgiven."""
    return word.typos > 0 and any(within_distance(word.stem, stem, word.typos) for stem in stems)


def within_distance(one: str, other: str, most: int) -> bool:
    """Return whether two words differ by at most `most` insertions, deletions, replacements and swaps of neighbours."""
    if abs(len(one) - len(other)) > most:
        return False
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
    return any(_contains([token.form for token in tokens(text)], phrase) for _, texts in _fields(document) for text in texts)


def _contains(words: list[str], phrase: tuple[str, ...]) -> bool:
    length = len(phrase)
    return any(tuple(words[place : place + length]) == phrase for place in range(len(words) - length + 1))
