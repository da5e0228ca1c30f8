"""Figures of a run as a flat mapping; one set for each size, stored as JSON beside the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

MIN_FOR_P99: Final = 100
"""With fewer samples there is no 99th percentile; the maximum is reported instead."""

Figures = dict[str, float]
"""Keys such as `hub.mlgraph.median_ms`: query, engine, unit. Figures that were not measured are absent."""


def of_samples(name: str, samples_s: Sequence[float], starts: int) -> Figures:
    """Return median, minimum, p99 or maximum (ms), and counts of latencies (s). Targets use the median."""
    taken = np.array(samples_s) * 1e3
    figures = {f"{name}.median_ms": float(np.median(taken)), f"{name}.min_ms": float(taken.min())}
    figures |= {f"{name}.samples": float(len(taken)), f"{name}.starts": float(starts)}
    if len(taken) >= MIN_FOR_P99:
        figures[f"{name}.p99_ms"] = float(np.percentile(taken, 99))
    else:
        figures[f"{name}.max_ms"] = float(taken.max())
    return figures


def ratio(figures: Figures, over: str, under: str) -> float | None:
    """Return the quotient of two figures, or None if one was not measured."""
    above, below = figures.get(over), figures.get(under)
    return None if above is None or not below else above / below


class Results:
    """Results of all measured sizes, read from and written to a file; a new run replaces the results of its size only."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.sizes: dict[str, dict[str, Any]] = orjson.loads(file.read_bytes()) if file.exists() else {}

    def put(self, size: str, about: dict[str, Any], figures: Figures) -> None:
        """Store the results of a run with its description, and write the file."""
        rounded = {name: _rounded(value) for name, value in sorted(figures.items())}
        self.sizes[size] = {**about, "figures": rounded}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_bytes(orjson.dumps(self.sizes, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


def _rounded(value: float) -> float:
    """Return the value with four significant digits."""
    return round(value, 3 - math.floor(math.log10(abs(value)))) if value and math.isfinite(value) else value
