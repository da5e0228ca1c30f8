"""Splitting of names and texts into words, as the index and queries both do it.

A name is split at separators (`_ . / - : #` and the like), between letters and digits, and at capital letters, before its case is
folded. Text is normalised by NFKC, folded, and loses the diacritics of letters. Scripts that are written without spaces (Chinese,
Japanese, Korean, Thai) are split into overlapping pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

RULES_VERSION: Final = 1
"""Incremented whenever a text is split differently: an index of other rules is rebuilt."""
MAX_WORD_CHARS: Final = 64
"""Longer words are cut: a base64 blob in a description is one word."""

_CACHED_CHARS: Final = 1_000
_CACHED_NAME_CHARS: Final = 100
_ASCII_RUN: Final = re.compile(r"[A-Za-z0-9]+")
_ASCII_PART: Final = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
"""Parts of a run of letters and digits; `IDs` is one."""
_UNSPACED: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x4DBF),  # CJK extension A
    (0x4E00, 0x9FFF),  # CJK
    (0xAC00, 0xD7AF),  # Hangul
    (0xF900, 0xFAFF),  # CJK compatibility
    (0x20000, 0x3FFFF),  # CJK extensions
)
_STOP_WORDS: Final = (
    "a about all also an and any are as at be because been but by can could did do does each every for from had has have how i "
    "if in into is it its made may me might most my no not of on only onto or our per should so some such than that the their "
    "them then there these they this those through to us used uses using was we were what when where which while who whom "
    "whose why will with would you your"
)
STOP_WORDS: Final = frozenset(_STOP_WORDS.split())
"""Words that a query omits unless it has no other: they are in too many descriptions to say which one is meant."""
_IRREGULAR: Final = {
    "ids": "id",
    "ads": "ad",
    "ips": "ip",
    "dbs": "db",
    "indices": "index",
    "indexes": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "children": "child",
    "people": "person",
    "men": "man",
    "women": "woman",
    "criteria": "criterion",
    "analyses": "analysis",
    "hypotheses": "hypothesis",
    "aliases": "alias",
    "statuses": "status",
    "buses": "bus",
    "series": "series",
    "species": "species",
    "movies": "movie",
    "cookies": "cookie",
    "caches": "cache",
    "axes": "axis",
    "news": "news",
    "always": "always",
    "has": "has",
    "was": "was",
    "is": "is",
    "this": "this",
    "its": "its",
}


def folded(text: str) -> str:
    """Return a text in NFKC, without the diacritics of letters, and with its case folded."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    # Mn of Indic and Thai scripts are vowels: only those of Latin, Greek and Cyrillic letters are diacritics
    plain = "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    return unicodedata.normalize("NFKC", plain).casefold()


@lru_cache(1 << 16)
def singular(word: str) -> str:
    """Return the singular of a folded English word, by rules that err together for both of its forms.

    After Harman, "How effective is suffixing?" (JASIS 42, 1991), the S stemmer, with the plurals in -es that it splits wrongly.
    """
    known = _IRREGULAR.get(word)
    if known is not None:
        return known
    if len(word) < 4 or not word.endswith("s") or not word.isascii() or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "xes", "zzes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def name_parts(name: str) -> list[str]:
    """Return the folded words of a name in order: `customers7` is `customers`, `7`; `userId` and `USER-ID` are `user`, `id`."""
    return [part for run in identifiers(name) for part in run]


def identifiers(text: str) -> Sequence[Sequence[str]]:
    """Return for each run of letters and digits between separators its folded words, each of at most `MAX_WORD_CHARS` characters.

    Short texts are cached, because a document is split for each field that it has.
    """
    return _cached_identifiers(text) if len(text) <= _CACHED_CHARS else _identifiers(text)


def _identifiers(text: str) -> Sequence[Sequence[str]]:
    if text.isascii():
        return [*map(_ascii_parts, _ASCII_RUN.findall(text))]
    text = unicodedata.normalize("NFKC", text)
    found: list[list[str]] = []
    start: int | None = None
    for place, char in enumerate(text):
        inside = char.isalnum() or (start is not None and unicodedata.category(char)[0] == "M")
        if inside and start is None:
            start = place
        elif not inside and start is not None:
            found.append([*_parts_of_run(text[start:place])])
            start = None
    if start is not None:
        found.append([*_parts_of_run(text[start:])])
    return found


_cached_identifiers = lru_cache(1 << 12)(_identifiers)


def _ascii_parts(run: str) -> Sequence[str]:
    return _cached_ascii_parts(run) if len(run) <= MAX_WORD_CHARS else _split_ascii(run)


def _split_ascii(run: str) -> Sequence[str]:
    return tuple(part[:MAX_WORD_CHARS].lower() for part in _ASCII_PART.findall(run))


_cached_ascii_parts = lru_cache(1 << 16)(_split_ascii)


def _parts_of_run(run: str) -> Iterator[str]:
    """Yield the folded words of letters and digits without a separator between them."""
    if run.isascii():
        yield from _ascii_parts(run)
        return
    part, sort = "", ""
    for place, char in enumerate(run):
        found = _sort(char, sort)
        follows = run[place + 1 : place + 2]
        capital = found == "letter" and char.isupper()
        starts = found != sort or (capital and part and (not part[-1].isupper() or (follows.islower() and len(part) > 0)))
        if part and starts:
            yield from _words_of_part(part, sort)
            part = ""
        part, sort = part + char, found
    yield from _words_of_part(part, sort)


def _words_of_part(part: str, sort: str) -> Iterator[str]:
    text = folded(part)
    if sort != "unspaced" or len(text) == 1:
        yield text[:MAX_WORD_CHARS]
        return
    yield from (text[place : place + 2] for place in range(len(text) - 1))


def _sort(char: str, before: str) -> str:
    code = ord(char)
    if code >= _UNSPACED[0][0] and any(low <= code <= high for low, high in _UNSPACED):
        return "unspaced"
    if char.isdecimal():
        return "digit"
    return before if before and unicodedata.category(char)[0] == "M" else "letter"


def normal_form(name: str) -> str:
    """Return what all spellings of an identifier have in common: the singulars of its words, separated by spaces."""
    return _cached_normal_form(name) if len(name) <= _CACHED_NAME_CHARS else _normal_form(name)


def _normal_form(name: str) -> str:
    return " ".join(map(singular, name_parts(name)))


_cached_normal_form = lru_cache(1 << 14)(_normal_form)
