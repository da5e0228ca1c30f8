"""`python -m benchmarks.discovery`: quality and latency of search and "already built", on generated catalogues."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

import psycopg

from benchmarks import machine
from benchmarks.discovery import discovery_report, labelled_statistics, latency, search_quality, similar_quality
from benchmarks.discovery.engines.base import SearchEngine, documents, texts_of
from benchmarks.discovery.engines.with_mlgraph import MlgraphSearch
from benchmarks.discovery.engines.with_parts import Bm25, Embeddings
from benchmarks.discovery.engines.with_postgres import PostgresClient, PostgresSearch
from benchmarks.discovery.labelled_set import labelled_set
from benchmarks.discovery.search_catalogue import SearchCatalogue, search_catalogue
from benchmarks.discovery.search_queries import Marked
from benchmarks.discovery.serving import LoadedServer, loaded
from benchmarks.discovery.similar_baselines import criteria
from benchmarks.figures import Figures, Results
from benchmarks.progress import log

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
SIZES: Final = {"XS": 8_000, "S": 10_000, "M": 100_000, "L": 1_000_000}
PARTS: Final = ("quality", "latency", "similar")
_EXPLAINED: Final = 200
"""Searches whose hits must say what matched."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark with these command-line arguments; return the exit status."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):  # SIGINT too: a background process ignores it by default
        signal.signal(number, _unwind)
    ran_on = machine.about()
    figures: Figures = {}
    try:
        with ExitStack() as stack:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlgraph-bench-")))
            work.chmod(0o711)  # PostgreSQL's user must be able to enter when root runs the benchmark
            if {"quality", "latency"} & set(options.parts):
                figures |= _search(options, work)
            if "similar" in options.parts:
                figures |= _similar(options, work)
    except KeyboardInterrupt:
        log("interrupted: all servers are stopped, no results are written")
        return 130
    results = Results(options.output / "search-quality.json")
    about = {**ran_on, "measured_at": time.strftime("%Y-%m-%d"), "seed": options.seed, "similar_seed": options.similar_seed}
    earlier = results.sizes.get(options.size, {}).get("figures", {})
    results.put(options.size, about, {**earlier, **figures})
    (options.output / "search-quality.md").write_text(discovery_report.page(results.sizes), encoding="utf-8")
    sys.stdout.write(discovery_report.printed(figures))
    return 0


def _search(options: argparse.Namespace, work: Path) -> Figures:
    """Load one catalogue into all engines and measure them."""
    catalogue = search_catalogue(options.seed, SIZES[options.size])
    figures: Figures = {"assets": catalogue.size}
    with loaded(catalogue.facts(), work / "mlgraph") as served, ExitStack() as stack:
        figures |= {"facts": served.facts, "load.s": served.load_s, "index.s": served.index_s}
        postgres = PostgresSearch(documents(catalogue.facts()), work / "postgres")
        stack.callback(postgres.close)
        figures["PostgreSQL.build.s"] = postgres.build_s
        log(f"PostgreSQL was filled in {postgres.build_s:.1f} s")
        if "latency" in options.parts:
            figures |= _search_latencies(served, postgres, catalogue, options.seconds)
        if "quality" in options.parts:
            figures |= _search_quality(served, postgres, catalogue)
        figures["memory.rss_mb"] = served.resident_mb()
    return figures


def _search_latencies(served: LoadedServer, postgres: PostgresSearch, catalogue: SearchCatalogue, seconds: float) -> Figures:
    figures: Figures = {}
    opened: dict[str, Callable[[], SearchEngine]] = {
        "mlgraph": lambda: MlgraphSearch(served.url),
        "PostgreSQL": lambda: PostgresClient(psycopg.connect(postgres.url, autocommit=True)),
    }
    for name, connect in opened.items():
        figures |= latency.measure_latencies(name, connect, catalogue.typed, seconds)
        log(f"latencies of {name}: median {figures[f'search.{name}.one.median_ms']:.1f} ms")
    return figures


