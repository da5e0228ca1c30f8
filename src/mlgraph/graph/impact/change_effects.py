"""Effects of a planned change and their propagation along one edge (docs/spec.md#6-impact)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Literal

from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.model.rows import ALIAS_OF, ONLINE

Change = Literal["schema", "values", "withdraw", "retire"]
CHANGES: Final = ("schema", "values", "withdraw", "retire")


class Effect(IntEnum):
    """The effect on an asset, worst first. `CHANGED` applies to the root itself and its parts."""

    CHANGED = 0
    BREAKS_NOW = 1
    BREAKS_NEXT_RUN = 2
    TAINTED = 3

    @property
    def word(self) -> str:
        """The effect's name in answers."""
        return self.name.lower()


def _codes(*names: str) -> frozenset[int]:
    return frozenset(KINDS[name].code for name in names)


IMMUTABLE_KINDS: Final = _codes("model_version", "model", "dataset_version", "evaluation", "image", "artifact", "commit")
"""Assets of these kinds do not change once they are made, whatever happens to their inputs."""
_ONLINE_KINDS: Final = _codes("service", "deployment", "agent")
_AT_NEXT_RUN: Final = _codes("workflow", "run", "column")
"""Kinds that are affected when they run next; columns are, because workflows write them."""
_LOGICAL: Final = _codes("feature_service")
"""Groups of features that are read while serving: an effect on a feature affects the group at once."""
_EXPOSED: Final = _codes("experiment", "variant", "rollout")
_OUTPUTS: Final = RELATIONS["outputs"].code


def passed_effect(change: Change, effect: Effect, relation: int, flags: int, target_kind: int) -> Effect | None:
    """Return the effect on the target of an edge of `effect` on its source; None if the target is not affected.

    `flags` are those of the row: `ONLINE` marks an input that is read while serving.
    """
    if relation == ALIAS_OF or change == "values":  # a claimant of a changed name may be the asset that changes
        return effect if relation == ALIAS_OF else Effect.TAINTED
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


def effect_on_part(change: Change, part_kind: int) -> Effect | None:
    """Return the effect on a part when its parent changes: the same change, or None for a schema change of an immutable part."""
    return None if change == "schema" and part_kind in IMMUTABLE_KINDS else Effect.CHANGED


def reported_effect(change: Change, effect: Effect) -> Effect:
    """Return the effect to report. `CHANGED` (a changed part) becomes the effect that the kind of change has on it."""
    if effect != Effect.CHANGED:
        return effect
    return {"schema": Effect.BREAKS_NEXT_RUN, "retire": Effect.BREAKS_NOW}.get(change, Effect.TAINTED)
