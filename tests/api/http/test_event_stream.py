"""Server-sent events: coalesced, bounded in number, for every process; they end with the client, the session and the server."""

import hashlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from mlgraph.api.http import event_stream
from mlgraph.api.http.limits import EVENT_STREAMS, ServerLimits
from mlgraph.bootstrap.http import Http
from mlgraph.services.common.identity import Caller
from tests.api.services_double import Double, app_over

TIMEOUT_S = 60.0


@contextmanager
def serving(double: Double, *, loopback: bool = True, limits: ServerLimits | None = None) -> Iterator[tuple[int, Any, Http]]:
    """The server as `mlgraph up` has it, in a thread."""
    app = app_over(double, loopback=loopback, limits=limits)
    server = Http(app, app.state.watermarks.close)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        server.listening.wait(TIMEOUT_S)
        yield int(listener.getsockname()[1]), app, server
        server.should_exit = True
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


class Listener:
    """A client of the stream that reads line by line."""

    def __init__(self, port: int, query: str = "", **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self.connection.request("GET", f"/api/v1/stream{query}", headers=headers)
        self.response = self.connection.getresponse()

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    def block(self) -> dict[str, str]:
        """The fields of the next block; a comment has the field ''. Empty at the end."""
        found: dict[str, str] = {}
        while line := self.response.readline().decode():
            if line == "\n":
                return found
            name, _, value = line.rstrip("\n").partition(": ")
            found[name.rstrip(":")] = value
        return found

    def event(self) -> dict[str, Any]:
        """The data of the next event."""
        while "data" not in (found := self.block()):
            assert found, "the stream ended"
        assert (found["event"], found["id"]) == ("watermark", str(json.loads(found["data"])["watermark"]))
        data: dict[str, Any] = json.loads(found["data"])
        return data


Connect = Callable[..., Listener]


@pytest.fixture
def listen() -> Iterator[Connect]:
    """Connects clients, and disconnects them at the end."""
    with ExitStack() as stack:

        def connect(port: int, query: str = "", **headers: str) -> Listener:
            return stack.enter_context(closing(Listener(port, query, **headers)))

        yield connect


def wait_until(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT_S
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_present_state_comes_first_then_each_further_one(listen: Connect, double: Double) -> None:
    with serving(double) as (port, _, _):
        listener = listen(port, **{"last-event-id": "9999; x"})
        assert (listener.response.status, listener.response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert listener.response.headers["cache-control"] == "no-store"
        assert listener.block() == {"retry": str(event_stream.RETRY_MS)}
        assert listener.event() == {"watermark": 1, "assets": 7, "behind": False, "lag_s": 0.0}
        double.graph_watermark = 5
        assert listener.event()["watermark"] == 5


def test_many_writes_are_few_events(listen: Connect, double: Double) -> None:
    with serving(double) as (port, _, _):
        listener = listen(port)
        first = listener.event()["watermark"]
        started, seen, stop = time.monotonic(), [first], threading.Event()

        def write() -> None:
            while not stop.wait(0.002):
                double.graph_watermark += 1

        writer = threading.Thread(target=write)
        writer.start()
        while time.monotonic() - started < 1.5:
            seen.append(listener.event()["watermark"])
        took = time.monotonic() - started
        stop.set()
        writer.join()
        assert seen == sorted(set(seen))
        assert len(seen) - 1 <= took * 4 + 1
        last = double.graph_watermark
        while seen[-1] != last:  # the last state is not lost
            seen.append(listener.event()["watermark"])


def test_a_stream_that_has_nothing_to_say_shows_that_it_lives(
    listen: Connect, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.05)
    with serving(double) as (port, _, _):
        listener = listen(port)
        listener.event()
        assert listener.block() == {"": "heartbeat"}
        assert listener.block() == {"": "heartbeat"}


@pytest.mark.parametrize("moves", [False, True])
def test_a_stream_ends_with_the_session(listen: Connect, double: Double, moves: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.3)
    digest = hashlib.sha256(b"t").hexdigest()
    double.known.__init__({digest: Caller("ann")})  # type: ignore[misc]
    with serving(double, loopback=False) as (port, _, _):
        assert listen(port).response.status == 401
        listener = listen(port, authorization="Bearer t")
        listener.event()
        double.known.__init__({})  # type: ignore[misc]
        while found := listener.block():
            double.graph_watermark += moves
            assert found


def test_two_hundred_are_connected_and_no_thread_is_taken(listen: Connect, double: Double) -> None:
    with serving(double, limits=ServerLimits(requests=1)) as (port, app, _):
        threads = threading.active_count()
        listeners = [listen(port) for _ in range(EVENT_STREAMS)]
        for each in listeners:
            each.event()
        assert threading.active_count() == threads
        refused = listen(port)
        assert (refused.response.status, refused.response.headers["retry-after"]) == (503, "2")
        assert "200" in json.loads(refused.response.read())["detail"]
        live = httpx.get(f"http://127.0.0.1:{port}/api/v1/live", trust_env=False)
        assert live.status_code == 200  # they do not count among the requests
        double.graph_watermark = 6
        assert {each.event()["watermark"] for each in listeners} == {6}
        for each in listeners:
            each.close()
        wait_until(lambda: app.state.lanes.streams.taken == 0)
        assert listen(port).event()["watermark"] == 6


def test_the_server_stops_at_once_although_clients_are_connected(listen: Connect, double: Double) -> None:
    with serving(double) as (port, _, server):
        listeners = [listen(port) for _ in range(3)]
        for each in listeners:
            each.event()
        started = time.monotonic()
        server.should_exit = True
        for each in listeners:
            assert each.block() == {}  # ended, not broken
        took = time.monotonic() - started
    assert took < 4  # uvicorn would wait for 5 s, then break the connections


@pytest.mark.parametrize("topics", ["watermarks", "alerts", "", "watermark,rollouts", "watermark,,"])
def test_an_unknown_topic_is_refused_with_the_known_ones(topics: str, http: TestClient) -> None:
    refused = http.get("/api/v1/stream", params={"topics": topics})
    assert refused.status_code == 422
    assert "watermark" in refused.json()["detail"]
    assert "topics" in refused.json()["detail"]
