"""A real server with a generated catalogue: loading, waiting until all is found, memory."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import orjson

from benchmarks.discovery.fact_builder import Fact, ndjson
from benchmarks.progress import log
from benchmarks.server import Server
from benchmarks.wire import Connection

_LINES: Final = 20_000
_PATIENCE_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class LoadedServer:
    """A server whose search has all facts. `index_s`: from the last acknowledged fact until searches include it."""

    server: Server
    watermark: int
    facts: int
    load_s: float
    index_s: float

    @property
    def url(self) -> str:
        """Return the server's address."""
        return self.server.url

    def resident_mb(self) -> float:
        """Return the resident memory of the server's processes, without PostgreSQL."""
        return sum(memory.rss_mb for memory in self.server.memory())


class LoadRefused(Exception):
    """A fact was rejected, or the search did not catch up."""


@contextmanager
def loaded(facts: Iterable[Fact], folder: Path) -> Iterator[LoadedServer]:
    """Start a server on an empty directory, send `facts`, wait until searches include all. Raises `LoadRefused`."""
    with Server(folder) as server:
        started = time.monotonic()
        watermark, count = _sent(server.url, facts)
        load_s = time.monotonic() - started
        started = time.monotonic()
        _wait(server.url, watermark)
        index_s = time.monotonic() - started
        log(f"{count:,} facts were sent in {load_s:.1f} s; searches included them {index_s:.1f} s later")
        yield LoadedServer(server, watermark, count, load_s, index_s)


def _sent(url: str, facts: Iterable[Fact]) -> tuple[int, int]:
    connection = Connection(url)
    watermark = count = 0
    lines = ndjson(facts)
    try:
        while chunk := list(islice(lines, _LINES)):
            answer = connection.post("/api/v1/facts", b"".join(chunk))
            report = orjson.loads(answer.body)
            if answer.status != 200 or report["rejected"]:
                raise LoadRefused(f"facts were answered {answer.status}: {answer.body[:500]!r}")
            watermark, count = report["watermark"], count + len(chunk)
    finally:
        connection.close()
    return watermark, count


def _wait(url: str, watermark: int) -> None:
    connection = Connection(url)
    until = time.monotonic() + _PATIENCE_S
    try:
        for call in ("search?q=a&", "similar?text=a&"):
            while (answer := connection.get(f"/api/v1/{call}limit=1&at_least={watermark}")).status != 200:
                if answer.status != 503 or time.monotonic() > until:
                    raise LoadRefused(f"{call} did not include watermark {watermark}: {answer.status} {answer.body[:300]!r}")
                time.sleep(0.2)
    finally:
        connection.close()
