"""Questions asked of every engine in this process: the same starts, compared before any time is taken for good."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from benchmarks import bound
from benchmarks.company import DAY_US, NOW_US, Company
from benchmarks.engines.base import DirectionName, Engine, same
from benchmarks.engines.plain import Plain
from benchmarks.engines.with_postgres import Postgres
from benchmarks.figures import Figures, of_samples
from benchmarks.layout import Ints
from benchmarks.progress import log
from benchmarks.reachability import CompressedRows
from mlgraph.domain.vocabulary import KINDS

AS_OF_US: Final = NOW_US - 30 * DAY_US
"""A month ago: far enough for closed edges to hold again, near enough for closures to be about as large as now."""
STARTS: Final = 100
BUDGET_S: Final = 2.0
"""So long each engine is asked each question, at least every start once."""
DEPTH: Final = 3
Start = TypeVar("Start")
_MODEL_VERSION: Final = KINDS["model_version"].code


class Disagreement(Exception):
    """An engine answered otherwise than the plain search: no time of this run means anything."""


@dataclass(frozen=True, slots=True)
class Query:
    """`ask` asks an engine from a start (its own number), `check` says whether it answers as the plain search does."""

    name: str
    title: str
    starts: Sequence[tuple[int, ...]]
    ask: Callable[[Engine, tuple[int, ...]], object]
    check: Callable[[Engine, Plain, tuple[int, ...], object], bool]
    needs_history: bool = False


def queries(company: Company, plain: Plain) -> list[Query]:
    """Return what is asked. The starts depend on the company alone."""
    rng = np.random.default_rng([company.seed, 4])
    layout = company.layout
    sources = _some(rng, layout.nodes_of("raw", "derived", "feature"))
    sinks = _some(rng, layout.nodes_of("model_version", "deployment", "service"))
    hubs = [(hub,) for hub in company.hubs.tolist()]
    return [
        _closure("random", "downstream closure, random starts", sources, "downstream", NOW_US),
        _closure("hub", "downstream closure, hubs", hubs, "downstream", NOW_US),
        _closure("upstream", "upstream closure, random starts", sinks, "upstream", NOW_US),
        Query(
            "within",
            f"{DEPTH} hops downstream, model versions alone",
            sources,
            lambda engine, start: engine.within(start[0], DEPTH, _MODEL_VERSION, NOW_US),
            lambda engine, check, start, found: same(
                engine.nodes_of(found), check.within(start[0], DEPTH, _MODEL_VERSION, NOW_US)
            ),
        ),
        Query(
            "path",
            "shortest path",
            _pairs(rng, plain, sources),
            lambda engine, ends: engine.hops(ends[0], ends[1], NOW_US),
            lambda _, check, ends, found: found == check.hops(ends[0], ends[1], NOW_US),
        ),
        _closure("as_of", "downstream closure as of a month ago, hubs", hubs, "downstream", AS_OF_US),
    ]


def _closure(name: str, title: str, starts: Sequence[tuple[int, ...]], direction: DirectionName, moment: int) -> Query:
    return Query(
        name,
        title,
        starts,
        lambda engine, start: engine.closure(start[0], direction, moment),
        lambda engine, check, start, found: same(engine.nodes_of(found), check.closure(start[0], direction, moment)),
        needs_history=moment != NOW_US,
    )


def _some(rng: np.random.Generator, nodes: Ints) -> list[tuple[int, ...]]:
    return [(node,) for node in rng.choice(nodes, min(STARTS, len(nodes)), replace=False).tolist()]


def _pairs(rng: np.random.Generator, plain: Plain, starts: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return for each start one of the assets that it reaches, any but itself."""
    pairs: list[tuple[int, ...]] = []
    for (start,) in starts:
        nodes = plain.closure(start, "downstream", NOW_US).nodes
        if len(nodes) > 1:
            pairs.append((start, int(nodes[rng.integers(1, len(nodes))])))
    return pairs


def measure(
    company: Company, engine_factories: Sequence[Callable[[], Engine]], figures: Figures, budget_s: float = BUDGET_S
) -> None:
    """Open one engine after the other, compare and time its answers, and close it; put all into `figures`.

    Raises `Disagreement` where one answers otherwise than the plain search; nothing of this part is in `figures` then.
    """
    plain = Plain(company)
    asked = queries(company, plain)
    found = _sizes(asked, plain)
    for make in engine_factories:
        found.update(_engine(make, asked, plain, budget_s))
        gc.collect()
    found.update(_bound(company, plain))
    figures.update(found)


