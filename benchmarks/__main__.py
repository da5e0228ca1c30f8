"""`python -m benchmarks`: generate a company, measure, print the table, write docs/performance.md."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

from benchmarks import in_process, machine, report, serving, through_http
from benchmarks.company import NOW_US, Company, generate_company
from benchmarks.engines.base import Engine
from benchmarks.engines.with_igraph import Igraph
from benchmarks.engines.with_mlgraph import Mlgraph
from benchmarks.engines.with_postgres import Postgres
from benchmarks.engines.with_rustworkx import Rustworkx
from benchmarks.figures import Figures, Results
from benchmarks.progress import log
from benchmarks.sizes import SIZES

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
ENGINES: Final = ("mlgraph", "postgres", "igraph", "rustworkx")
PARTS: Final = ("server", "engines")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark with these command-line arguments; return the exit status."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):  # SIGINT too: a background process ignores it by default
        signal.signal(number, _unwind)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("mlgraph").setLevel(logging.INFO)  # shows the progress of building a graph from its store
    size = SIZES[options.size]
    ran_on = machine.about()
    log(f"generating company {size.name}: {size.nodes:,} nodes, {size.edges:,} edges, seed {options.seed}")
    company = generate_company(size, options.seed)
    try:
        with ExitStack() as stack:
            if options.work is None:
                work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlgraph-bench-")))
                work.chmod(0o711)  # PostgreSQL's user must be able to enter when root runs the benchmark
            else:
                work = options.work.absolute()
                work.mkdir(parents=True, exist_ok=True)
            figures, failures = _run_parts(company, work, options)
    except KeyboardInterrupt:
        log("interrupted: all servers are stopped, no results are written")
        return 130
    results = Results(options.output / "performance.json")
    results.put(size.name, {**ran_on, "measured_at": time.strftime("%Y-%m-%d"), "company": _about(company)}, figures)
    page = options.output / "performance.md"
    page.write_text(report.page(results.sizes), encoding="utf-8")
    log(f"written: {page}")
    sys.stdout.write(report.printed(size.name, figures))
    for failure in failures:
        log(f"FAILED, shown as `not run` in the table: {failure}")
    return 1 if failures else 0


def _run_parts(company: Company, work: Path, options: argparse.Namespace) -> tuple[Figures, list[str]]:
    """Run the selected parts; return their figures and the reasons of failures."""
    data = work / "company"
    figures: Figures = {}
    failures: list[str] = []
    if "server" in options.parts:
        try:
            serving.measure(company, data, figures, by_copy=options.size == "L" or options.copy, brief=options.brief)
        except (through_http.LoadFailed, serving.IngestFailed) as error:
            failures.append(f"server: {error}")
    elif "mlgraph" in options.engines and not data.exists():
        figures.update(serving.fill_by_copy(company, data))
    if "engines" in options.parts:
        budget = 0.2 if options.brief else in_process.BUDGET_S
        try:
            with tempfile.TemporaryDirectory(prefix="beside-", dir=work) as beside:
                Path(beside).chmod(0o711)
                in_process.measure(company, _engines(company, data, Path(beside) / "data", options.engines), figures, budget)
        except (in_process.Disagreement, ValueError) as error:
            failures.append(f"engines: {error}")
    return figures, failures


def _engines(company: Company, data: Path, beside: Path, wanted: Sequence[str]) -> list[Callable[[], Engine]]:
    every: dict[str, Callable[[], Engine]] = {
        "mlgraph": lambda: Mlgraph(data, company.layout),
        "postgres": lambda: Postgres(company, beside),
        "igraph": lambda: Igraph(company),
        "rustworkx": lambda: Rustworkx(company),
    }
    return [every[name] for name in ENGINES if name in wanted]


def _about(company: Company) -> dict[str, object]:
    edges = len(company.edges) + len(company.run_edges)
    closed = int((company.edges.valid_to <= NOW_US).sum())
    return {
        "nodes": company.layout.nodes,
        "edges": edges,
        "domains": company.layout.domains,
        "hubs": len(company.hubs),
        "seed": company.seed,
        "closed_percent": round(100 * closed / edges, 2),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Benchmark mlgraph against alternatives. The table goes to standard output.",
        epilog="With make: make bench SIZE=M BENCH_OPTIONS='--engines mlgraph'",
    )
    parser.add_argument("--size", choices=list(SIZES), default="S", help="size of the company (default: S; XS is for tests)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the company (default: 1)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="parts to measure (default: both)")
    parser.add_argument(
        "--engines", nargs="+", choices=ENGINES, default=ENGINES, help="engines to measure in process (default: all)"
    )
    parser.add_argument(
        "--copy", action="store_true", help="fill the store by COPY, as for L, instead of through `mlgraph ingest`"
    )
    parser.add_argument("--brief", action="store_true", help="measure for seconds only; figures are too coarse to publish")
    parser.add_argument("--work", type=Path, help="folder of the stores (default: a temporary one, removed at the end)")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of performance.md and performance.json (default: docs)")
    return parser


def _unwind(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, so that servers are stopped."""
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
