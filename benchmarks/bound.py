"""What the memory of this machine allows: random reads a second, and how many lines a closure must touch.

The model: a walk over compressed sparse rows reads, of every node that it visits, the entry of the index (8 bytes) and its rows
(12 bytes each: neighbour, valid_from, valid_to), closed rows included; and of every neighbour that holds, the mark of visits (4
bytes). Lines have 64 bytes. Counted is every distinct line once, with nodes numbered domain by domain: what is read twice is
taken to be still in the cache, so that no walk over such arrays can touch fewer. Queue and distances are written in order and
are not counted. The bound is lines divided by the measured rate of independent random reads of one line each, over as many
bytes as the arrays have.
"""

from __future__ import annotations

import time
from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.company import Company
from benchmarks.layout import Ints, Longs
from benchmarks.reaching import CompressedRows

LINE_BYTES: Final = 64
INDEX_BYTES: Final = 8
ROW_BYTES: Final = 12
MARK_BYTES: Final = 4
_READS: Final = 20_000_000
_ROUNDS: Final = 5


def array_bytes(company: Company) -> int:
    """Return how many bytes index, rows and marks of one direction have."""
    return company.layout.nodes * (INDEX_BYTES + MARK_BYTES) + len(company.edges) * ROW_BYTES


def random_reads_per_s(size_bytes: int) -> float:
    """Return how many independent reads a second one thread does at random lines of `size_bytes` of memory; the best round."""
    lines = max(1, size_bytes // LINE_BYTES)
    memory = np.ones(lines * (LINE_BYTES // 8), np.uint64)
    best = np.inf
    _read(memory, 1000, np.uint64(lines), np.uint64(0))
    for number in range(_ROUNDS):
        began = time.perf_counter()
        _read(memory, _READS, np.uint64(lines), np.uint64(number))
        best = min(best, time.perf_counter() - began)
    return _READS / best


def lines_touched(every: CompressedRows, holding: NDArray[np.bool_], visited: Ints) -> int:
    """Return how many lines a closure over `visited` must touch.

    `every` are the rows of all edges, closed ones included, and `holding` says, in the order of those rows, which hold.
    """
    first, last = every.indptr[visited], every.indptr[visited + 1]
    rows = _ranges(first, last)
    marked = np.append(every.to[rows[holding[rows]]], visited[:1])
    index = _distinct(visited.astype(np.int64) * INDEX_BYTES)
    marks = _distinct(marked.astype(np.int64) * MARK_BYTES)
    ends = np.concatenate([rows * ROW_BYTES, rows * ROW_BYTES + ROW_BYTES - 1])
    return index + marks + _distinct(ends)


def _distinct(addresses: Longs) -> int:
    return len(np.unique(addresses // LINE_BYTES))


def _ranges(first: Longs, last: Longs) -> Longs:
    """Return all numbers of the ranges [first, last), one after the other."""
    many = last - first
    begins = np.cumsum(many) - many
    rows: Longs = np.arange(many.sum(), dtype=np.int64) + np.repeat(first - begins, many)
    return rows


@numba.njit(cache=True)
def _read(memory: NDArray[np.uint64], reads: int, lines: np.uint64, seed: np.uint64) -> np.uint64:
    """Read one word of so many lines; which ones depends on the count alone, so that reads do not wait for one another."""
    total = np.uint64(0)
    state = seed << np.uint64(40)
    for _ in range(reads):
        state += np.uint64(0x9E3779B97F4A7C15)  # Weyl sequence, mixed as in splitmix64
        mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        line = ((mixed & np.uint64(0xFFFFFFFF)) * lines) >> np.uint64(32)
        total += memory[line * np.uint64(8)]
    return total
