"""What a source answered, recorded: one place for walks and events, so that no older answer follows a newer one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.errors import MlgraphError, NotFound
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connections import Connection, ConnectionStore
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.events import EventStore
from mlgraph.ports.letters import DeadLetters
from mlgraph.ports.source import Departure, Payload
from mlgraph.ports.store import Appended, FactReader, Item
from mlgraph.services.common import metrics
from mlgraph.services.common.identity import Caller
from mlgraph.services.sources.freshness import Asked, Freshness
from mlgraph.services.sources.hydrate import Answer, Hydrator, Understood

_AT_ONCE: Final = 200
"""Answers that are recorded in one transaction."""

Append = Callable[[Sequence[Item], Caller], Appended]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reading a source needs. `public_url` is where sources can reach this server with webhooks, if they can."""

    store: ConnectionStore
    reader: FactReader
    append: Append
    letters: DeadLetters
    events: EventStore
    public_url: str | None = None


def _wrong(subject: AssetUri | None, error: MlgraphError) -> str:
    about = f"{subject}: " if subject is not None else ""
    return f"{about}{error.detail}{f' at {error.pointer}' if error.pointer else ''}"


class SourceRecorder:
    """Records answers of one source, one batch after the other, and what is remembered of its connection."""

    def __init__(self, around: Surroundings, connector: PulledConnector, name: str, caller: Caller) -> None:
        self._around = around
        self._name = name
        self.caller = caller
        self._turn = threading.RLock()
        self.freshness = Freshness(connector.settles_s)
        self._hydrator = Hydrator(around.reader, connector, self.freshness)

    def record(self, answers: Sequence[Answer]) -> list[Understood]:
        """Append what the answers say that is not older than what is held, and return how each was understood.

        One after the other for the whole source: what is held is looked up and appended to in one turn.
        """
        found: list[Understood] = []
        learned = False
        with self._turn:
            for start in range(0, len(answers), _AT_ONCE):
                part = self._hydrator.understand(answers[start : start + _AT_ONCE])
                learned = self._append(part) or learned
                found += part
            if learned:
                self.save(changed_at=clock.wall_us())
        stale = sum(1 for each in found if each.retry_in_s is not None)
        metrics.SOURCE_STALE.labels(self._name).inc(stale)
        return found

    def record_all(self, payloads: Iterable[Payload], asked: Asked) -> list[str]:
        """Record a page, and return what is wrong with each thing that cannot be understood: it keeps no other back."""
        found = self.record([Answer(payload, asked) for payload in payloads])
        return [_wrong(each.subject, each.error) for each in found if each.error is not None]

    def record_departures(self, departures: Iterable[Departure], asked: Asked) -> None:
        """Record what is gone or has another name, unless it was heard of since this was asked for."""
        with self._turn:
            left = [each for each in departures if not self.freshness.overtaken(each.uri, asked)]
            self.record([self._departure(each, asked) for each in left])

    def _departure(self, each: Departure, asked: Asked) -> Answer:
        if each.renamed is None or each.now is None:
            return Answer({}, asked, each.uri, deleted=True)
        had_other = self._hydrator.has_ended(each.now)
        return Answer((each.renamed_anew if had_other else None) or each.renamed, asked)

    def _append(self, part: Sequence[Understood]) -> bool:
        said = [(each.subject, each.item) for each in part if each.item is not None]
        if not said:
            return False
        appended = self._around.append([item for _, item in said], self.caller)
        of = [(subject, new) for (subject, _), new in zip(said, appended.new, strict=True) if subject is not None]
        self.freshness.recorded([subject for subject, _ in of], [new for _, new in of])
        return any(appended.new)

    def states(self) -> Mapping[AssetUri, Mapping[str, Any]]:
        """Return all that is held of the source."""
        return self._hydrator.states_of(f"{self.caller.source}:{self._name}")

    def last_tx(self) -> int:
        """Return the store's last transaction."""
        return self._around.reader.last_tx()

    def connection(self) -> Connection:
        """Return what is remembered of the connection. Raises `NotFound`."""
        found = self._around.store.get(self._name)
        if found is None:
            raise NotFound(f"the source {self._name!r} is connected no longer")
        return found

    def read_again(self) -> Connection:
        """Note that the source is to be read again, and return its connection."""
        with self._turn:
            changed = self.connection().to_read_again()
            self._around.store.save(changed)
        return changed

    def save(self, **changes: Any) -> Connection:  # noqa: ANN401 - members of Connection
        """Change what is remembered of the connection, and return it."""
        with self._turn:
            changed = replace(self.connection(), **changes)
            self._around.store.save(changed)
        return changed
