"""Deduplication of requests: equal requests that wait for their turn are sent once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any


class SharedRequests:
    """Gives callers with equal requests one answer, if they arrive before the request is sent.

    After that, the answer may be older than a change that a later caller wants to read.
    """

    def __init__(self) -> None:
        """Start without requests."""
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, Future[Any]] = {}

    def request(self, key: Hashable, send: Callable[[Callable[[], None]], Any], shared: Callable[[], None]) -> Any:  # noqa: ANN401 - the type that `send` returns
        """Return the result of `send`, or of another caller's `send` for this key; in that case `shared` is called.

        `send` must call its argument when the request is sent. An exception of `send` is raised for all callers.
        """
        own: Future[Any] = Future()
        with self._lock:
            found = self._waiting.setdefault(key, own)
        if found is not own:
            shared()
            return found.result()

        def on_send() -> None:
            with self._lock:
                if self._waiting.get(key) is own:
                    del self._waiting[key]

        try:
            own.set_result(send(on_send))
        except BaseException as error:
            own.set_exception(error)
            raise
        finally:
            on_send()
        return own.result()
