"""Wrong letters, as people type them: a letter left out, doubled, replaced, inserted, or swapped with its neighbour."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable
from typing import Final

FEWEST_LETTERS: Final = {1: 5, 2: 9}
"""Letters that a word must have, as typed too, for so many wrong ones to be forgiven."""
_TRIES: Final = 500


def one_typo(rng: random.Random, word: str) -> str:
    """Return `word` with one wrong letter; its first letter stays."""
    place = rng.randrange(1, len(word) - 1)
    letter = rng.choice(string.ascii_lowercase)
    return rng.choice(
        (
            word[:place] + word[place + 1 :],
            word[:place] + letter + word[place + 1 :],
            word[:place] + letter + word[place:],
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        )
    )


def with_typos(rng: random.Random, word: str, wrong: int, others: Iterable[str]) -> str:
    """Return `word` with `wrong` wrong letters, in such a way that it is nearer to it than to any of `others`.

    Raises `ValueError` if that is impossible.
    """
    for _ in range(_TRIES):
        typed = word
        for _ in range(wrong):
            typed = one_typo(rng, typed)
        if (
            len(typed) >= FEWEST_LETTERS[wrong]
            and distance(typed, word) == wrong
            and all(distance(typed, other) > wrong for other in others)
        ):
            return typed
    raise ValueError(f"every way to mistype {word!r} is near to another name")


def distance(left: str, right: str) -> int:
    """Return the optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.

    Source: Damerau, "A technique for computer detection and correction of spelling errors", CACM 7 (1964).
    """
    rows = [list(range(len(right) + 1))]
    for row, one in enumerate(left, 1):
        rows.append([row])
        for column, other in enumerate(right, 1):
            cost = min(rows[row - 1][column] + 1, rows[row][column - 1] + 1, rows[row - 1][column - 1] + (one != other))
            if row > 1 and column > 1 and one == right[column - 2] and left[row - 2] == other:
                cost = min(cost, rows[row - 2][column - 2] + 1)
            rows[row].append(cost)
    return rows[-1][-1]
