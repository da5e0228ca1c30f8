"""uvicorn's HTTP/1.1 protocol with additional limits: on the head of a request, on stalled peers, on open connections.

An application sees a request only once its head is complete, and never sees how fast a peer reads the answer, so these limits
cannot be middleware. Refusals are RFC 9457 problems like all others; their statuses are defined by RFC 9110 and RFC 6585.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mlgraph.api.http.problems import MEDIA_TYPE, problem_bytes

MAX_HEAD_BYTES: Final = 64 * 1024
"""Limit of request line and headers together. A URI may be long, and a cursor contains one too."""
SPARE_FILES: Final = 200
"""File descriptors reserved for the server itself; connections may use the others that RLIMIT_NOFILE allows."""
MAX_URL_BYTES: Final = 32 * 1024
HEAD_TIME_S: Final = 30.0
"""Longest time from the first byte of a head to its last, and from the start of a connection to its first head, in seconds."""
LINGER_S: Final = 2.0
"""Time between the last byte of a refusal and the close of the connection, in seconds."""
STALL_S: Final = 60.0
"""Longest time in which a peer may read nothing of an answer, in seconds."""
_log = logging.getLogger(__name__)


def most_connections() -> int:
    """Return how many connections may be open at once; without free descriptors the server could not even refuse one."""
    return max(100, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES)


class BoundedHttp(HttpToolsProtocol):
    """The server side of one connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's parameters
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._in_head = True
        self._refused = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._unread_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Accept the connection, or refuse it if too many are open; start the timeout for the first head."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            self._refuse(503, f"too many connections at once: {most_connections()} may be open", "retry-after: 2\r\n")
        else:
            self._head_timer = self.loop.call_later(HEAD_TIME_S, self._head_too_slow)

    def data_received(self, data: bytes) -> None:
        """Parse bytes of the peer within the limits of the head."""
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(HEAD_TIME_S, self._head_too_slow)
        super().data_received(data)
        if self._in_head and not self._refused:
            if len(self.url or b"") > MAX_URL_BYTES:
                self._url_too_long()
            elif self._head_bytes > MAX_HEAD_BYTES:
                self._head_too_long()

    def on_headers_complete(self) -> None:
        """Check the limits of the complete head, then continue with the body."""
        head_bytes = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._end_head()
        if len(self.url) > MAX_URL_BYTES:
            self._url_too_long()
        elif head_bytes > MAX_HEAD_BYTES:
            self._head_too_long()
        else:
            super().on_headers_complete()
            return
        raise _Refused

    def on_message_complete(self) -> None:
        """Expect the next head."""
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that the parser rejected."""
        del msg
        if not self._refused:
            self._refuse(400, "the request is not valid HTTP/1.1 (RFC 9112)")

    def pause_writing(self) -> None:
        """Start the stall timeout: the peer reads more slowly than the answer is written."""
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        """Stop the stall timeout: the peer has read enough."""
        super().resume_writing()
        self._stop_watching_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel all timeouts."""
        self._end_head()
        self._stop_watching_reader()
        super().connection_lost(exc)

    def _end_head(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _watch_reader(self) -> None:
        self._unread_bytes = self.transport.get_write_buffer_size()
        self._stall_timer = self.loop.call_later(STALL_S, self._abort_if_stalled)

    def _stop_watching_reader(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _abort_if_stalled(self) -> None:
        if self.transport.get_write_buffer_size() < self._unread_bytes:
            self._watch_reader()
            return
        _log.info("closed a connection whose peer read nothing for %.0f s", STALL_S)
        self.transport.abort()

    def _head_too_slow(self) -> None:
        if self._head_bytes == 0:
            self.transport.close()  # an idle connection, nothing to answer
            return
        self._refuse(408, f"the head of the request did not arrive within {HEAD_TIME_S:.0f} s")

    def _url_too_long(self) -> None:
        self._refuse(414, f"a request line has at most {MAX_URL_BYTES} bytes")

    def _head_too_long(self) -> None:
        self._refuse(431, f"request line and headers have at most {MAX_HEAD_BYTES} bytes together")

    def _refuse(self, status: int, detail: str, field: str = "") -> None:
        """Answer with a problem and close: the next request on this connection could not be delimited."""
        self._end_head()
        self._refused = True
        phrase = HTTPStatus(status).phrase
        body = problem_bytes(status, phrase, detail)
        fields = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nx-content-type-options: nosniff\r\n"
        fields += f"connection: close\r\n{field}\r\n"
        self.transport.write(f"HTTP/1.1 {status} {phrase}\r\n{fields}".encode("ascii") + body)
        # If the socket were closed now, bytes that the peer still sends would cause a TCP reset, which discards the answer.
        self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)


class _Refused(Exception):
    """Stops the parser after a refusal within its callback."""
