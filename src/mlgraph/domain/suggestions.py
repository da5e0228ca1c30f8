"""What an error says of a word that nobody knows: the known word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], otherwise: str, *, quoted: bool = True) -> str:
    """Return "did you mean 'X'?" for the known word that is most like `word`; `otherwise`, where none is like it."""
    close = get_close_matches(word, list(known), n=1)
    if not close:
        return otherwise
    return f"did you mean {close[0]!r}?" if quoted else f"did you mean {close[0]}?"
