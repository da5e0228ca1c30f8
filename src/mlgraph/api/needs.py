"""What the HTTP interface needs of the use cases, as protocols: the services satisfy them by their shape alone.

All methods are synchronous and thread-safe, answer with plain dicts ready for JSON and raise `MlgraphError` only.
Iterators of lines are read in the thread that they were handed to: they wait for the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mlgraph.services.identity import Caller

Body = dict[str, Any]


class Tokens(Protocol):
    """Who may call."""

    def caller(self, bearer: str | None, *, loopback: bool) -> Caller:
        """Return the caller, or raise `Unauthorized`; on loopback none needs to be named."""


class Intake(Protocol):
    """What comes in."""

    def facts(self, lines: Iterable[bytes], caller: Caller) -> Body:
        """Take facts, a line each; empty lines keep their index."""

    def openlineage(self, body: bytes, caller: Caller) -> Body:
        """Take one OpenLineage event."""

    def begin_openlineage(self, body: bytes, caller: Caller, done: Callable[[Body | BaseException], None]) -> bool:
        """Take one OpenLineage event without waiting, and call `done` in another thread; False where that cannot be."""

    def openlineage_lines(self, lines: Iterable[bytes], caller: Caller) -> Body:
        """Take OpenLineage events, a line each."""

    def cloudevents(self, headers: Mapping[str, str], body: bytes, caller: Caller) -> Body:
        """Take CloudEvents in any of the three modes."""

    def dead_letters(self, limit: int, cursor: str | None) -> Body:
        """List what could not be worked on."""

    def replay(self, letter_id: int, caller: Caller) -> Body:
        """Try a dead letter again."""


class Queries(Protocol):
    """What is asked."""

    def wait_for(self, watermark: int) -> None:
        """Return once answers include the write, or raise `Unavailable`."""

    def reached(self, watermark: int) -> bool:
        """Say at once whether answers include the write."""

    def lineage_at_once(  # noqa: PLR0913 - the shape of the service
        self,
        uri: str,
        *,
        direction: str,
        depth: int | None,
        kinds: Sequence[str],
        level: str | None,
        as_of: str | None,
        certain: bool,
        fold: bool,
        limit: int,
        cursor: str | None,
    ) -> Body | None:
        """Walk from an asset, if it takes about a millisecond; else return None."""

    def lineage(  # noqa: PLR0913 - the shape of the service
        self,
        uri: str,
        *,
        direction: str,
        depth: int | None,
        kinds: Sequence[str],
        level: str | None,
        as_of: str | None,
        certain: bool,
        fold: bool,
        limit: int,
        cursor: str | None,
    ) -> Body:
        """Walk from an asset."""

    def impact(  # noqa: PLR0913 - the shape of the service
        self,
        uri: str,
        *,
        change: str | None,
        direction: str,
        depth: int | None,
        kinds: Sequence[str],
        level: str | None,
        as_of: str | None,
        certain: bool,
        fold: bool,
        limit: int,
        cursor: str | None,
    ) -> Body:
        """List what a change can hurt."""

    def propagation(self, uri: str, *, since: str, as_of: str | None, limit: int, cursor: str | None) -> Body:
        """Say who has rebuilt since a change."""

    def path(self, source: str, target: str, *, level: str | None, as_of: str | None, fold: bool) -> Body:
        """Find the shortest path."""

    def asset(self, uri: str, *, as_of: str | None) -> Body:
        """Show an asset."""

    def names(self, uri: str | None) -> Body:
        """Show which names an asset has had, or which lead to several assets."""

    def why(self, source: str, relation: str, target: str, *, as_of: str | None) -> Body:
        """Show who says that an edge holds."""

    def diff(self, from_: str, to: str, uri: str | None, *, limit: int) -> Body:
        """Compare two moments."""

    def live(self, service: str | None, *, as_of: str | None) -> Body:
        """Show what serves."""

    def export(self) -> Iterator[bytes]:
        """Yield all facts, a line each, ending in a line feed."""


class Connections(Protocol):
    """Connected tools."""

    def connect(self, kind: str, url: str, name: str | None, caller: Caller) -> Body:
        """Start or resume a backfill."""

    def sources(self) -> Body:
        """List the connected tools."""

    def test(self, name: str, caller: Caller) -> Body:
        """Reach a source once, and say what was found or what to fix."""

    def sync(self, name: str | None, caller: Caller) -> Body:
        """Compare one source, or all, with the graph."""

    def webhook(self, name: str, headers: Mapping[str, str], body: bytes) -> Body:
        """Take a signed webhook."""


class Archives(Protocol):
    """The whole store as one file."""

    def backup(self, caller: Caller) -> Iterator[bytes]:
        """Yield the pieces of a backup."""

    def restore(self, pieces: Iterable[bytes], caller: Caller) -> Body:
        """Put a backup into the empty store."""


class Health(Protocol):
    """How the server itself is."""

    def ready(self) -> Body:
        """Say that it is ready, or raise `Unavailable`."""

    def metrics(self) -> bytes:
        """Return the metrics as Prometheus text."""


class Services(Protocol):
    """All of it."""

    @property
    def intake(self) -> Intake:
        """What comes in."""

    @property
    def queries(self) -> Queries:
        """What is asked."""

    @property
    def connections(self) -> Connections:
        """Connected tools."""

    @property
    def archives(self) -> Archives:
        """The whole store as one file."""

    @property
    def health(self) -> Health:
        """How the server itself is."""

    @property
    def tokens(self) -> Tokens:
        """Who may call."""
