"""Default valid times: a fact without a time is valid from its recording on, unless it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

import psycopg

from mlgraph.domain.fact_row import EdgeFactRow, key_of, to_row
from mlgraph.domain.facts import (
    ANY_ORIGIN,
    CURATION,
    AssetFact,
    AssetRetraction,
    Declaration,
    EdgeFact,
    EdgeRetraction,
    Fact,
    Mode,
)
from mlgraph.domain.history import (
    CURATED_ORIGIN,
    EVERY_ORIGIN,
    AssetRecord,
    EdgeRecord,
    asset_intervals,
    edge_intervals,
    endings,
)
from mlgraph.domain.vocabulary import RELATION_NAMES, RELATIONS
from mlgraph.stores.postgres.records import edge_record

Triple = tuple[str, str, str]
_RETRACTIONS: Final = (AssetRetraction, EdgeRetraction)
_OF_EDGES: Final = (EdgeFact, EdgeRetraction)


class TimestampAssigner:
    """Assigns times to the facts of one append that have none. The times increase, so that later facts take precedence.

    It must be used under the append lock: the records that it read must not change before the batch commits.
    """

    def __init__(self, cursor: psycopg.Cursor, now: int) -> None:
        """Read through `cursor`; the first assigned time is `now` (microseconds since the epoch)."""
        self._cursor = cursor
        self._next = now
        self.last_given = 0
        self._numbers: dict[str, int] = {ANY_ORIGIN: EVERY_ORIGIN, CURATION: CURATED_ORIGIN}
        self._assets: dict[str, list[AssetRecord]] = {}
        """Records of the assets of untimed facts, by URI; empty where every fact of the append has a time."""
        self._edges: dict[Triple, list[EdgeRecord]] = {}

    def prepare(self, facts: Iterable[Fact]) -> None:
        """Read the stored records of the assets and edges of all untimed facts among `facts`, in few queries."""
        uris: set[str] = set()
        triples: set[Triple] = set()
        for fact in facts:
            if _time_of(fact) is not None:
                continue
            if isinstance(fact, _OF_EDGES):
                triples.add(_triple(fact))
                uris.update((str(fact.source), str(fact.target)))
            else:
                uris.add(str(fact.uri))
        if uris:
            self._load_assets(uris)
        if triples:
            self._load_edges(triples)

    def assign(self, fact: Fact) -> Fact | None:
        """Return the fact with its time, or None if it has none and changes nothing."""
        if not self._assets or _time_of(fact) is not None:
            timed = fact
        elif self.changes_state(fact):
            timed = _at(fact, self._next)
            self.last_given = self._next
            self._next += 1
        else:
            return None
        if isinstance(timed, EdgeFact) and timed.valid_to is not None and timed.valid_to <= (timed.valid_from or 0):
            return None  # its interval is empty: it closed before the fact was recorded
        if self._assets:
            self._add_record(timed)
        return timed

    def changes_state(self, fact: Fact) -> bool:
        """Return whether an untimed fact differs from the present report of its origin."""
        match fact:
            case AssetFact():
                current = self._state(str(fact.uri), fact.origin)
                return current is None or current != dict(fact.state)
            case EdgeFact():
                return not self._is_valid(self._edge_record(fact), self._edges[_triple(fact)], fact)
            case AssetRetraction():
                records = self._assets[str(fact.uri)]
                return self._exists(fact.origin, records) or not any(record.mode == Mode.RETRACT for record in records)
            case EdgeRetraction():
                known = self._edges[_triple(fact)]
                same = [record for record in known if self._is_of(fact.origin, record.origin)]
                open_now = any(record.mode != Mode.RETRACT and self._is_valid(record, known, fact) for record in same)
                return open_now or not any(record.mode == Mode.RETRACT for record in same)
            case _:
                return True

    def _exists(self, origin: str, records: list[AssetRecord]) -> bool:
        states = [state for state in asset_intervals(records) if state.start <= self._next < state.end]
        return any(
            self._is_of(origin, state.origin) for state in states if origin != ANY_ORIGIN or state.origin != CURATED_ORIGIN
        )

    def _state(self, uri: str, origin: str) -> dict[str, Any] | None:
        number = self._number(origin)
        for state in asset_intervals(self._assets[uri]):
            if state.origin == number and state.start <= self._next < state.end:
                return state.state
        return None

    def _is_valid(self, like: EdgeRecord, known: list[EdgeRecord], fact: EdgeFact | EdgeRetraction) -> bool:
        """Return whether an interval with the end and properties of `like` is valid now, by the `known` records."""
        cuts = [r.valid_from for r in known if r.mode == Mode.RETRACT and r.origin in (EVERY_ORIGIN, like.origin)]
        for end in (fact.source, fact.target):
            if end.kind != "run":  # deleting a run does not end what it reported (docs/spec.md#3-asset-level)
                cuts.extend(endings(self._assets[str(end)]).of(like.origin))
        same = [record for record in known if record.mode != Mode.RETRACT and record.key == like.key]
        return any(
            interval.start <= self._next < interval.end
            and interval.end == like.valid_to
            and (interval.properties, interval.feeds) == (dict(like.properties), like.feeds)
            for interval in edge_intervals(same, cuts)
        )

    def _add_record(self, fact: Fact) -> None:
        if isinstance(fact, _OF_EDGES):
            if (known := self._edges.get(_triple(fact))) is not None:
                known.append(self._edge_record(fact))
        elif (records := self._assets.get(str(fact.uri))) is not None and not isinstance(fact, Declaration):
            mode = Mode.RETRACT if isinstance(fact, AssetRetraction) else fact.mode
            state = {} if isinstance(fact, AssetRetraction) else dict(fact.state)
            moment = _time_of(fact)
            records.append(AssetRecord(0, self._number(fact.origin), 0 if moment is None else moment, mode, state))

    def _edge_record(self, fact: EdgeFact | EdgeRetraction) -> EdgeRecord:
        row = to_row(fact if _time_of(fact) is not None else _at(fact, 0))
        assert isinstance(row, EdgeFactRow)  # noqa: S101 - for the type checker
        return edge_record(row, self._number, self._number)

    def _load_assets(self, uris: set[str]) -> None:
        self._assets.update({uri: [] for uri in uris})
        self._cursor.execute(
            "SELECT a.uri, o.name, f.valid_from, f.mode, c.body FROM asset a JOIN asset_fact f ON f.asset_id = a.id "
            "JOIN content c ON c.id = f.content_id JOIN origin o ON o.id = f.origin_id "
            "WHERE a.digest = ANY(%s) AND f.mode <> %s",
            ([key_of(uri) for uri in uris], int(Mode.DECLARATION)),
        )
        for uri, origin, valid_from, mode, body in self._cursor.fetchall():
            self._assets[uri].append(AssetRecord(0, self._number(origin), valid_from, Mode(mode), json.loads(body)))

    def _load_edges(self, triples: set[Triple]) -> None:
        self._edges.update({triple: [] for triple in triples})
        ends = {key_of(uri) for source, _, target in triples for uri in (source, target)}
        self._cursor.execute("SELECT uri, id FROM asset WHERE digest = ANY(%s)", (list(ends),))
        ids: dict[str, int] = dict(self._cursor.fetchall())
        known = [t for t in triples if t[0] in ids and t[2] in ids]
        if not known:
            return
        self._cursor.execute(
            "SELECT s.uri, f.relation, t.uri, o.name, f.valid_from, f.valid_to, f.mode, f.role, f.version, b.uri, "
            "(SELECT array_agg(n.uri) FROM asset n WHERE n.id = ANY(f.feeds)), f.feeds IS NULL, c.body "
            "FROM unnest(%s::int[], %s::smallint[], %s::int[]) AS w(source_id, relation, target_id) "
            "JOIN edge_fact f USING (source_id, relation, target_id) JOIN content c ON c.id = f.content_id "
            "JOIN origin o ON o.id = f.origin_id JOIN asset s ON s.id = f.source_id JOIN asset t ON t.id = f.target_id "
            "LEFT JOIN asset b ON b.id = f.by_id",
            ([ids[t[0]] for t in known], [RELATIONS[t[1]].code for t in known], [ids[t[2]] for t in known]),
        )
        for source, code, target, origin, start, end, mode, role, version, by, feeds, unnamed, body in self._cursor:
            named = None if unnamed else tuple(feeds or ())
            relation = RELATION_NAMES[code]
            no_digest = b""  # it is not needed here
            row = EdgeFactRow(no_digest, source, relation, target, origin, start, end, body, role, version, mode, by, named)
            self._edges[source, relation, target].append(edge_record(row, self._number, self._number))

    def _number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def _is_of(self, origin: str, number: int) -> bool:
        return origin == ANY_ORIGIN or self._number(origin) == number


def _triple(fact: EdgeFact | EdgeRetraction) -> Triple:
    return str(fact.source), fact.relation, str(fact.target)


def _time_of(fact: Fact) -> int | None:
    return fact.valid_to if isinstance(fact, _RETRACTIONS) else fact.valid_from


def _at(fact: Fact, moment: int) -> Fact:
    """Return an untimed fact with the time `moment`."""
    if isinstance(fact, _RETRACTIONS):
        return fact._replace(valid_to=moment)
    return fact._replace(valid_from=moment)
