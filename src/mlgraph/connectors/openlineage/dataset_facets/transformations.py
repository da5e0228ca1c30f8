"""Transformations of a source field, which both lineage facets list in the same form."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.openlineage.facets import checked
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize


def read_transformations(source: Located) -> list[Any]:
    """Return the transformations of a source: objects with type, subtype, description, masking."""
    return [
        sanitize(checked(each, ("type", "subtype", "description"), ("masking",)))
        for each in source.objects("transformations") or ()
    ]
