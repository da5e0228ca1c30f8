"""Limits: refusals come at once with a reason, and other requests are not affected."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.testclient import TestClient

from mlgraph.api.http import protocol, request_bodies
from mlgraph.api.http.limits import Lanes, ServerLimits
from mlgraph.api.schema.parameters import MAX_LIMIT
from mlgraph.domain import deadlines
from mlgraph.domain.errors import StartError
from mlgraph.domain.options.walk_options import WalkOptions
from tests.api.double_answers import LAKE, Body
from tests.api.services_double import Double, app_over
from tests.api.serving import serving

TIMEOUT_S = 60.0
"""Longest time of a step on a busy machine."""
ENDLESS_S = 100 * TIMEOUT_S
"""A limit that a test would time out on."""
QUERY = "/api/v1/lineage?uri=" + LAKE.replace("%", "%25").replace(":", "%3A").replace("/", "%2F")


@dataclass
class Slow(Double):
    """A double whose lineage query blocks until `proceed` is set or its deadline passes; its export never ends."""

    proceed: threading.Event = field(default_factory=threading.Event)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    obeys_deadline: bool = True

    def lineage(self, uri: str, options: WalkOptions) -> Body:
        self.started.release()
        while not self.proceed.wait(0.01):
            if self.obeys_deadline:
                deadlines.raise_if_exceeded()
        return super().lineage(uri, options)

    def export(self) -> Iterator[bytes]:
        while not self.proceed.is_set():
            yield b"x" * 1024 + b"\n"


def get(port: int, path: str) -> tuple[int, dict[str, str], Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        body = response.read()
        return response.status, headers, json.loads(body) if "json" in headers.get("content-type", "") else body
    finally:
        connection.close()


def check_refusal(answer_body: tuple[int, dict[str, str], Any], *words: str) -> None:
    status, headers, body = answer_body
    assert status == body["status"] == 503
    assert headers["content-type"] == "application/problem+json"
    assert int(headers["retry-after"]) >= 1
    for word in words:
        assert word in body["detail"]


def until(reached: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not reached():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


def metric_value(port: int, metric: str) -> float:
    """Return a metric of the server about its graph queries."""
    text = get(port, "/metrics")[2].decode()
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f'{metric}{{sort="heavy"}}'))


@contextmanager
def concurrent_queries(port: int, slow: Slow, number: int, running: int) -> Iterator[list[Any]]:
    """Send `number` queries at once, of which `running` run; the yielded list has their answers after the block."""
    answers: list[Any] = []
    with ThreadPoolExecutor(number) as pool:
        pending = [pool.submit(get, port, QUERY) for _ in range(number)]
        for _ in range(running):
            assert slow.started.acquire(timeout=TIMEOUT_S)
        until(lambda: metric_value(port, "mlgraph_limit_inside") == number, "the other queries were not queued")
        yield answers
        answers += [each.result() for each in pending]


def test_a_heavy_query_over_the_limit_is_refused_at_once_and_others_are_not_affected() -> None:
    slow = Slow()
    patient = ServerLimits(heavy_queries=2, heavy_queue=3, queue_time_s=ENDLESS_S, query_time_s=ENDLESS_S)
    with serving(slow, limits=patient) as port:
        with concurrent_queries(port, slow, 5, 2) as answers:
            for path in (QUERY, "/api/v1/paths?source=mlg%3A%2F%2Fmodel%2Fa%2Fb&target=mlg%3A%2F%2Fmodel%2Fa%2Fc"):
                check_refusal(get(port, path), "2 run", "3 may wait", "lineage", "impact")
            for path in ("/healthz", "/readyz", "/metrics", "/api/v1/live", "/openapi.json"):
                assert get(port, path)[0] == 200
            facts = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
            facts.request("POST", "/api/v1/facts", b'{"asset": {"uri": "mlg://model/a/b"}}')
            assert facts.getresponse().status == 200
            facts.close()
            assert (
                metric_value(port, "mlgraph_limit_inside") == 5
            )  # the other requests were answered while all five still run or wait
            slow.proceed.set()
        assert [answer[0] for answer in answers] == [200] * 5
        assert get(port, QUERY)[0] == 200  # the slots are released
    lanes = ServerLimits(heavy_queries=2, heavy_queue=3)
    assert Lanes(lanes).state()["heavy"] == {"inside": 0, "running": 2, "waiting": 3, "refused": 0}


def test_a_query_that_waits_too_long_is_refused() -> None:
    slow = Slow()
    with serving(slow, limits=ServerLimits(heavy_queries=1, heavy_queue=5, queue_time_s=0.5)) as port:
        with concurrent_queries(port, slow, 3, 1) as answers:
            until(lambda: metric_value(port, "mlgraph_limit_refused_total") == 2, "two still wait")
            slow.proceed.set()
        refused = [answer for answer in answers if answer[0] != 200]
        assert len(refused) == 2
        for each in refused:
            check_refusal(each, "0.5 s each")


@pytest.mark.parametrize("obeys_deadline", [True, False])
def test_a_query_over_its_time_is_refused_and_occupies_its_slot_until_it_ends(obeys_deadline: bool) -> None:
    slow = Slow(obeys_deadline=obeys_deadline)
    with serving(slow, limits=ServerLimits(heavy_queries=1, heavy_queue=1, queue_time_s=0.5, query_time_s=0.5)) as port:
        check_refusal(get(port, QUERY), "0.5 s", "MLGRAPH_QUERY_TIME_S")  # `proceed` is never set
        if not obeys_deadline:  # its thread is still occupied: no other query may run
            check_refusal(get(port, QUERY), "too many")
        slow.proceed.set()
        until(lambda: metric_value(port, "mlgraph_limit_inside") == 0, "the slot was not released")
        assert get(port, QUERY)[0] == 200


def export_begins(port: int) -> bool:
    other = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        other.request("GET", "/api/v1/export")
        return other.getresponse().status == 200
    finally:
        other.close()


def test_exports_are_limited_and_release_their_slots() -> None:
    slow = Slow()
    with serving(slow, limits=ServerLimits(exports=1)) as port:
        reader = socket.create_connection(("127.0.0.1", port))
        reader.sendall(b"GET /api/v1/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in reader.recv(1000)
        check_refusal(get(port, "/api/v1/export"), "exports", "1 may")
        reader.close()  # in the middle of the export
        until(lambda: export_begins(port), "the slot was not released")
        slow.proceed.set()


def test_requests_are_limited_except_for_monitoring() -> None:
    slow = Slow()
    with serving(slow, limits=ServerLimits(requests=3, heavy_queries=1)) as port:
        with concurrent_queries(port, slow, 3, 1):
            check_refusal(get(port, "/api/v1/live"), "too many requests", "3 may")
            for path in ("/healthz", "/readyz", "/metrics"):
                assert get(port, path)[0] == 200
            slow.proceed.set()
        assert get(port, "/api/v1/live")[0] == 200


def test_buffered_bodies_share_a_limit(monkeypatch: pytest.MonkeyPatch, double: Double) -> None:
    monkeypatch.setattr(request_bodies, "MAX_BUFFERED_BYTES", 1000)
    client = TestClient(app_over(double, loopback=True), base_url="http://localhost")
    event = json.dumps({"eventTime": "2026-01-01T00:00:00Z", "x": "x" * 800})
    for _ in range(3):  # the memory of processed bodies is released
        assert client.post("/api/v1/lineage", content=event).status_code == 201
    refused = client.post("/api/v1/lineage", content=event + " " * 500)
    check_refusal((refused.status_code, dict(refused.headers), refused.json()), "together", "NDJSON")
    assert client.post("/api/v1/lineage", content=event).status_code == 201


def exchange(port: int, *parts: bytes, pause_s: float = 0.0) -> tuple[int, dict[str, Any]]:
    """Send bytes as they are, and return status and problem."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause_s)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    answer_body = json.loads(body)
    assert answer_body["status"] == int(head.split()[1])
    return answer_body["status"], answer_body


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",), 431),
        ((b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", *[b"X: " + b"x" * 1000 + b"\r\n"] * 100), 431),
        ((b"GET /healthz?" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",), 414),
        ((b"GET /" + b"x" * 40_000,), 414),
        ((b"HELLO\r\n\r\n",), 400),
        ((b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",), 400),
        ((b"\x16\x03\x01\x02\x00\x01\x00",), 400),
    ],
    ids=["a long header", "many headers", "a long URL", "a URL without end", "no HTTP", "a wrong length", "TLS"],
)
def test_a_head_that_is_too_large_or_none_is_refused(parts: tuple[bytes, ...], status: int) -> None:
    with serving(Double()) as port:
        found, answer_body = exchange(port, *parts)
        assert found == status
        assert answer_body["detail"]
        assert get(port, "/healthz")[0] == 200


def test_a_head_may_be_as_large_as_documented_and_come_in_pieces() -> None:
    with serving(Double()) as port, socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        for _ in range(2):  # the limit applies to each request, not to the connection
            head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 60_000 + b"\r\n\r\n"
            for start in range(0, len(head), 5000):
                connection.sendall(head[start : start + 5000])
            answer = b""
            while not answer.endswith(b'{"status":"ok"}'):  # head and body may arrive separately
                piece = connection.recv(65536)
                assert piece
                answer += piece
            assert answer.startswith(b"HTTP/1.1 200")


def test_an_incomplete_head_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIME_S", 0.3)
    with serving(Double()) as port:
        assert exchange(port, b"GET /healthz HTTP/1.1\r\n")[0] == 408


def test_a_connection_that_is_never_used_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIME_S", 0.3)
    with serving(Double()) as port, socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        assert connection.recv(1) == b""


def test_connections_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "most_connections", lambda: 2)
    with serving(Double()) as port:
        retained = [socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) for _ in range(2)]
        for connection in retained:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        status, answer_body = exchange(port, b"")
        assert status == 503
        assert "2 may be open" in answer_body["detail"]
        retained[0].close()
        until(lambda: get(port, "/healthz")[0] == 200, "the slot was not released")
        retained[1].close()


def test_a_client_that_reads_nothing_of_an_answer_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "STALL_S", 0.3)
    slow = Slow()
    with serving(slow, limits=ServerLimits(exports=1)) as port, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", port))
        reader.sendall(b"GET /api/v1/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: export_begins(port), "the slot of a stalled reader was not released")
        slow.proceed.set()


def test_the_largest_limit_is_reported(http: TestClient) -> None:
    answer = http.get("/api/v1/lineage", params={"uri": LAKE, "limit": MAX_LIMIT + 1})
    assert answer.status_code == 422
    assert str(MAX_LIMIT) in answer.json()["detail"]
    assert http.get("/api/v1/lineage", params={"uri": LAKE, "limit": MAX_LIMIT}).status_code == 200


def test_limits_are_read_from_the_environment() -> None:
    environment = {"MLGRAPH_HEAVY_QUERIES": "7", "MLGRAPH_QUERY_TIME_S": "2.5", "PATH": "x"}
    assert ServerLimits.from_environment(environment) == ServerLimits(heavy_queries=7, query_time_s=2.5)
    assert ServerLimits.from_environment({}) == ServerLimits()
    for wrong in ("0", "-1", "many", "nan", "1.5", "", "10000001"):
        with pytest.raises(StartError, match="MLGRAPH_EXPORTS"):
            ServerLimits.from_environment({"MLGRAPH_EXPORTS": wrong})
