"""From what a source answers to facts: the connector is told what the graph holds of the thing, and says what is new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlgraph.domain.credentials import Credentials
from mlgraph.domain.facts import Statement, told
from mlgraph.domain.history import AssetInterval, AssetRecord, asset_intervals
from mlgraph.domain.times import FOREVER, format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.source import Access, Payload, Reached, Source
from mlgraph.ports.store import FactReader, Item
from mlgraph.services.facts_at import told_intervals

_POINTS_TO = RELATIONS["points_to"].code
States = Mapping[AssetUri, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of tool that can be connected: how it is reached, and how what it says is understood."""

    name: str
    open: Callable[[Access], Source]
    reach: Callable[[Access], Reached]
    """Tries once, without patience, whether a source answers. Raises `SourceError`."""
    ambient: Callable[[], Credentials | None]
    """Returns the credentials of sources that no configuration names, from the server's environment. Raises `InvalidInput`."""
    normalise: Callable[[object], list[Statement]]
    subject: Callable[[object], AssetUri | None]
    """Returns the asset of which the connector wants to know what is held."""
    departures: Callable[[Source, States, int], Sequence[Payload]]
    """Returns what was deleted or renamed at the source, given all that is held of it."""
    verify: Callable[[Mapping[str, str], bytes, str], Mapping[str, Any]]
    """Returns the event of a signed webhook. Raises `Unauthorized`."""
    thin: Callable[[Mapping[str, Any]], tuple[str, str] | None]
    """Returns kind and id of what an event says has changed."""
    occurred_at: Callable[[Mapping[str, Any]], int]
    deleted: Callable[[str, AssetUri, int], Payload]
    subscribe: Callable[[Source, str, str], str]
    """Has the tool send signed webhooks to a URL."""


class Hydrator:
    """Turns payloads of one kind of source into items for the store."""

    def __init__(self, reader: FactReader, kind: SourceKind) -> None:
        self._reader = reader
        self._kind = kind

    def items(self, payloads: Iterable[Payload]) -> list[Item]:
        """Return what the payloads say, each as one item."""
        listed = list(payloads)
        subjects = [self._kind.subject(payload) for payload in listed]
        held = self._held({str(subject) for subject in subjects if subject is not None})
        items = []
        for payload, subject in zip(listed, subjects, strict=True):
            known = held.get(str(subject)) if subject is not None else None
            statements = self._kind.normalise({**payload, "held": known} if known else payload)
            items.append(Item(*told(statements)))
        return items

    def states_of(self, namespace: str) -> dict[AssetUri, Mapping[str, Any]]:
        """Return what this kind of source says now of each asset in `namespace`."""
        found: dict[AssetUri, Mapping[str, Any]] = {}
        for row, records, _ in self._reader.stream():
            uri = AssetUri.parse(row.uri)
            if uri.namespace == namespace and (state := self._open(records)) is not None:
                found[uri] = state.state
        return found

    def _open(self, records: Iterable[AssetRecord]) -> AssetInterval | None:
        origins = self._reader.origins()
        held = [state for state in asset_intervals(records) if state.end == FOREVER]
        return next((state for state in held if origins[state.origin] == self._kind.name), None)

    def _held(self, uris: set[str]) -> dict[str, dict[str, Any]]:
        ids = self._reader.ids(uris)
        if not ids:
            return {}
        records: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in self._reader.asset_records(ids.values()):
            records[record.asset].append(record)
        pointed = self._pointed(ids.values())
        found: dict[str, dict[str, Any]] = {}
        for uri, number in ids.items():
            state = self._open(records[number])
            if state is not None:
                found[uri] = {"since": format_time(state.start), "points_to": pointed.get(number, {})}
        return found

    def _pointed(self, assets: Iterable[int]) -> dict[int, dict[str, list[str]]]:
        origins = self._reader.origins()
        found: dict[int, dict[str, list[str]]] = defaultdict(dict)
        intervals = [
            i for i in told_intervals(self._reader, self._reader.edges_from(list(assets), [_POINTS_TO])) if i.end == FOREVER
        ]
        rows = self._reader.rows({interval.record.target for interval in intervals})
        for interval in intervals:
            if origins[interval.record.origin] == self._kind.name:
                aliases = interval.properties.get("aliases")
                found[interval.record.source][rows[interval.record.target].uri] = list(aliases or ())
        return found


def in_chunks(items: Sequence[Item], size: int = 200) -> Iterator[Sequence[Item]]:
    """Yield `items` in parts that are committed one by one."""
    for position in range(0, len(items), size):
        yield items[position : position + size]
