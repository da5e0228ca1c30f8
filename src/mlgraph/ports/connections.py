"""Interface of the stored connections: state, cursors and errors of each connected source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from mlgraph.domain.naming.naming_context import NamingContext

STOPPED: Final = "stopped"
"""The state of a source that was removed from the configuration: it is not read, its facts remain."""
_UNFINISHED: Final = ("backfilling", "failed")


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected source. Times are microseconds since the epoch.

    `cursor` is the position of its backfill, `sweep_cursor` the position of an interrupted full sweep. `scope`, `place` and
    `registry` decide the names in its answers (`NamingContext`). A `configured` source comes from the
    configuration and is read as long as the configuration contains it.

    `error` is the present error, `errors` the number of failures, `last_error` at `last_error_at` the latest one. `polled_at` is
    the last successful poll, `changed_at` the last poll or event that changed the graph, `last_sync_at` the last complete
    reading, `swept_at` the last sweep.
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
    place: str | None = None
    registry: str | None = None

    @property
    def naming(self) -> NamingContext:
        """What the settings of the source say about the names in its answers."""
        return NamingContext(self.scope, self.place, self.registry)

    def named(self, naming: NamingContext) -> Connection:
        """Return a copy with what `naming` sets. If that changes names, everything is to be read from the beginning."""
        changed = replace(
            self,
            scope=naming.scope or self.scope,
            place=naming.place or self.place,
            registry=naming.registry or self.registry,
        )
        if changed.naming == self.naming:
            return self
        return replace(changed, state="backfilling", cursor=None, error=None)

    def restarted(self) -> Connection:
        """Return a copy in state `backfilling`, with the cursor of an unfinished backfill, else from the beginning."""
        cursor = self.cursor if self.state in _UNFINISHED else None
        return replace(self, state="backfilling", cursor=cursor, error=None)


class ConnectionStore(Protocol):
    """Stores connections durably."""

    def save(self, connection: Connection) -> None:
        """Insert the connection, or replace the one of the same name."""

    def get(self, name: str) -> Connection | None:
        """Return the connection of this name; None if there is none."""

    def all(self) -> list[Connection]:
        """Return all connections, ordered by name."""
