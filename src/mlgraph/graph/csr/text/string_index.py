"""String index: short texts in one byte array with offsets, a hash table and a bytewise order, mappable from a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs

_FNV_OFFSET: Final = np.uint64(0xCBF29CE484222325)
_FNV_PRIME: Final = np.uint64(0x100000001B3)


@dataclass(frozen=True, slots=True)
class Strings:
    """Texts by number: text `i` is the UTF-8 in `data[offsets[i]:offsets[i + 1]]`. `offsets` int64[n + 1], `data` uint8."""

    offsets: Longs
    data: Bytes

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> str:
        return self.data[self.offsets[number] : self.offsets[number + 1]].tobytes().decode()

    def many(self, numbers: Sequence[int] | NDArray[np.integer]) -> list[str]:
        """Return the texts with these numbers."""
        chosen = np.asarray(numbers, np.int64)
        starts, ends = self.offsets[chosen].tolist(), self.offsets[chosen + 1].tolist()
        data = memoryview(self.data)  # type: ignore[arg-type] # numpy's types do not declare arrays as buffers
        return [str(data[start:end], "utf-8") for start, end in zip(starts, ends, strict=True)]


class StringsBuilder:
    """Builds `Strings` from texts in order."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._lengths: list[NDArray[np.int64]] = []
        self._count = 0

    def extend(self, texts: Iterable[str]) -> None:
        """Append texts."""
        encoded = [text.encode() for text in texts]
        self._lengths.append(np.fromiter(map(len, encoded), np.int64, len(encoded)))
        self._data += b"".join(encoded)
        self._count += len(encoded)

    def __len__(self) -> int:
        return self._count

    def finish(self) -> Strings:
        """Return the texts added. Nothing can be added afterwards."""
        lengths = np.concatenate([np.zeros(1, np.int64), *self._lengths])
        return Strings(np.cumsum(lengths), np.frombuffer(self._data, np.uint8))


@numba.njit(cache=True, nogil=True)
def _hash(data: Bytes, start: int, end: int) -> int:
    """Return the 64-bit FNV-1a hash of data[start:end] with a final mix, so that its low bits can index a table."""
    value = _FNV_OFFSET
    for position in range(start, end):
        value = (value ^ np.uint64(data[position])) * _FNV_PRIME
    return value ^ (value >> np.uint64(29))  # type: ignore[return-value] # compiled code returns the uint64 itself


@numba.njit(cache=True, nogil=True)
def _same(left: Bytes, a: int, b: int, right: Bytes, c: int, d: int) -> bool:
    if b - a != d - c:
        return False
    for step in range(b - a):
        if left[a + step] != right[c + step]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def hash_table(offsets: Longs, data: Bytes, size: int) -> Ints:
    """Return an open-addressing table (int32[size], a power of two; -1: empty) of the numbers of all texts but the empty ones."""
    table = np.full(size, -1, np.int32)
    mask = np.uint64(size - 1)
    for number in range(len(offsets) - 1):
        if offsets[number] == offsets[number + 1]:
            continue
        place = _hash(data, offsets[number], offsets[number + 1]) & mask
        while table[place] >= 0:
            place = (place + np.uint64(1)) & mask
        table[place] = number
    return table


@numba.njit(cache=True, nogil=True)
def _find(offsets: Longs, data: Bytes, table: Ints, text: Bytes) -> int:
    mask = np.uint64(len(table) - 1)
    place = _hash(text, 0, len(text)) & mask
    while table[place] >= 0:
        number = table[place]
        if _same(data, offsets[number], offsets[number + 1], text, 0, len(text)):
            return number
        place = (place + np.uint64(1)) & mask
    return -1


def find(strings: Strings, table: Ints, text: str) -> int | None:
    """Return the number of a text, or None."""
    if not len(table) or not text:
        return None
    number = _find(strings.offsets, strings.data, table, np.frombuffer(text.encode(), np.uint8))
    return number if number >= 0 else None


def table_size(count: int) -> int:
    """Return the size of a hash table for `count` keys: a power of two, at most half full."""
    return 1 << max(4, (2 * count).bit_length())