def _search_quality(served: LoadedServer, postgres: PostgresSearch, catalogue: SearchCatalogue) -> Figures:
    figures: Figures = {}
    texts = texts_of(catalogue.facts())
    own = MlgraphSearch(served.url)
    engines: list[Callable[[], SearchEngine]] = [
        lambda: own,
        lambda: postgres,
        lambda: Bm25(documents(catalogue.facts())),
        lambda: Embeddings(documents(catalogue.facts())),
    ]
    for make in engines:
        engine = make()
        complete = engine in {own, postgres}
        queries = [query for query in catalogue.queries if complete or query.check in search_quality.OF_WORDS]
        marked = search_quality.marks(engine, queries, texts)
        figures |= search_quality.quality_figures(engine.name, marked)
        log(f"{engine.name} was asked {len(queries):,} labelled queries")
        if engine is own:
            _print_misses(marked.values())
    own.close()  # an idle connection is closed by the server
    own = MlgraphSearch(served.url)
    asked = [query.text for query in catalogue.queries][:: max(len(catalogue.queries) // _EXPLAINED, 1)]
    for name, faults in (
        ("facets.faults", search_quality.facet_faults(own, catalogue.facet_queries)),
        ("unexplained", search_quality.unexplained(own, asked)),
        ("spellings.faults", search_quality.spelling_faults(own, catalogue.queries)),
    ):
        figures[name] = len(faults)
        for fault in faults:
            sys.stdout.write(f"{name}: {fault.text!r}: {fault.reason}\n")
    own.close()
    return figures


def _print_misses(marked: Iterable[Sequence[Marked]]) -> None:
    for listed in marked:
        for each in listed:
            if not each.right:
                expected = min(each.query.expected)
                place = f"rank {each.rank}" if each.rank else "not found"
                sys.stdout.write(f"MISS {each.query.check}: {each.query.text!r}\n  expected {expected} ({place})\n")
                sys.stdout.write(f"  got {each.got}\n" + (f"  {each.query.note}\n" if each.query.note else ""))


def _similar(options: argparse.Namespace, work: Path) -> Figures:
    """Load the labelled set into a server and measure "already built" beside single criteria."""
    labelled = labelled_set(options.similar_seed)
    sys.stdout.write(labelled_statistics.printed(labelled))
    figures: Figures = {}
    with loaded(labelled.facts, work / "labelled") as served:
        client = similar_quality.SimilarClient(served.url)
        own = similar_quality.pair_quality(client, labelled)
        figures |= own.figures
        parts = [own, similar_quality.false_suggestions(client, labelled), similar_quality.plans_quality(client, labelled)]
        for part in parts:
            figures |= part.figures
            for miss in part.misses:
                sys.stdout.write(f"MISS {miss.check}: {miss.asked}\n  expected {miss.expected}\n  got {miss.got}\n")
        figures["similar.unbalanced"] = len(similar_quality.unbalanced(client, labelled.positives))
        figures |= similar_quality.similar_latencies(client)
        client.close()
    for criterion in criteria(labelled):
        figures |= similar_quality.pair_quality(criterion, labelled).figures
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench SEARCH=1",
        description="Measure search and 'already built'. Wrong answers and tables go to standard output.",
        epilog="With make: make bench SEARCH=1 SIZE=M BENCH_OPTIONS='--parts quality'",
    )
    parser.add_argument("--size", choices=list(SIZES), default="S", help="assets of the catalogue (default: S, 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the search catalogue (default: 1)")
    parser.add_argument("--similar-seed", type=int, default=1001, help="seed of the labelled set (default: 1001, not fitted on)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="parts to measure (default: all)")
    parser.add_argument("--seconds", type=float, default=15.0, help="time of each measurement of latency (default: 15)")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of search-quality.md and .json (default: docs)")
    return parser


def _unwind(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, so that servers are stopped."""
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
