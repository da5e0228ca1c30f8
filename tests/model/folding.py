"""Naive model of noise: edges over hidden assets by enumeration of all paths, and failed runs that a retry supersedes."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import WALKED
from tests.model.naive import NaiveGraph
from tests.model.pairs import Level
from tests.model.records import Triple
from tests.model.walk import State, Walk


class Folded(NamedTuple):
    """An edge over hidden assets: the least number of them, the origins of all steps, and whether the walk took it as certain."""

    between: int
    origins: frozenset[str]
    certain: bool


def folded_edges(
    naive: NaiveGraph,
    level: Level,
    t: int,
    root: AssetUri,
    listed: Collection[AssetUri],
    hidden: Collection[AssetUri],
    *,
    downstream: bool,
) -> dict[Triple, Folded]:
    """Return every edge over hidden assets between listed ones, as a walk from `root` in one direction finds it."""
    walk = naive.walk(level, t, downstream=downstream, hidden=hidden)
    origins = {triple: names for triple, names in naive.edge_origins(level, t).items() if triple[1] in WALKED}
    reached, certain = walk.states_from(root)
    found: dict[Triple, list[_Path]] = {}
    for start in _states(walk, naive.uris()):
        if start[0] not in listed:
            continue
        steps = _hidden_steps(walk, start, hidden)
        for end in {state for step in steps for state in step[1:] if state[0] in listed and state[0] != start[0]}:
            inner = _between(steps, start, end, hidden)
            if not inner:
                continue
            for triple, reported in _named(inner, start, end, origins, downstream=downstream).items():
                certain_step = start in certain and _is_certain(walk, start, end, hidden)
                path = _Path(_least(walk, start, end, hidden), reported, start in reached, certain_step)
                found.setdefault(triple, []).append(path)
    return {
        triple: Folded(
            min(path.between for path in paths),
            frozenset().union(*(path.origins for path in paths)),
            any(path.certain for path in paths) or not any(path.taken for path in paths),
        )
        for triple, paths in found.items()
    }


class _Path(NamedTuple):
    """A path from one state to another over hidden ones: their number, origins, whether the walk took it, and as certain."""

    between: int
    origins: frozenset[str]
    taken: bool
    certain: bool


Step = tuple[State, State]


def _states(walk: Walk, uris: Collection[AssetUri]) -> set[State]:
    """Return every state that a walk from any start can reach."""
    found: set[State] = {(uri, None) for uri in uris if uri.kind != "column"}
    open_ = list(found)
    while open_:
        for following, _ in walk.next(open_.pop()):
            if following not in found:
                found.add(following)
                open_.append(following)
    return found


def _hidden_steps(walk: Walk, start: State, hidden: Collection[AssetUri]) -> set[Step]:
    """Return all steps on paths from `start` that continue from hidden states only."""
    steps: set[Step] = set()
    seen, open_ = {start}, [start]
    while open_:
        state = open_.pop()
        for following, _ in walk.next(state):
            steps.add((state, following))
            if following[0] in hidden and following not in seen:
                seen.add(following)
                open_.append(following)
    return steps


def _between(steps: set[Step], start: State, end: State, hidden: Collection[AssetUri]) -> set[Step]:
    """Return the steps on paths from `start` to `end` over at least one hidden state."""
    leading, grown = {end}, True
    while grown:
        more = {near for near, far in steps if far in leading and near[0] in hidden} - leading
        leading |= more
        grown = bool(more)
    inner = {(near, far) for near, far in steps if far in leading and (near == start or near[0] in hidden)}
    return inner - {(start, end)}


def _named(
    inner: set[Step], start: State, end: State, origins: dict[Triple, set[str]], *, downstream: bool
) -> dict[Triple, frozenset[str]]:
    """Return the edge, with the relation of its last step in the direction of the flow and the origins of all its steps."""

    def triples(near: State, far: State) -> list[Triple]:
        source, target = (near[0], far[0]) if downstream else (far[0], near[0])
        return [triple for triple in origins if triple[0] == source and triple[2] == target]

    source, target = (start, end) if downstream else (end, start)
    last = {step for step in inner if (step[1] == end if downstream else step[0] == start)}
    named: dict[Triple, frozenset[str]] = {}
    for relation in {triple[1] for step in last for triple in triples(*step)}:
        reported = {
            name
            for step in inner
            for triple in triples(*step)
            if step not in last or triple[1] == relation
            for name in origins[triple]
        }
        named[source[0], relation, target[0]] = frozenset(reported)
    return named


def _is_certain(walk: Walk, start: State, end: State, hidden: Collection[AssetUri]) -> bool:
    """Return whether a path over hidden states has only certain steps."""
    open_, seen = [start], {start}
    while open_:
        state = open_.pop()
        for following, certain_step in walk.next(state):
            if certain_step and following == end and state != start:
                return True
            if certain_step and following[0] in hidden and following not in seen:
                seen.add(following)
                open_.append(following)
    return False


def _least(walk: Walk, start: State, end: State, hidden: Collection[AssetUri]) -> int:
    """Return the least number of hidden states on a path."""
    layer, count = {start}, 0
    while True:
        layer = {following for state in layer for following, _ in walk.next(state) if following[0] in hidden}
        count += 1
        if any(following == end for state in layer for following, _ in walk.next(state)):
            return count


def superseded(naive: NaiveGraph, t: int) -> set[AssetUri]:
    """Return the failed runs that a later, completed run of the same workflow supersedes."""
    runs = [uri for uri in naive.uris() if uri.kind == "run"]
    return {run for run in runs if any(_supersedes(naive, other, run, t) for other in runs)}


def _supersedes(naive: NaiveGraph, run: AssetUri, failed: AssetUri, t: int) -> bool:
    states = [_last_state(naive, uri) for uri in (run, failed)]
    edges = [_edges(naive, uri, t) for uri in (run, failed)]
    belongs = [_belongs_to(naive, uri, t) for uri in (run, failed)]
    pairs = [naive.pairs(uri, "run", t) for uri in (run, failed)]
    since = [_since(naive, uri, t) for uri in (run, failed)]
    return (
        states[0] == "COMPLETE"
        and states[1] in ("FAIL", "ABORT")
        and belongs[0] == belongs[1]
        and any(relation == "run_of" for relation, _ in belongs[0])
        and None not in since
        and since[0] > since[1]  # type: ignore[operator] # neither is None
        and edges[1] <= edges[0]
        and all(pair in pairs[0] and pairs[0][pair] >= certain_step for pair, certain_step in pairs[1].items())
    )


def _last_state(naive: NaiveGraph, run: AssetUri) -> object:
    state, _ = naive.asset_state(run, 2**62)
    return ((state or {}).get("properties") or {}).get("state")


def _edges(naive: NaiveGraph, run: AssetUri, t: int) -> set[Triple]:
    return {
        tuple("run" if end == run else end for end in triple)  # type: ignore[misc] # it has three
        for triple in naive.edges("run", t)
        if triple[1] in WALKED and run in (triple[0], triple[2])
    }


def _belongs_to(naive: NaiveGraph, run: AssetUri, t: int) -> set[tuple[str, AssetUri]]:
    return {
        (record.triple[1], record.triple[2])
        for record in naive.valid("asset", t)
        if record.triple[0] == run and record.triple[1] in ("run_of", "part_of")
    }


def _since(naive: NaiveGraph, run: AssetUri, t: int) -> int | None:
    return min(
        (
            record.start
            for record in naive.valid("run", t)
            if record.triple[1] in WALKED and run in (record.triple[0], record.triple[2])
        ),
        default=None,
    )
