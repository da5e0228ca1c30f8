"""The complete benchmark at its smallest size, as `make bench` runs it: real servers, real engines, the page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from benchmarks import in_process
from benchmarks.company import NOW_US, Company
from benchmarks.engines.base import DirectionName, Engine, NodeDistances
from benchmarks.engines.plain import Plain
from benchmarks.figures import Figures

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def test_a_run_measures_everything_and_writes_the_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--size", "XS", "--brief", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures: Figures = orjson.loads((tmp_path / "performance.json").read_bytes())["XS"]["figures"]
    for query in ("random", "hub", "upstream", "within", "path"):
        for engine in ("mlgraph", "PostgreSQL", "igraph", "rustworkx"):
            assert figures[f"{query}.{engine}.median_ms"] > 0
    assert figures["as_of.mlgraph.median_ms"] > 0
    assert "as_of.igraph.median_ms" not in figures
    for name in ("typical", "impact", "scene", "show", "team", "coverage", "healthz"):
        assert figures[f"{name}.http.median_ms"] > 0
        assert figures[f"{name}.http.writing.median_ms"] > 0
    assert figures["visible.http.samples"] == 200
    assert figures["facts"] > 5000
    assert figures["facts.per_s"] == pytest.approx(figures["facts"] / figures["facts.s"], rel=0.01)
    assert figures["events"] == 200
    page = (tmp_path / "performance.md").read_text()
    assert "## XS: 1,000 nodes" in page
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| measurement")
    assert all(line.startswith("|") for line in lines)
    assert "not run" in done.stdout  # rows that only L measures


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--size", "XS", "--brief", "--output", str(tmp_path / "out")]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stderr is not None
        until = time.monotonic() + 120
        for line in child.stderr:
            if "was ready after" in line:
                break
            assert time.monotonic() < until
        child.send_signal(signal.SIGINT)
        _, printed = child.communicate(timeout=60)
    assert child.returncode == 130, printed
    assert "interrupted" in printed
    assert list(tmp_path.glob("mlgraph-bench-*")) == []
    assert not (tmp_path / "out").exists()


class Wrong(Plain):
    """A faulty engine: its closures lack one asset."""

    name = "wrong"

    def closure(self, start: int, direction: DirectionName, moment: int) -> NodeDistances:
        nodes, distances = super().closure(start, direction, moment)
        assert distances is not None
        return NodeDistances(nodes[:-1], distances[:-1])


def test_no_figures_are_reported_if_an_engine_disagrees(company: Company) -> None:
    figures: Figures = {}
    with pytest.raises(in_process.Disagreement, match="wrong differs from the plain search in 'downstream closure"):
        in_process.measure(company, [lambda: Plain(company), lambda: Wrong(company)], figures, 0.01)
    assert figures == {}


def test_starts_are_the_same_for_every_run(company: Company) -> None:
    first, second = ([query.starts for query in in_process.queries(company, Plain(company))] for _ in range(2))
    assert first == second
    engine: Engine = Plain(company)
    assert engine.start(3) == 3
    assert NOW_US > in_process.AS_OF_US
