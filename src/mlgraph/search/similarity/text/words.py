"""Words of names and texts as search splits them, with the endings of words cut and the stop words of plans left out.

The stem is that of meaning (`shipped` and `shipping` are `ship`): search itself compares words as they are written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from mlgraph.search.words import name_parts

MAX_TEXT_CHARS: Final = 20_000
"""Characters of one text that are read; a plan is split into passages before."""
_HEXADECIMAL: Final = re.compile(r"\b(?=[0-9a-f-]*\d)(?=[0-9a-f-]*[a-f])[0-9a-f-]{8,}\b", re.IGNORECASE)
"""Digests and UUIDs: they say nothing, and each is a new word."""
_MAX_DIGITS: Final = 8


def listed(text: str) -> list[str]:
    """Return the words of a text between spaces, for lists of words in code."""
    return text.split()


STOP_WORDS: Final = frozenset(
    listed("""
    a about above across after again against all also an and any are as at back be because been before being below between
    both but by can could did do does doing done down during each either etc every few for from further get give given had
    has have having he her here hers him his how i if in into is it its itself just kept know less let like ll made make
    makes many may me might more most much must my near need needs neither new next no nor not now of off often on once one
    only onto or other our out over own per plan plus put rather re same see several shall she should since so some still
    such take than that the their them then there these they thing things this those through thus to together too toward
    under until up upon us use used useful uses using very via want wants was way we well were what when where whether which
    while who whom whose why will with within without would yes yet you your please build building built create created
    creating produce produces produced provide provides provided containing contains contain based let's hello team
    currently idea goal would-be
""")
)
"""Words without a meaning of their own in names and descriptions of assets, and those of every plan."""


def split(text: str) -> Iterator[str]:
    """Yield the words of a text in order as search has them (`name_parts`), without digests and long numbers, not stemmed."""
    for word in name_parts(_HEXADECIMAL.sub(" ", text[:MAX_TEXT_CHARS])):
        if not (word.isdigit() and len(word) > _MAX_DIGITS):
            yield word


@lru_cache(1 << 16)
def stem(word: str) -> str:
    """Return the word without the endings of English plurals, participles and gerunds; short words stay as they are."""
    if len(word) <= 3 or not word.isascii() or word.isdigit():
        return word
    for ending, replacement, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return _undoubled(word[: len(word) - len(ending)] + replacement, ending)
    return word


_ENDINGS: Final = (
    ("ations", "at", 3), ("ation", "at", 3), ("ments", "ment", 3), ("ities", "ity", 3), ("ically", "ic", 3), ("ings", "", 3),
    ("sses", "ss", 2), ("ches", "ch", 2), ("shes", "sh", 2), ("xes", "x", 2), ("zes", "z", 3), ("ies", "y", 2), ("ing", "", 3),
    ("ied", "y", 2), ("ed", "", 3), ("ss", "ss", 1), ("us", "us", 2), ("is", "is", 2), ("es", "", 3), ("s", "", 3), ("ly", "", 4),
    ("e", "", 4),
)  # fmt: skip
"""Ending, what takes its place, and the least number of letters before it; the first that fits is cut."""


def _undoubled(base: str, ending: str) -> str:
    """Return the base of a participle or gerund with a doubled consonant undone (`shipped` and `ship`), and a silent e cut."""
    if ending in ("ing", "ings", "ed") and len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeiouls":
        base = base[:-1]
    return base[:-1] if len(base) > 3 and base[-1] == "e" and ending in ("es", "s") else base


def words(text: str) -> list[str]:
    """Return the stemmed words of a text in order, without stop words and single letters."""
    return [stem(word) for word in split(text) if is_meaningful(word)]


def is_meaningful(word: str) -> bool:
    """Return whether a split word is neither a stop word nor a single letter or digit."""
    return word not in STOP_WORDS and (len(word) > 1 or not word.isascii())


def distinct(listed: Iterable[str], most: int) -> list[str]:
    """Return the first `most` distinct words in order."""
    found: dict[str, None] = {}
    for word in listed:
        if word not in found:
            if len(found) == most:
                break
            found[word] = None
    return list(found)


def hashed(text: str, size: int = 4) -> int:
    """Return a number of `size` bytes for a text, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=size).digest(), "big")
