"""What the inferred edges that traversals follow cost: building a base, applying a transaction, and closures.

`python -m benchmarks.experiments --size M` fills a store with a company of that size, some of whose training runs are made for
the cells of experiments, and measures the graph with and without rules in turns, so that ratios do not depend on the machine.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.bulk_storing import store
from benchmarks.company import NOW_US, Company, generate_company
from benchmarks.layout import Ints
from benchmarks.progress import log
from benchmarks.sizes import SIZES
from mlgraph.domain.facts import AssetFact, EdgeFact, Fact, Mode
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KINDS, RELATIONS
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


def median_ms(samples: Sequence[float]) -> float:
    """Return the median of durations in seconds, in milliseconds."""
    return float(np.median(samples)) * 1e3


def time_closures(graphs: Sequence[GraphVersion], starts: Sequence[int]) -> list[float]:
    """Return, by graph, the median duration of the closures of all starts in seconds; graphs take turns."""
    samples: list[list[float]] = [[] for _ in graphs]
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            for start in starts:
                for graph, durations in zip(graphs, samples, strict=True):
                    started_at = time.perf_counter()
                    walk(graph, start, "downstream", Layer.ASSET, NOW_US)
                    durations.append(time.perf_counter() - started_at)
    finally:
        gc.enable()
    return [float(np.median(durations)) for durations in samples]


def measure(company: Company, data: Path) -> None:
    """Fill a store below `data` and print the figures."""
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
        for begin in range(0, len(facts), 20_000):
            writer.append([Item(facts[begin : begin + 20_000])], _ACTOR)
        log(f"{len(runs):,} training runs, {len(tested):,} of them for a cell of an experiment")
        both = (NO_WALKED_RULES, WalkedRules(shipped_rules()))
        graphs, projectors = [], []
        for rules in both:
            started_at = time.perf_counter()
            graph = MutableGraph(rebuild(reader, rules=rules))
            log(
                f"building with {len(rules.concluding)} rules: {time.perf_counter() - started_at:.1f} s, {graph.base.rows:,} rows"
            )
            graphs.append(graph)
            projectors.append(Projector(reader, graph, rules=rules))
        versions = [graph.snapshot for graph in graphs]
        walked = versions[1].views[Layer.ASSET].out.arrays.rows[:, 0] >> 48 >= FIRST_RULE_ORIGIN
        log(f"{int(walked.sum()):,} inferred rows")
        print_closures(company, versions)
        print_events(company, made, reader, writer, feed, projectors)
    finally:
        database.close()
        server.stop()


def print_closures(company: Company, versions: Sequence[GraphVersion]) -> None:
    """Print the ratio of closures with rules to those without, from hubs and from random tables and features."""
    rng = np.random.default_rng(4)
    number = versions[0].asset_index.number
    sources: Ints = rng.choice(company.layout.nodes_of("raw", "derived", "feature"), STARTS, replace=False)
    for title, nodes in (("random", sources), ("hubs", company.hubs)):
        without, with_rules = time_closures(versions, [number(uri) or 0 for uri in company.layout.uris(nodes)])
        ratio = with_rules / without
        log(f"closures, {title}: {without * 1e3:.3f} ms without rules, {with_rules * 1e3:.3f} ms with: {ratio:.2f}x")


def print_events(
    company: Company,
    made: Sequence[Training],
    reader: PostgresReader,
    writer: PostgresWriter,
    feed: CommitFeed,
    projectors: Sequence[Projector],
) -> None:
    """Print the median time to apply the event of a training run: for no experiment, and for a cell."""
    inputs = company.layout.uris(company.layout.nodes_of("feature")[:3])
    watermark = reader.last_tx()
    rng = np.random.default_rng(5)
    for title, is_tested in (("for no experiment", False), ("for a cell", True)):
        samples: list[list[float]] = [[] for _ in projectors]
        for number in range(EVENTS):
            training = made[int(rng.integers(len(made)))]
            writer.append([Item(training_event(number + EVENTS * is_tested, training, inputs, tested=is_tested))], _ACTOR)
            committed = feed.since(watermark)
            if committed is None:
                raise RuntimeError(f"the feed does not have the transaction after {watermark}")
            changes, watermark = committed[0], committed[0].upto
            turns = list(zip(projectors, samples, strict=True))
            for projector, durations in turns if number % 2 else reversed(turns):  # the second one finds the store's pages in use
                started_at = time.perf_counter()
                with reader.session():
                    projector.apply(changes)
                durations.append(time.perf_counter() - started_at)
        without, with_rules = (median_ms(durations[EVENTS // 4 :]) for durations in samples)
        log(f"an event {title}: {without:.2f} ms without rules, {with_rules:.2f} ms with")


def main() -> None:
    """Measure a company of one size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S")
    size = SIZES[parser.parse_args().size]
    with tempfile.TemporaryDirectory() as data:
        measure(generate_company(size), Path(data))


if __name__ == "__main__":
    main()
