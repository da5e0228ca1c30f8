"""Finds workflows that run once for each document, partition or tenant (docs/spec.md#3-asset-level, parameterised workflows)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.projection.evidence import RunEvidence

_WINDOW: Final = 10
"""The complete runs, up to and with one, among which distinct sets of outputs are counted."""
_DISTINCT: Final = 3
"""So many distinct sets of outputs make a workflow parameterised."""
_BEFORE: Final = 3
"""So does an output that the last so many runs omitted and an earlier one had."""


def in_order(runs: Iterable[RunEvidence]) -> list[tuple[int, str, RunEvidence]]:
    """Return the complete runs with their completions and URIs, in this order."""
    complete = [(run.completed, run.uri, run) for run in runs if run.completed is not None]
    return sorted(complete, key=lambda each: each[:2])


def parameterised_from(complete: Sequence[tuple[int, str, RunEvidence]], aliases: Aliases) -> tuple[int, str] | None:
    """Return completion and URI of the run from which on the workflow is parameterised; None if it is not.

    `complete` are its complete runs, in order. Versions and their like are left out of the outputs.
    """
    sets = [_denoted(run.closable_outputs, aliases, moment) for moment, _, run in complete]
    varies = len({*sets} - {frozenset()}) >= _DISTINCT
    last_had: dict[int, int] = {}
    speaking = 0
    for place, (outputs, (moment, uri, run)) in enumerate(zip(sets, complete, strict=True)):
        if any(speaking - last_had.get(output, speaking) > _BEFORE for output in outputs):
            return moment, uri
        if varies:
            window = sets[max(0, place - _WINDOW + 1) : place + 1]
            if len({*window} - {frozenset()}) >= _DISTINCT:
                return moment, uri
        if run.reports_outputs:
            last_had.update(dict.fromkeys(outputs, speaking))
            speaking += 1
    return None


def _denoted(names: frozenset[int], aliases: Aliases, moment: int) -> frozenset[int]:
    """Return the assets that `names` denote at `moment`."""
    if not aliases or not any(map(aliases.is_alias, names)):
        return names
    return frozenset(aliases.at(name, moment) for name in names)
