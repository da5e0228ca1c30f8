"""How a planned change spreads along one edge (docs/spec.md#6-impact)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Literal

from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.model.rows import ONLINE

Change = Literal["schema", "values", "withdraw", "retire"]
CHANGES: Final = ("schema", "values", "withdraw", "retire")


class Effect(IntEnum):
    """What happens to an asset, worst first. `CHANGED` is the root itself and its parts."""

    CHANGED = 0
    BREAKS_NOW = 1
    BREAKS_NEXT_RUN = 2
    TAINTED = 3

    @property
    def word(self) -> str:
        """The word in answers."""
        return self.name.lower()


def _codes(*names: str) -> frozenset[int]:
    return frozenset(KINDS[name].code for name in names)


IMMUTABLE_KINDS: Final = _codes("model_version", "model", "dataset_version", "evaluation", "image", "artifact", "commit")
"""What was made stays as it was made, whatever becomes of its inputs."""
_ONLINE_KINDS: Final = _codes("service", "deployment", "agent")
_AT_NEXT_RUN: Final = _codes("workflow", "run", "column")
"""Columns are written by workflows."""
_LOGICAL: Final = _codes("feature_service")
"""Read while serving, so it shares the fate of what it groups."""
_EXPOSED: Final = _codes("experiment", "variant", "rollout")
_OUTPUTS: Final = RELATIONS["outputs"].code


def passed_effect(change: Change, effect: Effect, relation: int, flags: int, target_kind: int) -> Effect | None:
    """Return what `effect` on the source does to the target of an edge; None where nothing reaches it.

    `flags` are the row's: `ONLINE` marks an input that is read while serving.
    """
    if change == "values":
        return Effect.TAINTED
    if change == "withdraw":
        direct = effect == Effect.CHANGED and target_kind not in IMMUTABLE_KINDS
        return Effect.BREAKS_NEXT_RUN if direct else Effect.TAINTED
    if target_kind in IMMUTABLE_KINDS:
        return None
    if target_kind in _AT_NEXT_RUN or relation == _OUTPUTS:
        return Effect.BREAKS_NEXT_RUN
    if effect == Effect.BREAKS_NEXT_RUN:
        return Effect.BREAKS_NEXT_RUN
    at_once = (
        change == "retire"
        or effect == Effect.BREAKS_NOW
        or bool(flags & ONLINE)
        or target_kind in _ONLINE_KINDS | _LOGICAL | _EXPOSED
    )
    return Effect.BREAKS_NOW if at_once else Effect.BREAKS_NEXT_RUN


def of_part(change: Change, part_kind: int) -> Effect | None:
    """Return what becomes of a part when its whole changes: it shares the change, unless it is frozen and the shape changes."""
    return None if change == "schema" and part_kind in IMMUTABLE_KINDS else Effect.CHANGED


def reported_effect(change: Change, effect: Effect) -> Effect:
    """Return the effect that answers give: what shares the change itself breaks, or is tainted, as the change says."""
    if effect != Effect.CHANGED:
        return effect
    return {"schema": Effect.BREAKS_NEXT_RUN, "retire": Effect.BREAKS_NOW}.get(change, Effect.TAINTED)
