"""Measurement of the server process: ingestion rates, time until it is ready, and memory."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import orjson

from benchmarks import through_http
from benchmarks.bulk_storing import store
from benchmarks.company import Company
from benchmarks.event_generator import fact_chunks, openlineage_lines
from benchmarks.figures import Figures
from benchmarks.progress import log
from benchmarks.server import PROGRAM, Memory, Server
from benchmarks.wire import Connection
from mlgraph.stores.embedded.server import EmbeddedPostgres

VISIBLE_TIMEOUT_S: Final = 4 * 3600.0
WORKERS_OPTION: Final = "--workers"
WORKERS: Final = 2


class IngestFailed(Exception):
    """`mlgraph ingest` failed, or its facts did not become visible."""


def measure(company: Company, data: Path, figures: Figures, *, by_copy: bool, brief: bool = False) -> None:
    """Fill a store below `data` through the command line or (`by_copy`) directly, and measure the server on it.

    Adds each figure to `figures` as soon as it is measured. `brief` shortens the measurement from a minute to seconds. The store
    remains, without a running server. Raises `IngestFailed` or `LoadFailed`.
    """
    if data.exists():
        raise IngestFailed(f"{data} exists already, and its facts would be duplicates; remove it, or use another --work")
    data.parent.mkdir(parents=True, exist_ok=True)
    figures.update(fill_by_copy(company, data) if by_copy else _ingest_facts(company, data))
    if by_copy:
        with Server(data) as server:
            figures["ready.first.s"] = server.ready_s
            log(f"ready for the first time after {server.ready_s:.1f} s")
    with Server(data) as server:
        figures["ready.kept.s"] = server.ready_s
        log(f"ready again after {server.ready_s:.1f} s")
        figures.update(_memory("ready", server.memory()))
        through_http.measure(company, server, figures, through_http.BRIEF if brief else through_http.LONG)
        figures.update(_ingest_events(company, data.with_suffix(".events.ndjson"), server))
        figures.update(_memory("used", server.memory()))
    figures.update(_measure_workers(data))


def _ingest_facts(company: Company, data: Path) -> Figures:
    file = data.with_suffix(".facts.ndjson")
    lines = _write_file(file, (chunk for _, chunk in fact_chunks(company)))
    figures: Figures = {"facts": float(lines), "facts.mb": file.stat().st_size / 1e6}
    with Server(data) as server:
        figures["ready.empty.s"] = server.ready_s
        log(f"an empty server was ready after {server.ready_s:.1f} s; sending {lines:,} facts")
        taken, watermark = _ingest(server, file, "facts")
        figures["facts.s"], figures["facts.per_s"] = taken, lines / taken
        figures["facts.visible.s"] = taken + _wait_for_watermark(server, watermark)
        log(f"{lines:,} facts durable after {taken:.1f} s, in the graph after {figures['facts.visible.s']:.1f} s")
    file.unlink()
    return figures


def fill_by_copy(company: Company, data: Path) -> Figures:
    """Fill a store below `data` by COPY, and return the time taken."""
    started_at = time.monotonic()
    with EmbeddedPostgres(data) as postgres:
        store(company, postgres.url)
    log(f"the store was filled by COPY in {time.monotonic() - started_at:.0f} s")
    return {"copy.s": time.monotonic() - started_at}


def _ingest_events(company: Company, file: Path, server: Server) -> Figures:
    lines = _write_file(file, openlineage_lines(company, company.size.events))
    taken, watermark = _ingest(server, file, "openlineage")
    behind = _wait_for_watermark(server, watermark)
    file.unlink()
    log(f"{lines:,} events durable after {taken:.1f} s, in the graph after {taken + behind:.1f} s")
    return {"events": float(lines), "events.s": taken, "events.per_s": lines / taken, "events.visible.s": taken + behind}


def _write_file(file: Path, pieces: Iterable[bytes]) -> int:
    lines = 0
    with file.open("wb") as out:
        for piece in pieces:
            lines += piece.count(b"\n")
            out.write(piece)
    return lines


def _ingest(server: Server, file: Path, form: str) -> tuple[float, int]:
    """Send a file with `mlgraph ingest`; return the duration of the command (s), and the watermark."""
    started_at = time.monotonic()
    command = [str(PROGRAM), "ingest", str(file), "--format", form, "--json", "--url", server.url]
    done = subprocess.run(
        command, capture_output=True, check=False, start_new_session=True
    )  # Ctrl-C must reach the benchmark only
    taken = time.monotonic() - started_at
    if done.returncode != 0:
        raise IngestFailed(f"mlgraph ingest ended with {done.returncode}: {done.stderr[-500:]!r}")
    return taken, int(orjson.loads(done.stdout)["watermark"])


def _wait_for_watermark(server: Server, watermark: int) -> float:
    """Wait until answers include `watermark`; return the time waited (s)."""
    started_at = time.monotonic()
    connection = Connection(server.url)
    try:
        while True:
            # 503: not visible yet, retry. 404 would be an answer without such an asset.
            answer = connection.get(f"/api/v1/asset?uri=mlg%3A%2F%2Fteam%2Fcompany%2Fteam-0000&at_least={watermark}")
            if answer.status == 200:
                return time.monotonic() - started_at
            if time.monotonic() - started_at > VISIBLE_TIMEOUT_S:
                raise IngestFailed(f"the graph did not reach watermark {watermark}: {answer.body[:300]!r}")
            time.sleep(0.05)
    finally:
        connection.close()


def _memory(when: str, processes: list[Memory]) -> Figures:
    if not processes:
        return {}
    names = Memory._fields
    return {f"memory.{when}.{name}": value for name, value in zip(names, processes[0], strict=True)}


def _measure_workers(data: Path) -> Figures:
    """Return the private memory of a further worker process, if the server has the option `--workers`."""
    reported = subprocess.run(
        [str(PROGRAM), "up", "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}
    ).stdout
    if WORKERS_OPTION not in reported:
        return {}
    with Server(data, WORKERS_OPTION, str(WORKERS)) as server:
        processes = server.memory()
    further = sorted(process.private_mb for process in processes[1:])
    return {"workers": float(WORKERS), "worker.private_mb": further[-1]} if further else {}
