"""The measurement of walked inferred edges runs at the smallest size, and measures a graph that has such edges."""

from __future__ import annotations

from pathlib import Path

from benchmarks.company import generate_company
from benchmarks.experiments import measure
from benchmarks.sizes import SIZES


def test_every_figure_is_measured_for_both_graphs(tmp_path: Path) -> None:
    figures = measure(generate_company(SIZES["XS"]), tmp_path, events=8)
    assert figures["inferred_rows"] > 0
    measured = ("build", "random", "hub", "plain_event", "cell_event")
    timed = {f"{name}.{variant}" for name in measured for variant in ("without_rules", "with_rules")}
    assert {name.rpartition(".")[0] for name in figures if "." in name} == timed
    assert all(value > 0 for value in figures.values())
