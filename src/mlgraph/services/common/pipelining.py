"""Two-stage pipelines: write-behind (store a chunk while the next is read) and prefetch (read a chunk while one is processed)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

S = TypeVar("S")
T = TypeVar("T")


class WriteBehind(Generic[T]):
    """Passes chunks to `store` one at a time in a thread of its own; at most one chunk is pending.

    As a context manager, it waits for the pending chunk at the end of the block, also after an exception.
    """

    def __init__(self, store: Callable[[T], None]) -> None:
        self._store = store
        self._thread: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def submit(self, chunk: T) -> None:
        """Start to store a chunk as soon as the previous one is stored. Raises the error of storing the previous one."""
        self._wait_for_pending()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "mlgraph-store")
        self._pending = self._thread.submit(self._store, chunk)

    def finish(self, chunk: T) -> None:
        """Store the last chunk, and return when all are stored. Raises the error of storing any of them."""
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
    """Yield each part with the result of `read`, while a thread reads the next part. Raises the errors of `read`."""
    with ThreadPoolExecutor(1, "mlgraph-read") as thread:
        waiting: tuple[S, Future[T]] | None = None
        for part in parts:
            ready, waiting = waiting, (part, thread.submit(read, part))
            if ready is not None:
                yield ready[0], ready[1].result()
        if waiting is not None:
            yield waiting[0], waiting[1].result()
