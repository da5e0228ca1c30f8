"""Connected sources: what is remembered of them between starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

_UNFINISHED: Final = ("backfilling", "failed")


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected source. Times are microseconds since the epoch.

    `cursor` is where its backfill stands, `sweep_cursor` where a full sweep does that was interrupted.

    `scope` is what scopes the names in its answers that mean nothing by themselves; None: they stand.

    `configured`: the configuration made it, and it is read as long as that has it. `error` is what it fails with now;
    `errors` counts failures, `last_error` at `last_error_at` is the latest one. It was asked what changed, with
    success, at `polled_at`; something new was learned at `changed_at`; all was read at `last_sync_at`; what is there
    was compared with the graph at `swept_at`.
    """

    name: str
    kind: str
    url: str
    secret: str
    state: str = "backfilling"
    cursor: dict[str, Any] | None = None
    done: int = 0
    total: int | None = None
    error: str | None = None
    last_sync_at: int | None = None
    configured: bool = False
    errors: int = 0
    last_error: str | None = None
    last_error_at: int | None = None
    polled_at: int | None = None
    changed_at: int | None = None
    swept_at: int | None = None
    sweep_cursor: dict[str, Any] | None = None
    scope: str | None = None

    def to_read_again(self) -> Connection:
        """Return it as one to be read: from where its backfill stood, or from the beginning if that had ended."""
        cursor = self.cursor if self.state in _UNFINISHED else None
        return replace(self, state="backfilling", cursor=cursor, error=None)


class ConnectionStore(Protocol):
    """Remembers connections."""

    def save(self, connection: Connection) -> None:
        """Keep the connection as it is now."""

    def get(self, name: str) -> Connection | None:
        """Return the connection of this name, if there is one."""

    def all(self) -> list[Connection]:
        """Return all connections, by name."""
