"""Orders of texts that ignore the case of ASCII letters, and lookups in them: by the end of a text, or by the complete text.

An order lists the numbers of texts sorted by their folded bytes, read forwards or backwards. All texts with one beginning, or
with one end, are neighbours in it.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.csr.text.string_index import Strings, bytewise_order
from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs

_UPPER_A, _UPPER_Z, _TO_LOWER = 65, 90, 32
_FORWARDS, _BACKWARDS = 1, -1


def order_by_end(strings: Strings) -> Ints:
    """Return the numbers of all texts in order of their folded bytes from the last to the first."""
    data = _folded(strings.data)[::-1].copy()
    offsets = len(data) - strings.offsets
    return _order(offsets[1:], offsets[:-1], data)


def order_by_text(strings: Strings) -> Ints:
    """Return the numbers of the texts that are not empty, in order of their folded bytes."""
    named = np.flatnonzero(np.diff(strings.offsets)).astype(np.int32)
    return named[_order(strings.offsets[named], strings.offsets[named + 1], _folded(strings.data))]


def _order(starts: Longs, ends: Longs, data: Bytes) -> Ints:
    """Return the numbers of the texts data[starts[i]:ends[i]] in bytewise order.

    Most texts differ in their first bytes, by which numpy sorts several times as fast.
    """
    first, second = (_eight_bytes(starts, ends, data, skipped) for skipped in (0, 8))
    order = np.lexsort((second, first)).astype(np.int32)
    same = (first[order[1:]] == first[order[:-1]]) & (second[order[1:]] == second[order[:-1]])
    tied = np.zeros(len(order), np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    others = order[tied]
    order[tied] = others[bytewise_order(starts[others], ends[others], data)]
    return order


@numba.njit(cache=True, nogil=True)
def _eight_bytes(starts: Longs, ends: Longs, data: Bytes, skipped: int) -> NDArray[np.uint64]:
    """Return eight bytes of each text after the `skipped` ones as a number that orders like them; missing ones are zero."""
    found = np.zeros(len(starts), np.uint64)
    for number in range(len(starts)):
        for place in range(starts[number] + skipped, starts[number] + skipped + 8):
            byte = data[place] if place < ends[number] else np.uint8(0)
            found[number] = found[number] << np.uint64(8) | np.uint64(byte)
    return found


def _folded(data: Bytes) -> Bytes:
    upper = (data >= _UPPER_A) & (data <= _UPPER_Z)
    return data + upper * np.uint8(_TO_LOWER)


def with_end(strings: Strings, order: Ints, text: bytes) -> Ints:
    """Return the texts that end in `text`, whatever the case; `order` is that of `order_by_end`."""
    sought = np.frombuffer(text.lower()[::-1], np.uint8)
    low, high = (_bound(strings.offsets, strings.data, order, sought, _BACKWARDS, after) for after in (0, 1))
    return order[low:high]


def equal_to(strings: Strings, order: Ints, text: bytes) -> Ints:
    """Return the texts that equal `text`, whatever the case; `order` is that of `order_by_text`."""
    sought = np.frombuffer(text.lower(), np.uint8)
    low, high = (_bound(strings.offsets, strings.data, order, sought, _FORWARDS, after) for after in (0, 1))
    found = order[low:high]
    return found[strings.offsets[found + 1] - strings.offsets[found] == len(sought)]


def have_case(strings: Strings, numbers: Ints, text: bytes) -> Bools:
    """Return of each of these texts whether it ends in exactly `text`."""
    return _have_end(strings.offsets, strings.data, numbers, np.frombuffer(text, np.uint8))


@numba.njit(cache=True, nogil=True)
def _bound(offsets: Longs, data: Bytes, order: Ints, sought: Bytes, direction: int, after: int) -> int:
    """Return the first place in `order` of a text that begins with `sought` or comes after it; with `after` 1, only after it."""
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) >> 1
        start, end = offsets[order[middle]], offsets[order[middle] + 1]
        before = after == 1  # a text that begins with `sought`
        for step in range(len(sought)):
            if step >= end - start:
                before = True
                break
            byte = data[end - 1 - step] if direction == _BACKWARDS else data[start + step]
            if _UPPER_A <= byte <= _UPPER_Z:
                byte += np.uint8(_TO_LOWER)
            if byte != sought[step]:
                before = byte < sought[step]
                break
        if before:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(cache=True, nogil=True)
def _have_end(offsets: Longs, data: Bytes, numbers: Ints, text: Bytes) -> Bools:
    found = np.zeros(len(numbers), np.bool_)
    for place in range(len(numbers)):
        end = offsets[numbers[place] + 1]
        if end - offsets[numbers[place]] < len(text):
            continue
        same = True
        for step in range(len(text)):
            if data[end - len(text) + step] != text[step]:
                same = False
                break
        found[place] = same
    return found
