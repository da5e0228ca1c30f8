"""What the rest of mlgraph asks of a source: one thing's truth, all of it page by page, what changed, what exists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.uri import AssetUri

Payload = dict[str, Any]
"""What a connector's `normalise` reads."""
States = Mapping[AssetUri, Mapping[str, Any]]
"""What one origin says of each asset now (an asset fact's `state`)."""
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
    limits: RequestLimits = field(default_factory=RequestLimits)
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
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
class Identity:
    """What stays the same when a thing is renamed: when it was created, and its parts with their creation, in microseconds."""

    created: int
    parts: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Departure:
    """What a sweep found missing. `renamed` tells under which name it lives on, `now`; without it, it was deleted.

    `created` tells the same where `now` was another asset's name before.
    """

    uri: AssetUri
    renamed: Payload | None = None
    created: Payload | None = None
    now: AssetUri | None = None


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A part of a walk: payloads in order, and the cursor to resume after them.

    `stage` and `count` (of this stage so far) are for progress; `total` is given where the source tells it.
    """

    payloads: list[Payload]
    cursor: Cursor
    done: bool
    stage: str
    count: int
    total: int | None = None


class SourceAdapter(Protocol):
    """A tool that is asked for its truth. All calls raise `SourceError` where it does not answer as it should.

    `fetch` may be called by several threads at once, beside one that walks (`pages`, `changed_since`, `inventory`).
    """

    @property
    def name(self) -> str:
        """The kind of source, as in `connect NAME URL`: also the origin of its facts."""

    @property
    def instance(self) -> str:
        """Which one of its kind: part of the namespace of what it names."""

    def reached(self) -> ProbeResult:
        """Return what the tool answers to a trial."""

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the current truth about one thing, or that it is gone."""

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        """Yield everything there is, from the beginning or after `cursor`; the last page is `done`."""

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        """Yield what changed since `cursor` (None: since now); the last page is `done` and carries the next cursor."""

    def inventory(self) -> Iterator[AssetUri]:
        """Yield the URI of everything that exists now, of the kinds that the source lists."""

    def identities(self) -> Mapping[str, Identity]:
        """Return what stays of each thing that can be renamed, by its name now. Empty where names never change."""

    def subscribe(self, url: str, secret: str) -> str:
        """Have the tool send webhooks to `url`, signed with `secret`; return the subscription's id."""

    def circuit(self) -> CircuitState:
        """Return whether it is asked, or left alone because it fails."""

    def close(self) -> None:
        """Let go of connections."""


class SourceFactory(Protocol):
    """Makes sources of one kind of tool."""

    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        """Return a source that asks the tool reached by `access`. One that is not `patient` gives up after one attempt.

        Raises `InvalidInput` where the address is none.
        """

    def ambient(self) -> Credentials | None:
        """Return the credentials of sources that no configuration names, from the server's environment.

        Raises `InvalidInput` where they cannot be used.
        """


class PulledTool(Protocol):
    """How the answers and webhooks of a connected tool are understood. All methods are pure."""

    def subject(self, payload: object, /) -> AssetUri | None:
        """Return the asset whose state in the graph `normalise` needs, as the payload's `held`."""

    def source_key(self, uri: AssetUri, /) -> tuple[str, str] | None:
        """Return kind and id by which the tool is asked for an asset; None where it can be asked for by listing alone."""

    def departures(
        self, instance: str, known: States, existing: Collection[AssetUri], identities: Mapping[str, Identity], at: int, /
    ) -> Sequence[Departure]:
        """Return what was deleted or renamed: `known` is what the graph has of the instance, the rest what the tool lists.

        `at` is when it was listed, in microseconds since the epoch.
        """

    def deleted(self, uri: AssetUri, at: int, /) -> Payload:
        """Return the payload that says that an asset does not exist from `at` on."""

    def version_of(self, payload: object, /) -> int | None:
        """Return the tool's own version of the payload's subject, such as the time of its last change.

        An older state has a smaller one. None where the tool gives none.
        """

    def version_of_state(self, state: Mapping[str, Any], /) -> int | None:
        """Return the same of a state that the graph has."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str, now: float, /) -> Mapping[str, Any]:
        """Return the event of a webhook signed with `secret`; `now` is in Unix seconds. Raises `Unauthorized`."""

    def thin(self, event: Mapping[str, Any], /) -> tuple[str, str] | None:
        """Return kind and id of what an event says has changed; None where the graph has no such thing."""

    def occurred_at(self, event: Mapping[str, Any], /) -> int:
        """Return when an event happened, in microseconds since the epoch."""
