"""Naive model of docs/spec.md#1-state: the records of each origin with their validity intervals."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from mlgraph.domain.facts import ANY_ORIGIN, AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Fact, Mode, is_terminal
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri

Triple: TypeAlias = tuple[AssetUri, str, AssetUri]
Key: TypeAlias = tuple[AssetUri, str, AssetUri, str | None, str | None, str | None, str]


@dataclass(frozen=True)
class Record:
    """One interval [start, end) in which `origin` asserts an edge, and whether the edge is certain."""

    triple: Triple
    role: str | None
    by: str | None
    origin: str
    start: int
    end: int
    certain: bool = True

    def is_valid(self, t: int) -> bool:
        return self.start <= t < self.end


def asserted_by(moment: int | None) -> int:
    """Return the moment, which the naive model needs in every fact. Raises `ValueError` for None."""
    if moment is None:
        raise ValueError("the naive model needs facts with their times")
    return moment


def triple_of(fact: EdgeFact | EdgeRetraction) -> Triple:
    return (fact.source, fact.relation, fact.target)


def key_of(fact: EdgeFact) -> Key:
    """Return the key of the record: edges that differ in role or version, or column edges of different runs, are independent."""
    reported = fact.properties
    return (*triple_of(fact), reported.get("role"), reported.get("version"), reported.get("by"), fact.origin)


def fact_order(fact: AssetFact) -> tuple[int, int, str, str]:
    """Return the sort key by which asset facts are folded; it depends on their content only."""
    return (asserted_by(fact.valid_from), int(fact.mode), canonical_json(dict(fact.state)), fact.origin)


def fold(facts: Iterable[AssetFact]) -> dict[str, Any]:
    """Return the state after `facts` of one origin: a complete fact replaces, a patch adds."""
    state: dict[str, Any] = {}
    for fact in sorted(facts, key=fact_order):
        new = copy.deepcopy(dict(fact.state))
        state = new if fact.mode == Mode.REPLACE else patched(state, new)
    return state


def last_change_at(facts: Iterable[AssetFact]) -> int:
    """Return when the facts of an origin last changed the state: a patch with known content is no change."""
    reported = list(facts)
    moments = sorted({asserted_by(fact.valid_from) for fact in reported})
    for position, moment in reversed(list(enumerate(moments))):
        now = fold(fact for fact in reported if asserted_by(fact.valid_from) <= moment)
        before = fold(fact for fact in reported if asserted_by(fact.valid_from) < moment)
        replaces = any(fact.mode == Mode.REPLACE for fact in reported if fact.valid_from == moment)
        if position == 0 or replaces or now != before:
            return moment
    raise ValueError("the origin has no facts")


def patched(state: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return `state` updated with `new`: keys replace; `properties`, its `facets` and its `sides` merge by key."""
    result = {**state, **new}
    if "properties" in state and "properties" in new:
        before, after = state["properties"], new["properties"]
        result["properties"] = {**before, **after}
        for part in ("facets", "sides"):
            if part in before and part in after:
                result["properties"][part] = {**before[part], **after[part]}
        if is_terminal(before.get("state")) and not is_terminal(after.get("state")):
            result["properties"]["state"] = before["state"]
    return result


