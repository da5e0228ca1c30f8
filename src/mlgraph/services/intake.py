"""Intake: what comes in is checked, made durable, then acknowledged. What is malformed is rejected by itself."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import Any, Final

from mlgraph.bulk.edges import read_edges
from mlgraph.connectors import openlineage
from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput, MlgraphError, NotJson, TooLarge
from mlgraph.domain.facts import AssetRetraction, EdgeFact, EdgeRetraction, Statement, told
from mlgraph.domain.payload import Located, canonical_json, clean
from mlgraph.domain.redaction import redact
from mlgraph.domain.times import FOREVER
from mlgraph.domain.wire import parse_line
from mlgraph.ports.edges import StatedEdges
from mlgraph.ports.letters import DeadLetters, Letter
from mlgraph.ports.store import Actor, Appended, Entry, Event, FactWriter, Item
from mlgraph.services import metrics
from mlgraph.services.ahead import Ahead
from mlgraph.services.cloudevents import Envelope, read_envelopes
from mlgraph.services.identity import Caller
from mlgraph.services.reading import canonical_text, fit_text, numbered, read_json, read_plain

_log = logging.getLogger(__name__)

CHUNK_LINES: Final = 20_000
CHUNK_BYTES: Final = 8 * 1024 * 1024
QUICK_BYTES: Final = 32 * 1024
"""An event up to this size is read in less than a millisecond or two: no thread is needed for it."""
MANY_LINES: Final = 1000
"""From so many lines on, those of edges are read into columns; before, that costs more than it saves."""
FACTS: Final = "facts"
_OPENLINEAGE: Final = "openlineage"
_CLOUDEVENTS: Final = "cloudevents"
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

    def __init__(self, writer: FactWriter, letters: DeadLetters, nudge: Callable[[], None], rehydrate: Rehydrate) -> None:
        self._writer = writer
        self._letters = letters
        self._nudge = nudge
        self._rehydrate = rehydrate

    def facts(self, lines: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        """Take in NDJSON facts, chunk by chunk, each durable before the next. Return the ingest shape."""
        tally = Tally(form=FACTS)
        return self._batches(tally, lines, caller, lambda chunk: self._fact_batches(tally, chunk, caller))

    def openlineage(self, body: bytes, caller: Caller) -> dict[str, Any]:
        """Take in one OpenLineage event. Return `{watermark}`. Raises `NotJson` or `InvalidInput`."""
        metrics.INTAKE_BYTES.labels(_OPENLINEAGE).inc(len(body))
        try:
            item = self._openlineage_item(read_json(body), caller)
        except MlgraphError:
            metrics.INTAKE_ITEMS.labels(_OPENLINEAGE, "rejected").inc()
            raise
        return {"watermark": self.append([item], caller, _OPENLINEAGE).tx}

    def begin_openlineage(self, body: bytes, caller: Caller, done: Callable[[dict[str, Any] | BaseException], None]) -> bool:
        """Take in one OpenLineage event without waiting until it is stored; return whether that was possible.

        `done` is called, in another thread, with what `openlineage` would have returned or raised. An event that takes long to
        read, or cannot be interpreted, is left alone: hand it to `openlineage`, in a thread that may take its time.
        """
        if len(body) > QUICK_BYTES:
            return False
        try:
            document = read_json(body)
            item = Item(*told(openlineage.normalise(document, caller.scope)), _content_event(_OPENLINEAGE, document, caller))
        except Exception:  # noqa: BLE001 - whatever it is, `openlineage` says it
            return False
        metrics.INTAKE_BYTES.labels(_OPENLINEAGE).inc(len(body))
        began = time.monotonic()

        def ended(outcome: Appended | BaseException) -> None:
            metrics.APPENDS_WAITING.dec()
            metrics.APPEND_SECONDS.observe(time.monotonic() - began)
            if isinstance(outcome, Appended):
                self._count([item], outcome, _OPENLINEAGE)
                done({"watermark": outcome.tx})
            else:
                done(outcome)

        self._writer.begin_append([item], Actor(caller.actor, caller.source, caller.environment), ended)
        metrics.APPENDS_WAITING.inc()
        return True

    def openlineage_lines(self, lines: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        """Take in many OpenLineage events, one a line. Return the ingest shape."""
        tally = Tally(form=_OPENLINEAGE)

        def read(chunk: Chunk) -> list[Sequence[Entry]]:
            return [[item for _, item in _each(tally, chunk, lambda line: self._openlineage_item(read_json(line), caller))]]

        return self._batches(tally, lines, caller, read)

    def cloudevents(self, headers: Mapping[str, str], body: bytes, caller: Caller) -> dict[str, Any]:
        """Take in CloudEvents 1.0, structured, batched or binary. Return the ingest shape."""
        tally = Tally(form=_CLOUDEVENTS)
        metrics.INTAKE_BYTES.labels(_CLOUDEVENTS).inc(len(body))
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
        """Take a dead letter in again. Raises what it fails with; then it stays, with one more attempt."""
        letter = self._letters.get(letter_id)
        own = Caller(letter.actor, letter.source, letter.environment)
        try:
            document = read_json(letter.body.encode())
            if letter.format == "thin":
                tx = self._rehydrate(document["source"], document["event"])
            else:
                tx = self.append([self._openlineage_item(document, own, replaying=True)], own, _OPENLINEAGE).tx
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

    def _openlineage_item(self, document: Any, caller: Caller, *, replaying: bool = False) -> Item:
        """Return what an OpenLineage event says. One that the connector fails on, though well formed, becomes a dead letter."""
        if not isinstance(document, dict):
            raise InvalidInput("an OpenLineage event must be a JSON object", pointer="")
        try:
            statements = openlineage.normalise(document, caller.scope)
        except MlgraphError:
            raise
        except Exception as error:
            if replaying:
                raise InvalidInput(f"the connector still fails on it: {error}") from error
            _log.exception("an OpenLineage event could not be interpreted; it is kept as a dead letter")
            return self._bury("openlineage", document, caller, error)
        return Item(*told(statements), _content_event("openlineage", document, caller))

    def _cloudevent_item(self, envelope: Envelope, caller: Caller) -> Item:
        event = Event(
            "cloudevents", envelope.source, envelope.id, _digest("cloudevents", envelope.source, envelope.id),
            canonical_json(redact(clean({key: envelope.document[key] for key in envelope.document if key not in _DATA}))),
        )  # fmt: skip
        if envelope.carries_openlineage:
            data = envelope.need_data()
            try:
                item = self._openlineage_item(data, caller)
            except InvalidInput as error:
                raise error.under("/data") from None
            return Item(item.facts, item.contacts, event)
        if envelope.carries_facts:
            statements: list[Statement] = []
            for position, entry in enumerate(envelope.fact_lines()):
                try:
                    statements.extend(self._located(entry, caller))
                except InvalidInput as error:
                    raise error.under(f"/data/{position}" if envelope.many else "/data") from None
            return Item(*told(statements), event)
        raise InvalidInput(
            f"events of type {envelope.type[:80]!r} are not known: send io.openlineage.*, io.mlgraph.fact or io.mlgraph.facts",
            pointer="/type",
        )

    def _located(self, entry: Any, caller: Caller) -> list[Statement]:
        item = self._fact_item(entry, caller)
        return [*item.facts, *item.contacts]

    def _bury(self, format_name: str, document: Any, caller: Caller, error: Exception) -> Item:
        pointer = error.pointer if isinstance(error, MlgraphError) else None
        body = canonical_json(openlineage.keep(Located(document)))
        letter = Letter(format_name, caller.actor, caller.source, caller.environment, body, str(error), pointer)
        self._letters.add(letter)
        return Item(())


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


def _content_event(format_name: str, document: dict[str, Any], caller: Caller) -> Event:
    """Return the event as it is kept: its content is its identity; secrets, names and mail in it are not kept."""
    said = fit_text(document)
    run = document.get("run")
    named = run.get("runId") if isinstance(run, dict) else None
    event_id = f"{document.get('eventType') or ''} {named or ''}".strip() or "event"
    body = canonical_text(openlineage.keep(Located(document)))
    identity = _digest(format_name, said, *((caller.scope,) if caller.scope else ()))  # what it means depends on who says it
    return Event(format_name, caller.source or format_name, event_id[:500], identity, body)


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()
