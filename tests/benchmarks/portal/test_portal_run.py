"""The portal benchmark at a small size, as `make bench PORTAL=1` runs it: real servers, a real browser, the page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

ROOT = Path(__file__).parents[3]
BRIEF = ("--assets", "300", "--loads", "1", "--slow-loads", "0", "--actions", "3", "--seconds", "0.5")
pytestmark = pytest.mark.slow


def test_a_run_measures_everything_and_writes_the_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.portal", *BRIEF, "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = orjson.loads((tmp_path / "portal-performance.json").read_bytes())["300"]["figures"]
    for product in ("mlgraph", "MLflow"):
        assert figures[f"load.{product}.js.sent_kb"] > 50
        paint, content = (figures[f"load.{product}.loopback.{what}.median_ms"] for what in ("paint", "content"))
        assert paint > 0
        assert content > 0
    for action in ("click", "fold", "change", "slider", "frame"):
        assert 0 < figures[f"{action}.median_ms"] <= figures[f"{action}.p95_ms"] <= figures[f"{action}.max_ms"]
    assert figures["scene.median_ms"] > 0
    assert 0 < figures["marks"] <= 150
    page = (tmp_path / "portal-performance.md").read_text()
    assert "## A hub of 300 assets" in page
    assert done.stdout in page


def test_a_missing_browser_is_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.portal", "--chromium", "/nowhere/chromium", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "/nowhere/chromium is missing" in done.stderr
    assert list(tmp_path.iterdir()) == []