@numba.njit(cache=True, nogil=True)
def _less(data: Bytes, a: int, b: int, c: int, d: int) -> bool:
    """Return whether data[a:b] precedes data[c:d] in bytewise order; a proper prefix precedes."""
    length = min(b - a, d - c)
    for step in range(length):
        left, right = data[a + step], data[c + step]
        if left != right:
            return left < right
    return b - a < d - c


@numba.njit(cache=True, nogil=True)
def bytewise_order(starts: Longs, ends: Longs, data: Bytes) -> Ints:
    """Return the numbers of the texts data[starts[i]:ends[i]] in bytewise order (by a stable merge sort)."""
    count = len(starts)
    numbers = np.arange(count).astype(np.int32)
    other = np.empty(count, np.int32)
    width = 1
    while width < count:
        for low in range(0, count, 2 * width):
            middle, high = min(low + width, count), min(low + 2 * width, count)
            i, j = low, middle
            for place in range(low, high):
                if i >= middle:
                    take_left = False
                elif j >= high:
                    take_left = True
                else:
                    left, right = numbers[i], numbers[j]
                    take_left = not _less(data, starts[right], ends[right], starts[left], ends[left])
                if take_left:
                    other[place] = numbers[i]
                    i += 1
                else:
                    other[place] = numbers[j]
                    j += 1
        numbers, other = other, numbers
        width *= 2
    return numbers


@numba.njit(cache=True, nogil=True)
def _lower_bound(offsets: Longs, data: Bytes, ordered: Ints, text: Bytes) -> int:
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) >> 1
        number = ordered[middle]
        a, b = offsets[number], offsets[number + 1]
        before = False
        decided = False
        for step in range(min(b - a, len(text))):
            if data[a + step] != text[step]:
                before = data[a + step] < text[step]
                decided = True
                break
        if not decided:
            before = b - a < len(text)
        if before:
            low = middle + 1
        else:
            high = middle
    return low


def lower_bound(strings: Strings, ordered: Ints, text: str) -> int:
    """Return how many of the texts precede `text`; `ordered` lists their numbers in bytewise order."""
    return int(_lower_bound(strings.offsets, strings.data, ordered, np.frombuffer(text.encode(), np.uint8)))


@numba.njit(cache=True, nogil=True)
def last_segments(starts: Longs, ends: Longs, data: Bytes) -> tuple[Longs, Longs]:
    """Return the starts and ends of the last segment of each path data[starts[i]:ends[i]]; negative starts stay unchanged."""
    begins = starts.copy()
    for number in range(len(starts)):
        place = ends[number]
        while starts[number] >= 0 and place > starts[number] and data[place - 1] != 47:
            place -= 1
        if starts[number] >= 0:
            begins[number] = place
    return begins, ends.copy()


@numba.njit(cache=True, nogil=True)
def contain_byte(starts: Longs, ends: Longs, data: Bytes, byte: int) -> Bools:
    """Return of each text data[starts[i]:ends[i]] whether it contains `byte`."""
    found = np.zeros(len(starts), np.bool_)
    for number in range(len(starts)):
        for place in range(starts[number], ends[number]):
            if data[place] == byte:
                found[number] = True
                break
    return found


@numba.njit(cache=True, nogil=True)
def equal_texts(starts: Longs, ends: Longs, data: Bytes, other_starts: Longs, other_ends: Longs, other: Bytes) -> Bools:
    """Return of each text data[starts[i]:ends[i]] whether it equals other[other_starts[i]:other_ends[i]]."""
    found = np.zeros(len(starts), np.bool_)
    for number in range(len(starts)):
        found[number] = _same(data, starts[number], ends[number], other, other_starts[number], other_ends[number])
    return found


@numba.njit(cache=True, nogil=True)
def namespace_starts(offsets: Longs, data: Bytes) -> Longs:
    """Return the position in `data` at which the namespace of each URI `mlg://KIND/NAMESPACE/NAME` begins."""
    starts = np.empty(len(offsets) - 1, np.int64)
    for number in range(len(starts)):
        place, slashes = offsets[number], 0
        while place < offsets[number + 1] and slashes < 3:
            if data[place] == 47:
                slashes += 1
            place += 1
        starts[number] = place
    return starts
