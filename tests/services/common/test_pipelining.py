"""Pipelines keep the order of their chunks, overlap two of them, and raise errors of either stage."""

from __future__ import annotations

import threading

import pytest

from mlgraph.services.common.pipelining import WriteBehind, prefetch


def test_chunks_are_stored_in_order_while_the_next_is_read() -> None:
    stored: list[int] = []
    may_store = threading.Event()

    def store(chunk: int) -> None:
        assert may_store.wait(10)
        stored.append(chunk)

    with WriteBehind[int](store) as write_behind:
        write_behind.submit(1)
        assert stored == []  # the first is still being stored, and the caller continues
        may_store.set()
        write_behind.submit(2)
        assert stored[:1] == [1]
        write_behind.finish(3)
    assert stored == [1, 2, 3]


def test_submitted_chunks_are_stored_although_reading_fails() -> None:
    stored: list[int] = []

    def load() -> None:
        with WriteBehind[int](stored.append) as write_behind:
            write_behind.submit(1)
            write_behind.submit(2)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        load()
    assert stored == [1, 2]


def test_a_chunk_that_cannot_be_stored_ends_the_load() -> None:
    stored: list[int] = []

    def store(chunk: int) -> None:
        if chunk == 1:
            raise OSError("full")
        stored.append(chunk)

    def load() -> None:
        with WriteBehind[int](store) as write_behind:
            write_behind.submit(1)
            write_behind.finish(2)

    with pytest.raises(OSError, match="full"):
        load()
    assert stored == []


def test_prefetch_yields_parts_in_order_and_reads_one_part_early() -> None:
    parts_read: list[int] = []

    def read(part: int) -> int:
        parts_read.append(part)
        return part * part

    found = prefetch(read, range(4))
    assert next(found) == (0, 0)
    assert list(found) == [(1, 1), (2, 4), (3, 9)]
    assert parts_read == [0, 1, 2, 3]
    assert list(prefetch(read, ())) == []


def test_an_error_of_reading_is_raised_at_its_part() -> None:
    def read(part: int) -> float:
        return 1 / part

    found = prefetch(read, [1, 0, 2])
    assert next(found) == (1, 1.0)
    with pytest.raises(ZeroDivisionError):
        next(found)
