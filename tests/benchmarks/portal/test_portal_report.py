"""The page of the portal benchmark: figures beside their limits, what was not measured, sections by size."""

import pytest

from benchmarks.portal.portal_report import page, printed

FIGURES = {
    "load.mlgraph.js.sent_kb": 131.0,
    "load.MLflow.js.sent_kb": 4462.0,
    "load.mlgraph.loopback.paint.median_ms": 300.4,
    "fold.p95_ms": 40.6,
    "slider.p95_ms": 200.5,
}
pytestmark = pytest.mark.unit


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_figures_are_compared_with_their_limits() -> None:
    found = rows(printed(FIGURES))
    assert ["JavaScript before the first paint, as sent", "131 KB", "4,462 KB", "<= 130 KB", "not met"] in found
    assert ["first contentful paint, loopback", "300 ms", "not run", "<= 500 ms", "met"] in found
    assert ["the same, p95", "40.6 ms", "<= 150 ms", "met"] in found
    assert ["the same, p95", "200 ms", "<= 200 ms", "not met"] in found
    assert ["`scene` over HTTP, p99", "not run", "<= 60 ms", "not run"] in found


def test_the_page_has_every_size_in_order() -> None:
    about = {
        "measured_at": "2026-12-01",
        "processor": "some",
        "cores": 2,
        "load_average": 0.5,
        "load_average_after": 2.5,
        "browser": "Chromium 1",
        "mlflow": "3",
        "figures": FIGURES,
    }
    text = page({"10000": about, "2000": about})
    assert text.index("## A hub of 2,000 assets") < text.index("## A hub of 10,000 assets")
    assert "Measured on 2026-12-01, some, 2 cores, load average 0.5 before, 2.5 after; headless Chromium 1, MLflow 3." in text
