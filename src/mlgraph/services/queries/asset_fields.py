"""The parts of an asset's answer that people can write, and its usage."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from mlgraph.domain.curation.merging import FIELDS, MERGED_FIELDS
from mlgraph.domain.history import AssetInterval, EdgeInterval, curated_at
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER, format_time
from mlgraph.ports.store import Provenance
from mlgraph.ports.usage import UsageReader
from mlgraph.services.history.field_claims import attributed_fields

USAGE_DAYS: Final = 30
DAY_US: Final = 86_400_000_000
LATEST: Final = FOREVER - 1
"""The moment of the latest state: a change starts from it, also if another server's clock is ahead."""


def entity_tag(intervals: Sequence[AssetInterval]) -> str:
    """Return the entity tag (RFC 9110) of what people wrote about an asset, without quotes: it changes with it, and only then."""
    return hashlib.sha256(canonical_json(curated_at(intervals, LATEST)).encode()).hexdigest()[:24]


class FieldBodies:
    """Formats whose value each field is, and what the other origins say of it."""

    def __init__(self, provenance: Mapping[int, Provenance], origins: Mapping[int, str]) -> None:
        self._provenance = provenance
        self._origins = origins

    def all(
        self, intervals: Sequence[AssetInterval], moment: int, owners: list[str], owned_by: Iterable[tuple[str, EdgeInterval]]
    ) -> dict[str, dict[str, Any]]:
        """Return each field of which an origin says something.

        `owners`: the owners of the asset; `owned_by`: the edges that name owners, each with the owner's URI.
        """
        body: dict[str, dict[str, Any]] = {}
        for name, field in attributed_fields(intervals, moment).items():
            body[name] = {
                "value": [] if field.value is None and name in MERGED_FIELDS else field.value,
                **self._whose(field.decided_by.interval),
                "others": [{"value": claim.value, **self._whose(claim.interval)} for claim in field.others],
            }
            if field.part is not None:
                body[name] |= {"added": field.part.added, "removed": field.part.removed}
        edges = self._of_edges(owned_by)
        if "owners" in body:
            body["owners"] = {**body["owners"], "value": owners, "others": [*body["owners"]["others"], *edges]}
        elif edges:
            body["owners"] = {**edges[0], "value": owners, "others": edges[1:]}
        return {name: body[name] for name in FIELDS if name in body}

    def _of_edges(self, owned_by: Iterable[tuple[str, EdgeInterval]]) -> list[dict[str, Any]]:
        """Return the claim of each origin whose edges name owners, by origin."""
        named: dict[str, dict[str, EdgeInterval]] = defaultdict(dict)
        for owner, interval in owned_by:
            named[self._origins[interval.record.origin]][owner] = interval
        return [
            {"value": sorted(owners), **self._since(origin, *min((each.start, each.record.tx) for each in owners.values()))}
            for origin, owners in sorted(named.items())
        ]

    def _whose(self, interval: AssetInterval) -> dict[str, Any]:
        return self._since(self._origins[interval.origin], interval.start, interval.tx)

    def _since(self, origin: str, start: int, tx: int) -> dict[str, Any]:
        known = self._provenance.get(tx)
        return {"origin": origin, "actor": known.actor if known else None, "at": format_time(start)}


def usage_body(usage: UsageReader, names: Collection[int], moment: int) -> dict[str, Any]:
    """Return how often runs read the asset, and how often mlgraph was asked about it, in the 30 days up to `moment`."""
    day = moment // DAY_US
    found = usage.usage(names, day - USAGE_DAYS, day)
    return {
        "reads": {"runs_30d": found.runs, "requests_30d": found.requests},
        "last_read_at": format_time(found.last_read_at) if found.last_read_at is not None else None,
    }
