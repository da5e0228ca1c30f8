"""Data-quality facets: results of assertions, and metrics."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.facets import Facets, bare, checked
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize
from mlgraph.domain.timestamps import format_time

_ASSERTIONS: Final = "dataQualityAssertions"
_METRICS: Final = "dataQualityMetrics"
_COLUMNS: Final = "columnMetrics"
_UPDATED: Final = "lastUpdated"


def read_quality(facets: Facets) -> dict[str, Any]:
    """Return `assertions` (a list) and `metrics` (an object) as reported; a deleted one is empty."""
    quality: dict[str, Any] = {}
    if assertions := facets.take(_ASSERTIONS):
        if (listed := assertions.objects("assertions")) is not None:
            quality["assertions"] = [sanitize(checked(entry, ("assertion", "column"), ("success",))) for entry in listed]
    elif facets.deleted(_ASSERTIONS):
        quality["assertions"] = []
    if metrics := facets.take(_METRICS):
        quality["metrics"] = _metrics(metrics)
    elif facets.deleted(_METRICS):
        quality["metrics"] = {}
    return quality


def _metrics(facet: Located) -> object:
    left_out: list[str] = []
    read: dict[str, Any] = {}
    if facet.value.get(_UPDATED) is not None:
        updated = facet.typed(_UPDATED, str)
        moment = updated.attempt(Located.reported_time) if updated else None
        if moment is None:
            left_out.append(_UPDATED)
        else:
            read[_UPDATED] = format_time(moment)
    if facet.value.get(_COLUMNS) is not None:
        if facet.typed(_COLUMNS, dict) is None:
            left_out.append(_COLUMNS)
        else:
            read[_COLUMNS] = {column: metrics.value for column, metrics in facet.object_members(_COLUMNS)}
    return bare(facet.with_members(read).without(left_out))
