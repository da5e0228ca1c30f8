"""The clauses that a query is matched with, by words: which fields, with which weight, and how many words must match.

For each word the best field counts (disjunction-max), so that a document does not win because its word is in many fields. The
fields of names weigh most. A misspelled word is matched with a typo only if no name or column has it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from mlgraph.ports.search_index import Best, Clause, Every, IndexView, Phrase, Term, Typo, WordSum
from mlgraph.search.query_text import ParsedQuery, QueryWord
from mlgraph.search.words import singular

WEIGHTS: Final = {
    "name": 3.0,
    "names": 3.0,
    "joined": 3.0,
    "columns": 1.3,
    "tag_words": 1.5,
    "owner_words": 1.2,
    "text": 1.0,
    "place": 0.6,
}
"""Weight of each field of words in the score of a hit."""
_TYPO_FIELDS: Final = {"name": 9.0, "names": 9.0, "columns": 3.0}
"""Score of a word with a typo, by field: about that of a rare word in the field, because typos have no frequency."""

_EXPANSIONS: Final = 40
"""Words with which a prefix is continued, at most."""
PHRASE_FIELDS: Final = ("name", "names", "columns", "text", "tag_words", "owner_words")


def misspelled_words(query: ParsedQuery, view: IndexView) -> frozenset[str]:
    """Return the words (singulars) of a query that are long enough for typos, and that no name or column has."""
    return frozenset(
        word.stem
        for word in query.words
        if word.typos and not word.is_prefix and not any(view.frequency(field, word.stem) for field in _TYPO_FIELDS)
    )


def lexical_clause(query: ParsedQuery, view: IndexView, misspelled: Collection[str]) -> Clause:
    """Return the clause of a query. `misspelled` are the words for which typos are allowed."""
    words = [_word_clause(word, view, misspelled) for word in query.words]
    at_least = least_words(len(words))
    clauses: list[Clause] = [WordSum(tuple(words), at_least)] if words else []
    clauses += [phrase_clause(phrase) for phrase in query.phrases]
    found: Clause = clauses[0] if len(clauses) == 1 else Every(tuple(clauses))
    if query.joined and not query.phrases:
        joined = Best(tuple(Term("joined", word, WEIGHTS["joined"]) for word in query.joined))
        found = WordSum((found, joined))
    return found


def any_word_clause(query: ParsedQuery) -> Clause:
    """Return a clause that one word suffices for, without typos: what a longer text has in common with documents."""
    return WordSum(
        tuple(Best(tuple(Term(field, word.stem, weight) for field, weight in WEIGHTS.items())) for word in query.words)
    )


def least_words(words: int) -> int:
    """Return how many of the words of a query a hit must have: all of up to two, two thirds of more, rounded down."""
    return words if words <= 2 else max(2, words * 2 // 3) if words <= 6 else words // 2


def phrase_clause(phrase: tuple[str, ...]) -> Clause:
    """Return the clause of a quoted phrase; its words are matched as singulars, so the caller verifies the hits."""
    stems = tuple(map(singular, phrase))
    return Best(tuple(Phrase(field, stems, WEIGHTS[field]) for field in PHRASE_FIELDS))


def _word_clause(word: QueryWord, view: IndexView, misspelled: Collection[str]) -> Clause:
    clauses: list[Clause] = [Term(field, word.stem, weight) for field, weight in WEIGHTS.items()]
    if word.is_prefix:
        clauses += _prefix_clauses(word, view.continuations)
    elif word.stem in misspelled:
        clauses += [Typo(field, word.stem, word.typos, score) for field, score in _TYPO_FIELDS.items()]
    return Best(tuple(clauses))


def _prefix_clauses(word: QueryWord, continuations: Callable[[str, str, int], list[str]]) -> list[Clause]:
    """Return clauses of words that begin as the last word does, in fields of names; less weight than the word itself."""
    return [
        Term(field, longer, WEIGHTS[field] * 0.7)
        for field in ("name", "names", "joined", "columns", "tag_words", "owner_words", "text")
        for longer in continuations(field, word.form, _EXPANSIONS)
        if longer != word.stem
    ]
