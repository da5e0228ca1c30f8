"""Conversion of source answers to facts: the connector compares an answer with the known state and returns what is new.

This module alone decides whether an answer is older than the stored state (docs/hydration.md, Freshness of answers).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.facts import AssetFact, Contact, EdgeRetraction, Statement, split_contacts
from mlgraph.domain.history import AssetInterval, AssetRecord, asset_intervals
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.redaction.fact_redaction import redact_fact
from mlgraph.domain.timestamps import FOREVER, format_time, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.source_adapter import Payload, States
from mlgraph.ports.store import FactReader, Item
from mlgraph.services.history.asserted_facts import asserted_intervals
from mlgraph.services.sources.freshness import Freshness, RequestTime
from mlgraph.services.sources.reconciliation import Reconciler, Reported

_POINTS_TO = RELATIONS["points_to"].code
_ALIAS_OF = RELATIONS["alias_of"].code


@dataclass(frozen=True, slots=True)
class SourceResponse:
    """An answer of a source and the time of its request.

    `gone` is the asset that the source did not find; `deleted`: it is known to be deleted, not renamed.
    """

    payload: Payload
    requested: RequestTime
    gone: AssetUri | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Interpretation:
    """The facts of an answer. `item` None: nothing to append; `retry_in_s` (seconds): set if it is older than the stored state.

    `missing`: the source does not find a known asset; a comparison of all names decides whether it was deleted or renamed.
    `warnings`: the details that were left out.
    """

    subject: AssetUri | None
    item: Item | None = None
    retry_in_s: float | None = None
    missing: bool = False
    error: MlgraphError | None = None
    warnings: Sequence[DetailWarning] = ()


@dataclass(frozen=True, slots=True)
class KnownState:
    """The last state of an asset from this kind of source, for [start, end). `latest`: start of its newest fact or edge."""

    state: Mapping[str, Any]
    start: int
    end: int
    latest: int
    points_to: Mapping[str, list[str]]
    other_names: Sequence[AssetUri] = ()
    """The names that the asset continues under after a rename."""

    @property
    def is_open(self) -> bool:
        """Whether the state is valid now."""
        return self.end == FOREVER

    def as_payload(self) -> dict[str, Any]:
        """Return the state in the format of connectors; `since` of an ended state is its end: nothing older may change it."""
        since = format_time(self.start if self.is_open else self.end)
        state = {"since": since, "state": dict(self.state), "points_to": dict(self.points_to)}
        return state if self.is_open else {**state, "ended": True}


@dataclass(slots=True)
class _OutgoingEdges:
    """The open edges from an asset, and the start of the newest one."""

    points_to: dict[str, list[str]] = field(default_factory=dict)
    other_names: list[AssetUri] = field(default_factory=list)
    latest: int = 0


class Hydrator:
    """Converts answers of one kind of source to items for the store, unless they are older than the stored state."""

    def __init__(
        self,
        reader: FactReader,
        connector: PulledConnector,
        freshness: Freshness,
        context: Callable[[], NamingContext] = lambda: NO_CONTEXT,
    ) -> None:
        """`context` returns what decides names in answers; it is asked for each answer."""
        self._context = context
        self._reader = reader
        self._connector = connector
        self._tool = connector.tool
        self._freshness = freshness
        self._reconciler = Reconciler(reader, connector)

    def interpret(self, answers: Sequence[SourceResponse]) -> list[Interpretation]:
        """Return the interpretation of each answer. One that cannot be interpreted has an `error`."""
        subjects: list[AssetUri | MlgraphError | None] = [self._subject(answer) for answer in answers]
        known_states = self._known_states({str(subject) for subject in subjects if isinstance(subject, AssetUri)})
        found: list[Interpretation] = []
        reported: dict[int, Reported] = {}
        for place, (answer, subject) in enumerate(zip(answers, subjects, strict=True)):
            if isinstance(subject, MlgraphError):
                found.append(Interpretation(None, error=subject))
                continue
            known = known_states.get(str(subject)) if subject is not None else None
            warnings: list[DetailWarning] = []
            try:
                read = self._read(answer, subject, known, warnings)
            except MlgraphError as error:
                found.append(Interpretation(subject, error=error))
                continue
            if isinstance(read, Interpretation):
                found.append(read)
            elif subject is None:  # a rename
                found.append(Interpretation(None, Item(*split_contacts(read)), warnings=warnings))
            else:
                reported[place] = Reported(subject, read)
                found.append(Interpretation(subject, warnings=warnings))
        for place, statements in zip(reported, self._reconciler.reconcile(list(reported.values())), strict=True):
            found[place] = replace(found[place], item=Item(*split_contacts(statements)))
        return found

    def _subject(self, answer: SourceResponse) -> AssetUri | MlgraphError | None:
        try:
            return answer.gone or self._tool.subject(answer.payload)
        except MlgraphError as error:
            return error

    def _read(
        self,
        answer: SourceResponse,
        subject: AssetUri | None,
        known_state: KnownState | None,
        warnings: list[DetailWarning],
    ) -> Sequence[Statement] | Interpretation:
        """Return the statements of an answer, with its warnings in `warnings`, or the interpretation of one that gives none."""
        if subject is None or (known_state is None and answer.gone is None):
            return self._normalised(answer.payload, warnings)
        if known_state is None or (answer.gone is not None and not known_state.is_open):
            return Interpretation(subject)
        wait = self._retry_delay_s(answer, subject, known_state)
        if wait is not None:
            return Interpretation(subject, retry_in_s=wait)
        if answer.gone is not None and not answer.deleted:
            return Interpretation(subject, retry_in_s=self._connector.settles_s, missing=True)
        if answer.gone is not None:
            ended_at = max(answer.requested.wall_us, known_state.latest + 1)
            return self._normalised(self._tool.deleted(subject, ended_at), warnings)
        payload = {**_with_effective_time(answer, known_state), "held": known_state.as_payload()}
        statements = self._normalised(payload, warnings)
        return statements if known_state.is_open else _reopened(statements, subject, known_state)

    def _normalised(self, payload: Payload, warnings: list[DetailWarning]) -> Sequence[Statement]:
        """Return the statements of a payload as they are stored, without secrets: they are compared with stored ones."""
        statements: list[Statement] = []
        for found in self._connector.normalise(payload, self._context()):
            if isinstance(found, DetailWarning):
                warnings.append(found)
            else:
                statements.append(found if isinstance(found, Contact) else redact_fact(found))
        return statements

    def _retry_delay_s(self, answer: SourceResponse, subject: AssetUri, known_state: KnownState) -> float | None:
        """Return None for an answer that is not older than the stored state, else after how many seconds to request it again.

        The version of the source decides. If versions are equal or missing, the answer requested later is newer; an answer
        that contradicts an ending (of a deleted object, of an ended run) is accepted only once replicas must agree.
        """
        wait = self._freshness.wait_s_until_consistent(subject, answer.requested) or None
        if answer.gone is not None:
            return wait
        now, before = self._tool.version_of(answer.payload), self._tool.version_of_state(known_state.state)
        if now is not None and before is not None and now != before:
            if now > before:
                return None
            return max(wait or 0.0, self._connector.settles_s) if known_state.is_open else wait
        if not known_state.is_open or (before is not None and now is None):
            return wait
        return self._connector.settles_s if self._freshness.may_be_superseded(subject, answer.requested) else None

    def states_of(self, namespace: str) -> States:
        """Return the present state of each asset in `namespace` as this kind of source reported it."""
        found: dict[AssetUri, Mapping[str, Any]] = {}
        written = _namespace_of(str(AssetUri("run", namespace, "any")))
        for row, records, _ in self._reader.stream():
            if _namespace_of(row.uri) != written or (state := self._last(records)) is None or state.end != FOREVER:
                continue
            found[AssetUri.parse(row.uri)] = state.state
        return found

    def _last(self, records: Iterable[AssetRecord]) -> AssetInterval | None:
        """Return the last state that this kind of source reported; None if it reported none."""
        origins = self._reader.origins()
        own = [state for state in asset_intervals(records) if origins[state.origin] == self._connector.name]
        return max(own, key=lambda state: state.start, default=None)

    def has_ended(self, uri: AssetUri) -> bool:
        """Return whether the asset was ever retracted: the name may now denote another object than before."""
        return bool(self._reader.retracted(list(self._reader.ids({str(uri)}).values())))

    def _known_states(self, uris: set[str]) -> dict[str, KnownState]:
        ids = self._reader.ids(uris)
        if not ids:
            return {}
        records: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in self._reader.asset_records(ids.values()):
            records[record.asset].append(record)
        edges = self._edges(ids.values())
        found: dict[str, KnownState] = {}
        for uri, number in ids.items():
            state = self._last(records[number])
            if state is not None:
                known = edges[number]
                latest = max(state.start, known.latest, 0 if state.end == FOREVER else state.end)
                found[uri] = KnownState(state.state, state.start, state.end, latest, known.points_to, known.other_names)
        return found

    def _edges(self, assets: Collection[int]) -> Mapping[int, _OutgoingEdges]:
        """Return, for each asset, its `points_to` targets with their aliases, and the names that it continues under."""
        origins = self._reader.origins()
        found: dict[int, _OutgoingEdges] = defaultdict(_OutgoingEdges)
        records = self._reader.edges_from(list(assets), [_POINTS_TO, _ALIAS_OF])
        intervals = [interval for interval in asserted_intervals(self._reader, records) if interval.end == FOREVER]
        rows = self._reader.rows({interval.record.target for interval in intervals})
        for interval in intervals:
            if origins[interval.record.origin] != self._connector.name:
                continue
            known, target = found[interval.record.source], rows[interval.record.target].uri
            known.latest = max(known.latest, interval.start)
            if interval.record.relation == _ALIAS_OF:
                known.other_names.append(AssetUri.parse(target))
            else:
                known.points_to[target] = list(interval.properties.get("aliases") or ())
        return found


def _namespace_of(uri: str) -> str:
    """Return the percent-encoded namespace of a URI."""
    return uri.split("/", 4)[3]


def _with_effective_time(answer: SourceResponse, known_state: KnownState) -> Payload:
    """Return the payload with `at`, the start of facts without a time of their own: after all known facts, not in the future."""
    reported_at = answer.payload.get("at")
    if not isinstance(reported_at, str):
        return answer.payload
    at = min(parse_time(reported_at), answer.requested.wall_us)
    if at <= known_state.latest:
        at = max(answer.requested.wall_us, known_state.latest + 1)
    return {**answer.payload, "at": format_time(at)}


def _reopened(statements: Iterable[Statement], subject: AssetUri, known_state: KnownState) -> list[Statement]:
    """Return the facts about an asset that had ended: a state that starts before its end becomes valid from its recording.

    An object that has the name again is not the one that continues under a new name, so aliases from the name are retracted.
    """
    found: list[Statement] = []
    for statement in statements:
        if not isinstance(statement, AssetFact) or statement.uri != subject:
            found.append(statement)
            continue
        ended_later = statement.valid_from is not None and statement.valid_from <= known_state.latest
        own = statement._replace(valid_from=None) if ended_later else statement
        found.append(own)
        found += [EdgeRetraction(subject, "alias_of", name, own.origin, own.valid_from) for name in known_state.other_names]
    return found
