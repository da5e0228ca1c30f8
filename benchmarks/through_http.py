"""Measurement over HTTP: reads and writes from a load generator in a process of its own."""

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
"""Assets of a typical closure."""
TYPICAL_WITHIN: Final = 0.1
FIRST_PAGE: Final = 100
EVENTS_PER_S: Final = 200
WRITER_EVENTS_PER_S: Final = 50
"""Rate of the writer during the measurement of reads beside a writer."""
CONNECTIONS: Final = 16
MOST_TEAMS: Final = 20


class Durations(NamedTuple):
    """Measuring time: seconds for each query, minimum number of samples, seconds of sending events."""

    read_s: float
    least: int
    events_s: float


LONG: Final = Durations(4.0, MIN_FOR_P99, 15.0)
BRIEF: Final = Durations(0.2, 10, 1.0)

Paths = tuple[list[str], list[int]]
"""Request paths, and the expected `total` of their answers."""


class LoadFailed(Exception):
    """The load generator failed or got wrong answers; its times are invalid."""


def measure(company: Company, server: Server, figures: Figures, durations: Durations) -> None:
    """Measure the server, idle and beside a writer, and add the results to `figures`. Raises `LoadFailed`."""
    plain = Plain(company)
    typical, hubs = typical_closures(company, plain), hub_pages(company, plain)
    show = [f"/api/v1/asset?{urlencode({'uri': uri})}" for uri in company.layout.uris(_typical_roots(company, plain))]
    plan = [
        _read_plan("healthz", ["/healthz"], None, durations),
        _read_plan("typical", *typical, durations),
        _read_plan("impact", *hubs, durations),
        _read_plan("scene", *hub_scenes(company, plain), durations),
        _read_plan("show", show, None, durations),
        _read_plan("team", team_overviews(company), None, durations),
        _read_plan("coverage", ["/api/v1/coverage"], None, durations),
    ]
    figures.update(_latency_figures(_run({"url": server.url, "reads": plan}), "", plan))
    log("reads measured")
    seconds = durations.read_s * len(plan) + 2
    writer = _start_load({"url": server.url, "events": _event_plan("writer", WRITER_EVENTS_PER_S, seconds, ask=False)})
    try:
        figures.update(_latency_figures(_run({"url": server.url, "reads": plan}), ".writing", plan))
        _check_accepted(_load_result(writer)["events"])
    finally:
        writer.kill()
        writer.wait()
    log("reads beside a writer measured")
    figures.update(_measure_visibility(server, durations.events_s))


def _measure_visibility(server: Server, seconds: float) -> Figures:
    """Send events at a fixed rate; measure the time until each is visible in an answer."""
    _run({"url": server.url, "events": _event_plan("warm", EVENTS_PER_S / 4, 1.0)})
    reported = _run({"url": server.url, "events": _event_plan("live", EVENTS_PER_S, seconds)})["events"]
    _check_accepted(reported)
    log("events until they are visible measured")
    many = len(reported["visible"])
    figures = of_samples("visible.http", reported["visible"], many)
    figures.update(of_samples("posted.http", reported["posted"], many))
    figures["visible.http.events_per_s"] = many / reported["seconds"]
    figures["visible.http.retries"] = float(reported["retries"])
    return figures


def typical_closures(company: Company, plain: Plain) -> Paths:
    """Return lineage requests for closures of about 300 assets, with the number of assets of each."""
    roots = _typical_roots(company, plain)
    counts = [len(plain.closure(root, "downstream", NOW_US).nodes) for root in roots.tolist()]
    return [f"/api/v1/lineage?{urlencode({'uri': uri})}" for uri in company.layout.uris(roots)], counts


def hub_pages(company: Company, plain: Plain) -> Paths:
    """Return requests for the first impact page of each hub, with the total of affected assets."""
    counts = [len(plain.closure(hub, "downstream", NOW_US).nodes) - 1 for hub in company.hubs.tolist()]
    return [f"/api/v1/impact?{urlencode({'uri': uri, 'limit': FIRST_PAGE})}" for uri in company.layout.uris(company.hubs)], counts


def hub_scenes(company: Company, plain: Plain) -> Paths:
    """Return requests for the scene of each hub, with its number of assets."""
    counts = [len(plain.closure(hub, "downstream", NOW_US).nodes) for hub in company.hubs.tolist()]
    return [f"/api/v1/scene?{urlencode({'uri': uri})}" for uri in company.layout.uris(company.hubs)], counts


def team_overviews(company: Company) -> list[str]:
    """Return requests for up to twenty teams, each of which owns a domain."""
    drawn = np.unique(np.linspace(0, company.layout.domains - 1, MOST_TEAMS).astype(np.int64))
    return [f"/api/v1/team?{urlencode({'uri': uri})}" for uri in company.layout.teams(drawn)]


def _typical_roots(company: Company, plain: Plain) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return up to twenty roots with closures of about typical size, out of up to 500 sampled datasets."""
    rng = np.random.default_rng([company.seed, 5])
    datasets = company.layout.nodes_of("raw", "derived")
    drawn = rng.choice(datasets, min(500, len(datasets)), replace=False)
    sizes = np.array([len(plain.closure(node, "downstream", NOW_US).nodes) for node in drawn.tolist()])
    nearest = np.argsort(np.abs(sizes - TYPICAL), kind="stable")[:20]
    near = nearest[np.abs(sizes[nearest] - TYPICAL) <= TYPICAL * TYPICAL_WITHIN]
    return drawn[near if len(near) else nearest[:1]]


def _read_plan(name: str, paths: Sequence[str], totals: Sequence[int] | None, durations: Durations) -> dict[str, Any]:
    return {"name": name, "paths": paths, "totals": totals, "seconds": durations.read_s, "least": durations.least}


def _event_plan(prefix: str, rate: float, seconds: float, *, ask: bool = True) -> dict[str, Any]:
    named = f"{prefix}-{time.time_ns():x}"
    return {"rate": rate, "seconds": seconds, "prefix": named, "connections": CONNECTIONS, "ask": ask}


def _latency_figures(reported: dict[str, Any], suffix: str, plan: Sequence[dict[str, Any]]) -> Figures:
    figures: Figures = {}
    for each in plan:
        figures.update(of_samples(f"{each['name']}.http{suffix}", reported[each["name"]], len(each["paths"])))
        if each["totals"]:
            figures[f"{each['name']}.http.mean_size"] = float(np.mean(each["totals"]))
    return figures


def _check_accepted(reported: dict[str, Any]) -> None:
    if reported["failed"]:
        raise LoadFailed(f"{len(reported['failed'])} events failed, the first: {reported['failed'][0]}")


def _run(plan: dict[str, Any]) -> dict[str, Any]:
    process = _start_load(plan)
    try:
        return _load_result(process)
    finally:
        process.kill()
        process.wait()


def _start_load(plan: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a load generator on its plan."""
    with tempfile.TemporaryFile() as file:  # writing a long plan to a pipe would block until the process reads it
        file.write(orjson.dumps(plan))
        file.seek(0)
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load"], stdin=file, stdout=subprocess.PIPE, start_new_session=True
        )


def _load_result(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    message, _ = process.communicate()
    if process.returncode != 0:
        raise LoadFailed("the load generator failed; its standard error has the reason")
    reported: dict[str, Any] = orjson.loads(message)
    return reported
