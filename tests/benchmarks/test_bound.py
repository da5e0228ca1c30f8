"""The cost model on a graph small enough to count by hand, and the measured rate."""

from __future__ import annotations

import numpy as np

from benchmarks.bound import random_reads_per_s, touched
from benchmarks.reachability import CompressedRows, distances, first_that_reach


def rows(nodes: int, pairs: list[tuple[int, int]]) -> CompressedRows:
    source, target = (np.array(column, np.int32) for column in zip(*pairs, strict=True))
    return CompressedRows.of(nodes, source, target, np.ones(len(pairs), np.bool_))


def test_lines_are_counted_once_each() -> None:
    # Nodes 0, 1 and 1000 have offsets 0, 8 and 8000 in the index and 0, 4 and 4000 in the marks: two lines each. The three rows
    # have 24 bytes each and span two lines; the third one crosses the end of the first line.
    graph = rows(2000, [(0, 1), (0, 1000), (1, 1000)])
    visited, _ = distances(graph, 0)
    # Touches: 3 index entries, 1 and 2 lines of rows, and the marks of 3 rows and of the root.
    assert touched(graph, np.ones(3, np.bool_), visited) == (2 + 2 + 2, 3 + 3 + 4)


def test_rows_over_several_lines_and_closed_rows() -> None:
    # 100 rows of 24 bytes are 2,400 bytes: 38 lines. If all of them are closed, only the root's mark is read.
    graph = rows(200, [(0, 100 + number) for number in range(100)])
    root = np.array([0], np.int32)
    assert touched(graph, np.zeros(100, np.bool_), root) == (1 + 1 + 38, 1 + 1 + 38)
    marks = len({number * 4 // 64 for number in (0, *range(100, 200))})
    assert touched(graph, np.ones(100, np.bool_), root) == (1 + marks + 38, 1 + 101 + 38)


def test_reads_of_small_memory_are_faster_than_of_large() -> None:
    assert random_reads_per_s(4096) > random_reads_per_s(256 << 20) > 1e6


def test_the_shortest_prefix_with_a_large_enough_closure_is_counted() -> None:
    graph = rows(8, [(0, 1), (1, 2), (3, 4), (5, 6)])
    order = np.array([3, 0, 5], np.int32)
    assert [first_that_reach(graph, order, wanted) for wanted in (0, 1, 2, 3, 5, 6, 8)] == [0, 1, 1, 2, 2, 3, 3]
