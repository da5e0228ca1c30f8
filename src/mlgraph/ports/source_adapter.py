"""Interface of connected sources: fetch one object, read everything page by page, poll changes, list what exists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.uri import AssetUri

Payload = dict[str, Any]
"""Input of a connector's `normalise`."""
States = Mapping[AssetUri, Mapping[str, Any]]
"""The present state of each asset, as one origin reports it (`state` of an asset fact)."""
Cursor = dict[str, Any]
"""The position at which a reading continues: stored as JSON; only the source interprets it."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to access a source: address, name of the instance (None: derived from the address), credentials, request limits.

    `naming` is what the settings of the source say about the names in its answers (docs/naming.md).
    """

    url: str
    instance: str | None = None
    credentials: Credentials | None = None
    limits: RequestLimits = field(default_factory=RequestLimits)
    naming: NamingContext = NO_CONTEXT


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The answer of a source to a probe: its version (None: it reports none) and the number of objects of each type.

    With `more`, there are more objects than were counted.
    """

    version: str | None
    counts: Mapping[str, int]
    more: bool = False


@dataclass(frozen=True, slots=True)
class CircuitState:
    """State of a source's circuit breaker: `closed` (normal), `half-open` (one trial request), `open` (for `retry_in_s`)."""

    name: Literal["closed", "open", "half-open"]
    retry_in_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Gone:
    """The source reports that an object does not exist (any longer). `uri` is None where the id is not a valid name."""

    kind: str
    id: str
    uri: AssetUri | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Attributes that survive a rename: the time of creation, and the parts with theirs. Microseconds since the epoch."""

    created: int
    parts: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Departure:
    """An asset that a sweep found deleted or renamed.

    `renamed` is the payload that asserts the new name `now`; None: the asset was deleted. `created` is the payload that asserts
    the creation of `now`, where another asset had that name before.
    """

    uri: AssetUri
    renamed: Payload | None = None
    created: Payload | None = None
    now: AssetUri | None = None


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One page of a reading: payloads in order, and the cursor that resumes after them.

    `stage` and `count` (in this stage so far) report progress; `total` is None where the source does not report it.
    """

    payloads: list[Payload]
    cursor: Cursor
    done: bool
    stage: str
    count: int
    total: int | None = None


class SourceAdapter(Protocol):
    """Requests to one connected tool. Every call raises `SourceError` for a failed request or an invalid answer.

    `fetch` may be called by several threads at once, beside one thread that reads `pages`, `changed_since` or `inventory`.
    """

    @property
    def name(self) -> str:
        """The kind of tool, as in `connect NAME URL`; also the origin of its facts."""

    @property
    def instance(self) -> str:
        """The name of the instance: a part of the namespace of its assets."""

    def probe(self) -> ProbeResult:
        """Return the tool's answer to a probe."""

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the source's word
        """Return the current state of one object; `Gone` where it does not exist."""

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        """Yield all objects, from the beginning or after `cursor`; the last page is `done`."""

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        """Yield the objects that changed since `cursor` (None: since now); the last page is `done` and has the next cursor."""

    def inventory(self) -> Iterator[AssetUri]:
        """Yield the URI of every existing object of the kinds that the source lists."""

    def identities(self) -> Mapping[str, Identity]:
        """Return the identity of each object that can be renamed, by its present name. Empty where names never change."""

    def subscribe(self, url: str, secret: str) -> str:
        """Subscribe `url` to the tool's webhooks, signed with `secret`; return the id of the subscription."""

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""

    def close(self) -> None:
        """Close all connections."""


class SourceFactory(Protocol):
    """Opens sources of one kind of tool."""

    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        """Return a source for `access`. Unless `patient`, it fails after one attempt instead of retrying.

        Raises `InvalidInput` for an invalid address.
        """

    def ambient(self) -> Credentials | None:
        """Return the credentials for unconfigured sources, from the environment of the server; None: there are none.

        Raises `InvalidInput` for unusable credentials.
        """


class PulledTool(Protocol):
    """Interpretation of a connected tool's answers and webhooks. All methods are pure."""

    def subject(self, payload: object, /) -> AssetUri | None:
        """Return the asset whose stored state `normalise` needs in the payload, under the key `held`."""

    def source_key(self, uri: AssetUri, /) -> tuple[str, str] | None:
        """Return type and id for `SourceAdapter.fetch` of an asset; None where the tool only lists such assets."""

    def departures(
        self, instance: str, known: States, existing: Collection[AssetUri], identities: Mapping[str, Identity], at: int, /
    ) -> Sequence[Departure]:
        """Return the deleted and renamed assets of an instance.

        `known` are their states in the graph; `existing` and `identities` are the listing of the tool, made `at` (microseconds
        since the epoch).
        """

    def deleted(self, uri: AssetUri, at: int, /) -> Payload:
        """Return the payload that asserts the deletion of an asset at `at`."""

    def version_of(self, payload: object, /) -> int | None:
        """Return the tool's version of the payload's subject, such as the time of its last change; it increases.

        None where the tool reports no version.
        """

    def version_of_state(self, state: Mapping[str, Any], /) -> int | None:
        """Return the same of a state that is stored in the graph."""

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str, now: float, /) -> Mapping[str, Any]:
        """Return the event of a webhook signed with `secret`; `now` is in Unix seconds. Raises `Unauthorized`."""

    def thin(self, event: Mapping[str, Any], /) -> tuple[str, str] | None:
        """Return type and id of the object that an event names; None where the graph has no such objects."""

    def occurred_at(self, event: Mapping[str, Any], /) -> int:
        """Return the time of an event, in microseconds since the epoch."""
