"""What the inferred edges that traversals follow cost: building a base, applying a transaction, and closures.

`python -m benchmarks.experiments --size M` fills a store with a company of that size, some of whose training runs are made for
the cells of experiments, and measures the graph with and without rules in turns, so that ratios do not depend on the machine.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.bulk_storing import store
from benchmarks.company import NOW_US, Company, generate_company
from benchmarks.figures import Figures
from benchmarks.layout import Ints
from benchmarks.progress import log
from benchmarks.sizes import SIZES
from mlgraph.domain.facts import AssetFact, EdgeFact, Fact, Mode
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.csr.row_format import ORIGIN_SHIFT
from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.graph.model.rows import FIRST_RULE_ORIGIN, Layer
from mlgraph.graph.traversal.closures import walk
from mlgraph.inference.rules import shipped_rules
from mlgraph.inference.walked_rules import NO_WALKED_RULES, WalkedRules
from mlgraph.ports.store import Actor, Item
from mlgraph.services.projection.commit_feed import CommitFeed
from mlgraph.services.projection.projector import Projector
from mlgraph.services.projection.rebuild import rebuild
from mlgraph.stores.append.writer import PostgresWriter
from mlgraph.stores.embedded.server import EmbeddedPostgres
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.reader import PostgresReader

RUNS_OF_A_CELL: Final = 10
CELLS: Final = 2
"""Cells of one experiment."""
TESTED_RATIO: Final = 0.2
"""Training runs that are made for a cell."""
EVENTS: Final = 200
STARTS: Final = 60
ROUNDS: Final = 5
WITH: Final = "with_rules"
_VARIANTS: Final = {"without_rules": NO_WALKED_RULES, WITH: WalkedRules(shipped_rules())}
_FACTS: Final = 20_000
_ACTOR: Final = Actor("benchmark")


class Training(NamedTuple):
    """A workflow with the model version that its runs made."""

    workflow: str
    version: str


def trainings(company: Company) -> tuple[list[str], list[Training]]:
    """Return the runs that made a model version, and for each its workflow and version."""
    edges, codes = company.run_edges, {name: relation.code for name, relation in RELATIONS.items()}
    made = np.flatnonzero((edges.relation == codes["outputs"]) & (company.kinds[edges.target] == KINDS["model_version"].code))
    workflow_of = dict(zip(company.runs.run.tolist(), company.runs.workflow.tolist(), strict=True))
    runs = edges.source[made]
    uris = company.layout.uris
    workflows = uris(np.array([workflow_of[run] for run in runs.tolist()], np.int32))
    versions = uris(edges.target[made])
    return uris(runs), [Training(*each) for each in zip(workflows, versions, strict=True)]


def experiment_facts(runs: Sequence[str]) -> Iterator[Fact]:
    """Yield the facts of experiments for whose cells every one of `runs` was made."""
    for number, run in enumerate(runs):
        cell = number // RUNS_OF_A_CELL
        variant, experiment = AssetUri("variant", "ab", str(cell)), AssetUri("experiment", "ab", str(cell // CELLS))
        if number % RUNS_OF_A_CELL == 0:
            yield EdgeFact(variant, "variant_of", experiment, "facts", NOW_US - 10**9)
        yield EdgeFact(AssetUri.parse(run), "executed_for", variant, "facts", NOW_US - 10**9)


def training_event(number: int, training: Training, inputs: Sequence[str], *, tested: bool) -> list[Fact]:
    """Return the facts of one training run."""
    run, moment = AssetUri("run", "measured", str(number)), NOW_US + number * 10**6
    facts: list[Fact] = [
        AssetFact(run, "openlineage", moment, {"properties": {"state": "COMPLETE"}}, Mode.PATCH),
        EdgeFact(run, "run_of", AssetUri.parse(training.workflow), "openlineage", moment, mode=Mode.PATCH),
        *(EdgeFact(AssetUri.parse(each), "input_to", run, "openlineage", moment, mode=Mode.PATCH) for each in inputs),
        EdgeFact(run, "outputs", AssetUri.parse(training.version), "openlineage", moment, mode=Mode.PATCH),
    ]
    if tested:
        facts.append(EdgeFact(run, "executed_for", AssetUri("variant", "ab", "0"), "facts", moment))
    return facts


def measure(company: Company, data: Path, events: int = EVENTS) -> Figures:
    """Fill a store below `data` and return the figures: durations in the unit of their names, and numbers of rows."""
    server = EmbeddedPostgres(data)
    database = Database(server.start(), size=2)
    try:
        store(company, server.url)
        database.open()
        reader, feed = PostgresReader(database), CommitFeed()
        writer = PostgresWriter(database, feed.push)
        runs, made = trainings(company)
        tested = runs[: max(1, int(len(runs) * TESTED_RATIO))]
        facts = list(experiment_facts(tested))
        for begin in range(0, len(facts), _FACTS):
            writer.append([Item(facts[begin : begin + _FACTS])], _ACTOR)
        log(f"{len(runs):,} training runs, {len(tested):,} of them for a cell of an experiment")
        graphs = {name: _built(name, reader, rules) for name, rules in _VARIANTS.items()}
        found: Figures = {f"build.{name}.s": took_s for name, (_, took_s) in graphs.items()}
        versions = {name: graph.snapshot for name, (graph, _) in graphs.items()}
        out = versions[WITH].views[Layer.ASSET].out.arrays.rows
        found["rows"], found["inferred_rows"] = len(out), int((out[:, 0] >> ORIGIN_SHIFT >= FIRST_RULE_ORIGIN).sum())
        found.update(_closures(company, versions))
        projectors = {name: Projector(reader, graph, rules=_VARIANTS[name]) for name, (graph, _) in graphs.items()}
        found.update(_events(company, made, reader, writer, feed, projectors, events))
        return found
    finally:
        database.close()
        server.stop()


def _built(name: str, reader: PostgresReader, rules: WalkedRules) -> tuple[MutableGraph, float]:
    started_at = time.perf_counter()
    graph = MutableGraph(rebuild(reader, rules=rules))
    took_s = time.perf_counter() - started_at
    log(f"built {name} in {took_s:.1f} s")
    return graph, took_s


def _closures(company: Company, versions: Mapping[str, GraphVersion]) -> Figures:
    """Return the median duration of closures from hubs and from random tables and features; graphs take turns."""
    rng = np.random.default_rng(4)
    number = next(iter(versions.values())).asset_index.number
    sources: Ints = rng.choice(company.layout.nodes_of("raw", "derived", "feature"), STARTS, replace=False)
    samples: dict[str, list[float]] = defaultdict(list)
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            for title, nodes in (("random", sources), ("hub", company.hubs)):
                for start in company.layout.uris(nodes):
                    for name, graph in versions.items():
                        started_at = time.perf_counter()
                        walk(graph, number(start) or 0, "downstream", Layer.ASSET, NOW_US)
                        samples[f"{title}.{name}.ms"].append(time.perf_counter() - started_at)
    finally:
        gc.enable()
    return {key: float(np.median(durations)) * 1e3 for key, durations in samples.items()}


def _events(
    company: Company,
    made: Sequence[Training],
    reader: PostgresReader,
    writer: PostgresWriter,
    feed: CommitFeed,
    projectors: Mapping[str, Projector],
    many: int,
) -> Figures:
    """Return the median time to apply the event of a training run, for no experiment and for a cell; graphs take turns.

    `ms` is by the clock, `cpu_ms` the processor time of the thread, which leaves out the store's.
    """
    inputs = company.layout.uris(company.layout.nodes_of("feature")[:3])
    rng, watermark = np.random.default_rng(5), reader.last_tx()
    samples: dict[str, list[float]] = defaultdict(list)
    for number in range(2 * many):
        is_tested = number >= many
        facts = training_event(number, made[int(rng.integers(len(made)))], inputs, tested=is_tested)
        writer.append([Item(facts)], _ACTOR)
        committed = feed.since(watermark)
        if committed is None:
            raise RuntimeError(f"the feed does not have the transaction after {watermark}")
        changes, watermark = committed[0], committed[0].upto
        turns = list(projectors.items())
        for variant, projector in turns if number % 2 else reversed(turns):  # the second one finds pages of the store in use
            name = f"{'cell' if is_tested else 'plain'}_event.{variant}"
            started_at, cpu_at = time.perf_counter(), time.thread_time()
            with reader.session():
                projector.apply(changes)
            samples[f"{name}.ms"].append(time.perf_counter() - started_at)
            samples[f"{name}.cpu_ms"].append(time.thread_time() - cpu_at)
    return {key: float(np.median(durations[many // 4 :])) * 1e3 for key, durations in samples.items()}


def main() -> None:
    """Measure a company of one size and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    size = SIZES[parser.parse_args().size]
    with tempfile.TemporaryDirectory() as data:
        for name, value in measure(generate_company(size), Path(data)).items():
            sys.stdout.write(f"{name:28} {value:,.3f}\n")


if __name__ == "__main__":
    main()
