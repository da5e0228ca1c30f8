"""Group commit: appends that wait for their turn at the same time share one transaction, and each knows when it is durable.

The disk takes as long to confirm a transaction of one event as one of fifty; under load, the events that came in meanwhile
go together.
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
"""Entries that share a transaction at most; a larger append has one to itself."""

Write = Callable[[Sequence[Item], Actor], Appended]
Done = Callable[[Appended | BaseException], None]


class _Request:
    """One append that waits: its outcome, once there is one, and who is told then.

    That is `done`, or else the thread that waits for `wake`, a lock which is free when it need not wait any longer.
    """

    __slots__ = ("actor", "done", "entries", "outcome", "wake")

    def __init__(self, entries: Sequence[Item], actor: Actor, done: Done | None = None) -> None:
        self.entries = entries
        self.actor = actor
        self.done = done
        self.outcome: Appended | BaseException | None = None
        self.wake = threading.Lock()
        self.wake.acquire()

    def end(self) -> None:
        """Tell that there is an outcome."""
        if self.outcome is None:
            self.outcome = _interrupted()
        if self.done is None:
            self.wake.release()
            return
        try:
            self.done(self.outcome)
        except Exception:  # the others of its group must hear too
            _log.exception("nobody could be told what became of an append")


class GroupCommit:
    """Lets appends through in the order in which they came, one transaction at a time.

    Whoever's turn it is writes for all that wait behind it and speak for the same actor, as far as they fit together.
    """

    def __init__(self, write: Write) -> None:
        """Write with `write`, which is never called by two threads at once."""
        self._write = write
        self._guard = threading.Lock()
        self._waiting: deque[_Request] = deque()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, "mlgraph-append")

    def submit(self, entries: Sequence[Item], actor: Actor) -> Appended:
        """Return what became of `entries` once they are durable, or raise why they are not."""
        request = _Request(entries, actor)
        with self._guard:
            self._waiting.append(request)
            waits, self._busy = self._busy, True
        if waits:
            request.wake.acquire()  # until somebody wrote for us, or it is our turn to write
        if request.outcome is None:
            self._commit_and_pass_lock()
        if isinstance(request.outcome, Appended):
            return request.outcome
        raise request.outcome or _interrupted()

    def submit_async(self, entries: Sequence[Item], actor: Actor, done: Done) -> None:
        """Append as `submit` does, in a thread that all who do not wait share; `done` is called there with what came of it."""
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
                request.end()

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
            except Exception as error:  # one of them is at fault: each by itself then, and the others go through
                _log.info("%d appends go one by one after all: %s", len(group), error)
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
    return Unavailable("the append was interrupted; what is stored of it is not known: send it again")
