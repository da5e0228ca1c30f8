"""A double of a source on loopback: it sends the answers that a test scripts, and records the requests."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One answer: with `cut`, the connection ends before the last `cut` bytes; with `hang_s`, it comes late."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    hang_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request: path with its query, headers under lower-case names, the body's bytes."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes


@dataclass
class Double:
    """The server's URL, and what it was asked."""

    url: str
    asked: list[Asked]


def answers(*scripted: Answer) -> Callable[[str, Any], Answer]:
    """Return a script that gives these answers in turn, and the last one for ever."""
    left = list(scripted)
    return lambda _path, _body: left.pop(0) if len(left) > 1 else left[0]


def respond_with(document: Any, status: int = 200, **headers: str) -> Answer:
    """Return a sound answer."""
    return Answer(status, json.dumps(document).encode(), {name.replace("_", "-"): text for name, text in headers.items()})


@contextlib.contextmanager
def flaky_server(script: Callable[[str, Any], Answer]) -> Iterator[Double]:
    """Serve what `script` says to each path and body."""
    asked: list[Asked] = []
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            body = json.loads(raw) if raw else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(self.command, self.path, headers, raw))
            answer = script(self.path, body)
            if answer.hang_s:
                closing.wait(answer.hang_s)
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("connection", "close")
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body[: len(answer.body) - answer.cut])

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Double(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def unused_url() -> str:
    """Return a URL where nothing listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return f"http://127.0.0.1:{server.server_address[1]}"
