"""Failed runs that a later run of the same workflow made good, and did all that they did: the later run stands for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import CERTAIN, RUN_OF, SHOW, WALK, Ints, Layer

FAILED: Final = frozenset({"fail", "abort"})
COMPLETE: Final = "complete"

RunMemberships = Callable[[Collection[int]], Mapping[int, frozenset[tuple[int, int]]]]
"""Tells of which workflows runs are runs, and of which other runs they are parts, as (relation, asset)."""


class _RunEffects(NamedTuple):
    """What a run did, in assets.

    `edges` are its edges as (other, relation, whether it comes from there); `pairs` which input leads to which output, with
    whether that is certain.
    """

    edges: frozenset[tuple[int, int, bool]]
    pairs: frozenset[tuple[int, int, bool]]

    def cover(self, others: _RunEffects) -> bool:
        """Say whether all that the others are is among these, at least as surely."""
        return others.edges <= self.edges and all(
            pair in self.pairs or (not pair[2] and (*pair[:2], True) in self.pairs) for pair in others.pairs
        )


class _RunWithEffects(NamedTuple):
    """A run with what it did; `since` is when it was first heard of."""

    asset: int
    since: int
    did: _RunEffects


def retried_runs(graph: GraphVersion, runs: Ints, moment: int, memberships: RunMemberships) -> Ints:
    """Return those of `runs` that failed and that one of the others stands for, as reported at `moment` (microseconds).

    That one completed, is of the same workflow and of the same parent run where one has any, was first heard of later, and has
    all of the failed run's inputs and outputs, leading to each other at least as surely.
    """
    states = {
        run: attributes.state for run in runs.tolist() if (attributes := graph.registry.display_attributes(run)) is not None
    }
    failed = _with_effects(graph, (run for run, state in states.items() if state in FAILED), moment)
    if not failed:
        return np.zeros(0, np.int32)
    completed = _with_effects(graph, (run for run, state in states.items() if state == COMPLETE), moment)
    # runs of a workflow mostly do the same: what they do is compared, and not each with each
    covered_by = {did: _covered_by(did, {run.did for run in completed}) for did in {run.did for run in failed}}
    failed = [run for run in failed if covered_by[run.did]]
    of_use = frozenset[_RunEffects]().union(*(covered_by[run.did] for run in failed))
    completed = [run for run in completed if run.did in of_use]
    belongs = memberships([run.asset for run in (*failed, *completed)]) if failed else {}
    latest: dict[tuple[frozenset[tuple[int, int]], _RunEffects], int] = {}
    for run in completed:
        key = belongs[run.asset], run.did
        latest[key] = max(run.since, latest.get(key, run.since))
    gone = [
        run.asset
        for run in failed
        if any(relation == RUN_OF for relation, _ in belongs[run.asset])
        and any(latest.get((belongs[run.asset], did), run.since) > run.since for did in covered_by[run.did])
    ]
    return np.array(sorted(gone), np.int32)


def _covered_by(did: _RunEffects, others: Iterable[_RunEffects]) -> frozenset[_RunEffects]:
    deadlines.raise_if_exceeded()
    return frozenset(other for other in others if other.cover(did))


def _with_effects(graph: GraphVersion, runs: Iterable[int], moment: int) -> list[_RunWithEffects]:
    return [run_effects for run in runs if (run_effects := _effects_of(graph, run, moment)) is not None]


def _effects_of(graph: GraphVersion, run: int, moment: int) -> _RunWithEffects | None:
    deadlines.raise_if_exceeded()
    node = graph.find(run)
    if node is None:
        return None
    view = graph.views[Layer.RUN]
    edges: set[tuple[int, int, bool]] = set()
    pairs: set[tuple[int, int, bool]] = set()
    since: list[int] = []
    for place in (node, *(port for port in graph.registry.ports_of(run) if port < graph.nodes)):
        ways: list[list[tuple[int, bool]]] = []
        for rows, comes in ((view.into, True), (view.out, False)):
            ways.append([])
            for other, relation, flags, _, start, end in rows.every_row_of(place):
                if not start <= moment < end:
                    continue
                since.append(start)
                asset = int(graph.asset_of[other])
                if flags & SHOW:
                    edges.add((asset, relation, comes))
                if flags & WALK:
                    ways[-1].append((asset, bool(flags & CERTAIN)))
        pairs.update((source, output, certain_in and so) for source, certain_in in ways[0] for output, so in ways[1])
    return _RunWithEffects(run, min(since), _RunEffects(frozenset(edges), frozenset(pairs))) if since else None
