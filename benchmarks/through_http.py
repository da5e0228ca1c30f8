"""What clients see: reads and writes through HTTP, from a load generator in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import numpy as np
import orjson

from benchmarks.company import NOW_US, Company
from benchmarks.engines.plain import Plain
from benchmarks.figures import MIN_FOR_P99, Figures, of_samples
from benchmarks.progress import log
from benchmarks.server import Server

TYPICAL: Final = 300
"""A typical closure has about so many assets."""
TYPICAL_WITHIN: Final = 0.1
FIRST_PAGE: Final = 100
EVENTS_PER_S: Final = 200
WRITER_EVENTS_PER_S: Final = 50
"""What a writer sends while reads are measured."""
CONNECTIONS: Final = 16


class Effort(NamedTuple):
    """How long each question is asked, how often at least, and how long events are sent."""

    read_s: float
    least: int
    events_s: float


LONG: Final = Effort(4.0, MIN_FOR_P99, 15.0)
BRIEF: Final = Effort(0.2, 10, 1.0)

Paths = tuple[list[str], list[int]]
"""Questions, and the counts that their answers must have."""


class LoadFailed(Exception):
    """The load generator could not do its work, or answers were wrong: its times mean nothing."""


def measure(company: Company, server: Server, figures: Figures, effort: Effort) -> None:
    """Ask the server, idle and while a writer is active, and put what it took into `figures`. Raises `LoadFailed`."""
    plain = Plain(company)
    typical, hubs = typical_closures(company, plain), hub_pages(company, plain)
    show = [f"/api/v1/asset?{urlencode({'uri': uri})}" for uri in company.layout.uris(_typical(company, plain))]
    plan = [
        _reads("healthz", ["/healthz"], None, effort),
        _reads("typical", *typical, effort),
        _reads("impact", *hubs, effort),
        _reads("show", show, None, effort),
    ]
    figures.update(_reported(_run({"url": server.url, "reads": plan}), "", plan))
    log("reads measured")
    seconds = effort.read_s * len(plan) + 2
    writer = _started({"url": server.url, "events": _events("writer", WRITER_EVENTS_PER_S, seconds, ask=False)})
    try:
        figures.update(_reported(_run({"url": server.url, "reads": plan}), ".writing", plan))
        _accepted(_finished(writer)["events"])
    finally:
        writer.kill()
        writer.wait()
    log("reads beside a writer measured")
    figures.update(_visible(server, effort.events_s))


def _visible(server: Server, seconds: float) -> Figures:
    """Send events at their rate, and wait for each to be shown."""
    _run({"url": server.url, "events": _events("warm", EVENTS_PER_S / 4, 1.0)})
    reported = _run({"url": server.url, "events": _events("live", EVENTS_PER_S, seconds)})["events"]
    _accepted(reported)
    log("events until they are visible measured")
    many = len(reported["visible"])
    figures = of_samples("visible.http", reported["visible"], many)
    figures.update(of_samples("posted.http", reported["posted"], many))
    figures["visible.http.events_per_s"] = many / reported["seconds"]
    figures["visible.http.retries"] = float(reported["retries"])
    return figures


def typical_closures(company: Company, plain: Plain) -> Paths:
    """Return questions for closures of about 300 assets, and how many assets each has."""
    roots = _typical(company, plain)
    counts = [len(plain.closure(root, "downstream", NOW_US).nodes) for root in roots.tolist()]
    return [f"/api/v1/lineage?{urlencode({'uri': uri})}" for uri in company.layout.uris(roots)], counts


def hub_pages(company: Company, plain: Plain) -> Paths:
    """Return questions for the first page of what each hub hurts, and how many assets that is."""
    counts = [len(plain.closure(hub, "downstream", NOW_US).nodes) - 1 for hub in company.hubs.tolist()]
    return [f"/api/v1/impact?{urlencode({'uri': uri, 'limit': FIRST_PAGE})}" for uri in company.layout.uris(company.hubs)], counts


def _typical(company: Company, plain: Plain) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return up to twenty roots whose closure is nearest to a typical one, of a few hundred datasets drawn."""
    rng = np.random.default_rng([company.seed, 5])
    datasets = company.layout.nodes_of("raw", "derived")
    drawn = rng.choice(datasets, min(500, len(datasets)), replace=False)
    sizes = np.array([len(plain.closure(node, "downstream", NOW_US).nodes) for node in drawn.tolist()])
    nearest = np.argsort(np.abs(sizes - TYPICAL), kind="stable")[:20]
    near = nearest[np.abs(sizes[nearest] - TYPICAL) <= TYPICAL * TYPICAL_WITHIN]
    return drawn[near if len(near) else nearest[:1]]


def _reads(name: str, paths: Sequence[str], totals: Sequence[int] | None, effort: Effort) -> dict[str, Any]:
    return {"name": name, "paths": paths, "totals": totals, "seconds": effort.read_s, "least": effort.least}


def _events(prefix: str, rate: float, seconds: float, *, ask: bool = True) -> dict[str, Any]:
    named = f"{prefix}-{time.time_ns():x}"
    return {"rate": rate, "seconds": seconds, "prefix": named, "connections": CONNECTIONS, "ask": ask}


def _reported(reported: dict[str, Any], suffix: str, plan: Sequence[dict[str, Any]]) -> Figures:
    figures: Figures = {}
    for each in plan:
        figures.update(of_samples(f"{each['name']}.http{suffix}", reported[each["name"]], len(each["paths"])))
        if each["totals"]:
            figures[f"{each['name']}.http.mean_size"] = float(np.mean(each["totals"]))
    return figures


def _accepted(reported: dict[str, Any]) -> None:
    if reported["failed"]:
        raise LoadFailed(f"{len(reported['failed'])} events failed, the first: {reported['failed'][0]}")


def _run(plan: dict[str, Any]) -> dict[str, Any]:
    process = _started(plan)
    try:
        return _finished(process)
    finally:
        process.kill()
        process.wait()


def _started(plan: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a load generator on its plan."""
    with tempfile.TemporaryFile() as file:  # a pipe that nobody reads yet would hold up a long plan
        file.write(orjson.dumps(plan))
        file.seek(0)
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load"], stdin=file, stdout=subprocess.PIPE, start_new_session=True
        )


def _finished(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    message, _ = process.communicate()
    if process.returncode != 0:
        raise LoadFailed("the load generator gave up: it said why on standard error")
    reported: dict[str, Any] = orjson.loads(message)
    return reported
