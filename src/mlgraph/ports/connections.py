"""Connected sources: what is remembered of them between starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected source. `cursor` is where its backfill stands; times are microseconds since the epoch."""

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


class ConnectionStore(Protocol):
    """Remembers connections."""

    def save(self, connection: Connection) -> None:
        """Keep the connection as it is now."""

    def get(self, name: str) -> Connection | None:
        """Return the connection of this name, if there is one."""

    def all(self) -> list[Connection]:
        """Return all connections, by name."""
