"""Long streams of events: another process stores them, and the answers are those of short streams."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx

from mlgraph.services.ingest.intake import LONG_BYTES
from tests.contract.producing import Producer, facet
from tests.contract.serving import PATIENCE_S, Api, Names, Process
from tests.contract.test_workers import runs, wait_until

EVENTS = 60
PADDING = "x" * (LONG_BYTES * 2 // EVENTS)
NDJSON = {"Content-Type": "application/x-ndjson"}


def lines(names: Names, padding: str) -> list[bytes]:
    """Runs that each read the output of the previous one, with a malformed line, a duplicate and a blank line among them."""
    producer = Producer(names)
    events = [
        producer.run(f"r{number}", number, inputs=[f"d{number}"], outputs=[f"d{number + 1}"], job=f"job-{number}")
        for number in range(EVENTS)
    ]
    for event in events:
        event["run"]["facets"]["environment"] = facet(padding=padding)
    texts = [json.dumps(event).encode() for event in events]
    return [*texts[:40], b'{"eventType": 1}', texts[3], b"", *texts[40:]]


def children(process: Process) -> list[int]:
    """Ids of the processes that ingest streams."""
    found = []
    for task in Path(f"/proc/{process.child.pid}/task").glob("*/children"):
        for pid in map(int, task.read_text().split()):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
            except FileNotFoundError:
                continue
            if b"spawn_main" in command:
                found.append(pid)
    return found


class Sending:
    """A stream whose second half is sent when `proceed` is set."""

    def __init__(self, server: Process, names: Names) -> None:
        self.sent = lines(names, PADDING)
        self.proceed = threading.Event()
        self.response: httpx.Response | None = None
        self._url = server.url
        self._thread = threading.Thread(target=self._send)
        self._thread.start()
        wait_until(lambda: bool(children(server)), "no process took the stream")

    def _body(self) -> Iterator[bytes]:
        half = len(self.sent) * 3 // 4
        yield b"\n".join(self.sent[:half]) + b"\n"
        self.proceed.wait(PATIENCE_S)
        yield b"\n".join(self.sent[half:])

    def _send(self) -> None:
        with httpx.Client(base_url=self._url, timeout=PATIENCE_S, trust_env=False) as client:
            try:
                self.response = client.post("/api/v1/lineage", content=self._body(), headers=NDJSON)
            except httpx.HTTPError:
                self.response = None

    def end(self) -> httpx.Response | None:
        """Send the rest; return the response, None without one."""
        self.proceed.set()
        self._thread.join(PATIENCE_S)
        return self.response


def test_a_long_stream_is_answered_as_a_short_one(shared_server: Process, api: Api) -> None:
    answers = []
    for padding in ("", PADDING):
        names = Names(f"long-streams-{len(padding)}")
        before = counted(api)
        response = api.http.post("/api/v1/lineage", content=b"\n".join(lines(names, padding)), headers=NDJSON)
        assert response.status_code == 200, response.text
        answer = response.json()
        api.written = answer.pop("watermark")
        reached = api.reached(names.dataset("d0"), direction="downstream")
        counts = {outcome: count - before.get(outcome, 0) for outcome, count in counted(api).items()}
        answers.append((answer, {distance for distance, _ in reached.values()}, counts))
    assert answers[0] == answers[1]
    assert answers[0][0]["accepted"] == EVENTS
    assert answers[0][0]["duplicates"] == 1
    assert [entry["index"] for entry in answers[0][0]["rejected"]] == [40]
    assert answers[0][2] == {"accepted": EVENTS, "duplicate": 1, "rejected": 1}
    wait_until(lambda: not children(shared_server), "the process outlived its stream")


def counted(api: Api) -> dict[str, float]:
    """Events of OpenLineage by outcome, from /metrics."""
    prefix = 'mlgraph_intake_items_total{format="openlineage",outcome="'
    found = [line.removeprefix(prefix) for line in api.http.get("/metrics").text.splitlines() if line.startswith(prefix)]
    return {line.split('"')[0]: float(line.split()[-1]) for line in found}


def test_a_second_long_stream_is_stored_beside_the_first(shared_server: Process, api: Api, names: Names) -> None:
    first = Sending(shared_server, names)
    second = api.http.post("/api/v1/lineage", content=b"\n".join(lines(Names("beside"), PADDING)), headers=NDJSON)
    assert second.json()["accepted"] == EVENTS
    response = first.end()
    assert response is not None
    assert response.json()["accepted"] == EVENTS


def test_a_stream_can_be_sent_again_after_its_process_was_killed(shared_server: Process, api: Api, names: Names) -> None:
    sending = Sending(shared_server, names)
    os.kill(children(shared_server)[0], signal.SIGKILL)
    response = sending.end()
    assert response is not None
    assert response.status_code == 503
    assert "send it again" in response.json()["detail"]
    again = api.http.post("/api/v1/lineage", content=b"\n".join(sending.sent), headers=NDJSON).json()
    assert again["accepted"] + again["duplicates"] == EVENTS + 1
    api.written = again["watermark"]
    assert len(api.reached(names.dataset("d0"), direction="downstream")) > EVENTS


def ended(pid: int) -> bool:
    return not runs(pid)


def test_the_process_ends_with_a_stopped_or_killed_server(start: Callable[..., Process], tmp_path: Path, names: Names) -> None:
    for end in (Process.stop, Process.kill):
        server = start("--data", str(tmp_path / "data"))
        sending = Sending(server, names)
        pids = children(server)
        end(server)
        for pid in pids:
            wait_until(partial(ended, pid), "the process outlived the server")
        sending.end()
