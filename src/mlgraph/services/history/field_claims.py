"""Whose value an answer shows: for each field that people can write, the value, where it comes from, and what others say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mlgraph.domain.curation.merging import FIELDS, MERGED_FIELDS, CuratedPart, curate, curated_part, field_value
from mlgraph.domain.history import CURATED_ORIGIN, AssetInterval, curated_at, reported_at, sources_at


class Claim(NamedTuple):
    """What one origin says of a field; `interval` is the one in which it began to say so."""

    value: Any
    interval: AssetInterval


class AttributedField(NamedTuple):
    """The value of a field, the claim that decides it, and the claims of the other origins, the latest first."""

    value: Any
    decided_by: Claim
    others: list[Claim]

    @property
    def part(self) -> CuratedPart | None:
        """What people added and removed, where their claim is united with those of sources."""
        return self.decided_by.value if isinstance(self.decided_by.value, CuratedPart) else None


def attributed_fields(intervals: Sequence[AssetInterval], moment: int) -> dict[str, AttributedField]:
    """Return, in the order of `FIELDS`, those of which an origin says something at `moment`.

    What people wrote decides, else the source whose value the merged state has: the last in the order of merging.
    """
    merged = curate(reported_at(intervals, moment) or {}, curated_at(intervals, moment))
    curation = [each for each in intervals if each.origin == CURATED_ORIGIN and each.start <= moment < each.end]
    found: dict[str, AttributedField] = {}
    for field in FIELDS:
        claims = [
            Claim(value, _beginning(intervals, interval, field))
            for interval in (*sources_at(intervals, moment), *curation)
            if (value := _claimed(interval, field)) is not None
        ]
        if claims:
            found[field] = AttributedField(field_value(merged, field), claims[-1], claims[-2::-1])
    return found


def _claimed(interval: AssetInterval, field: str) -> Any:  # noqa: ANN401 - the type depends on the field
    """Return what the origin of an interval says of a field; None if nothing."""
    if interval.origin == CURATED_ORIGIN and field in MERGED_FIELDS:
        part = curated_part(interval.state, field)
        return part if part.added or part.removed else None
    return field_value(interval.state, field)


def _beginning(intervals: Sequence[AssetInterval], interval: AssetInterval, field: str) -> AssetInterval:
    """Return the first of the adjoining intervals of the same origin that say the same of a field."""
    ended = {each.end: each for each in intervals if each.origin == interval.origin}
    value, first = _claimed(interval, field), interval
    while (before := ended.get(first.start)) is not None and _claimed(before, field) == value:
        first = before
    return first
