"""Intake: what comes in is checked, made durable, then acknowledged. What is malformed is rejected by itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import Any, Final

from mlgraph.bulk.edges import read_edges
from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput, MlgraphError, NotJson, TooLarge
from mlgraph.domain.facts import AssetRetraction, EdgeFact, EdgeRetraction, Statement, told
from mlgraph.domain.payload import Located, canonical_json, clean
from mlgraph.domain.redaction import redact
from mlgraph.domain.times import FOREVER
from mlgraph.domain.wire import parse_line
from mlgraph.ports.connector import CLOUDEVENTS, FACTS, OWN_EVENT_TYPES, THIN, ConnectorRegistry
from mlgraph.ports.edges import StatedEdges
from mlgraph.ports.letters import DeadLetters
from mlgraph.ports.store import Actor, Appended, Entry, Event, FactWriter, Item
from mlgraph.services import metrics
from mlgraph.services.ahead import Ahead
from mlgraph.services.cloudevents import Envelope, read_envelopes
from mlgraph.services.identity import Caller
from mlgraph.services.interpreting import Arrival, digest_of, interpreted
from mlgraph.services.reading import numbered, read_json, read_plain

_log = logging.getLogger(__name__)

CHUNK_LINES: Final = 20_000
CHUNK_BYTES: Final = 8 * 1024 * 1024
MANY_LINES: Final = 1000
"""From so many lines on, those of edges are read into columns; before, that costs more than it saves."""
_SOURCE: Final = "source"
"""What connected tools were asked for, as metrics call it."""
_DATA: Final = ("data", "data_base64")
"""What a CloudEvent carries becomes facts; of the event itself its attributes are kept."""

Chunk = list[tuple[int, bytes]]
"""Lines, each with its index in the body."""

Rehydrate = Callable[[str, Mapping[str, Any]], int]
"""Fetches again what a thin event of a connected source names, and returns the transaction that says it."""


@dataclass(slots=True)
class Tally:
    """The ingest shape, as it adds up."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    watermark: int = 0
    form: str = FACTS

    def reject(self, index: int, error: MlgraphError) -> None:
        """Note that entry `index` was refused."""
        metrics.INTAKE_ITEMS.labels(self.form, "rejected").inc()
        self.rejected.append({"index": index, "pointer": error.pointer or "", "message": error.detail})

    def body(self) -> dict[str, Any]:
        """Return the answer."""
        return {
            "accepted": self.accepted, "duplicates": self.duplicates,
            "rejected": sorted(self.rejected, key=lambda entry: entry["index"]), "watermark": self.watermark,
        }  # fmt: skip


