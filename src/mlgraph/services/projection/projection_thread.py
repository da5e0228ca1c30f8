"""The thread of a projection: it repeats steps until there is nothing to do, survives failures, and lets callers wait for it."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from typing import Final

from mlgraph.domain.errors import MlgraphError, NotReadYet

_log = logging.getLogger(__name__)

_MOST_PAUSE_S: Final = 5.0
"""Longest pause after failures, each of which doubles the pause."""
_STOP_S: Final = 30.0


class ProjectionThread(ABC):
    """Base class of projections that follow the log, each in a thread of its own. Thread-safe but for `start` and `stop`."""

    def __init__(self, thread_name: str, noun: str, poll_s: float) -> None:
        """`noun` names the projection in messages, such as "the graph"; without a nudge it steps every `poll_s` seconds."""
        self._thread_name = thread_name
        self._noun = noun
        self._poll_s = poll_s
        self._published = threading.Condition()
        self._wake = threading.Event()
        self._waiting = 0
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.failure: str | None = None
        """Why the latest step failed; None if it did not."""

    @property
    @abstractmethod
    def watermark(self) -> int:
        """The last transaction that answers include."""

    @property
    def is_available(self) -> bool:
        """Whether the projection answers; False while it is being built for the first time."""
        return True

    @abstractmethod
    def step(self) -> bool:
        """Do one part of the work; return whether there was something to do."""

    @abstractmethod
    def _rest(self, took_s: float) -> None:
        """Pause after a step that took `took_s` seconds and did something."""

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._follow, name=self._thread_name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and wait for it."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=_STOP_S)

    def nudge(self) -> None:
        """Wake the thread: something was appended."""
        self._wake.set()

    def wait_for(self, watermark: int, timeout_s: float) -> None:
        """Return once answers include transaction `watermark`. Raises `NotReadYet` after `timeout_s` seconds."""
        until = time.monotonic() + timeout_s
        with self._published:
            self._waiting += 1
            self._wake.set()
            try:
                while self.watermark < watermark or not self.is_available:
                    remaining_s = until - time.monotonic()
                    if remaining_s <= 0:
                        raise NotReadYet(f"{self._noun} is at watermark {self.watermark}, {watermark} was requested: try again")
                    self._published.wait(remaining_s)
            finally:
                self._waiting -= 1

    def _follow(self) -> None:
        pause = self._poll_s
        while not self._stopping:
            self._wake.clear()
            try:
                while self._timed_step():
                    pass
                pause = self._poll_s
            except MlgraphError as error:
                self._failed(error.detail)
                pause = min(pause * 2, _MOST_PAUSE_S)
            except Exception as error:  # the thread must survive any failure; /readyz and the log report it
                _log.exception("%s could not be brought up to date", self._noun)
                self._failed(str(error))
                pause = min(pause * 2, _MOST_PAUSE_S)
            self._wake.wait(pause)

    def _timed_step(self) -> bool:
        if self._stopping:
            return False
        started = time.monotonic()
        stepped = self.step()
        self.failure = None
        if stepped:
            self._rest(time.monotonic() - started)
        return stepped and not self._stopping

    def _failed(self, reason: str) -> None:
        if self.failure != reason:
            _log.warning("%s lags: %s", self._noun, reason)
        self.failure = reason
