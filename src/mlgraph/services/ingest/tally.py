"""The answers to ingest: counts, rejected entries, and warnings about details that were left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.ports.connector import FACTS
from mlgraph.ports.store import Appended
from mlgraph.services.common import metrics

MAX_WARNINGS: Final = 100
"""Warnings that the answer to one event lists; `warnings_total` is their number."""
MAX_WARNINGS_OF_MANY: Final = 1000
"""Warnings that the answer to many events lists."""


@dataclass(slots=True)
class Uncounted:
    """Warnings that are not yet added to the counts of the store."""

    events: int = 0
    warnings: int = 0
    last: DetailWarning | None = None

    def add(self, warnings: Sequence[DetailWarning]) -> None:
        """Add the warnings of one event, if it has any."""
        if warnings:
            self.events += 1
            self.warnings += len(warnings)
            self.last = warnings[-1]


@dataclass(slots=True)
class Tally:
    """Counts of a request, accumulated into the ingest shape."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    watermark: int = 0
    form: str = FACTS
    warnings: list[dict[str, Any]] = field(default_factory=list)
    warnings_total: int = 0
    uncounted: Uncounted = field(default_factory=Uncounted)

    def reject(self, index: int, error: MlgraphError) -> None:
        """Add the rejected entry `index`."""
        metrics.INTAKE_ITEMS.labels(self.form, "rejected").inc()
        self.rejected.append({"index": index, "pointer": error.pointer or "", "message": error.detail})

    def warn(self, index: int, warnings: Sequence[DetailWarning]) -> None:
        """Add the warnings of the event `index`."""
        self.uncounted.add(warnings)
        self.warnings_total += len(warnings)
        listed = warnings[: MAX_WARNINGS_OF_MANY - len(self.warnings)]
        self.warnings += [{"index": index, **_warning(warning)} for warning in listed]

    def body(self) -> dict[str, Any]:
        """Return the ingest shape; facts have no warnings."""
        body = {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": sorted(self.rejected, key=lambda entry: entry["index"]),
            "watermark": self.watermark,
        }
        return body if self.form == FACTS else {**body, "warnings": self.warnings, "warnings_total": self.warnings_total}


def _warning(warning: DetailWarning) -> dict[str, Any]:
    return {"pointer": warning.pointer, "message": warning.message}


def written(appended: Appended, warnings: Sequence[DetailWarning]) -> dict[str, Any]:
    """Return the answer to one event."""
    listed = [_warning(warning) for warning in warnings[:MAX_WARNINGS]]
    return {"watermark": appended.tx, "warnings": listed, "warnings_total": len(warnings)}
