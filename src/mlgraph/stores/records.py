"""Rows of the fact tables as records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord

ASSET_COLUMNS: Final = "f.asset_id, f.origin_id, f.valid_from, f.mode, c.body, f.tx, f.event_id"
ASSET_FROM: Final = "asset_fact f JOIN content c ON c.id = f.content_id"
EDGE_COLUMNS: Final = (
    "f.source_id, f.relation, f.target_id, f.origin_id, f.valid_from, f.valid_to, f.mode, f.role, f.version, f.by_id, "
    "f.feeds, c.body, f.tx, f.event_id"
)
EDGE_FROM: Final = "edge_fact f JOIN content c ON c.id = f.content_id"


def asset_records(rows: Iterable[tuple[Any, ...]]) -> Iterator[AssetRecord]:
    """Yield a record for each row of `ASSET_COLUMNS`."""
    for asset, origin, valid_from, mode, body, tx, event in rows:
        yield AssetRecord(asset, origin, valid_from, Mode(mode), properties_of(body), tx, event or 0)


def edge_records(rows: Iterable[tuple[Any, ...]]) -> Iterator[EdgeRecord]:
    """Yield a record for each row of `EDGE_COLUMNS`."""
    for source, relation, target, origin, start, end, mode, role, version, by, feeds, body, tx, event in rows:
        named = None if feeds is None else frozenset(feeds)
        yield EdgeRecord(
            source,
            relation,
            target,
            origin,
            start,
            end,
            Mode(mode),
            role,
            version,
            by,
            named,
            properties_of(body),
            tx,
            event or 0,
        )


def properties_of(body: str) -> dict[str, Any]:
    """Return what the body of a fact says."""
    if body == "{}":
        return {}
    value: dict[str, Any] = json.loads(body)
    return value
