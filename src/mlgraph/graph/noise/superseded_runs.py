"""Finds superseded runs: failed runs whose inputs and outputs a later, completed run of the same workflow covers."""

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
"""Returns, by run, its workflows and parent runs, as (relation, asset)."""


class _RunEffects(NamedTuple):
    """The inputs and outputs of a run.

    `edges` are its edges as (other asset, relation, is incoming); `pairs` are (input, output, is certain).
    """

    edges: frozenset[tuple[int, int, bool]]
    pairs: frozenset[tuple[int, int, bool]]

    def cover(self, others: _RunEffects) -> bool:
        """Return whether these include all edges and pairs of `others`, with at least the same certainty."""
        return others.edges <= self.edges and all(
            pair in self.pairs or (not pair[2] and (*pair[:2], True) in self.pairs) for pair in others.pairs
        )


class _RunWithEffects(NamedTuple):
    """A run with its effects; `since` is the start of its earliest edge."""

    asset: int
    since: int
    effects: _RunEffects


def retried_runs(graph: GraphVersion, runs: Ints, moment: int, memberships: RunMemberships) -> Ints:
    """Return those of `runs` that failed and are superseded by another of them, as reported at `moment` (microseconds).

    The superseding run completed, belongs to the same workflow and the same parent run (if any), was first reported later, and
    has all inputs and outputs of the failed run, paired with at least the same certainty.
    """
    states = {
        run: attributes.state for run in runs.tolist() if (attributes := graph.asset_index.display_attributes(run)) is not None
    }
    failed = _with_effects(graph, (run for run, state in states.items() if state in FAILED), moment)
    if not failed:
        return np.zeros(0, np.int32)
    completed = _with_effects(graph, (run for run, state in states.items() if state == COMPLETE), moment)
    # most runs of a workflow have equal effects: comparing distinct effects is cheaper than comparing each pair of runs
    distinct = {run.effects for run in completed}
    covered_by = {effects: _covered_by(effects, distinct) for effects in {run.effects for run in failed}}
    failed = [run for run in failed if covered_by[run.effects]]
    of_use = frozenset[_RunEffects]().union(*(covered_by[run.effects] for run in failed))
    completed = [run for run in completed if run.effects in of_use]
    belongs = memberships([run.asset for run in (*failed, *completed)]) if failed else {}
    latest: dict[tuple[frozenset[tuple[int, int]], _RunEffects], int] = {}
    for run in completed:
        key = belongs[run.asset], run.effects
        latest[key] = max(run.since, latest.get(key, run.since))
    gone = [
        run.asset
        for run in failed
        if any(relation == RUN_OF for relation, _ in belongs[run.asset])
        and any(latest.get((belongs[run.asset], effects), run.since) > run.since for effects in covered_by[run.effects])
    ]
    return np.array(sorted(gone), np.int32)


def _covered_by(effects: _RunEffects, others: Iterable[_RunEffects]) -> frozenset[_RunEffects]:
    deadlines.raise_if_exceeded()
    return frozenset(other for other in others if other.cover(effects))


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
    for node_or_port in (node, *(port for port in graph.asset_index.ports_of(run) if port < graph.nodes)):
        walked: list[list[tuple[int, bool]]] = []
        for rows, is_incoming in ((view.into, True), (view.out, False)):
            walked.append([])
            for other, relation, flags, _, start, end in rows.every_row_of(node_or_port):
                if not start <= moment < end:
                    continue
                since.append(start)
                asset = int(graph.asset_of[other])
                if flags & SHOW:
                    edges.add((asset, relation, is_incoming))
                if flags & WALK:
                    walked[-1].append((asset, bool(flags & CERTAIN)))
        inputs, outputs = walked
        pairs.update(
            (source, output, certain_input and certain_output)
            for source, certain_input in inputs
            for output, certain_output in outputs
        )
    return _RunWithEffects(run, min(since), _RunEffects(frozenset(edges), frozenset(pairs))) if since else None
