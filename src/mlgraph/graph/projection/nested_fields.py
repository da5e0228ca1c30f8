"""Rows for nested fields: `part_of` edges between columns, while the schema of their dataset lists both (ADR 0034)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.history import AssetRecord, asset_intervals
from mlgraph.domain.payloads.schema_fields import field_paths, is_flat
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.graph.model.rows import PART_OF, Layer, NodeKey, Row, edge_flags
from mlgraph.graph.model.spans import Spans, union

FieldPairs = frozenset[tuple[str, str]]
"""Pairs of paths: a field, and the field that it is a part of."""


def nested_pairs(state: Mapping[str, Any]) -> FieldPairs:
    """Return the nested fields in the schema of a dataset's state."""
    schema = (state.get("properties") or {}).get("schema")
    if is_flat(schema):
        return frozenset()
    return frozenset((path, parent) for path, parent in field_paths(schema).items() if parent is not None)


def nested_field_rows(dataset: AssetUri, records: Iterable[AssetRecord], number: Callable[[str], int | None]) -> Iterator[Row]:
    """Yield the rows of the nested fields of a dataset. `number` returns the number of a column by its URI, None if unknown."""
    spans: dict[tuple[str, str, int], Spans] = defaultdict(list)
    for interval in asset_intervals(records):
        for pair in nested_pairs(interval.state):
            spans[*pair, interval.origin].append((interval.start, interval.end))
    for (part, parent, origin), listed in spans.items():
        ends = [_column(dataset, path, number) for path in (part, parent)]
        if ends[0] is not None and ends[1] is not None:
            for start, end in union(listed):
                yield Row(
                    Layer.STRUCTURE,
                    NodeKey(ends[0]),
                    PART_OF,
                    NodeKey(ends[1]),
                    origin,
                    start,
                    end,
                    edge_flags(PART_OF, None, {}),
                )


def _column(dataset: AssetUri, path: str, number: Callable[[str], int | None]) -> int | None:
    try:
        return number(str(column_uri(dataset, path)))
    except InvalidInput:  # a name that is not valid in a URI remains a property only
        return None
