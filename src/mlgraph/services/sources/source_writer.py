"""Recording of source answers: sweeps and events share one serial writer, so that no older answer follows a newer one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.errors import MlgraphError, NotFound
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connections import Connection, ConnectionStore
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.dead_letters import DeadLetterStore
from mlgraph.ports.event_warnings import EventWarningStore
from mlgraph.ports.events import EventStore
from mlgraph.ports.source_adapter import Departure, Payload
from mlgraph.ports.store import Appended, FactReader, Item
from mlgraph.services.common import metrics
from mlgraph.services.common.identity import Caller
from mlgraph.services.common.registries import ModelRegistries
from mlgraph.services.sources.freshness import Freshness, RequestTime
from mlgraph.services.sources.interpretation import Hydrator, Interpretation, SourceResponse
from mlgraph.services.sources.reading_report import ReadingReport

_AT_ONCE: Final = 200
"""Largest number of answers that one transaction records."""

Append = Callable[[Sequence[Item], Caller], Appended]


@dataclass(frozen=True, slots=True)
class SourceDependencies:
    """Dependencies of the source workers.

    `public_url`: where sources reach this server with webhooks; None: nowhere. `registries`: those that answers refer to.
    """

    store: ConnectionStore
    reader: FactReader
    append: Append
    dead_letters: DeadLetterStore
    events: EventStore
    event_warnings: EventWarningStore
    public_url: str | None = None
    registries: ModelRegistries | None = None


def _fault_text(subject: AssetUri | None, error: MlgraphError) -> str:
    about = f"{subject}: " if subject is not None else ""
    return f"{about}{error.detail}{f' at {error.pointer}' if error.pointer else ''}"


class SourceWriter:
    """Records answers of one source batch by batch, and updates its stored connection. Thread-safe."""

    def __init__(
        self,
        dependencies: SourceDependencies,
        connector: PulledConnector,
        name: str,
        caller: Caller,
        context: NamingContext = NO_CONTEXT,
    ) -> None:
        """`context`: what the settings of the source say about names."""
        self._connector, self._context = connector, context
        self._dependencies = dependencies
        self._name = name
        self.caller = caller
        self._recording = threading.RLock()
        self.report = ReadingReport()
        self.freshness = Freshness(connector.settles_s)
        self._hydrator = Hydrator(dependencies.reader, connector, self.freshness, self._naming)

    def _naming(self) -> NamingContext:
        registries = self._dependencies.registries
        return registries.completed(self._context, self._connector) if registries else self._context

    def record(self, answers: Sequence[SourceResponse]) -> list[Interpretation]:
        """Append the facts of answers that are not older than the stored state; return the interpretation of each answer.

        Calls for one source are serialised: the known state is read and appended to under one lock.
        """
        found: list[Interpretation] = []
        changed = False
        with self._recording:
            for start in range(0, len(answers), _AT_ONCE):
                part = self._hydrator.interpret(answers[start : start + _AT_ONCE])
                changed = self._append(part) or changed
                found += part
        for each in found:
            if each.item is not None:
                self.report.warned(each.subject, each.warnings)
            if changed:
                self.save(changed_at=clock.wall_us())
        stale = sum(1 for each in found if each.retry_in_s is not None)
        metrics.SOURCE_STALE.labels(self._name).inc(stale)
        return found

    def record_all(self, payloads: Iterable[Payload], requested: RequestTime, *, lists_all: bool = False) -> list[str]:
        """Record a page; return the error of each object that cannot be interpreted. The others are recorded.

        `lists_all`: the page is one of a complete reading.
        """
        found = self.record([SourceResponse(payload, requested) for payload in payloads])
        if lists_all:
            self.report.arrived(each.subject for each in found if each.error is None)
        return [_fault_text(each.subject, each.error) for each in found if each.error is not None]

    def record_departures(self, departures: Iterable[Departure], requested: RequestTime) -> None:
        """Record deletions and renames, except of assets that were recorded since the request."""
        with self._recording:
            current = [each for each in departures if not self.freshness.may_be_superseded(each.uri, requested)]
            self.record([self._departure(each, requested) for each in current])

    def _departure(self, each: Departure, requested: RequestTime) -> SourceResponse:
        if each.renamed is None or each.now is None:
            return SourceResponse({}, requested, each.uri, deleted=True)
        is_reused = self._hydrator.has_ended(each.now)
        return SourceResponse((each.created if is_reused else None) or each.renamed, requested)

    def _append(self, part: Sequence[Interpretation]) -> bool:
        with_items = [(each.subject, each.item) for each in part if each.item is not None]
        if not with_items:
            return False
        appended = self._dependencies.append([item for _, item in with_items], self.caller)
        recorded = [(subject, new) for (subject, _), new in zip(with_items, appended.new, strict=True) if subject is not None]
        self.freshness.recorded([subject for subject, _ in recorded], [new for _, new in recorded])
        return any(appended.new)

    def states(self) -> Mapping[AssetUri, Mapping[str, Any]]:
        """Return the known states of all assets of the source."""
        namespace_of = self._connector.namespace_of
        own = namespace_of(self._name, self._context) if namespace_of else f"{self.caller.source}:{self._name}"
        return self._hydrator.states_of(own)

    def last_tx(self) -> int:
        """Return the store's last transaction."""
        return self._dependencies.reader.last_tx()

    def connection(self) -> Connection:
        """Return the stored connection. Raises `NotFound`."""
        found = self._dependencies.store.get(self._name)
        if found is None:
            raise NotFound(f"the source {self._name!r} is no longer connected")
        return found

    def read_again(self) -> Connection:
        """Store that the source is to be read again; return its connection."""
        with self._recording:
            changed = self.connection().restarted()
            self._dependencies.store.save(changed)
        return changed

    def save(self, **changes: Any) -> Connection:  # noqa: ANN401 - members of Connection
        """Change fields of the stored connection; return it."""
        with self._recording:
            changed = replace(self.connection(), **changes)
            self._dependencies.store.save(changed)
        return changed
