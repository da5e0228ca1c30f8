"""Suggestions in error messages for misspelled words: the most similar known word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], otherwise: str, *, quoted: bool = True) -> str:
    """Return "did you mean 'X'?" with the known word most similar to `word`; `otherwise` where none is similar."""
    close = get_close_matches(word, list(known), n=1)
    if not close:
        return otherwise
    return f"did you mean {close[0]!r}?" if quoted else f"did you mean {close[0]}?"
