"""A server that keeps the OpenLineage events that a tool sends, and passes them on where it is told to."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


class EventRecorder:
    """The bodies of all POST requests in order of arrival, as JSON. `forward_to` is the base URL of the real receiver."""

    def __init__(self, forward_to: str | None = None) -> None:
        self.events: list[Any] = []
        self._lock = threading.Lock()
        self._forward_to = forward_to
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _handler(recorder: EventRecorder) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, answer = recorder.take(self.path, body)
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def take(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Keep one body; return the status and body of the answer: those of the real receiver, if there is one."""
        with self._lock:
            self.events.append(json.loads(body))
        if self._forward_to is None:
            return httpx.codes.CREATED, b"{}"
        answer = httpx.post(f"{self._forward_to}{path}", content=body, headers={"content-type": "application/json"}, timeout=60)
        return answer.status_code, answer.content

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def event_recorder(forward_to: str | None = None) -> Iterator[EventRecorder]:
    """Run a recorder on a free port of the loopback interface."""
    recorder = EventRecorder(forward_to)
    try:
        yield recorder
    finally:
        recorder.close()
