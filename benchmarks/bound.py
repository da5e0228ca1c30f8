"""Memory bound of a closure: the machine's rate of random reads, and the cache lines that a closure must read.

The model: a traversal of compressed sparse rows reads, for every visited node, the entry of the index (8 bytes) and its rows
(24 bytes each: neighbour and kind of the edge, valid_from and valid_to to the microsecond), closed ones included; and for every
neighbour of a valid edge, the visit mark (4 bytes). Cache lines have 64 bytes; nodes are numbered domain by domain. Queue and
distances are written sequentially and are not counted. Two counts are taken: *lines* counts distinct lines, as if every repeated
read hit the cache, so that no traversal of such arrays can read fewer; *touches* counts every access that starts a line, as if no
read hit the cache. The bound is the number of lines divided by the measured rate of independent random reads of one line each,
over as many bytes as the arrays have.
"""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.company import Company
from benchmarks.layout import Ints, Longs
from benchmarks.reachability import CompressedRows

LINE_BYTES: Final = 64
INDEX_BYTES: Final = 8
ROW_BYTES: Final = 24
MARK_BYTES: Final = 4
_READS: Final = 20_000_000
_ROUNDS: Final = 5


def array_bytes(company: Company) -> int:
    """Return the size in bytes of index, rows and marks of one direction."""
    return company.layout.nodes * (INDEX_BYTES + MARK_BYTES) + len(company.edges) * ROW_BYTES


def random_reads_per_s(size_bytes: int) -> float:
    """Return the rate of independent random line reads of one thread in `size_bytes` of memory; best of five rounds."""
    lines = max(1, size_bytes // LINE_BYTES)
    memory = np.ones(lines * (LINE_BYTES // 8), np.uint64)
    best = np.inf
    _read(memory, 1000, np.uint64(lines), np.uint64(0))
    for number in range(_ROUNDS):
        started_at = time.perf_counter()
        _read(memory, _READS, np.uint64(lines), np.uint64(number))
        best = min(best, time.perf_counter() - started_at)
    return _READS / best


class LineCounts(NamedTuple):
    """Reads of a closure: distinct lines, and line accesses without a cache."""

    lines: int
    touches: int


def touched(every: CompressedRows, valid: NDArray[np.bool_], visited: Ints) -> LineCounts:
    """Return the reads of a closure with the nodes `visited`, the root first.

    `every` are the rows of all edges, closed ones included; `valid` is the mask of valid edges in the order of those rows.
    """
    first, last = every.indptr[visited], every.indptr[visited + 1]
    rows = _ranges(first, last)
    marked = np.append(every.to[rows[valid[rows]]], visited[:1])
    index = _distinct(visited.astype(np.int64) * INDEX_BYTES)
    marks = _distinct(marked.astype(np.int64) * MARK_BYTES)
    ends = np.concatenate([rows * ROW_BYTES, rows * ROW_BYTES + ROW_BYTES - 1])
    row_lines = (last * ROW_BYTES - 1) // LINE_BYTES - first * ROW_BYTES // LINE_BYTES + 1
    own_lines = int(row_lines[last > first].sum())
    return LineCounts(index + marks + _distinct(ends), len(visited) + own_lines + len(marked))


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
    """Read one word of `reads` lines. Their addresses depend on the counter only, so that no read waits for another one."""
    total = np.uint64(0)
    state = seed << np.uint64(40)
    for _ in range(reads):
        state += np.uint64(0x9E3779B97F4A7C15)  # Weyl sequence, mixed as in splitmix64
        mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        line = ((mixed & np.uint64(0xFFFFFFFF)) * lines) >> np.uint64(32)
        total += memory[line * np.uint64(8)]
    return total
