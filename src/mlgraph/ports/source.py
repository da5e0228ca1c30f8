"""What the rest of mlgraph asks of a source: one thing's truth, all of it page by page, what changed, what exists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mlgraph.domain.configuration import Limits
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.uri import AssetUri

Payload = dict[str, Any]
"""What a connector's `normalise` reads."""
Cursor = dict[str, Any]
"""Where to go on: kept as JSON, understood by the source alone."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a source is reached: its address, the instance's name (None: taken from the address), as whom, and how hard.

    `scope` is what scopes the names in its answers that mean nothing by themselves (docs/naming.md); None: they stand.
    """

    url: str
    instance: str | None = None
    credentials: Credentials | None = None
    limits: Limits = field(default_factory=Limits)
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """What a source answered to a trial: its version, where it tells one, and how many things of a sort are there.

    `more` says that there are more than were counted.
    """

    version: str | None
    counts: Mapping[str, int]
    more: bool = False


@dataclass(frozen=True, slots=True)
class CircuitState:
    """Whether a source is asked: `closed` as usual, `half-open` one request that tries, `open` not for `retry_in_s` seconds."""

    name: Literal["closed", "open", "half-open"]
    retry_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Gone:
    """The source says that there is no such thing (any longer). `uri` is None where the id can be no name."""

    kind: str
    id: str
    uri: AssetUri | None


@dataclass(frozen=True, slots=True)
class Departure:
    """What a sweep found missing. `renamed` tells under which name it lives on, `now`; without it, it was deleted.

    `renamed_anew` tells the same where `now` was another asset's name before.
    """

    uri: AssetUri
    renamed: Payload | None = None
    renamed_anew: Payload | None = None
    now: AssetUri | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a walk: payloads in order, and the cursor to resume after them.

    `stage` and `count` (of this stage so far) are for progress; `total` is given where the source tells it.
    """

    payloads: list[Payload]
    cursor: Cursor
    done: bool
    stage: str
    count: int
    total: int | None = None


class Source(Protocol):
    """A tool that is asked for its truth. All calls raise `SourceError` where it does not answer as it should.

    `fetch` may be called by several threads at once, beside one that walks (`pages`, `changed_since`, `inventory`).
    """

    @property
    def name(self) -> str:
        """The kind of source, as in `connect NAME URL`: also the origin of its facts."""

    @property
    def instance(self) -> str:
        """Which one of its kind: part of the namespace of what it names."""

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the current truth about one thing, or that it is gone."""

    def pages(self, cursor: Cursor | None = None) -> Iterator[Page]:
        """Yield everything there is, from the beginning or after `cursor`; the last page is `done`."""

    def changed_since(self, cursor: Cursor | None) -> Iterator[Page]:
        """Yield what changed since `cursor` (None: since now); the last page is `done` and carries the next cursor."""

    def inventory(self) -> Iterator[AssetUri]:
        """Yield the URI of everything that exists now, of the kinds that the source lists."""

    def circuit(self) -> CircuitState:
        """Return whether it is asked, or left alone because it fails."""

    def close(self) -> None:
        """Let go of connections."""
