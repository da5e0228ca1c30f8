"""Two halves of a load at once: while PostgreSQL stores one chunk, the next is read; while one is computed, it finds the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class WriteBehind(Generic[T]):
    """Hands chunks to `store`, one after the other, in a thread of its own; at most one waits to be stored.

    As a context manager: a chunk that was handed over is stored before the block is left, however it is left.
    """

    def __init__(self, store: Callable[[T], None]) -> None:
        self._store = store
        self._thread: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def submit(self, chunk: T) -> None:
        """Hand over a chunk once the one before it is stored. Raises what storing that one raised."""
        self._wait_for_pending()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "mlgraph-store")
        self._pending = self._thread.submit(self._store, chunk)

    def finish(self, chunk: T) -> None:
        """Store the last chunk, and return once all are. Raises what storing one of them raised."""
        self._wait_for_pending()
        self._store(chunk)

    def _wait_for_pending(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True)


def prefetch(read: Callable[[S], T], parts: Iterable[S]) -> Iterator[tuple[S, T]]:
    """Yield each part with what `read` returns for it; the next is read in a thread meanwhile. Raises what `read` raises."""
    with ThreadPoolExecutor(1, "mlgraph-read") as thread:
        waiting: tuple[S, Future[T]] | None = None
        for part in parts:
            ready, waiting = waiting, (part, thread.submit(read, part))
            if ready is not None:
                yield ready[0], ready[1].result()
        if waiting is not None:
            yield waiting[0], waiting[1].result()
