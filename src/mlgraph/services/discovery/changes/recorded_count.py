"""Whether an answer about a moment would be the same today: how many facts about its time were recorded after it."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.ports.recorded_facts import RecordedFacts
from mlgraph.ports.store import FactReader
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.resolver import last_moment

MOST_LOOKED_AT: Final = 200_000
"""Facts of each table that one answer looks at: about a tenth of a second."""


class RecordedCount:
    """Counts what was recorded after an answer. Thread-safe."""

    def __init__(self, reader: FactReader, recorded: RecordedFacts, follower: Follower, most: int = MOST_LOOKED_AT) -> None:
        """`most`: facts of each table that one answer looks at."""
        self._reader, self._recorded, self._follower, self._most = reader, recorded, follower, most

    def since(self, as_of: str, after: int) -> dict[str, Any]:
        """Return how many facts were recorded after the watermark `after` about the time of an answer about `as_of`, as JSON.

        That is the time up to `as_of`, or up to the recording of the watermark if that is later (`last_moment`), because a scene
        has the moments until then. Raises `InvalidInput`.
        """
        moment = parse_time(as_of)
        until = last_moment(self._reader, moment, after)
        watermark = self._follower.snapshot().watermark
        found = self._recorded.count(after, watermark, until, self._most)
        return {
            "as_of": format_time(moment),
            "after": after,
            "until": format_time(until),
            "total": found.facts,
            "total_is": "exact" if found.is_all else "at_least",
            "watermark": watermark,
        }
