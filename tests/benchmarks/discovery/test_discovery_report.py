"""The page of the search benchmark: what was measured is on it, what was not is left out."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.discovery.discovery_report import page, printed
from benchmarks.discovery.search_quality import overlap_group, quality_figures
from benchmarks.discovery.search_queries import LabelledQuery, Marked

ROOT = Path(__file__).parents[3]
FIGURES = {
    "quality.mlgraph.exact name": 1.0,
    "quality.PostgreSQL.exact name": 0.5,
    "search.mlgraph.one.median_ms": 1.25,
    "search.mlgraph.one.max_ms": 7.0,
    "search.PostgreSQL.eight.median_ms": 3.0,
    "search.PostgreSQL.eight.p99_ms": 30.0,
    "search.PostgreSQL.eight.per_s": 400.4,
    "similar.mlgraph.half 1.recall at 10": 0.987,
    "similar.plans.right": 0.8,
    "assets": 10_000,
}
pytestmark = pytest.mark.unit


def test_the_tables_have_what_was_measured() -> None:
    text = printed(FIGURES)
    assert "| exact name | 1.000 | 0.500 |  |  | 1.00 |" in text
    assert "| one client | mlgraph | 1.2 ms | max 7.0 ms |  |" in text
    assert "| eight clients, closed loop | PostgreSQL | 3.0 ms | 30.0 ms | 400 |" in text
    assert "| mlgraph | 1 |  |  | 0.987 |" in text
    assert "| plans with a right answer in the first three | 0.8 | >= 0.75 |" in text
    assert "| assets | 10,000 |  |" in text
    assert "typo" not in text
    assert "Suggestions" not in printed({"assets": 1})


def test_the_page_has_every_size_by_its_number_of_assets() -> None:
    about = {
        "measured_at": "2026-12-01",
        "processor": "some",
        "cores": 2,
        "load_average": 0.5,
        "seed": 1,
        "figures": {"assets": 100_000},
    }
    text = page({"M": about, "S": {**about, "figures": FIGURES}})
    assert text.index("## S") < text.index("## M")
    assert "Measured on 2026-12-01, some, 2 cores, load average 0.5; seed 1." in text


def test_requests_by_meaning_are_counted_by_half_and_by_shared_words() -> None:
    marked = [
        Marked(
            LabelledQuery("meaning", "a", frozenset(), half, note=f"{shared} of 4 words are in the description: x"),
            right,
            None,
            "",
        )
        for half, shared, right in ((0, 4, True), (0, 0, False), (1, 2, True), (1, 4, True))
    ]
    figures = quality_figures("mlgraph", {"meaning": marked, "twin": []})
    assert figures == {
        "quality.mlgraph.meaning": 0.75,
        "quality.mlgraph.meaning, half 0": 0.5,
        "quality.mlgraph.meaning, half 1": 1.0,
        "quality.mlgraph.meaning, most words shared": 1.0,
        "quality.mlgraph.meaning, few words shared": 0.0,
        "quality.mlgraph.meaning, some words shared": 1.0,
    }
    assert overlap_group(LabelledQuery("meaning", "a", frozenset(), note="")) == "few words shared"


def test_the_options_are_listed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.discovery", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "--similar-seed" in done.stdout
