"""Group commit: appends that wait at the same time share one transaction; each returns when it is durable.

The disk confirms a transaction of fifty events as fast as a transaction of one. Under load, the events that arrive during a
commit are committed together.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from mlgraph.domain.errors import Unavailable
from mlgraph.ports.store import Actor, Appended, Item

_log = logging.getLogger(__name__)

MOST_TOGETHER: Final = 500
"""The maximum number of entries in a shared transaction. A larger append has its own transaction."""

Write = Callable[[Sequence[Item], Actor], Appended]
Done = Callable[[Appended | BaseException], None]


class _Request:
    """A waiting append and its outcome.

    The outcome is passed to `done`, or else to the thread that waits for the lock `wake`, which is released then.
    """

    __slots__ = ("actor", "done", "entries", "outcome", "wake")

    def __init__(self, entries: Sequence[Item], actor: Actor, done: Done | None = None) -> None:
        self.entries = entries
        self.actor = actor
        self.done = done
        self.outcome: Appended | BaseException | None = None
        self.wake = threading.Lock()
        self.wake.acquire()

    def complete(self) -> None:
        """Pass the outcome to the caller."""
        if self.outcome is None:
            self.outcome = _interrupted()
        if self.done is None:
            self.wake.release()
            return
        try:
            self.done(self.outcome)
        except Exception:  # the other requests of the group must be completed too
            _log.exception("the callback of an append failed")


class GroupCommit:
    """Commits appends in order of arrival, one transaction at a time.

    The thread that has the turn also writes the waiting requests of the same actor, up to `MOST_TOGETHER` entries.
    """

    def __init__(self, write: Write) -> None:
        """Write with `write`, which is called by one thread at a time."""
        self._write = write
        self._guard = threading.Lock()
        self._waiting: deque[_Request] = deque()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, "mlgraph-append")

    def submit(self, entries: Sequence[Item], actor: Actor) -> Appended:
        """Return the outcome once `entries` are durable. Raises the error of the write."""
        request = _Request(entries, actor)
        with self._guard:
            self._waiting.append(request)
            waits, self._busy = self._busy, True
        if waits:
            request.wake.acquire()  # until another thread wrote this request, or it is this thread's turn
        if request.outcome is None:
            self._commit_and_pass_lock()
        if isinstance(request.outcome, Appended):
            return request.outcome
        raise request.outcome or _interrupted()

    def submit_async(self, entries: Sequence[Item], actor: Actor, done: Done) -> None:
        """Append as `submit` does, in one background thread, which calls `done` with the outcome or the error."""
        with self._guard:
            self._waiting.append(_Request(entries, actor, done))
            waits, self._busy = self._busy, True
        if not waits:
            self._thread.submit(self._commit_and_pass_lock)

    def _commit_and_pass_lock(self) -> None:
        try:
            self._commit_groups()
        finally:
            self._pass_lock()

    def _commit_groups(self) -> None:
        group = self._next_group()
        try:
            self._write_together(group)
        finally:
            for request in group:
                request.complete()

    def _next_group(self) -> list[_Request]:
        with self._guard:
            group = [self._waiting.popleft()]
            size = len(group[0].entries)
            while self._waiting:
                following = self._waiting[0]
                size += len(following.entries)
                if size > MOST_TOGETHER or following.actor != group[0].actor:
                    break
                group.append(self._waiting.popleft())
            return group

    def _write_together(self, group: list[_Request]) -> None:
        if len(group) > 1:
            try:
                appended = self._write([entry for request in group for entry in request.entries], group[0].actor)
            except Unavailable as error:
                for request in group:
                    request.outcome = error
                return
            except Exception as error:  # one request is at fault: written one by one, the others succeed
                _log.info("a group of %d appends failed and is written one by one: %s", len(group), error)
            else:
                begin = 0
                for request in group:
                    end = begin + len(request.entries)
                    request.outcome = Appended(appended.tx, appended.new[begin:end])
                    begin = end
                return
        for request in group:
            try:
                request.outcome = self._write(request.entries, request.actor)
            except Exception as error:
                request.outcome = error

    def _pass_lock(self) -> None:
        with self._guard:
            if not self._waiting:
                self._busy = False
            elif self._waiting[0].done is None:
                self._waiting[0].wake.release()
            else:
                self._thread.submit(self._commit_and_pass_lock)


def _interrupted() -> Unavailable:
    return Unavailable("the append was interrupted, and it is not known whether it is stored: send it again")
