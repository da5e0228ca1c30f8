"""Performance targets as data: the formula over the figures of one run, and the limit.

The targets are those of the project's issue on speed, for two cores. Ratios compare figures of the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.figures import Figures, ratio

MB_A_GB: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Target:
    """One target, defined for `sizes`. `measure` returns its figure, or None if a part was not run."""

    title: str
    sizes: tuple[str, ...]
    measure: Callable[[Figures], float | None]
    limit: float
    unit: str
    at_least: bool = False

    @property
    def wanted(self) -> str:
        """Return the limit as text."""
        return f"{'>=' if self.at_least else '<='} {number(self.limit)}{self.unit}"

    def reported(self, figures: Figures) -> str:
        """Return the measured figure as text."""
        found = self.measure(figures)
        return "not run" if found is None else f"{number(found)}{self.unit}"

    def verdict(self, figures: Figures, size: str) -> str:
        """Return `met` or `not met`; for a size that the target is not defined for, the sizes that it is defined for."""
        if size not in self.sizes:
            return f"stated for {', '.join(self.sizes)}"
        found = self.measure(figures)
        if found is None:
            return "not run"
        return "met" if (found >= self.limit if self.at_least else found <= self.limit) else "not met"


def number(value: float) -> str:
    """Return a number with three significant digits, or as an integer from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _quotient(over: str, under: str, factor: float = 1.0) -> Callable[[Figures], float | None]:
    def measured(figures: Figures) -> float | None:
        found = ratio(figures, over, under)
        return None if found is None else found * factor

    return measured


def _figure(name: str, factor: float = 1.0) -> Callable[[Figures], float | None]:
    def measured(figures: Figures) -> float | None:
        return figures[name] * factor if name in figures else None

    return measured


def _as_of_against_now(figures: Figures) -> float | None:
    """Return time per asset as of a month ago over time per asset now, because the closures differ in size."""
    times = ratio(figures, "as_of.mlgraph.median_ms", "hub.mlgraph.median_ms")
    sizes = ratio(figures, "hub.mean_size", "as_of.mean_size")
    return None if times is None or sizes is None else times * sizes


_ALL: Final = ("S", "M", "L")
TARGETS: Final = (
    Target(
        "hub closure with distances: PostgreSQL's recursive query takes",
        ("M",),
        _quotient("hub.PostgreSQL.median_ms", "hub.mlgraph.median_ms"),
        100,
        " times as long",
        at_least=True,
    ),
    Target(
        "hub closure with distances: rustworkx takes",
        ("M",),
        _quotient("hub.rustworkx.median_ms", "hub.mlgraph.median_ms"),
        8,
        " times as long",
        at_least=True,
    ),
    Target(
        "hub closure: share of the random-read bound",
        ("L",),
        _quotient("hub.bound.median_ms", "hub.mlgraph.median_ms", 100),
        75,
        " %",
        at_least=True,
    ),
    Target("as-of closure against current closure, by asset", _ALL, _as_of_against_now, 1.25, " times"),
    Target(
        "HTTP: typical closure, p50, against /healthz",
        _ALL,
        _quotient("typical.http.median_ms", "healthz.http.median_ms"),
        5,
        " times",
    ),
    Target("HTTP: hub impact, first 100 of 40,000, p99", ("M",), _figure("impact.http.p99_ms"), 60, " ms"),
    Target("HTTP: scene of a hub, 40,000 assets, p99", ("M",), _figure("scene.http.p99_ms"), 60, " ms"),
    Target("OpenLineage event posted until visible, p99, at 200 events/s", _ALL, _figure("visible.http.p99_ms"), 50, " ms"),
    Target("facts loaded in bulk from NDJSON", ("M",), _figure("facts.per_s"), 60_000, " a second", at_least=True),
    Target("OpenLineage events, durable, from a file", _ALL, _figure("events.per_s"), 3_000, " a second", at_least=True),
    Target("`up` to ready with the company in the store", ("L",), _figure("ready.kept.s"), 15, " s"),
    Target("server process, resident, M", ("M",), _figure("memory.used.rss_mb", 1 / MB_A_GB), 1, " GB"),
    Target("server process, resident, L", ("L",), _figure("memory.used.rss_mb", 1 / MB_A_GB), 4, " GB"),
    Target("each further worker process, private memory", ("M",), _figure("worker.private_mb"), 150, " MB"),
)
