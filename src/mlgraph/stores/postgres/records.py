"""Conversion of rows of the fact tables into `AssetRecord` and `EdgeRecord`, and the columns that it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from mlgraph.domain.fact_row import AssetFactRow, EdgeFactRow
from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.domain.vocabulary import RELATIONS

ASSET_COLUMNS: Final = "f.asset_id, f.origin_id, f.valid_from, f.mode, c.body, f.tx, f.event_id"
ASSET_FROM: Final = "asset_fact f JOIN content c ON c.id = f.content_id"
EDGE_COLUMNS: Final = (
    "f.source_id, f.relation, f.target_id, f.origin_id, f.valid_from, f.valid_to, f.mode, f.role, f.version, f.by_id, "
    "f.feeds, c.body, f.tx, f.event_id"
)
EDGE_FROM: Final = "edge_fact f JOIN content c ON c.id = f.content_id"
_decode: Final = json.JSONDecoder().raw_decode
"""`json.loads` without its search for surrounding white space: stored bodies are canonical JSON and have none."""
_MAX_CACHED_CHARS: Final = 2048
"""Bodies that are longer are not cached, which bounds the cache to about 20 MB."""
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}
_MODES: Final = tuple(Mode(code) for code in range(len(Mode)))

Number = Callable[[str], int]
"""Returns the number of a URI or an origin."""


def asset_records(rows: Iterable[tuple[Any, ...]]) -> Iterator[AssetRecord]:
    """Yield a record for each row of `ASSET_COLUMNS`."""
    for asset, origin, valid_from, mode, body, tx, event in rows:
        yield AssetRecord(asset, origin, valid_from, _MODES[mode], properties_of(body), tx, event or 0)


def edge_records(rows: Iterable[tuple[Any, ...]]) -> Iterator[EdgeRecord]:
    """Yield a record for each row of `EDGE_COLUMNS`."""
    return map(_edge_record, rows)


def asset_record(row: AssetFactRow, asset: Number, origin: Number, tx: int = 0, event: int | None = None) -> AssetRecord:
    """Return the record of a fact that transaction `tx` stores, as a reader would return it."""
    stored = asset(row.uri), origin(row.origin), row.valid_from, row.mode, row.body, tx, event
    return next(asset_records([stored]))


def edge_record(row: EdgeFactRow, asset: Number, origin: Number, tx: int = 0, event: int | None = None) -> EdgeRecord:
    """Return the record of a fact that transaction `tx` stores, as a reader would return it."""
    ends = asset(row.source), RELATIONS[row.relation].code, asset(row.target)
    by = None if row.by is None else asset(row.by)
    feeds = None if row.feeds is None else map(asset, row.feeds)
    valid = row.valid_from, row.valid_to
    return _edge_record((*ends, origin(row.origin), *valid, row.mode, row.role, row.version, by, feeds, row.body, tx, event))


def _edge_record(row: tuple[Any, ...]) -> EdgeRecord:
    source, relation, target, origin, start, end, mode, role, version, by, feeds, body, tx, event = row
    named = None if feeds is None else frozenset(feeds)
    ends = source, relation, target
    return EdgeRecord(*ends, origin, start, end, _MODES[mode], role, version, by, named, properties_of(body), tx, event or 0)


def properties_of(body: str) -> Mapping[str, Any]:
    """Return the properties in the body of a fact (canonical JSON), not to be changed: equal bodies may share them."""
    if body == "{}":
        return _NO_PROPERTIES
    return _decoded(body) if len(body) <= _MAX_CACHED_CHARS else _properties(body)


def _properties(body: str) -> Mapping[str, Any]:
    value: Mapping[str, Any] = _decode(body)[0]
    return value


_decoded: Final = lru_cache(1 << 10)(_properties)
"""Each run reports the state of its datasets again, nearly always the same one."""