class Assets:
    """Computes which origins assert an asset, when, and with which state."""

    def __init__(self, facts: list[Fact]) -> None:
        self.facts = [fact for fact in facts if isinstance(fact, AssetFact)]
        self.retractions = [fact for fact in facts if isinstance(fact, AssetRetraction)]

    def living_facts(self, uri: AssetUri, origin: str, t: int) -> list[AssetFact]:
        """Return `origin`'s facts of the asset up to `t`, after its last retraction up to `t`."""
        endings = [asserted_by(r.valid_to) for r in self.retractions if r.uri == uri and r.origin in (origin, ANY_ORIGIN)]
        last = max((ending for ending in endings if ending <= t), default=None)
        return [
            fact
            for fact in self.facts
            if fact.uri == uri
            and fact.origin == origin
            and asserted_by(fact.valid_from) <= t
            and (last is None or asserted_by(fact.valid_from) > last)
        ]

    def origins_of(self, uri: AssetUri, t: int) -> set[str]:
        """Return the origins that assert the asset at `t`."""
        return {fact.origin for fact in self.facts if fact.uri == uri and self.living_facts(uri, fact.origin, t)}

    def endings_of_all(self, uri: AssetUri) -> list[int]:
        """Return the times of retractions, of any origin, after which no origin asserts the asset."""
        return [
            asserted_by(r.valid_to)
            for r in self.retractions
            if r.uri == uri and not self.origins_of(uri, asserted_by(r.valid_to))
        ]

    def state(self, uri: AssetUri, t: int) -> tuple[dict[str, Any] | None, int | None]:
        """Return the merged state at `t`, or None and the time of deletion if no origin asserts the asset any more.

        Of two origins, the one with the later change wins, key by key.
        """
        report_sources = []
        for origin in self.origins_of(uri, t):
            living = self.living_facts(uri, origin, t)
            report_sources.append((last_change_at(living), fold(living)))
        if not report_sources:
            return None, self._deleted_at(uri, t)
        merged: dict[str, Any] = {}
        for _, state in sorted(report_sources, key=lambda report_source: (report_source[0], canonical_json(report_source[1]))):
            merged = patched(merged, state)
        return merged, None

    def _deleted_at(self, uri: AssetUri, t: int) -> int | None:
        """Return the first retraction since which no origin has asserted the asset."""
        moments = {asserted_by(fact.valid_from) for fact in self.facts if fact.uri == uri}
        retracted = sorted(asserted_by(r.valid_to) for r in self.retractions if r.uri == uri and asserted_by(r.valid_to) <= t)
        for candidate in retracted:
            since = {candidate, t, *(moment for moment in moments if candidate <= moment <= t)}
            if not any(self.origins_of(uri, moment) for moment in since):
                return candidate
        return None


class Endings:
    """Computes when retractions end edges of a triple and origin."""

    def __init__(self, facts: list[Fact], assets: Assets) -> None:
        self.assets = assets
        self.retractions = [fact for fact in facts if isinstance(fact, EdgeRetraction)]

    def explicit(self, triple: Triple, origin: str) -> list[int]:
        """Return the times of retractions of the edge itself."""
        return [asserted_by(r.valid_to) for r in self.retractions if triple_of(r) == triple and r.origin in (origin, ANY_ORIGIN)]

    def all(self, triple: Triple, origin: str) -> list[int]:
        """Return the times of retractions of the edge or of either end; deleting a run ends none of its edges."""
        endings = self.explicit(triple, origin)
        for end in lasting_ends(triple):
            endings += [
                asserted_by(r.valid_to) for r in self.assets.retractions if r.uri == end and r.origin in (origin, ANY_ORIGIN)
            ]
            endings += self.assets.endings_of_all(end)
        return endings


def lasting_ends(triple: Triple) -> list[AssetUri]:
    """Return the ends of an edge whose deletion ends it: what a run made stays when the run is deleted."""
    return [end for end in (triple[0], triple[2]) if end.kind != "run"]


def spans(assertions: list[EdgeFact], endings: list[int]) -> list[tuple[int, int]]:
    """Return the intervals of one key: each assertion ends at its own end, the next assertion or the first ending."""
    result = []
    starts = sorted({asserted_by(fact.valid_from) for fact in assertions})
    for position, start in enumerate(starts):
        same = [fact for fact in assertions if fact.valid_from == start]
        ends = [fact.valid_to for fact in same if fact.valid_to is not None]
        ends += starts[position + 1 : position + 2]
        ends += [ending for ending in endings if ending >= start]
        end = min(ends, default=FOREVER)
        if end > start:
            result.append((start, end))
    return result


def by_key(facts: Iterable[EdgeFact]) -> dict[Key, list[EdgeFact]]:
    """Return the assertions of each record key."""
    groups: dict[Key, list[EdgeFact]] = {}
    for fact in facts:
        groups.setdefault(key_of(fact), []).append(fact)
    return groups
