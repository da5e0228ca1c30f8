"""The parts of a line, judged in compiled code: strings, names, URIs, times.

Each function is at least as strict as its counterpart in `mlgraph.domain.plain`: what it does not take, that one is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from mlgraph.domain.uri import MAX_URI_CHARS, SCHEME
from mlgraph.domain.vocabulary import INPUT_ROLES, KINDS, RELATIONS

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]
Names = npt.NDArray[np.uint8]
"""Names as rows: the length, then the bytes."""

NO_TIME: Final = -(2**63)
_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_SPACE: Final = ord(" ")
_SLASH: Final = ord("/")
_PERCENT: Final = ord("%")
_EQUALS: Final = ord("=")
_COLON: Final = ord(":")
_SCHEME_CHARS: Final = len(SCHEME)


def names(texts: Sequence[str]) -> Names:
    """Return ASCII names in the form in which compiled code looks them up."""
    rows = np.zeros((len(texts), 1 + max(map(len, texts))), np.uint8)
    for row, text in zip(rows, texts, strict=True):
        row[0] = len(text)
        row[1 : 1 + len(text)] = list(text.encode("ascii"))
    return rows


_KINDS: Final = names(tuple(KINDS))
_RELATIONS: Final = names(tuple(RELATIONS))
_ROLES: Final = names(INPUT_ROLES)
_ALLOWED: Final = np.array([[[relation.allows(a, b) for b in KINDS] for a in KINDS] for relation in RELATIONS.values()], np.uint8)
_SCHEME: Final = names((SCHEME,))
_UNRESERVED: Final = np.array(
    [chr(code).isascii() and (chr(code).isalnum() or chr(code) in "_.~-") for code in range(256)], np.uint8
)
_ESCAPED: Final = np.array([0 < code < 128 and not _UNRESERVED[code] for code in range(256)], np.uint8)
"""ASCII that is written as an escape in a canonical URI (RFC 3986, section 2.3), but NUL, which no URI may hold."""
_HEX: Final = np.array(["0123456789ABCDEF".find(chr(code)) for code in range(256)], np.int8)


@numba.njit(cache=True, nogil=True)
def spaces(text: Bytes, at: int, stop: int) -> int:
    """Return the first place from `at` on that holds no space."""
    while at < stop and text[at] == _SPACE:
        at += 1
    return at


@numba.njit(cache=True, nogil=True)
def string_end(text: Bytes, at: int, stop: int) -> int:
    """Return the place of the quote that ends the string beginning at `at`; -1 where there is none of plain ASCII."""
    if at >= stop or text[at] != _QUOTE:
        return -1
    for place in range(at + 1, stop):
        code = text[place]
        if code == _QUOTE:
            return place
        if code == _BACKSLASH or code < 32 or code > 126:
            return -1
    return -1


@numba.njit(cache=True, nogil=True)
def name_row(text: Bytes, begin: int, end: int, known: Names) -> int:
    """Return the row of `known` that holds text[begin:end], -1 where none does."""
    length = end - begin
    for row in range(known.shape[0]):
        if known[row, 0] == length:
            same = 0
            while same < length and known[row, 1 + same] == text[begin + same]:
                same += 1
            if same == length:
                return row
    return -1


@numba.njit(cache=True, nogil=True)
def relation_row(text: Bytes, begin: int, end: int) -> int:
    """Return the row of a relation in the vocabulary, -1 where it is none."""
    return name_row(text, begin, end, _RELATIONS)


@numba.njit(cache=True, nogil=True)
def is_role(text: Bytes, begin: int, end: int) -> bool:
    """Say whether it is the role of an input."""
    return name_row(text, begin, end, _ROLES) >= 0


@numba.njit(cache=True, nogil=True)
def allows(relation: int, source: int, target: int) -> bool:
    """Say whether the relation (its row) may lead from one kind (its row) to the other."""
    return bool(_ALLOWED[relation, source, target] != 0)


@numba.njit(cache=True, nogil=True)
def uri_kind(text: Bytes, begin: int, end: int) -> int:
    """Return the row of the kind of a canonical URI in ASCII; -1 for any other text."""
    kind_at = begin + _SCHEME_CHARS
    if end - begin > MAX_URI_CHARS or kind_at >= end or name_row(text, begin, kind_at, _SCHEME) < 0:
        return -1
    at = kind_at
    while at < end and text[at] != _SLASH:
        at += 1
    kind = name_row(text, kind_at, at, _KINDS)
    if kind < 0:
        return -1
    between = _part_end(text, at + 1, end)
    if between < 0 or between >= end or text[between] != _SLASH:
        return -1
    return kind if _part_end(text, between + 1, end) == end else -1


@numba.njit(cache=True, nogil=True)
def _part_end(text: Bytes, begin: int, end: int) -> int:
    """Return where a part of a URI ends, -1 where it is empty or not canonical."""
    at = begin
    while at < end:
        code = text[at]
        if _UNRESERVED[code] != 0:
            at += 1
        elif code == _PERCENT:
            if at + 2 >= end or _HEX[text[at + 1]] < 0 or _HEX[text[at + 2]] < 0:
                return -1
            if _ESCAPED[16 * _HEX[text[at + 1]] + _HEX[text[at + 2]]] == 0:
                return -1
            at += 3
        else:
            break
    return at if at > begin else -1


@numba.njit(cache=True, nogil=True)
def is_version(text: Bytes, begin: int, end: int) -> bool:
    """Say whether a text can hold no secret: no `=`, no URL."""
    for at in range(begin, end):
        code = text[at]
        if code == _EQUALS or (code == _COLON and at + 2 < end and text[at + 1] == _SLASH and text[at + 2] == _SLASH):
            return False
    return True


@numba.njit(cache=True, nogil=True, inline="always")
def _number(text: Bytes, begin: int, end: int) -> int:
    """Return the number that digits name, a large negative one where there is anything else."""
    found = 0
    for at in range(begin, end):
        digit = text[at] - 48
        if digit < 0 or digit > 9:
            return -1_000_000
        found = 10 * found + digit
    return found


@numba.njit(cache=True, nogil=True, inline="always")
def _is(text: Bytes, at: int, code: int) -> bool:
    return bool(text[at] == code)


@numba.njit(cache=True, nogil=True)
def moment(text: Bytes, begin: int, end: int) -> int:
    """Return the microseconds since the epoch that YYYY-MM-DDTHH:MM:SS[.digits]Z names; `NO_TIME` for what it is not sure of."""
    if end - begin < 20 or text[end - 1] != 90:  # Z
        return NO_TIME
    if not (
        _is(text, begin + 4, 45) and _is(text, begin + 7, 45) and _is(text, begin + 10, 84)  # - - T
        and _is(text, begin + 13, 58) and _is(text, begin + 16, 58)  # : :
    ):  # fmt: skip
        return NO_TIME
    year, month, day = _number(text, begin, begin + 4), _number(text, begin + 5, begin + 7), _number(text, begin + 8, begin + 10)
    hour, minute = _number(text, begin + 11, begin + 13), _number(text, begin + 14, begin + 16)
    second = _number(text, begin + 17, begin + 19)
    if year < 1 or month < 1 or month > 12 or day < 1 or day > _days_of(year, month):
        return NO_TIME
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 59:
        return NO_TIME
    micros = _fraction(text, begin + 19, end - 1)
    if micros < 0:
        return NO_TIME
    years, months = (year, month) if month > 2 else (year - 1, month + 12)
    # Days in the proleptic Gregorian calendar, counted from March (Richards, Explanatory Supplement, 15.11).
    days = 365 * years + years // 4 - years // 100 + years // 400 + (153 * (months - 3) + 2) // 5 + day - 1 - 719_468
    return ((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros


@numba.njit(cache=True, nogil=True)
def _days_of(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@numba.njit(cache=True, nogil=True)
def _fraction(text: Bytes, begin: int, end: int) -> int:
    """Return the microseconds of `.digits`, 0 where there are none, -1 where it is anything else."""
    if begin == end:
        return 0
    if not _is(text, begin, 46) or end - begin < 2 or end - begin > 10:  # . and no more than nanoseconds
        return -1
    micros = 0
    for place in range(6):
        digit = text[begin + 1 + place] - 48 if begin + 1 + place < end else 0
        if digit < 0 or digit > 9:
            return -1
        micros = 10 * micros + digit
    return micros if _number(text, begin + 1, end) >= 0 else -1
