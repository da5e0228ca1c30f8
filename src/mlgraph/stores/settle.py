"""Facts without a time of their own: they hold from when they are recorded, and say nothing if the same state already holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import psycopg

from mlgraph.domain.facts import (
    ANY_ORIGIN,
    AssetFact,
    AssetRetraction,
    Declaration,
    EdgeFact,
    EdgeRetraction,
    Fact,
    Mode,
)
from mlgraph.domain.history import (
    EVERY_ORIGIN,
    AssetRecord,
    EdgeRecord,
    asset_intervals,
    edge_intervals,
    endings,
)
from mlgraph.domain.stated import Stated, StatedEdge, key_of
from mlgraph.domain.times import FOREVER
from mlgraph.domain.vocabulary import RELATION_NAMES, RELATIONS

Triple = tuple[str, str, str]


class Settler:
    """Gives times to the facts of one append that have none; moments are distinct, so that later ones win.

    Must be used under the append lock: what it read must still hold when the batch commits.
    """

    def __init__(self, cursor: psycopg.Cursor, now: int) -> None:
        """Read through `cursor`; the first moment given is `now`."""
        self._cursor = cursor
        self._next = now
        self.last_given = 0
        self._numbers: dict[str, int] = {ANY_ORIGIN: EVERY_ORIGIN}
        self._assets: dict[str, list[AssetRecord]] = {}
        self._edges: dict[Triple, list[EdgeRecord]] = {}

    def prepare(self, facts: Iterable[Fact]) -> None:
        """Read, in few queries, what is known of all that lacks a time among `facts`."""
        uris: set[str] = set()
        triples: set[Triple] = set()
        for fact in facts:
            if isinstance(fact, AssetFact | AssetRetraction) and _time_of(fact) is None:
                uris.add(str(fact.uri))
            elif isinstance(fact, EdgeFact | EdgeRetraction) and _time_of(fact) is None:
                triples.add(_triple(fact))
                uris.update((str(fact.source), str(fact.target)))
        if uris:
            self._load_assets(uris)
        if triples:
            self._load_edges(triples)

    def settle(self, fact: Fact) -> Fact | None:
        """Return the fact with its time, or None if it has none and says what already holds."""
        if not self.watches:  # each has its time, and nobody asks what holds
            settled = fact
        elif _time_of(fact) is None and not self._is_news(fact):
            return None
        else:
            settled = self._timed(fact)
        if isinstance(settled, EdgeFact) and settled.valid_to is not None and settled.valid_to <= (settled.valid_from or 0):
            return None  # it was over before it could be recorded: there is no moment at which it held
        if self.watches:
            self._note(settled)
        return settled

    @property
    def watches(self) -> bool:
        """Whether any fact without a time was prepared for: only then is there something to note."""
        return bool(self._assets)

    def note(self, said: Stated) -> None:
        """Take note of a fact that has all its times, where one without a time is about the same edge or asset."""
        if isinstance(said, StatedEdge):
            self._note_edge(said)
        elif said.mode != Mode.DECLARATION and (records := self._assets.get(said.uri)) is not None:
            state = json.loads(said.body)
            records.append(AssetRecord(0, self._number(said.origin), said.valid_from, Mode(said.mode), state))

    def _note_edge(self, edge: StatedEdge) -> None:
        triple = edge.source, edge.relation, edge.target
        if (known := self._edges.get(triple)) is not None:
            ends = self._number(edge.source), RELATIONS[edge.relation].code, self._number(edge.target)
            known.append(
                EdgeRecord(
                    *ends, self._number(edge.origin), edge.valid_from, edge.valid_to, Mode(edge.mode), edge.role, edge.version,
                    self._number(edge.by) if edge.by else None,
                    None if edge.feeds is None else frozenset(self._number(uri) for uri in edge.feeds), json.loads(edge.body),
                )
            )  # fmt: skip

    def _timed(self, fact: Fact) -> Fact:
        if _time_of(fact) is not None or isinstance(fact, Declaration):
            return fact
        moment = self._next
        self._next += 1
        self.last_given = moment
        if isinstance(fact, AssetFact | EdgeFact):
            return replace(fact, valid_from=moment)
        return replace(fact, valid_to=moment)

    def _is_news(self, fact: Fact) -> bool:
        match fact:
            case AssetFact():
                current = self._state(str(fact.uri), fact.origin)
                return current is None or current != dict(fact.state)
            case EdgeFact():
                return not self._edge_holds(fact)
            case AssetRetraction():
                records = self._assets[str(fact.uri)]
                return self._held(fact.origin, records) or not any(record.mode == Mode.RETRACT for record in records)
            case EdgeRetraction():
                known = self._edges[_triple(fact)]
                told = [record for record in known if self._is_of(fact.origin, record.origin)]
                open_now = any(record.mode != Mode.RETRACT and self._holds(record, known, fact) for record in told)
                return open_now or not any(record.mode == Mode.RETRACT for record in told)
            case _:
                return True

    def _held(self, origin: str, records: list[AssetRecord]) -> bool:
        states = [state for state in asset_intervals(records) if state.start <= self._next < state.end]
        return any(self._is_of(origin, state.origin) for state in states)

    def _state(self, uri: str, origin: str) -> dict[str, Any] | None:
        number = self._number(origin)
        for state in asset_intervals(self._assets[uri]):
            if state.origin == number and state.start <= self._next < state.end:
                return state.state
        return None

    def _edge_holds(self, fact: EdgeFact) -> bool:
        offered = self._edge_record(fact)
        known = self._edges[_triple(fact)]
        return self._holds(offered, known, fact)

    def _holds(self, like: EdgeRecord, known: list[EdgeRecord], fact: EdgeFact | EdgeRetraction) -> bool:
        cuts = [r.valid_from for r in known if r.mode == Mode.RETRACT and r.origin in (EVERY_ORIGIN, like.origin)]
        for uri in (str(fact.source), str(fact.target)):
            cuts.extend(endings(self._assets[uri]).of(like.origin))
        same = [record for record in known if record.mode != Mode.RETRACT and record.key == like.key]
        return any(
            interval.start <= self._next < interval.end
            and interval.end == like.valid_to
            and (interval.properties, interval.feeds) == (dict(like.properties), like.feeds)
            for interval in edge_intervals(same, cuts)
        )

    def _note(self, fact: Fact) -> None:
        if isinstance(fact, EdgeFact | EdgeRetraction):
            if (known := self._edges.get(_triple(fact))) is not None:
                known.append(self._edge_record(fact))
        elif (records := self._assets.get(str(fact.uri))) is not None and not isinstance(fact, Declaration):
            mode = Mode.RETRACT if isinstance(fact, AssetRetraction) else fact.mode
            state = {} if isinstance(fact, AssetRetraction) else fact.state
            moment = _time_of(fact)
            records.append(AssetRecord(0, self._number(fact.origin), 0 if moment is None else moment, mode, state))

    def _edge_record(self, fact: EdgeFact | EdgeRetraction) -> EdgeRecord:
        source, relation, target = _triple(fact)
        ends = self._number(source), RELATIONS[relation].code, self._number(target)
        moment = _time_of(fact) or 0
        if isinstance(fact, EdgeRetraction):
            return EdgeRecord(*ends, self._number(fact.origin), moment, FOREVER, Mode.RETRACT)
        said, seen_by, named = fact.properties, fact.seen_by, fact.properties.get("from")
        return EdgeRecord(
            *ends, self._number(fact.origin), moment, FOREVER if fact.valid_to is None else fact.valid_to, fact.mode,
            said.get("role"), said.get("version"), self._number(seen_by) if seen_by else None,
            None if named is None else frozenset(self._number(uri) for uri in named), fact.plain_properties,
        )  # fmt: skip

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
            self._edges[source, RELATION_NAMES[code], target].append(
                EdgeRecord(
                    self._number(source), code, self._number(target), self._number(origin), start, end, Mode(mode), role, version,
                    self._number(by) if by else None, None if unnamed else frozenset(self._number(uri) for uri in feeds or ()),
                    json.loads(body),
                )
            )  # fmt: skip

    def _number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def _is_of(self, origin: str, number: int) -> bool:
        return origin == ANY_ORIGIN or self._number(origin) == number


def _triple(fact: EdgeFact | EdgeRetraction) -> Triple:
    return str(fact.source), fact.relation, str(fact.target)


def _time_of(fact: Fact) -> int | None:
    return fact.valid_to if isinstance(fact, AssetRetraction | EdgeRetraction) else fact.valid_from
