"""Behaviour on real connections: disconnecting senders, broken answers, slow senders."""

import select
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.api.double_answers import LAKE
from tests.api.services_double import Double
from tests.api.serving import serving

TIMEOUT_S = 60.0
FACT = b'{"asset":{"uri":"%s"}}\n' % LAKE.encode()


@pytest.fixture
def port(double: Double) -> Iterator[int]:
    with serving(double) as port:
        yield port


def head(path: str, *headers: str) -> bytes:
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: localhost", *headers, "", "")).encode()


def wait_until(double: Double, lines: int) -> None:
    end = time.monotonic() + TIMEOUT_S
    while len(double.received) < lines:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("framing", [("Content-Length: 100000",), ("Transfer-Encoding: chunked",)])
def test_an_incomplete_line_of_a_disconnected_sender_is_not_stored(framing: tuple[str, ...], port: int, double: Double) -> None:
    body = FACT + FACT[:20]
    chunk = b"%x\r\n%s\r\n" % (len(body), body) if "chunked" in framing[0] else body
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head("/api/v1/facts", *framing) + chunk)
        wait_until(double, 1)
    time.sleep(0.2)
    assert double.received == [FACT.strip()]
    assert not double.store_intact


def test_a_broken_chunk_is_not_the_end_of_the_body(port: int, double: Double) -> None:
    request = head("/api/v1/facts", "Transfer-Encoding: chunked")
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.sendall(request + b"%x\r\n%s\r\n" % (len(FACT), FACT))
        wait_until(double, 1)
        connection.sendall(b"zz\r\n")
        answer = b""
        while received := connection.recv(65536):
            answer += received
    assert b" 200 " not in answer.partition(b"\r\n")[0]
    assert not double.store_intact


def test_an_incomplete_event_never_reaches_the_intake(port: int, double: Double) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.sendall(head("/api/v1/lineage", "Content-Length: 100") + b"{}")
        time.sleep(0.1)
    time.sleep(0.3)
    assert double.calls == []


def test_a_body_over_the_limit_is_answered_and_the_server_continues(port: int) -> None:
    body = (b" " * 65536 for _ in range(400))
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/lineage", content=body, timeout=TIMEOUT_S)
    assert answer.status_code == 413
    assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_an_export_that_breaks_does_not_look_complete(port: int, double: Double) -> None:
    double.export_lines, double.break_export_at = 30_000, 20_000
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{port}/api/v1/export", timeout=TIMEOUT_S)


def test_an_export_that_fails_at_once_is_a_problem(port: int, double: Double) -> None:
    double.break_export_at = 0
    answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/export")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")


def test_slow_senders_do_not_delay_others(port: int) -> None:
    slow = []
    try:
        for _ in range(50):
            connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
            connection.sendall(head("/api/v1/facts", "Content-Length: 1000") + FACT)
            slow.append(connection)
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/lineage", params={"uri": LAKE}, timeout=TIMEOUT_S)
        assert answer.status_code == 200
        assert select.select(slow, [], [], 0)[0] == []  # the server still waits for all of them
    finally:
        for connection in slow:
            connection.close()


def test_the_uri_in_the_path_survives_a_real_server(port: int) -> None:
    encoded = LAKE.replace("%", "%25").replace("/", "%2F").replace(":", "%3A")
    assert httpx.get(f"http://127.0.0.1:{port}/api/v1/assets/{encoded}").json()["uri"] == LAKE
