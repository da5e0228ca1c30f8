"""Intake of facts and events: check, append durably, then acknowledge; malformed entries are rejected one by one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput, MlgraphError, NotJson, TooLarge
from mlgraph.domain.facts import Statement, split_contacts
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.payloads.payload import canonical_json, clean
from mlgraph.domain.redaction.json_values import redact
from mlgraph.ports.connector import CLOUDEVENTS, FACTS, OWN_EVENT_TYPES, THIN, ConnectorRegistry
from mlgraph.ports.dead_letters import DeadLetterStore
from mlgraph.ports.event_warnings import EventWarningStore, WarningCount
from mlgraph.ports.store import Actor, Appended, Event, FactWriter, Item
from mlgraph.services.common import metrics
from mlgraph.services.common.identity import Caller
from mlgraph.services.common.pipelining import WriteBehind
from mlgraph.services.common.registries import ModelRegistries
from mlgraph.services.ingest.cloudevents import Envelope, read_envelopes
from mlgraph.services.ingest.fact_items import FactItems
from mlgraph.services.ingest.interpreting import InterpretedEvent, digest_of, interpret, interpret_text
from mlgraph.services.ingest.json_reading import numbered, read_json
from mlgraph.services.ingest.tally import Tally, Uncounted, written

_log = logging.getLogger(__name__)

CHUNK_LINES: Final = 20_000
CHUNK_BYTES: Final = 8 * 1024 * 1024
_SOURCE: Final = "source"
"""The format label of items that were fetched from connected tools."""
_DATA: Final = ("data", "data_base64")
"""Attributes that are not stored with a CloudEvent: its data becomes facts."""

Chunk = list[tuple[int, bytes]]
"""Lines, each with its index in the body."""

LONG_BYTES: Final = 4 * 1024 * 1024
"""Streams of events of at least this size are handed to `IngestElsewhere`."""

IngestElsewhere = Callable[[str, Iterable[bytes], Caller], dict[str, Any] | None]
"""Given a format, the lines of a stream and its caller, ingests it in another process and returns the ingest shape; None, before
it reads a line, where it cannot take the stream."""

Rehydrate = Callable[[str, Mapping[str, Any]], int]
"""Given a source and a thin event, fetches the object that the event names again and returns the transaction that records it."""


@dataclass(frozen=True, slots=True)
class IntakeStores:
    """Where intake stores facts, events that failed, and the counts of warnings."""

    writer: FactWriter
    dead_letters: DeadLetterStore
    event_warnings: EventWarningStore


class Intake:
    """Takes facts and events in. `nudge` is called after each append, so that the projection need not wait for its next poll."""

    def __init__(
        self,
        stores: IntakeStores,
        nudge: Callable[[], None],
        rehydrate: Rehydrate,
        connectors: ConnectorRegistry,
        elsewhere: IngestElsewhere | None = None,
        registries: ModelRegistries | None = None,
    ) -> None:
        """`elsewhere`: takes long streams of events; by default this process does. `registries`: those that events refer to."""
        self._writer = stores.writer
        self._dead_letters = stores.dead_letters
        self._nudge = nudge
        self._rehydrate = rehydrate
        self._connectors = connectors
        self._fact_items = FactItems(connectors)
        self._event_warnings = stores.event_warnings
        self._elsewhere = elsewhere
        self._registries = registries

    def facts(self, lines: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        """Append NDJSON facts chunk by chunk, each durable before the next. Return the ingest shape."""
        tally = Tally(form=FACTS)
        return self._chunked(tally, lines, caller, lambda _, line: self._fact_items.item(read_json(line), caller))

    def is_quick(self, form: str, size: int) -> bool:
        """Return whether an event of `size` bytes can be interpreted without a thread.

        Raises `InvalidInput` for an unknown format.
        """
        return size <= self._connectors.format(form).quick_bytes

    def interpret(self, form: str, body: bytes, caller: Caller) -> InterpretedEvent:
        """Interpret one event of a connector's format. Nothing is stored before `store` or `store_async`.

        Raises `NotJson`, `TooLarge` or `InvalidInput`, the last also for an unknown format.
        """
        connector = self._connectors.format(form)
        metrics.INTAKE_BYTES.labels(connector.name).inc(len(body))
        try:
            return interpret_text(connector, body, caller, self._registries)
        except MlgraphError:
            metrics.INTAKE_ITEMS.labels(connector.name, "rejected").inc()
            raise

    def store(self, event: InterpretedEvent) -> dict[str, Any]:
        """Store an interpreted event durably. Return `{watermark, warnings, warnings_total}`."""
        appended = self.append([self._item_of(event)], event.caller, event.connector.name)
        uncounted = Uncounted()
        uncounted.add(event.warnings)
        self._count_warnings(uncounted, event.connector.name, event.caller)
        return written(appended, event.warnings)

    def store_async(self, event: InterpretedEvent, done: Callable[[dict[str, Any] | BaseException], None]) -> bool:
        """Start to store an interpreted event; return False, without storing it, for a dead letter and for one with warnings.

        `done` is called in another thread with the result or the exception of `store`.
        """
        if event.dead_letter is not None or event.warnings:
            return False
        caller, form, started = event.caller, event.connector.name, time.monotonic()

        def finish(outcome: Appended | BaseException) -> None:
            metrics.APPENDS_WAITING.dec()
            metrics.APPEND_SECONDS.observe(time.monotonic() - started)
            if isinstance(outcome, Appended):
                self._count([event.item], outcome, form)
                done(written(outcome, ()))
            else:
                done(outcome)

        self._writer.begin_append([event.item], Actor(caller.actor, caller.source, caller.environment), finish)
        metrics.APPENDS_WAITING.inc()
        return True

    def ingest(self, form: str, body: bytes, caller: Caller) -> dict[str, Any]:
        """Store one event of a connector's format, as `store` does. Raises the errors of `interpret` and of the store."""
        return self.store(self.interpret(form, body, caller))

    def ingest_lines(self, form: str, lines: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        """Store many events of a connector's format, one per line. Return the ingest shape.

        Raises `InvalidInput` for an unknown format.
        """
        connector = self._connectors.format(form)
        if self._elsewhere is not None:
            lines, is_long = _beginning(lines)
            if is_long and (ingested := self._elsewhere(form, _measured(lines, connector.name), caller)) is not None:
                self._nudge()
                _count_ingested(connector.name, ingested)
                return ingested
        tally = Tally(form=connector.name)

        def read(index: int, line: bytes) -> Item:
            event = interpret_text(connector, line, caller, self._registries)
            tally.warn(index, event.warnings)
            return self._item_of(event)

        return self._chunked(tally, lines, caller, read)

    def cloudevents(self, headers: Mapping[str, str], body: bytes, caller: Caller) -> dict[str, Any]:
        """Store CloudEvents 1.0 in structured, batched or binary mode. Return the ingest shape."""
        tally = Tally(form=CLOUDEVENTS)
        metrics.INTAKE_BYTES.labels(CLOUDEVENTS).inc(len(body))
        items: list[Item] = []
        for index, envelope in enumerate(read_envelopes(headers, body)):
            if isinstance(envelope, MlgraphError):
                tally.reject(index, envelope)
                continue
            try:
                item, warnings = self._cloudevent_item(envelope, caller)
            except InvalidInput as error:
                tally.reject(index, error)
                continue
            items.append(item)
            tally.warn(index, warnings)
        self._add(tally, items, caller)
        self._count_warnings(tally.uncounted, tally.form, caller)
        return tally.body()

    def append(self, entries: Sequence[Item], caller: Caller, form: str = _SOURCE) -> Appended:
        """Append entries as `caller` and wake the projection. `form`: their format, for metrics."""
        with metrics.APPENDS_WAITING.track_inprogress(), metrics.APPEND_SECONDS.time():
            appended = self._writer.append(entries, Actor(caller.actor, caller.source, caller.environment))
        self._count(entries, appended, form)
        return appended

    def _count(self, entries: Sequence[Item], appended: Appended, form: str) -> None:
        self._nudge()
        accepted = _accepted(entries, appended)
        metrics.INTAKE_ITEMS.labels(form, "accepted").inc(accepted)
        metrics.INTAKE_ITEMS.labels(form, "duplicate").inc(len(entries) - accepted)

    def replay(self, letter_id: int, caller: Caller) -> dict[str, Any]:
        """Interpret and store a dead letter again, through the connector of its format. Return `{replayed, watermark}`.

        If it fails again, raises the error (`Conflict` without the connector); the letter stays, with one more attempt.
        """
        letter = self._dead_letters.get(letter_id)
        own = Caller(letter.actor, letter.source, letter.environment, own_scope=letter.scope)
        try:
            document = read_json(letter.body.encode())
            if letter.format == THIN:
                tx = self._rehydrate(document["source"], document["event"])
            else:
                event = interpret(self._connectors.stored_format(letter.format), document, own, self._registries)
                if event.dead_letter is not None:
                    raise InvalidInput(f"the connector {letter.format!r} still fails on this event: {event.dead_letter.error}")
                tx = self.store(event)["watermark"]
        except MlgraphError as error:
            self._dead_letters.failed_again(letter_id, error.detail)
            raise
        self._dead_letters.replayed(letter_id, tx)
        _log.info("dead letter %d was replayed by %s", letter_id, caller.actor)
        return {"replayed": True, "watermark": tx}

    def dead_letters(self, limit: int = 100, cursor: str | None = None) -> dict[str, Any]:
        """Return a page of the dead letters that are not replayed, oldest first."""
        return self._dead_letters.listing(limit, cursor)

    def _chunked(
        self, tally: Tally, lines: Iterable[bytes], caller: Caller, read: Callable[[int, bytes], Item]
    ) -> dict[str, Any]:
        """Append the items that `read` makes of the lines, chunk by chunk; while a chunk is stored, the next one is read."""
        received = metrics.INTAKE_BYTES.labels(tally.form)
        chunk: Chunk = []
        size = 0
        with WriteBehind[list[Item]](lambda items: self._add(tally, items, caller)) as write_behind:
            for numbered_line in numbered(lines):
                size += len(numbered_line[1])
                chunk.append(numbered_line)
                if len(chunk) >= CHUNK_LINES or size >= CHUNK_BYTES:
                    received.inc(size)
                    write_behind.submit(_read_each(tally, chunk, read))
                    self._count_warnings(tally.uncounted, tally.form, caller)
                    chunk, size = [], 0
            received.inc(size)
            write_behind.finish(_read_each(tally, chunk, read))
        self._count_warnings(tally.uncounted, tally.form, caller)
        return tally.body()

    def _count_warnings(self, uncounted: Uncounted, form: str, caller: Caller) -> None:
        """Add warnings to the counts of the store. The events are stored: a count that fails is logged, and fails no request."""
        if uncounted.last is None:
            return
        count = WarningCount(form, caller.source, uncounted.events, uncounted.warnings, clock.wall_us(), uncounted.last)
        uncounted.events, uncounted.warnings, uncounted.last = 0, 0, None
        try:
            self._event_warnings.add(count)
        except MlgraphError as error:
            _log.warning("%d warnings about events of %s are not counted: %s", count.warnings, form, error.detail)

    def _add(self, tally: Tally, entries: Sequence[Item], caller: Caller) -> None:
        appended = self.append(entries, caller, tally.form)
        accepted = _accepted(entries, appended)
        tally.accepted += accepted
        tally.duplicates += len(entries) - accepted
        tally.watermark = max(tally.watermark, appended.tx)

    def _item_of(self, event: InterpretedEvent) -> Item:
        """Return the item to append. If the connector failed, the dead letter is stored and the item is empty."""
        if event.dead_letter is not None:
            self._dead_letters.add(event.dead_letter)
        return event.item

    def _cloudevent_item(self, envelope: Envelope, caller: Caller) -> tuple[Item, list[DetailWarning]]:
        """Return the item to append, and the warnings about the data."""
        event = Event(
            CLOUDEVENTS,
            envelope.source,
            envelope.id,
            digest_of(CLOUDEVENTS, envelope.source, envelope.id),
            canonical_json(redact(clean({key: envelope.document[key] for key in envelope.document if key not in _DATA}))),
        )
        if envelope.carries_facts:
            statements: list[Statement] = []
            for position, entry in enumerate(envelope.fact_lines()):
                try:
                    item = self._fact_items.item(entry, caller)
                    statements.extend((*item.facts, *item.contacts))
                except InvalidInput as error:
                    raise error.under(f"/data/{position}" if envelope.many else "/data") from None
            return Item(*split_contacts(statements), event), []
        connector = self._connectors.of_cloudevent(envelope.type, envelope.media_type)
        if connector is None:
            prefixes = [f"{prefix}*" for each in self._connectors for prefix in each.cloudevent_types]
            raise InvalidInput(
                f"the event type {envelope.type[:80]!r} is unknown: send {', '.join((*prefixes, *OWN_EVENT_TYPES))}",
                pointer="/type",
            )
        data = envelope.need_data()
        try:
            interpreted = interpret(connector, data, caller, self._registries)
        except InvalidInput as error:
            raise error.under("/data") from None
        item = self._item_of(interpreted)
        return Item(item.facts, item.contacts, event), [warning.under("/data") for warning in interpreted.warnings]


def _beginning(lines: Iterable[bytes]) -> tuple[Iterable[bytes], bool]:
    """Return the same lines, after reading the first ones, and whether they have at least `LONG_BYTES`."""
    beginning: list[bytes] = []
    size = 0
    remaining = iter(lines)
    for line in remaining:
        beginning.append(line)
        size += len(line)
        if size >= LONG_BYTES:
            break
    return chain(beginning, remaining), size >= LONG_BYTES


def _measured(lines: Iterable[bytes], form: str) -> Iterator[bytes]:
    received = metrics.INTAKE_BYTES.labels(form)
    for line in lines:
        received.inc(len(line))
        yield line


def _count_ingested(form: str, ingested: Mapping[str, Any]) -> None:
    """Count the entries of a stream that another process has ingested."""
    for outcome, count in (
        ("accepted", ingested["accepted"]),
        ("duplicate", ingested["duplicates"]),
        ("rejected", len(ingested["rejected"])),
    ):
        metrics.INTAKE_ITEMS.labels(form, outcome).inc(count)


def _read_each(tally: Tally, chunk: Chunk, read: Callable[[int, bytes], Item]) -> list[Item]:
    """Return the items that `read` makes of the lines; a malformed line is rejected individually."""
    items: list[Item] = []
    for index, line in chunk:
        try:
            items.append(read(index, line))
        except (InvalidInput, NotJson, TooLarge) as error:
            tally.reject(index, error)
    return items


def _accepted(items: Sequence[Item], appended: Appended) -> int:
    """Return how many items were new; an empty item was stored as a dead letter, so it counts as accepted."""
    is_dead_letter = (not (item.facts or item.event) for item in items)
    return sum(new or dead_letter for new, dead_letter in zip(appended.new, is_dead_letter, strict=True))
