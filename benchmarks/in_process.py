"""Measurement of all engines in this process: the same queries and starts, with answers checked before any timing."""

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
"""A month ago: some edges that are closed now were valid, and closures have about the present size."""
STARTS: Final = 100
BUDGET_S: Final = 2.0
"""Time for each query and engine; every start is measured at least once."""
DEPTH: Final = 3
Start = TypeVar("Start")
_MODEL_VERSION: Final = KINDS["model_version"].code


class Disagreement(Exception):
    """An engine's answer differs from the plain search; the figures of the run are invalid."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query: `ask` calls an engine with a start (in its own numbers), `check` compares the answer with the plain search."""

    name: str
    title: str
    starts: Sequence[tuple[int, ...]]
    ask: Callable[[Engine, tuple[int, ...]], object]
    check: Callable[[Engine, Plain, tuple[int, ...], object], bool]
    needs_history: bool = False


def queries(company: Company, plain: Plain) -> list[Query]:
    """Return the queries. The starts depend on the company only."""
    rng = np.random.default_rng([company.seed, 4])
    layout = company.layout
    sources = _sample_nodes(rng, layout.nodes_of("raw", "derived", "feature"))
    sinks = _sample_nodes(rng, layout.nodes_of("model_version", "deployment", "service"))
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


def _sample_nodes(rng: np.random.Generator, nodes: Ints) -> list[tuple[int, ...]]:
    return [(node,) for node in rng.choice(nodes, min(STARTS, len(nodes)), replace=False).tolist()]


def _pairs(rng: np.random.Generator, plain: Plain, starts: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return for each start a random asset in its closure other than the start."""
    pairs: list[tuple[int, ...]] = []
    for (start,) in starts:
        nodes = plain.closure(start, "downstream", NOW_US).nodes
        if len(nodes) > 1:
            pairs.append((start, int(nodes[rng.integers(1, len(nodes))])))
    return pairs


def measure(
    company: Company, engine_factories: Sequence[Callable[[], Engine]], figures: Figures, budget_s: float = BUDGET_S
) -> None:
    """Open, check, time and close one engine after the other, and add all results to `figures`.

    Raises `Disagreement` if an answer differs from the plain search; `figures` is unchanged then.
    """
    plain = Plain(company)
    suite = queries(company, plain)
    found = _sizes(suite, plain)
    for make in engine_factories:
        found.update(_measure_engine(make, suite, plain, budget_s))
        gc.collect()
    found.update(_measure_bound(company, plain))
    figures.update(found)


def _measure_engine(make: Callable[[], Engine], suite: Sequence[Query], plain: Plain, budget_s: float) -> Figures:
    started_at = time.perf_counter()
    engine = make()
    figures: Figures = {}
    try:
        figures[f"open.{engine.name}.s"] = time.perf_counter() - started_at
        log(f"{engine.name} is open after {time.perf_counter() - started_at:.1f} s")
        suited = [query for query in suite if engine.has_history or not query.needs_history]
        for query in suited:
            _check_answers(engine, plain, query)
        log(f"{engine.name} agrees with the plain search")
        for query in suited:
            figures.update(_time_query(engine, query, budget_s))
        if isinstance(engine, Postgres):
            hubs = next(query for query in suite if query.name == "hub")
            figures.update(_time_ids_only(engine, plain, [start for (start,) in hubs.starts], budget_s))
    finally:
        engine.close()
    return figures


def _sizes(suite: Sequence[Query], plain: Plain) -> Figures:
    """Return median and mean size of the answers (assets; hops for paths)."""
    figures: Figures = {}
    for query in suite:
        counts = []
        for start in query.starts:
            found = query.ask(plain, start)
            counts.append(found if isinstance(found, int) else len(plain.nodes_of(found).nodes))
        figures[f"{query.name}.median_size"] = float(np.median(counts))
        figures[f"{query.name}.mean_size"] = float(np.mean(counts))
    return figures


def _engine_numbers(engine: Engine, start: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(engine.start(node) for node in start)


def _check_answers(engine: Engine, plain: Plain, query: Query) -> None:
    for start in query.starts:
        found = query.ask(engine, _engine_numbers(engine, start))
        if not query.check(engine, plain, start, found):
            raise Disagreement(f"{engine.name} differs from the plain search in '{query.title}' from {start}")


def _time_query(engine: Engine, query: Query, budget_s: float) -> Figures:
    """Time all starts in rounds, so that the data of a start is not still cached from its previous call."""
    starts = [_engine_numbers(engine, start) for start in query.starts]
    return of_samples(
        f"{query.name}.{engine.name}", _time_samples(lambda start: query.ask(engine, start), starts, budget_s), len(starts)
    )


def _time_samples(ask: Callable[[Start], object], starts: Sequence[Start], budget_s: float) -> list[float]:
    samples: list[float] = []
    until = time.perf_counter() + budget_s
    gc.collect()
    gc.disable()  # a collection traverses all Python objects of the process, also those of other engines
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


def _time_ids_only(engine: Postgres, plain: Plain, hubs: Sequence[int], budget_s: float) -> Figures:
    """Time the recursive query without distances."""
    for hub in hubs:
        if sorted(node for (node,) in engine.ids(hub, NOW_US)) != sorted(plain.closure(hub, "downstream", NOW_US).nodes.tolist()):
            raise Disagreement(f"{engine.name} returns other ids from {hub} than the plain search")
    return of_samples("hub.PostgreSQL, ids alone", _time_samples(lambda hub: engine.ids(hub, NOW_US), hubs, budget_s), len(hubs))


def _measure_bound(company: Company, plain: Plain) -> Figures:
    rate = bound.random_reads_per_s(bound.array_bytes(company))
    edges = company.edges
    order = np.argsort(edges.source, kind="stable")
    every = CompressedRows.of(company.layout.nodes, edges.source, edges.target, np.ones(len(edges), np.bool_))
    valid = edges.valid_at(NOW_US)[order]
    touched = [bound.touched(every, valid, plain.closure(hub, "downstream", NOW_US).nodes) for hub in company.hubs.tolist()]
    lines, touches = np.median(touched, axis=0).tolist()
    log(f"{rate / 1e6:.0f} million random reads a second; {lines:,.0f} lines in a hub's closure")
    return {
        "bound.array_mb": bound.array_bytes(company) / 1e6,
        "bound.million_reads_per_s": rate / 1e6,
        "hub.lines": lines,
        "hub.touches": touches,
        "hub.bound.median_ms": lines / rate * 1e3,
    }
