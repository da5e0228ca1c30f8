"""Transformations of a source field, which both lineage facets list in the same form."""

from __future__ import annotations

from typing import Any

from mlgraph.domain.payload import Located
from mlgraph.domain.sanitizing import sanitize


def read_transformations(source: Located) -> list[Any]:
    """Return the transformations of a source: objects with type, subtype, description, masking."""
    listed = source.get("transformations")
    return [sanitize(_checked(each)) for each in listed.items()] if listed else []


def _checked(transformation: Located) -> Located:
    for key in ("type", "subtype", "description"):
        if value := transformation.get(key):
            value.text()
    if masking := transformation.get("masking"):
        masking.flag()
    return transformation
