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
from mlgraph.ports.dead_letters import DeadLetterStore
from mlgraph.ports.events import EventStore
from mlgraph.ports.source_adapter import Departure, Payload
from mlgraph.ports.store import Appended, FactReader, Item
from mlgraph.services.common import metrics
from mlgraph.services.common.identity import Caller
from mlgraph.services.sources.freshness import RequestTime, Freshness
from mlgraph.services.sources.interpretation import Hydrator, Interpretation, SourceResponse

_AT_ONCE: Final = 200
"""Answers that are recorded in one transaction."""

Append = Callable[[Sequence[Item], Caller], Appended]


@dataclass(frozen=True, slots=True)
class SourceDependencies:
    """What reading a source needs. `public_url` is where sources can reach this server with webhooks, if they can."""

    store: ConnectionStore
    reader: FactReader
    append: Append
    dead_letters: DeadLetterStore
    events: EventStore
    public_url: str | None = None


def _wrong(subject: AssetUri | None, error: MlgraphError) -> str:
    about = f"{subject}: " if subject is not None else ""
    return f"{about}{error.detail}{f' at {error.pointer}' if error.pointer else ''}"


class SourceWriter:
    """Records answers of one source, one batch after the other, and what is remembered of its connection."""

    def __init__(self, around: SourceDependencies, connector: PulledConnector, name: str, caller: Caller) -> None:
        self._around = around
        self._name = name
        self.caller = caller
        self._recording = threading.RLock()
        self.freshness = Freshness(connector.settles_s)
        self._hydrator = Hydrator(around.reader, connector, self.freshness)

    def record(self, answers: Sequence[SourceResponse]) -> list[Interpretation]:
        """Append what the answers say that is not older than what is held, and return how each was understood.

        One after the other for the whole source: what is held is looked up and appended to in one turn.
        """
        found: list[Interpretation] = []
        learned = False
        with self._recording:
            for start in range(0, len(answers), _AT_ONCE):
                part = self._hydrator.interpret(answers[start : start + _AT_ONCE])
                learned = self._append(part) or learned
                found += part
            if learned:
                self.save(changed_at=clock.wall_us())
        stale = sum(1 for each in found if each.retry_in_s is not None)
        metrics.SOURCE_STALE.labels(self._name).inc(stale)
        return found

    def record_all(self, payloads: Iterable[Payload], requested: RequestTime) -> list[str]:
        """Record a page, and return what is wrong with each thing that cannot be understood: it keeps no other back."""
        found = self.record([SourceResponse(payload, requested) for payload in payloads])
        return [_wrong(each.subject, each.error) for each in found if each.error is not None]

    def record_departures(self, departures: Iterable[Departure], requested: RequestTime) -> None:
        """Record what is gone or has another name, unless it was heard of since this was requested for."""
        with self._recording:
            left = [each for each in departures if not self.freshness.may_be_superseded(each.uri, requested)]
            self.record([self._departure(each, requested) for each in left])

    def _departure(self, each: Departure, requested: RequestTime) -> SourceResponse:
        if each.renamed is None or each.now is None:
            return SourceResponse({}, requested, each.uri, deleted=True)
        had_other = self._hydrator.has_ended(each.now)
        return SourceResponse((each.created if had_other else None) or each.renamed, requested)

    def _append(self, part: Sequence[Interpretation]) -> bool:
        with_items = [(each.subject, each.item) for each in part if each.item is not None]
        if not with_items:
            return False
        appended = self._around.append([item for _, item in with_items], self.caller)
        of = [(subject, new) for (subject, _), new in zip(with_items, appended.new, strict=True) if subject is not None]
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
        with self._recording:
            changed = self.connection().restarted()
            self._around.store.save(changed)
        return changed

    def save(self, **changes: Any) -> Connection:  # noqa: ANN401 - members of Connection
        """Change what is remembered of the connection, and return it."""
        with self._recording:
            changed = replace(self.connection(), **changes)
            self._around.store.save(changed)
        return changed
