"""The calls of the client for the feed of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgraph.client.responses import Answer, HttpTransport

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.change_shapes import Changes, RecordedSince


class ChangeCalls:
    """Methods of `Client` for the feed of changes."""

    _transport: HttpTransport

    def changes(
        self,
        from_: str | None = None,
        to: str | None = None,
        *,
        owner: str | None = None,
        uri: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        at_least: int | None = None,
    ) -> Answer[Changes]:
        """Return what was recorded between two times (docs/changes.md), newest first; without `from_`, within a day."""
        query = {"from": from_, "to": to, "owner": owner, "uri": uri, "limit": limit, "cursor": cursor, "at_least": at_least}
        return self._transport.get("/api/v1/changes", query, assets=("owner", "uri"))

    def recorded(self, as_of: str, after: int, *, at_least: int | None = None) -> Answer[RecordedSince]:
        """Return how many facts about the time of an answer (`as_of`) were recorded after it (`after`, its watermark)."""
        return self._transport.get("/api/v1/recorded", {"as_of": as_of, "after": after, "at_least": at_least})
