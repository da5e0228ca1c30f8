"""Equal requests that wait for their turn are sent once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any


class SharedRequests:
    """Lets callers that ask the same have one answer, as long as the request has not left.

    Once it has, it may be too old for whoever comes then: what they want to know may have changed since.
    """

    def __init__(self) -> None:
        """Nobody waits."""
        self._lock = threading.Lock()
        self._waiting: dict[Hashable, Future[Any]] = {}

    def ask(self, key: Hashable, send: Callable[[Callable[[], None]], Any], shared: Callable[[], None]) -> Any:  # noqa: ANN401 - it hands on whatever `send` returns
        """Return what `send` returns, or what another caller's `send` of this key does; `shared` is called in that case.

        `send` gets a function that it calls as the request leaves. What it raises is raised for all.
        """
        own: Future[Any] = Future()
        with self._lock:
            found = self._waiting.setdefault(key, own)
        if found is not own:
            shared()
            return found.result()

        def leaves() -> None:
            with self._lock:
                if self._waiting.get(key) is own:
                    del self._waiting[key]

        try:
            own.set_result(send(leaves))
        except BaseException as error:
            own.set_exception(error)
            raise
        finally:
            leaves()
        return own.result()
