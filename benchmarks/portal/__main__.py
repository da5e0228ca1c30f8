"""`python -m benchmarks.portal`: first load of the portal beside MLflow's pages, then actions on the impact of a hub."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import orjson
from playwright.sync_api import Browser

import mlgraph
from benchmarks import machine
from benchmarks.discovery.serving import loaded
from benchmarks.figures import Figures, Results
from benchmarks.portal import portal_report
from benchmarks.portal.browser import CHROMIUM, chromium
from benchmarks.portal.first_load import StartPage, measure_first_load
from benchmarks.portal.lanes import measure_actions, measure_clicks, measure_scene
from benchmarks.progress import log
from tests.portal.wide_graphs import ROOT, wide_graph
from tests.realparts.mlflow_server import MLFLOW_BIN, mlflow_server

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
HUB: Final = 40_120
_TEAMS: Final = 28
_PORTAL_BUILD: Final = Path(mlgraph.__file__).parent / "portal" / "dist"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark with these command-line arguments; return the exit status."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):  # SIGINT too: a background process ignores it by default
        signal.signal(number, _unwind)
    missing = [path for path in (options.chromium, _PORTAL_BUILD / "index.html", MLFLOW_BIN / "mlflow") if not path.exists()]
    if missing:
        log(f"{missing[0]} is missing: `make setup` builds the portal and MLflow; --chromium names the browser")
        return 1
    ran_on = machine.about()
    try:
        with tempfile.TemporaryDirectory(prefix="mlgraph-bench-") as folder:
            work = Path(folder)
            work.chmod(0o711)  # PostgreSQL's user must be able to enter when root runs the benchmark
            figures, browser_version = _measure(options, work)
    except KeyboardInterrupt:
        log("interrupted: all servers are stopped, no results are written")
        return 130
    results = Results(options.output / "portal-performance.json")
    about = {**ran_on, "measured_at": time.strftime("%Y-%m-%d"), "browser": browser_version, "mlflow": _mlflow_version()}
    about["load_average_after"] = machine.about()["load_average"]
    results.put(f"{options.assets}", about, figures)
    (options.output / "portal-performance.md").write_text(portal_report.page(results.sizes), encoding="utf-8")
    sys.stdout.write(portal_report.printed(results.sizes[f"{options.assets}"]["figures"]))  # rounded, as on the page
    return 0


def _measure(options: argparse.Namespace, work: Path) -> tuple[Figures, str]:
    """Return the figures, and the browser's version."""
    facts = (orjson.loads(line) for line in wide_graph(options.assets, teams=_TEAMS))
    with chromium(options.chromium) as browser:
        with mlflow_server(work / "mlflow") as other:
            pages = other.url.rstrip("/") + "/"
            figures = _first_load(options, browser, StartPage("MLflow", pages, "main h2", _mlflow_build()))
        with loaded(facts, work / "mlgraph") as served:
            url = served.url.rstrip("/")
            figures |= _first_load(options, browser, StartPage("mlgraph", f"{url}/", "main[data-state=ready]", _PORTAL_BUILD))
            figures |= measure_scene(url, ROOT, options.seconds)
            figures |= measure_clicks(browser, url, ROOT, options.loads)
            figures |= measure_actions(browser, url, ROOT, actions=options.actions, scroll_s=options.seconds)
        return figures, f"Chromium {browser.version}"


def _first_load(options: argparse.Namespace, browser: Browser, start: StartPage) -> Figures:
    return measure_first_load(browser, start, loads=options.loads, slow_loads=options.slow_loads)


def _site_packages() -> Path:
    return next(MLFLOW_BIN.parent.glob("lib/python3*/site-packages"))


def _mlflow_build() -> Path:
    return _site_packages() / "mlflow" / "server" / "js" / "build"


def _mlflow_version() -> str:
    return next(_site_packages().glob("mlflow-*.dist-info")).name.removeprefix("mlflow-").removesuffix(".dist-info")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench PORTAL=1",
        description="Measure the portal in a headless Chromium, beside MLflow's pages. The table goes to standard output.",
        epilog="With make: make bench PORTAL=1 BENCH_OPTIONS='--actions 100'",
    )
    parser.add_argument("--assets", type=int, default=HUB, help=f"assets of the hub's closure (default: {HUB:,})")
    parser.add_argument("--loads", type=int, default=5, help="first loads on loopback, and clicks (default: 5)")
    parser.add_argument("--slow-loads", type=int, default=3, help="first loads at 1.6 Mbit/s and 150 ms (default: 3)")
    parser.add_argument("--actions", type=int, default=30, help="folds, changes and slider steps, of each (default: 30)")
    parser.add_argument("--seconds", type=float, default=5.0, help="time of scenes over HTTP, and of scrolling (default: 5)")
    parser.add_argument("--chromium", type=Path, default=CHROMIUM, help=f"the browser (default: {CHROMIUM})")
    parser.add_argument("--output", type=Path, default=DOCS, help="folder of portal-performance.md and .json (default: docs)")
    return parser


def _unwind(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, so that servers are stopped."""
    del number, frame
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