def _engine(make: Callable[[], Engine], asked: Sequence[Query], plain: Plain, budget_s: float) -> Figures:
    started_at = time.perf_counter()
    engine = make()
    figures: Figures = {}
    try:
        figures[f"open.{engine.name}.s"] = time.perf_counter() - started_at
        log(f"{engine.name} is open after {time.perf_counter() - started_at:.1f} s")
        suited = [query for query in asked if engine.has_history or not query.needs_history]
        for query in suited:
            _compare(engine, plain, query)
        log(f"{engine.name} answers as it should")
        for query in suited:
            figures.update(_timed(engine, query, budget_s))
        if isinstance(engine, Postgres):
            hubs = next(query for query in asked if query.name == "hub")
            figures.update(_ids_alone(engine, plain, [start for (start,) in hubs.starts], budget_s))
    finally:
        engine.close()
    return figures


def _sizes(asked: Sequence[Query], plain: Plain) -> Figures:
    """Return how many assets the answers have."""
    figures: Figures = {}
    for query in asked:
        counts = []
        for start in query.starts:
            found = query.ask(plain, start)
            counts.append(found if isinstance(found, int) else len(plain.nodes_of(found).nodes))
        figures[f"{query.name}.median_size"] = float(np.median(counts))
        figures[f"{query.name}.mean_size"] = float(np.mean(counts))
    return figures


def _own(engine: Engine, start: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(engine.start(node) for node in start)


def _compare(engine: Engine, plain: Plain, query: Query) -> None:
    for start in query.starts:
        found = query.ask(engine, _own(engine, start))
        if not query.check(engine, plain, start, found):
            raise Disagreement(f"{engine.name} answers '{query.title}' from {start} otherwise than the plain search")


def _timed(engine: Engine, query: Query, budget_s: float) -> Figures:
    """Time every start in turn, round after round, so that none finds its own data still warm."""
    starts = [_own(engine, start) for start in query.starts]
    return of_samples(
        f"{query.name}.{engine.name}", _samples(lambda start: query.ask(engine, start), starts, budget_s), len(starts)
    )


def _samples(ask: Callable[[Start], object], starts: Sequence[Start], budget_s: float) -> list[float]:
    samples: list[float] = []
    until = time.perf_counter() + budget_s
    gc.collect()
    gc.disable()  # a collection walks all that engines keep as Python objects: no engine's fault
    try:
        while not samples or time.perf_counter() < until:
            for start in starts:
                started_at = time.perf_counter()
                result = ask(start)
                samples.append(time.perf_counter() - started_at)
                del result
                if time.perf_counter() > until and len(samples) >= len(starts):
                    break
    finally:
        gc.enable()
    return samples


def _ids_alone(engine: Postgres, plain: Plain, hubs: Sequence[int], budget_s: float) -> Figures:
    """Time what the recursive query takes where nobody asks for distances."""
    for hub in hubs:
        if sorted(node for (node,) in engine.ids(hub, NOW_US)) != sorted(plain.closure(hub, "downstream", NOW_US).nodes.tolist()):
            raise Disagreement(f"{engine.name} finds other ids from {hub} than the plain search")
    return of_samples("hub.PostgreSQL, ids alone", _samples(lambda hub: engine.ids(hub, NOW_US), hubs, budget_s), len(hubs))


def _bound(company: Company, plain: Plain) -> Figures:
    rate = bound.random_reads_per_s(bound.array_bytes(company))
    edges = company.edges
    order = np.argsort(edges.source, kind="stable")
    every = CompressedRows.of(company.layout.nodes, edges.source, edges.target, np.ones(len(edges), np.bool_))
    valid = edges.holding(NOW_US)[order]
    touched = [bound.touched(every, valid, plain.closure(hub, "downstream", NOW_US).nodes) for hub in company.hubs.tolist()]
    lines, touches = np.median(touched, axis=0).tolist()
    log(f"{rate / 1e6:.0f} million random reads a second; {lines:,.0f} lines a hub's closure")
    return {
        "bound.array_mb": bound.array_bytes(company) / 1e6,
        "bound.million_reads_per_s": rate / 1e6,
        "hub.lines": lines,
        "hub.touches": touches,
        "hub.bound.median_ms": lines / rate * 1e3,
    }
