"""Shapes (TypedDict) of the answers about connectors and connected tools (docs/http.md, Sources)."""

from __future__ import annotations

from typing import NotRequired  # as pydantic needs them on Python 3.11

from typing_extensions import TypedDict

from mlgraph.client.answer_shapes.ingest_shapes import Warned


class SourceSchedule(TypedDict):
    """Seconds between two polls, sweeps, and full sweeps."""

    poll_s: float
    sweep_s: float
    full_sweep_s: float


class SourceLimits(TypedDict):
    """Limits of the requests to a source."""

    requests_per_s: float
    concurrency: int
    timeout_s: float


class SourceGap(TypedDict):
    """Something that could not be named or read: the message, the number of objects that it concerns, and one of them."""

    message: str
    objects: int
    example: str


class Source(TypedDict):
    """A connected tool. `done` and `total` count the objects of the running backfill; `total` may not be known yet.

    `error` is the current failure, `last_error` the latest of all `errors`. `lag_s` is the time since the last successful
    poll, `last_change_at` the time of the last change that was recorded. `scope` is the prefix of ambiguous namespaces,
    `place` the system of the tables that it names without their place, `registry` where the models that it names are.
    `circuit` is `closed`, `half-open` or `open`: the source failed repeatedly and receives no requests for `retry_in_s`
    seconds. `events_waiting` counts objects that events named and that are not fetched yet. `arrived` counts the objects of the
    last complete reading by kind. `gaps` are the most frequent of `gaps_total` things that could not be named or read; with
    `gaps_partial`, further objects have some.
    """

    name: str
    kind: str
    url: str
    state: str
    done: NotRequired[int | None]
    total: NotRequired[int | None]
    error: NotRequired[str | None]
    last_sync_at: NotRequired[str | None]
    configured: NotRequired[bool]
    scope: NotRequired[str | None]
    place: NotRequired[str | None]
    registry: NotRequired[str | None]
    environment: NotRequired[str | None]
    lag_s: NotRequired[float | None]
    last_poll_at: NotRequired[str | None]
    last_change_at: NotRequired[str | None]
    errors: NotRequired[int]
    last_error: NotRequired[str | None]
    last_error_at: NotRequired[str | None]
    last_sweep_at: NotRequired[str | None]
    next_sweep_at: NotRequired[str | None]
    next_full_sweep_at: NotRequired[str | None]
    dead_letters: NotRequired[int]
    circuit: NotRequired[str | None]
    retry_in_s: NotRequired[float | None]
    events_waiting: NotRequired[int]
    schedule: NotRequired[SourceSchedule | None]
    limits: NotRequired[SourceLimits | None]
    arrived: NotRequired[dict[str, int]]
    gaps: NotRequired[list[SourceGap]]
    gaps_total: NotRequired[int]
    gaps_partial: NotRequired[bool]


class SourceTest(TypedDict):
    """The result of a connection test. `counts` cover one page each, `more`: there are further ones; `error`: what to fix."""

    name: str
    kind: str
    url: str
    ok: bool
    version: str | None
    counts: dict[str, int]
    more: bool
    error: str | None
    authenticated: bool
    took_ms: float


class Setup(TypedDict):
    """Lines for one place in the configuration of a tool. `<NAME>` and `<TOKEN>` are for the reader to replace."""

    tool: str
    where: str
    lines: list[str]


class Connected(TypedDict):
    """A connected tool, and its state."""

    name: str
    state: str


class Connector(TypedDict):
    """Properties of a connector. `accepts_events`: its name is a format; `connects`: its name is a kind of tool.

    `event_types` are the payloads that it reads, `kinds` and `relations` all that it emits, `redacted` the pointers to secrets
    and personal data. `cloudevent_types` are the prefixes of CloudEvents types that it reads, `media_types` their
    `datacontenttype`. `setup` are the lines with which tools send its payloads, `connected` the tools that are read, `received`:
    the graph has facts of it.
    """

    name: str
    accepts_events: bool
    connects: bool
    event_types: list[str]
    kinds: list[str]
    relations: list[str]
    redacted: list[str]
    cloudevent_types: list[str]
    media_types: list[str]
    mentions_in_passing: bool
    setup: list[Setup]
    connected: list[Connected]
    received: bool


class Connectors(TypedDict):
    """All connectors of a server. `needs_token`: whether its `setup` contains tokens, because the server needs them."""

    connectors: list[Connector]
    needs_token: bool
    watermark: int


class EventWarnings(TypedDict):
    """The warnings about events of a format; `source` is that of the token, null without one; `events` had warnings."""

    format: str
    source: str | None
    events: int
    warnings: int
    last_at: str
    last: Warned


class Sources(TypedDict):
    """All connected tools, and the details of events that were left out, by format and source."""

    sources: list[Source]
    warnings: list[EventWarnings]
    watermark: int