class Intake:
    """Takes facts and events in. `nudge` is called after each append: projections need not wait for their next look."""

    def __init__(
        self,
        writer: FactWriter,
        letters: DeadLetters,
        nudge: Callable[[], None],
        rehydrate: Rehydrate,
        connectors: ConnectorRegistry,
    ) -> None:
        self._writer = writer
        self._letters = letters
        self._nudge = nudge
        self._rehydrate = rehydrate
        self._connectors = connectors

    def facts(self, lines: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        """Take in NDJSON facts, chunk by chunk, each durable before the next. Return the ingest shape."""
        tally = Tally(form=FACTS)
        return self._batches(tally, lines, caller, lambda chunk: self._fact_batches(tally, chunk, caller))

    def is_quick(self, form: str, size: int) -> bool:
        """Say whether `read` needs no thread for an event of `size` bytes. Raises `InvalidInput` for an unknown format."""
        return size <= self._connectors.format(form).quick_bytes

    def read(self, form: str, body: bytes, caller: Caller) -> Arrival:
        """Interpret one event of a connector's format. Nothing is stored before `take` or `begin`.

        Raises `NotJson`, `TooLarge` or `InvalidInput`, the last also for a format that no connector reads.
        """
        connector = self._connectors.format(form)
        metrics.INTAKE_BYTES.labels(connector.name).inc(len(body))
        try:
            return interpreted(connector, read_json(body), caller)
        except MlgraphError:
            metrics.INTAKE_ITEMS.labels(connector.name, "rejected").inc()
            raise

    def take(self, arrival: Arrival) -> dict[str, Any]:
        """Store an interpreted event, durably. Return `{watermark}`."""
        return {"watermark": self.append([self._kept(arrival)], arrival.caller, arrival.connector.name).tx}

    def begin(self, arrival: Arrival, done: Callable[[dict[str, Any] | BaseException], None]) -> bool:
        """Store an interpreted event without waiting for it; return whether that is possible, which it is but for dead letters.

        `done` is called, in another thread, with what `take` would have returned or raised.
        """
        if arrival.letter is not None:
            return False
        caller, form, began = arrival.caller, arrival.connector.name, time.monotonic()

        def ended(outcome: Appended | BaseException) -> None:
            metrics.APPENDS_WAITING.dec()
            metrics.APPEND_SECONDS.observe(time.monotonic() - began)
            if isinstance(outcome, Appended):
                self._count([arrival.item], outcome, form)
                done({"watermark": outcome.tx})
            else:
                done(outcome)

        self._writer.begin_append([arrival.item], Actor(caller.actor, caller.source, caller.environment), ended)
        metrics.APPENDS_WAITING.inc()
        return True

    def ingest(self, form: str, body: bytes, caller: Caller) -> dict[str, Any]:
        """Take in one event of a connector's format. Return `{watermark}`. Raises what `read` and the store raise."""
        return self.take(self.read(form, body, caller))

    def ingest_lines(self, form: str, lines: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        """Take in many events of a connector's format, one a line. Return the ingest shape.

        Raises `InvalidInput` for a format that no connector reads.
        """
        connector = self._connectors.format(form)
        tally = Tally(form=connector.name)

        def read(line: bytes) -> Item:
            return self._kept(interpreted(connector, read_json(line), caller))

        return self._batches(tally, lines, caller, lambda chunk: [[item for _, item in _each(tally, chunk, read)]])

    def cloudevents(self, headers: Mapping[str, str], body: bytes, caller: Caller) -> dict[str, Any]:
        """Take in CloudEvents 1.0, structured, batched or binary. Return the ingest shape."""
        tally = Tally(form=CLOUDEVENTS)
        metrics.INTAKE_BYTES.labels(CLOUDEVENTS).inc(len(body))
        items: list[Item] = []
        for index, envelope in enumerate(read_envelopes(headers, body)):
            if isinstance(envelope, MlgraphError):
                tally.reject(index, envelope)
                continue
            try:
                items.append(self._cloudevent_item(envelope, caller))
            except InvalidInput as error:
                tally.reject(index, error)
        self._add(tally, items, caller)
        return tally.body()

    def append(self, entries: Sequence[Entry], caller: Caller, form: str = _SOURCE) -> Appended:
        """Append entries as `caller` and wake the projections. `form` is what they came as."""
        with metrics.APPENDS_WAITING.track_inprogress(), metrics.APPEND_SECONDS.time():
            appended = self._writer.append(entries, Actor(caller.actor, caller.source, caller.environment))
        self._count(entries, appended, form)
        return appended

    def _count(self, entries: Sequence[Entry], appended: Appended, form: str) -> None:
        self._nudge()
        accepted = _accepted(entries, appended)
        metrics.INTAKE_ITEMS.labels(form, "accepted").inc(accepted)
        metrics.INTAKE_ITEMS.labels(form, "duplicate").inc(len(entries) - accepted)

    def replay(self, letter_id: int, caller: Caller) -> dict[str, Any]:
        """Take a dead letter in again, through the connector that it came by.

        Raises what it fails with, `Conflict` where that connector is registered no longer; then it stays, with one more attempt.
        """
        letter = self._letters.get(letter_id)
        own = Caller(letter.actor, letter.source, letter.environment)
        try:
            document = read_json(letter.body.encode())
            if letter.format == THIN:
                tx = self._rehydrate(document["source"], document["event"])
            else:
                arrival = interpreted(self._connectors.stored_format(letter.format), document, own)
                if arrival.letter is not None:
                    raise InvalidInput(f"the connector {letter.format!r} still fails on it: {arrival.letter.error}")
                tx = self.take(arrival)["watermark"]
        except MlgraphError as error:
            self._letters.failed_again(letter_id, error.detail)
            raise
        self._letters.replayed(letter_id, tx)
        _log.info("dead letter %d was replayed by %s", letter_id, caller.actor)
        return {"replayed": True, "watermark": tx}

    def dead_letters(self, limit: int = 100, cursor: str | None = None) -> dict[str, Any]:
        """Return the letters that wait, oldest first."""
        return self._letters.listing(limit, cursor)

    def _batches(
        self, tally: Tally, lines: Iterable[bytes], caller: Caller, read: Callable[[Chunk], list[Sequence[Entry]]]
    ) -> dict[str, Any]:
        """Take lines in, chunk by chunk; `read` returns what a chunk says in the batches that it is appended in."""
        received = metrics.INTAKE_BYTES.labels(tally.form)

        def add(batches: list[Sequence[Entry]]) -> None:
            for batch in batches:
                self._add(tally, batch, caller)

        chunk: Chunk = []
        size = 0
        with Ahead[list[Sequence[Entry]]](add) as ahead:
            for numbered_line in numbered(lines):
                size += len(numbered_line[1])
                chunk.append(numbered_line)
                if len(chunk) >= CHUNK_LINES or size >= CHUNK_BYTES:
                    received.inc(size)
                    ahead.put(read(chunk))
                    chunk, size = [], 0
            received.inc(size)
            ahead.finish(read(chunk))
        return tally.body()

    def _fact_batches(self, tally: Tally, chunk: Chunk, caller: Caller) -> list[Sequence[Entry]]:
        """Return the facts of a chunk: the usual edges as columns, where they are many, and everything else one by one."""
        if len(chunk) < MANY_LINES:
            return [[entry for _, entry in _each(tally, chunk, lambda line: self._fact_entry(line, caller))]]
        edges, left = read_edges([line for _, line in chunk], caller.source or FACTS, caller.may_speak_for)
        others = list(_each(tally, [chunk[place] for place in left], lambda line: self._fact_entry(line, caller)))
        if all(_is_timed(entry) for _, entry in others):
            batches: tuple[Sequence[Entry], ...] = [entry for _, entry in others], edges
            return [batch for batch in batches if batch] or [[]]
        # What has no time of its own is compared with what was said before it: then all goes in the order in which it came.
        apart = {chunk[place][0] for place in left}
        at = [index for index, _ in chunk if index not in apart]
        together = merge(others, zip(at, edges, strict=True), key=itemgetter(0))
        return [[entry for _, entry in together]]

    def _add(self, tally: Tally, entries: Sequence[Entry], caller: Caller) -> None:
        appended = self.append(entries, caller, tally.form)
        accepted = _accepted(entries, appended)
        tally.accepted += accepted
        tally.duplicates += len(entries) - accepted
        tally.watermark = max(tally.watermark, appended.tx)

    def _fact_entry(self, line: bytes, caller: Caller) -> Entry:
        plain = read_plain(line, caller.source or FACTS)
        if plain is not None and caller.may_speak_for(plain.origin):
            return plain
        return self._fact_item(read_json(line), caller)

    def _fact_item(self, document: Any, caller: Caller) -> Item:
        statements = parse_line(Located(document), caller.source or FACTS)
        item = Item(*told(statements))
        for fact in item.facts:
            if (
                isinstance(fact, EdgeFact)
                and fact.valid_from is None
                and (FOREVER if fact.valid_to is None else fact.valid_to) <= clock.now_us()
            ):
                raise InvalidInput(
                    "valid_to is past, and without valid_from the edge would begin now: give valid_from", pointer="/edge/valid_to"
                )
            if not caller.may_speak_for(fact.origin):
                kind = "retract" if isinstance(fact, AssetRetraction | EdgeRetraction) else next(iter(document))
                raise InvalidInput(
                    f"this token speaks for the origin {caller.source!r} alone, not for {fact.origin!r}",
                    pointer=f"/{kind}/origin",
                )
        return item

    def _kept(self, arrival: Arrival) -> Item:
        """Return the item to append. Where the connector failed, its dead letter is stored, and the item is empty."""
        if arrival.letter is not None:
            self._letters.add(arrival.letter)
        return arrival.item

    def _cloudevent_item(self, envelope: Envelope, caller: Caller) -> Item:
        event = Event(
            CLOUDEVENTS, envelope.source, envelope.id, digest_of(CLOUDEVENTS, envelope.source, envelope.id),
            canonical_json(redact(clean({key: envelope.document[key] for key in envelope.document if key not in _DATA}))),
        )  # fmt: skip
        if envelope.carries_facts:
            statements: list[Statement] = []
            for position, entry in enumerate(envelope.fact_lines()):
                try:
                    statements.extend(self._located(entry, caller))
                except InvalidInput as error:
                    raise error.under(f"/data/{position}" if envelope.many else "/data") from None
            return Item(*told(statements), event)
        connector = self._connectors.of_cloudevent(envelope.type, envelope.media_type)
        if connector is None:
            prefixes = [f"{prefix}*" for each in self._connectors for prefix in each.cloudevent_types]
            raise InvalidInput(
                f"events of type {envelope.type[:80]!r} are not known: send {', '.join((*prefixes, *OWN_EVENT_TYPES))}",
                pointer="/type",
            )
        data = envelope.need_data()
        try:
            item = self._kept(interpreted(connector, data, caller))
        except InvalidInput as error:
            raise error.under("/data") from None
        return Item(item.facts, item.contacts, event)

    def _located(self, entry: Any, caller: Caller) -> list[Statement]:
        item = self._fact_item(entry, caller)
        return [*item.facts, *item.contacts]


def _each(tally: Tally, chunk: Chunk, read: Callable[[bytes], Entry]) -> Iterator[tuple[int, Entry]]:
    """Yield what each line says, with its index; what is malformed is rejected by itself."""
    for index, line in chunk:
        try:
            yield index, read(line)
        except (InvalidInput, NotJson, TooLarge) as error:
            tally.reject(index, error)


def _is_timed(entry: Entry) -> bool:
    """Say whether all that an entry says has a time of its own."""
    return not isinstance(entry, Item) or all(
        (fact.valid_to if isinstance(fact, AssetRetraction | EdgeRetraction) else fact.valid_from) is not None
        for fact in entry.facts
    )


def _accepted(entries: Sequence[Entry], appended: Appended) -> int:
    """Return how many entries said anything new; one that says nothing was kept as a dead letter, so it was accepted too."""
    if isinstance(entries, StatedEdges):
        return sum(appended.new)
    kept = (isinstance(entry, Item) and not (entry.facts or entry.event) for entry in entries)
    return sum(new or buried for new, buried in zip(appended.new, kept, strict=True))
