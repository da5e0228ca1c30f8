"""Figures, targets and the page: figures that were not measured are never reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import machine
from benchmarks.figures import Figures, Results, of_samples, ratio
from benchmarks.report import NOT_RUN, page, printed, rows, table, verdicts
from benchmarks.targets import TARGETS, number

COMPANY = {"nodes": 10_000, "edges": 50_000, "domains": 5, "hubs": 2, "seed": 1, "closed_percent": 15.0}


def about() -> dict[str, Any]:
    return {**machine.about(), "measured_at": "2026-01-01", "company": COMPANY}


def test_few_samples_have_a_maximum_and_no_percentile() -> None:
    few, many = of_samples("few", [0.001, 0.003, 0.002], 3), of_samples("many", [0.001] * 99 + [0.5] * 101, 1)
    assert few == {"few.median_ms": 2.0, "few.min_ms": 1.0, "few.samples": 3.0, "few.starts": 3.0, "few.max_ms": 3.0}
    assert many["many.p99_ms"] == 500.0
    assert "many.max_ms" not in many


def test_a_ratio_of_a_missing_figure_is_none() -> None:
    assert ratio({"a": 6.0, "b": 2.0}, "a", "b") == 3.0
    assert ratio({"a": 6.0}, "a", "b") is None
    assert ratio({"b": 6.0}, "a", "b") is None


def test_without_figures_everything_was_not_run() -> None:
    assert {row[2] for row in rows({})} == {NOT_RUN}
    for size in ("S", "M", "L"):
        assert {row[2] for row in verdicts({}, size)} == {NOT_RUN}
        assert "met" not in {row[3] for row in verdicts({}, size)}


def verdict(title: str, figures: Figures, size: str = "M") -> tuple[str, str]:
    (row,) = (row for row in verdicts(figures, size) if row[0].startswith(title))
    return row[2], row[3]


def test_verdicts_compare_the_figures_of_the_run() -> None:
    hub = {"hub.mlgraph.median_ms": 1.0, "hub.PostgreSQL.median_ms": 101.0, "hub.rustworkx.median_ms": 7.9}
    assert verdict("hub closure with distances: PostgreSQL", hub) == ("101 times as long", "met")
    assert verdict("hub closure with distances: rustworkx", hub) == ("7.9 times as long", "not met")
    assert verdict("hub closure: share", {**hub, "hub.bound.median_ms": 0.76}, "L") == ("76 %", "met")
    assert verdict("facts loaded", {"facts.per_s": 59_999.0}) == ("59,999 a second", "not met")
    assert verdict("server process, resident, M", {"memory.used.rss_mb": 990.0}) == ("0.99 GB", "met")
    assert verdict("server process, resident, M", {"memory.used.rss_mb": 990.0}, "S") == ("0.99 GB", "stated for M")


def test_the_as_of_target_is_per_asset() -> None:
    figures = {"as_of.mlgraph.median_ms": 2.4, "hub.mlgraph.median_ms": 1.0, "as_of.mean_size": 200.0, "hub.mean_size": 100.0}
    assert verdict("as-of", figures) == ("1.2 times", "met")
    assert verdict("as-of", {**figures, "as_of.mean_size": 100.0}) == ("2.4 times", "not met")


def test_every_target_of_the_issue_is_there_for_a_known_size() -> None:
    assert len(TARGETS) == len({target.title for target in TARGETS}) == 14
    assert {size for target in TARGETS for size in target.sizes} == {"S", "M", "L"}


def test_rows_report_ratios_and_tails() -> None:
    figures = {
        **of_samples("hub.mlgraph", [0.001] * 100, 1),
        **of_samples("hub.igraph", [0.004] * 5, 1),
        "hub.median_size": 40_000.0,
        **of_samples("visible.http", [0.02] * 100, 100),
    }
    found = rows(figures)
    assert ("downstream closure, hubs (40,000 assets)", "mlgraph", "1 ms", "1 ms", "1") in found
    assert ("downstream closure, hubs (40,000 assets)", "igraph", "4 ms", "max 4 ms", "4") in found
    assert ("event posted until visible", "HTTP", "20 ms", "20 ms", "") in found


def test_the_page_retains_the_sizes_that_were_not_run_again(tmp_path: Path) -> None:
    file = tmp_path / "results" / "performance.json"
    first = Results(file)
    first.put("M", about(), {"facts.per_s": 61_234.5678})
    first.put("S", about(), {"facts.per_s": 1_000.0})
    again = Results(file)
    again.put("S", about(), {"facts.per_s": 2_000.0})
    text = page(again.sizes)
    assert text.index("## S: 10,000 nodes") < text.index("## M: 10,000 nodes")
    assert "61,230 a second" in text
    assert "2,000 a second" in text
    assert "1,000 a second" not in text
    assert machine.about()["processor"] in text


def test_the_printed_table_is_markdown_and_ends_with_the_targets() -> None:
    lines = printed("S", {"events.per_s": 3_500.0}).splitlines()
    assert len({len(line) for line in lines}) == 1
    (line,) = (line for line in lines if line.startswith("| OpenLineage events, durable"))
    assert [cell.strip() for cell in line.split("|")[2:-1]] == ["target", "3,500 a second", ">= 3,000 a second", "met"]
    assert table(("a", "bb"), [("ccc", "d")]) == "| a   | bb |\n|-----|----|\n| ccc | d  |\n"


@pytest.mark.parametrize(("value", "text"), [(0.01234, "0.0123"), (99.96, "100"), (1234.5, "1,234"), (3.0, "3"), (0.0, "0")])
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert number(value) == text
