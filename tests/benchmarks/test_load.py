"""The HTTP client and the load generator, against a small server with scripted answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import pytest

from benchmarks.load import Stream, reads
from benchmarks.wire import Connection

Reply = Callable[[bytes, bytes], bytes]


def plain_handler(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


@contextmanager
def answering(reply: Reply) -> Iterator[str]:
    """Serve on a free port: `reply` returns the answer to a head and a body."""
    listener = socket.create_server(("127.0.0.1", 0))
    workers: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            workers.append(threading.Thread(target=serve, args=(connection,)))
            workers[-1].start()

    def serve(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while head := b"".join(iter(stream.readline, b"\r\n")) if stream.peek(1) else b"":
                length = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0] or 0)
                connection.sendall(reply(head, stream.read(length)))

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for worker in workers:
            worker.join()


def test_bodies_of_every_form_are_read_to_the_last_byte() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\n\r\n"
    large = b"x" * 3_000_000
    replies = {b"/chunked": chunked, b"/large": plain_handler(200, large), b"/none": plain_handler(404, b"")}
    with answering(lambda head, _: replies[head.split()[1]]) as url:
        connection = Connection(url)
        assert connection.get("/chunked") == (200, b"hello world")
        assert connection.get("/large") == (200, large)
        assert connection.get("/none") == (404, b"")
        assert connection.get("/chunked") == (200, b"hello world")
        connection.close()


def test_a_connection_that_breaks_off_is_an_error() -> None:
    with answering(lambda _, __: b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort") as url:
        connection = Connection(url)
        connection._socket.shutdown(socket.SHUT_WR)
        with pytest.raises((ConnectionError, BrokenPipeError)):
            connection.get("/")
        connection.close()


def test_a_wrong_total_is_no_measurement() -> None:
    with answering(lambda _, __: plain_handler(200, b'{"total": 3}')) as url:
        assert len(reads(url, {"paths": ["/a", "/b"], "totals": [3, 3], "seconds": 0.0, "least": 5})) == 5
        with pytest.raises(ValueError, match="/b: 4 were expected"):
            reads(url, {"paths": ["/a", "/b"], "totals": [3, 4], "seconds": 0.0})


def plan(rate: float, seconds: float, connections: int = 1) -> dict[str, float | str | bool]:
    return {"rate": rate, "seconds": seconds, "prefix": "t", "connections": connections, "ask": True}


def shown(head: bytes, body: bytes) -> bytes:
    """Acknowledge an event; show any source."""
    if head.startswith(b"POST"):
        assert orjson.loads(body)["eventType"] == "COMPLETE"
        return plain_handler(201, b'{"watermark": 7}')
    assert b"at_least=7" in head
    return plain_handler(200, b" ".join(b"source_%d" % number for number in range(100)))


def test_waiting_for_a_slow_event_counts_as_latency() -> None:
    def slow(head: bytes, body: bytes) -> bytes:
        if b"live_1" not in body and head.startswith(b"POST"):
            time.sleep(0.05)
        return shown(head, body)

    with answering(slow) as url:
        figures = Stream(url, plan(100, 0.1)).run()
    assert figures["failed"] == []
    assert len(figures["visible"]) == 10
    assert figures["visible"][-1] > 0.3  # due after 0.09 s, sent after 0.45 s: the wait counts


def test_events_are_sent_at_their_rate_if_the_server_is_fast_enough() -> None:
    with answering(shown) as url:
        figures = Stream(url, plan(50, 1.0, connections=4)).run()
    assert figures["failed"] == []
    assert figures["seconds"] > 0.9
    assert len(figures["posted"]) == 50


def test_status_503_is_retried_and_counted() -> None:
    turns = iter([503, 503])
    with answering(lambda head, body: plain_handler(next(turns), b"{}") if next_left(turns) else shown(head, body)) as url:
        figures = Stream(url, plan(10, 0.1)).run()
    assert figures["failed"] == []
    assert figures["retries"] == 2


def next_left(turns: Iterator[int]) -> bool:
    """Return whether an iterator over a list has more."""
    return bool(turns.__length_hint__())  # type: ignore[attr-defined]


def test_an_event_that_is_not_shown_is_a_failure() -> None:
    with answering(
        lambda head, _: plain_handler(201, b'{"watermark": 7}') if head.startswith(b"POST") else plain_handler(200, b"nothing")
    ) as url:
        figures = Stream(url, plan(10, 0.1)).run()
    assert "is not shown" in figures["failed"][0]
