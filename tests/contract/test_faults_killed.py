"""`kill -9` of the server, its PostgreSQL, or both, twenty times during one ingestion: nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, Api, Json, Names, Process, asset, edge, retract, wait_until_ready

SEED: Final = 20_261_121
KILLS: Final = 20
FACTS: Final = 44_000
EVENTS: Final = 6_000
SENDERS: Final = 3
RESTART_S: Final = 150.0
"""A PostgreSQL that lost its server may write a last checkpoint for half a minute on a busy disk."""
LINES: Final = {"Content-Type": "application/x-ndjson"}
VICTIMS: Final = ("server",) * 3 + ("both",) * 2 + ("postgres",) * 8 + ("backend",) * 7


def facts(rng: random.Random, names: Names) -> Iterator[Json]:
    """Facts that add, replace, end and retract, each with its time, so that the result does not depend on their order."""
    tables = [names.dataset(f"t{number}") for number in range(2_500)]
    for number in range(FACTS):
        a, b = rng.sample(tables, 2)
        minute = rng.randrange(50_000) / 10
        roll = rng.random()
        if roll < 0.75:
            yield edge(a, "derives", b, at(minute), properties={"line": number % 7})
        elif roll < 0.95:
            yield asset(a, at(minute), name=f"table {number}", tags=[f"tag-{number % 5}"])
        elif roll < 0.998:
            yield retract(a, "derives", b, at=at(minute))
        else:
            yield retract(a, at=at(minute))


def events(rng: random.Random, names: Names) -> Iterator[Json]:
    """OpenLineage events of runs that start and complete; jobs drop inputs now and then, so that edges close."""
    for number in range(EVENTS):
        job, run = divmod(number, 12)  # few runs for each job: the subject is ingestion, not the histories of long-lived jobs
        yield {
            "eventTime": at(run * 10 + job % 10),
            "eventType": rng.choice(("START", "COMPLETE", "COMPLETE", "FAIL")),
            "run": {"runId": f"run-{run}-{job}"},
            "job": {"namespace": names.space, "name": f"job-{job}"},
            "inputs": [{"namespace": names.store, "name": f"t{rng.randrange(60)}"} for _ in range(rng.randrange(3))],
            "outputs": [{"namespace": names.store, "name": f"out-{job}"}],
        }


@dataclass(frozen=True)
class Batch:
    """One request of a producer."""

    call: str
    body: bytes
    lines: int


def batches(rng: random.Random, names: Names) -> list[Batch]:
    made = [*_batched("facts", list(facts(rng, names)), 1600), *_batched("lineage", list(events(rng, names)), 300)]
    rng.shuffle(made)
    return made


def _batched(call: str, lines: list[Json], size: int) -> Iterator[Batch]:
    for start in range(0, len(lines), size):
        part = lines[start : start + size]
        yield Batch(call, "\n".join(json.dumps(line) for line in part).encode(), len(part))


@dataclass
class Sending:
    """Producers that share a list of batches and send each again until it is acknowledged."""

    url: str
    todo: list[Batch]
    acknowledged: int = 0
    watermark: int = 0
    refusals: list[int] = field(default_factory=list)
    broken: int = 0
    failure: BaseException | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Run one producer until all batches are sent."""
        try:
            with httpx.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False) as http:
                while (batch := self._next()) is not None:
                    self._send(http, batch)
        except BaseException as error:  # noqa: BLE001 - the test fails with it, in its own thread
            self.failure = error

    def _next(self) -> Batch | None:
        with self.guard:
            return self.todo.pop() if self.todo else None

    def _send(self, http: httpx.Client, batch: Batch) -> None:
        until = time.monotonic() + 2 * RESTART_S
        while True:
            try:
                response = http.post(f"/api/v1/{batch.call}", content=batch.body, headers=LINES)
            except httpx.TransportError:
                self.broken += 1
            else:
                if response.status_code == 200:
                    return self._taken(batch, response.json())
                assert response.status_code == 503, response.text
                assert response.headers["content-type"] == "application/problem+json"
                self.refusals.append(int(response.headers["retry-after"]))
            assert time.monotonic() < until, "the server did not come back"
            time.sleep(0.05)

    def _taken(self, batch: Batch, answer: Json) -> None:
        assert answer["rejected"] == []
        assert answer["accepted"] + answer["duplicates"] == batch.lines
        with self.guard:
            self.acknowledged += 1
            self.watermark = max(self.watermark, answer["watermark"])


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The export of an undisturbed server."""
    process = Process("--data", str(tmp_path_factory.mktemp("undisturbed") / "data"))
    sending = Sending(process.url, batches(random.Random(SEED), Names("killed")))
    sending.run()
    assert sending.failure is None
    api = Api(process.url)
    exported = api.export()
    api.close()
    assert process.stop() == 0
    return exported


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def backends(master: int) -> list[int]:
    """Processes of a PostgreSQL that serve client connections."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(child) for child in children if b" mlgraph mlgraph " in _title(int(child))]


def _title(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def shoot(victim: str, process: Process, data: Path, rng: random.Random) -> None:
    """Kill the victim with SIGKILL, unless it is being restarted."""
    targets: list[int] = []
    with suppress(OSError, IndexError, ValueError):
        master = postmaster(data)
        targets += {"server": [], "postgres": [master], "both": [master], "backend": [rng.choice(backends(master))]}[victim]
    if victim in ("server", "both"):
        targets.append(process.child.pid)
    for target in targets:
        with suppress(ProcessLookupError):
            os.kill(target, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_killed_twenty_times_it_exports_what_an_undisturbed_one_does(
    start: Callable[..., Process], expected: bytes, tmp_path: Path
) -> None:
    rng = random.Random(SEED + 1)
    todo = batches(random.Random(SEED), Names("killed"))
    total = len(todo)
    assert sum(batch.lines for batch in todo) == 50_000
    data, port = tmp_path / "killed", free_port()
    process = start("--data", str(data), port=port)
    sending = Sending(process.url, list(todo))
    producers = [threading.Thread(target=sending.run, daemon=True) for _ in range(SENDERS)]
    for producer in producers:
        producer.start()
    marks = sorted(rng.sample(range(total - SENDERS), KILLS))
    for mark, victim in zip(marks, rng.sample(VICTIMS, KILLS), strict=True):
        while sending.acknowledged < mark and sending.failure is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.12))  # at a random point of the ingestion
        shoot(victim, process, data, rng)
        if victim in ("server", "both"):
            process.kill()
            reported = sending.watermark
            process = start("--data", str(data), port=port, patience_s=RESTART_S)
            ready = httpx.get(f"{process.url}/readyz", trust_env=False).json()
            assert ready["watermark"] >= reported, "an acknowledged transaction is lost"
    for producer in producers:
        producer.join(4 * PATIENCE_S)
    assert sending.failure is None
    assert sending.acknowledged == total
    assert sending.broken + len(sending.refusals) >= KILLS // 2  # some requests were interrupted by kills
    api = Api(process.url)
    api.written = sending.watermark
    wait_until_ready(api)
    assert api.export() == expected
    again = rng.sample(todo, 4)  # repeated facts change nothing
    for batch in again:
        response = api.http.post(f"/api/v1/{batch.call}", content=batch.body, headers=LINES)
        assert (response.json()["accepted"], response.json()["duplicates"]) == (0, batch.lines)
    api.close()
    assert process.stop() == 0
