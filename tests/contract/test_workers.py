"""Several worker processes on one port: each answers from the writes of all, and a dead one is replaced."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, Api, Names, Process, asset, edge

WORKERS = 3
TOKEN = "only for this test"  # noqa: S105 - of a server that ends with the test


def several(folder: Path) -> list[str]:
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps([{"token": TOKEN, "actor": "ann"}]))
    tokens.chmod(0o600)
    return ["--data", str(folder / "data"), "--workers", str(WORKERS), "--log-format", "text", "--tokens", str(tokens)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(*several(tmp_path_factory.mktemp("workers")))
    yield process
    assert process.stop() == 0


def pids(process: Process) -> list[int]:
    """Ids of the server processes in the order of their start, from the log."""
    return [int(found[1]) for line in process.output if (found := re.search(r"Started server process \[(\d+)\]", line))]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(reached: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < until, otherwise
        time.sleep(0.1)


def ask_on_new_connection(process: Process, path: str, **query: str | int) -> httpx.Response:
    """Send a query over a new connection, which any of the processes may accept."""
    with httpx.Client(base_url=process.url, timeout=PATIENCE_S, trust_env=False) as client:
        return client.get(path, params=query)


def test_every_process_answers_from_the_writes_of_all(server: Process) -> None:
    names = Names("workers")
    a, b = names.dataset("a"), names.dataset("b")
    for number in range(12):
        api = Api(server.url)
        written = api.taken(asset(a, at(number), name=f"name {number}"), edge(a, "derives", b, at(1)))["watermark"]
        api.close()
        for _ in range(4):
            answer = ask_on_new_connection(server, "/api/v1/lineage", uri=a, at_least=written).json()
            assert [node["name"] for node in answer["nodes"]] == [f"name {number}", "b"]
            assert answer["watermark"] >= written


def test_singletons_answer_through_any_process(server: Process) -> None:
    for _ in range(8):
        assert ask_on_new_connection(server, "/api/v1/sources").json()["sources"] == []
        assert ask_on_new_connection(server, "/api/v1/dead-letters", limit=5).json()["total"] == 0
        assert "mlgraph_projection_watermark" in ask_on_new_connection(server, "/metrics").text
        refused = ask_on_new_connection(server, "/api/v1/sources", nothing="x")
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
        assert ask_on_new_connection(server, "/readyz").status_code == 200


def test_every_process_knows_the_session_that_one_of_them_began(server: Process) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        started = client.post("/api/v1/session", json={"token": TOKEN})
        assert started.status_code == 200, started.text
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    for path in ("/api/v1/session", "/api/v1/live", "/api/v1/sources"):  # the last one is forwarded
        for _ in range(6):
            answer = httpx.get(server.url + path, headers=cookies, trust_env=False)
            assert answer.status_code == 200
            assert answer.json().get("actor", "ann") == "ann"
    httpx.delete(
        server.url + "/api/v1/session", headers={**cookies, "x-csrf-token": started.json()["csrf_token"]}, trust_env=False
    )
    for _ in range(6):
        assert httpx.get(server.url + "/api/v1/session", headers=cookies, trust_env=False).json()["by"] == "local"


def test_every_process_reports_that_the_graph_moves(server: Process) -> None:
    names = Names("streamed")
    for number in range(6):
        with httpx.stream("GET", server.url + "/api/v1/stream", timeout=PATIENCE_S, trust_env=False) as stream:
            states = (json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line.startswith("data: "))
            assert next(states)["watermark"] >= 0
            api = Api(server.url)
            written = api.taken(asset(names.dataset("a"), at(number), name=f"name {number}"))["watermark"]
            api.close()
            assert next(state for state in states if state["watermark"] >= written)["assets"] >= 1


def test_a_process_that_dies_is_replaced_and_all_end_with_the_first(start: Callable[..., Process], tmp_path: Path) -> None:
    server = start(*several(tmp_path))
    names = Names("replaced")
    a = names.dataset("a")
    wait_until(lambda: len(pids(server)) == WORKERS, "not all processes started")
    first = server.child.pid
    os.kill(next(pid for pid in pids(server) if pid != first), signal.SIGKILL)
    wait_until(lambda: len(pids(server)) > WORKERS, "no other process took the place of the one that died")
    api = Api(server.url)
    api.taken(asset(a, at(1), name="still here"))
    assert api.ask("asset", uri=a)["name"] == "still here"
    api.close()
    assert server.stop() == 0
    wait_until(lambda: not any(runs(pid) for pid in (first, *pids(server))), "a process outlived the first")


def test_workers_end_when_the_first_process_is_killed(start: Callable[..., Process], tmp_path: Path) -> None:
    process = start(*several(tmp_path))
    wait_until(lambda: len(pids(process)) == WORKERS, "not all processes started")
    process.kill()
    wait_until(lambda: not any(runs(pid) for pid in pids(process)), "a worker outlived the first process")
    assert start(*several(tmp_path)).stop() == 0
