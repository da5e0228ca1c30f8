"""Shapes (TypedDict) of the answers of `GET /api/v1/changes` (docs/changes.md)."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class ChangedEnd(TypedDict):
    """A changed asset, or an end of a changed edge, with its present name, owners and team."""

    uri: str
    kind: str
    name: str
    owners: list[str]
    team: str | None


class AlteredField(TypedDict):
    """A field with its value before and after; null: no value, or one whose size, `left_out_bytes`, is too great to list."""

    field: str
    before: Any
    after: Any
    left_out_bytes: int | None


class FeedEntry(TypedDict):
    """A change of an asset, or of an edge from it to `target`.

    `valid_from` is when it took effect; `recorded_at` when it became known, by `actor`. `origin` is null for the edges of a
    workflow, which follow from its runs. `fields_total` counts the fields before the list was cut.
    """

    change: Literal["appeared", "ended", "altered"]
    asset: ChangedEnd
    relation: str | None
    target: ChangedEnd | None
    fields: list[AlteredField]
    fields_total: int
    valid_from: str
    recorded_at: str
    origin: str | None
    actor: str


Changes = TypedDict(
    "Changes",
    {
        "from": str,
        "to": str,
        "uri": str | None,
        "owner": str | None,
        "changes": list[FeedEntry],
        "total": int,
        "total_is": Literal["exact", "at_least"],
        "runs": int,
        "partial": bool,
        "reason": str | None,
        "frontier": str | None,
        "watermark": int,
    },
)
"""A page of the changes that were recorded in (from, to], newest first; `runs` counts those that are not listed."""


class RecordedSince(TypedDict):
    """How many facts about moments up to `until` were recorded after the watermark `after`."""

    as_of: str
    after: int
    until: str
    total: int
    total_is: Literal["exact", "at_least"]
    watermark: int
