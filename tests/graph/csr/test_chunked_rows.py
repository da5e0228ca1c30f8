"""Chunked rows: every appended row is returned once and in order, for any sizes of pages and batches."""

from __future__ import annotations

import random

import numpy as np
import pytest

from mlgraph.graph.csr import chunked_rows as module
from mlgraph.graph.csr.chunked_rows import ChunkedRows


@pytest.mark.parametrize("page_rows", [1, 3, 100])
def test_all_rows_come_back_in_order(page_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS", page_rows)
    rng = random.Random(page_rows)
    pages, expected = ChunkedRows(), np.zeros((0, 4), np.int64)
    for _ in range(20):
        rows = np.array([[rng.randrange(2**62) for _ in range(4)] for _ in range(rng.randrange(8))], np.int64).reshape(-1, 4)
        pages.extend(*rows.T)
        expected = np.concatenate([expected, rows])
        assert len(pages) == len(expected)
    taken = pages.take()
    assert max(map(len, taken)) <= page_rows
    assert np.array_equal(np.concatenate(taken), expected)
    assert (len(pages), pages.take()) == (0, [])
