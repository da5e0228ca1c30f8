"""Failed runs that a later run of the same workflow made good, and did all that they did: the later run stands for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlgraph.graph.rows import CERTAIN, RUN_OF, SHOW, WALK, Ints, Layer
from mlgraph.graph.snapshot import Snapshot

FAILED: Final = frozenset({"fail", "abort"})
COMPLETE: Final = "complete"

Belonging = Callable[[Collection[int]], Mapping[int, frozenset[tuple[int, int]]]]
"""Tells of which workflows runs are runs, and of which other runs they are parts, as (relation, asset)."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What a run says of itself at a moment, in assets.

    `edges` are its edges as (other, relation, whether it comes from there); `pairs` which input leads to which output, with
    whether that is certain.
    """

    asset: int
    since: int
    edges: frozenset[tuple[int, int, bool]]
    pairs: frozenset[tuple[int, int, bool]]

    def stands_for(self, failed: _Run) -> bool:
        """Say whether this run did, later, all that `failed` did."""
        certain = {(source, output) for source, output, sure in self.pairs if sure}
        anyhow = {(source, output) for source, output, _ in self.pairs}
        return (
            self.since > failed.since
            and failed.edges <= self.edges
            and all((source, output) in (certain if sure else anyhow) for source, output, sure in failed.pairs)
        )


def superseded(graph: Snapshot, runs: Ints, moment: int, belonging: Belonging) -> Ints:
    """Return those of `runs` that failed and that one of the others stands for, as reported at `moment` (microseconds).

    That one completed, is of the same workflow and of the same parent run where one has any, was first heard of later, and has
    all of the failed run's inputs and outputs, leading to each other at least as surely.
    """
    states = {run: card.state for run in runs.tolist() if (card := graph.registry.card(run)) is not None}
    failed = _all_told(graph, (run for run, state in states.items() if state in FAILED), moment)
    if not failed:
        return np.zeros(0, np.int32)
    completed = _all_told(graph, (run for run, state in states.items() if state == COMPLETE), moment)
    standing = {run.asset: {other.asset for other in completed if other.stands_for(run)} for run in failed}
    judged = {run: others for run, others in standing.items() if others}
    belongs = belonging(judged.keys() | {other for others in judged.values() for other in others}) if judged else {}
    gone = [
        run
        for run, others in judged.items()
        if any(relation == RUN_OF for relation, _ in belongs.get(run, ()))
        and any(belongs.get(other) == belongs[run] for other in others)
    ]
    return np.array(sorted(gone), np.int32)


def _all_told(graph: Snapshot, runs: Iterable[int], moment: int) -> list[_Run]:
    return [told for run in runs if (told := _told(graph, run, moment)) is not None]


def _told(graph: Snapshot, run: int, moment: int) -> _Run | None:
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
        pairs.update((source, output, sure and so) for source, sure in ways[0] for output, so in ways[1])
    return _Run(run, min(since), frozenset(edges), frozenset(pairs)) if since else None
