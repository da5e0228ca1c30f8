"""What a scene shows at its moment: which assets are in the closure, which of them count, with effect and severity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlgraph.graph.impact.predecessor_search import NOTHING
from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs
from mlgraph.services.queries.impact_answer import ImpactListing
from mlgraph.services.queries.lineage_answer import LineageListing
from mlgraph.services.queries.scene.scene_layout import SceneLayout

NO_SEVERITY = 255


@dataclass(frozen=True, slots=True)
class Contents:
    """Arrays of one entry an asset of the scene.

    `present`: it is in the closure; `counted`: it is in `total` (with a change: it is affected, or the root). `effects` are codes
    of `Effect` or `NOTHING`, `severities` indexes of `SEVERITIES` or `NO_SEVERITY`; distances of absent assets are 0.
    `before`: it was in the closure at the earlier moment; None: nothing is compared.
    """

    present: Bools
    counted: Bools
    effects: Bytes
    severities: Bytes
    certain: Bools
    distances: Ints
    before: Bools | None = None

    @classmethod
    def of(
        cls,
        scene: SceneLayout,
        lineage: LineageListing,
        impact: ImpactListing | None,
        earlier: LineageListing | None = None,
    ) -> Contents:
        """Return the contents of a scene; `impact` None: of a lineage, compared with an `earlier` one if there is one."""
        size = len(scene.assets)
        present, certain = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        distances = np.zeros(size, np.int32)
        effects, severities = np.full(size, NOTHING, np.uint8), np.full(size, NO_SEVERITY, np.uint8)
        places = scene.positions_of(lineage.assets)
        present[places], certain[places], distances[places] = True, lineage.certain, lineage.distances
        if impact is None:
            before = None if earlier is None else np.zeros(size, np.bool_)
            if before is not None and earlier is not None:
                before[scene.positions_of(earlier.assets)] = True
            return cls(present, present, effects, severities, certain, distances, before)
        counted = np.zeros(size, np.bool_)
        places, chosen, found = scene.positions_of(impact.assets), impact.chosen, impact.found
        counted[places] = present[places] = counted[scene.root] = True
        certain[places], distances[places] = found.certain[chosen], found.distances[chosen]
        effects[places], severities[places] = found.effects[chosen], found.severities[chosen]
        return cls(present, counted, effects, severities, certain, distances)

    def compared(self, members: Longs | None = None) -> dict[str, int] | None:
        """Return how many of `members`, or of all, appeared, are gone and the same since the earlier moment."""
        if self.before is None:
            return None
        now, before = (each if members is None else each[members] for each in (self.counted, self.before))
        both = int((now & before).sum())
        return {"appeared": int(now.sum()) - both, "gone": int(before.sum()) - both, "same": both}
