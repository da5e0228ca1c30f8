"""Data-quality facets: results of assertions, and metrics."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.facets import Facets, bare
from mlgraph.domain.payload import Located
from mlgraph.domain.sanitizing import sanitize

_ASSERTIONS: Final = "dataQualityAssertions"
_METRICS: Final = "dataQualityMetrics"


def read_quality(facets: Facets) -> dict[str, Any]:
    """Return `assertions` (a list) and `metrics` (an object) as reported; a deleted one is empty."""
    quality: dict[str, Any] = {}
    if assertions := facets.take(_ASSERTIONS):
        listed = assertions.get("assertions")
        quality["assertions"] = [_assertion(entry) for entry in listed.items()] if listed else []
    elif facets.deleted(_ASSERTIONS):
        quality["assertions"] = []
    if metrics := facets.take(_METRICS):
        quality["metrics"] = _metrics(metrics)
    elif facets.deleted(_METRICS):
        quality["metrics"] = {}
    return quality


def _assertion(entry: Located) -> object:
    for key in ("assertion", "column"):
        if value := entry.get(key):
            value.text()
    if success := entry.get("success"):
        success.flag()
    return sanitize(entry)


def _metrics(facet: Located) -> object:
    if columns := facet.get("columnMetrics"):
        for _, column in columns.members():
            column.mapping()
    return bare(facet)
