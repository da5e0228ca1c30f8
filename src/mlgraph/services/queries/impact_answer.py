"""The answer to an impact query: affected assets with severity, effect and path, and the owners to notify."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from mlgraph.domain.timestamps import format_time
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.analysis import ImpactResult
from mlgraph.graph.impact.change_effects import Change, Effect
from mlgraph.graph.impact.predecessor_search import NOTHING
from mlgraph.graph.impact.severity import SEVERITIES
from mlgraph.graph.model.rows import Ints
from mlgraph.graph.response.json_rendering import owners_json
from mlgraph.graph.response.paging import CERTAINTY, page
from mlgraph.ports.store import FactReader
from mlgraph.services.queries.folding import Folding
from mlgraph.services.queries.names import claimants_of
from mlgraph.services.queries.scope import COLD_RUNS, Scope, cut, level_name

MAX_PATH_URIS: Final = 200_000
"""Most URIs in all paths of one answer: the paths to ten thousand assets along a chain would have fifty million."""


@dataclass(frozen=True, slots=True)
class ImpactListing:
    """All assets that an impact query lists, in order: `chosen` are their entries in `found`."""

    scope: Scope
    change: Change | None
    folding: Folding
    found: ImpactResult
    chosen: NDArray[np.int64]

    @classmethod
    def of(cls, scope: Scope, reader: FactReader, change: Change | None) -> ImpactListing:
        """Return the listing of a query; `change` None: everything reached, without effects."""
        folding = scope.folding(reader)
        found = folding.impact(change, scope.options.depth)
        return cls(scope, change, folding, found, np.flatnonzero(scope.lists(found.assets, found.certain)))

    @property
    def assets(self) -> Ints:
        """The listed assets."""
        return self.found.assets[self.chosen]

    @property
    def distances(self) -> Ints:
        """The distances of the listed assets."""
        return self.found.distances[self.chosen]

    def affected(self, start: int, stop: int) -> list[dict[str, Any]]:
        """Return the JSON objects of the listed assets from `start` to `stop`."""
        return _affected(self.scope.graph, self.found, self.chosen[start:stop])

    def by_severity(self) -> dict[str, int]:
        """Return how many of the listed assets have each severity."""
        counts = np.bincount(self.found.severities[self.chosen], minlength=len(SEVERITIES)).tolist()
        return dict(zip(SEVERITIES, counts, strict=True))

    def notify(self) -> orjson.Fragment:
        """Return the owners of the listed assets as JSON, each with its assets."""
        index = self.scope.graph.asset_index
        return owners_json(*index.owned(self.assets), index.uri_texts(self.assets))


def impact_answer(scope: Scope, reader: FactReader, change: Change | None) -> dict[str, Any]:
    """Return the answer as JSON; `change` None: everything reached, without effects."""
    graph, options = scope.graph, scope.options
    listing = ImpactListing.of(scope, reader, change)
    assets, distances = listing.assets, listing.distances
    shown = page(graph, assets, distances, options.limit, scope.after, scope.moment, path_budget=MAX_PATH_URIS)
    return {
        "root": graph.asset_index.uri(scope.root),
        "change": change,
        "ambiguous": claimants_of(graph, scope.root, scope.moment),
        "affected": listing.affected(shown.start, shown.stop),
        "by_severity": listing.by_severity(),
        "notify": listing.notify(),
        "as_of": format_time(scope.moment),
        "level": level_name(scope.level),
        "total": len(assets),
        **cut(shown.frontier, "limit" if shown.stop - shown.start == options.limit else "size"),
        "folded": listing.folding.summary(listing.found.hidden),
        "cold_runs": COLD_RUNS,
        "watermark": graph.watermark,
    }


def _affected(graph: GraphVersion, found: ImpactResult, entries: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return the JSON object of each entry of `found`."""
    asset_index, assets, distances = graph.asset_index, found.assets[entries], found.distances[entries]
    paths = [found.path(entry) for entry in entries.tolist()]
    uris = iter(asset_index.uris(np.concatenate([np.zeros(0, np.int32), *paths])))
    columns = (asset_index.kinds(assets), distances, found.severities[entries], found.effects[entries], found.certain[entries])
    named = asset_index.names_and_owners(assets)
    rows = zip(asset_index.uris(assets), named, paths, *(column.tolist() for column in columns), strict=True)
    return [
        {
            "uri": uri,
            "kind": KIND_NAMES[kind],
            "name": name,
            "distance": distance,
            "severity": SEVERITIES[severity],
            "effect": Effect(effect).word if effect != NOTHING else None,
            "certainty": CERTAINTY[certain],
            "owners": owners,
            "path": list(islice(uris, len(path))),
        }
        for uri, (name, owners), path, kind, distance, severity, effect, certain in rows
    ]
