"""One page of a ranked list of assets, with counts by kind and team of what it leaves out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import Bytes, Ints
from mlgraph.graph.traversal.teams import NO_TEAM, TeamNumbers, Teams

Counts = dict[str, int]
_POSITION: Final = re.compile(r"[0-9]{1,10}\.-?[0-9]{1,19}", re.ASCII)
NO_OWNER: Final = "nobody"
"""In place of a team: the asset has none."""


class PagePosition(NamedTuple):
    """The end of a page: the number of its last asset, and the moment of the query, so that all pages show one state."""

    asset: int
    moment: int

    def encode(self) -> str:
        """Return the text that callers pass back as `next`."""
        return f"{self.asset}.{self.moment}"

    @classmethod
    def decode(cls, text: str) -> PagePosition:
        """Return the position that `encode` wrote. Raises `InvalidInput` for any other text."""
        if not _POSITION.fullmatch(text):
            raise InvalidInput("next must be the `next` of an earlier answer, unchanged; omit it to start again", pointer="next")
        asset, _, moment = text.partition(".")
        return cls(int(asset), int(moment))


@dataclass(frozen=True, slots=True)
class RankedAssets:
    """Assets in the order of an answer: parallel arrays of numbers, kinds, distances and teams."""

    graph: GraphVersion
    moment: int
    assets: Ints
    distances: Ints
    kinds: Bytes
    teams: TeamNumbers
    labels: Sequence[str]
    """`NO_OWNER`, then the label of each team: its name in its URI; the URI, where two teams have one name."""

    @classmethod
    def of(cls, graph: GraphVersion, moment: int, assets: Ints, distances: Ints) -> RankedAssets:
        """Return assets with their kinds and teams."""
        teams = Teams(graph, moment).of(assets)
        names = [AssetUri.parse(uri).name for uri in teams.uris]
        repeated = {name for name, count in Counter(names).items() if count > 1} | {NO_OWNER}
        labels = [uri if name in repeated else name for uri, name in zip(teams.uris, names, strict=True)]
        return cls(graph, moment, assets, distances, graph.asset_index.kinds(assets), teams, [NO_OWNER, *labels])

    def by_kind(self, chosen: slice = slice(None)) -> Counts:
        """Return the number of assets of each kind, the most frequent first."""
        counts = np.bincount(self.kinds[chosen], minlength=1)
        return _ordered({KIND_NAMES[code]: int(counts[code]) for code in np.flatnonzero(counts).tolist()})

    def by_team(self, chosen: slice = slice(None)) -> Counts:
        """Return the number of assets of each team by its label, the most frequent first; `NO_OWNER` for assets without one."""
        counts = np.bincount(self.teams.number[chosen] - NO_TEAM, minlength=1)
        return _ordered({self.labels[place]: int(counts[place]) for place in np.flatnonzero(counts).tolist()})

    def team(self, place: int) -> str:
        """Return the label of the team of the asset at a position."""
        return self.labels[int(self.teams.number[place]) - NO_TEAM]

    def taken(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> RankedAssets:
        """Return the chosen assets, in that order."""
        teams = self.teams._replace(number=self.teams.number[chosen])
        return replace(self, assets=self.assets[chosen], distances=self.distances[chosen], kinds=self.kinds[chosen], teams=teams)

    def start_after(self, after: PagePosition | None) -> int:
        """Return the position after the asset of `after`. Raises `InvalidInput` if the list does not contain it."""
        if after is None:
            return 0
        found = np.flatnonzero(self.assets == after.asset)
        if not len(found):
            raise InvalidInput("next belongs to another query: repeat the call that returned it, or omit next to start again")
        return int(found[0]) + 1


@dataclass(frozen=True, slots=True)
class RankedPage:
    """The entries of `ranked` from `start` on, as far as they were built; the caller decides how many of them it returns."""

    ranked: RankedAssets
    start: int
    entries: Sequence[dict[str, Any]]

    @property
    def total(self) -> int:
        """The number of assets on all pages."""
        return len(self.ranked.assets)

    def left_out(self, returned: int) -> dict[str, Any]:
        """Return how many assets come after the first `returned` entries: in total, by kind and by team."""
        rest = slice(self.start + returned, None)
        return {
            "total": self.total - self.start - returned,
            "by_kind": self.ranked.by_kind(rest),
            "by_team": self.ranked.by_team(rest),
        }

    def next(self, returned: int) -> str | None:
        """Return the cursor that continues after the first `returned` entries; None at the end."""
        last = self.start + returned - 1
        if last + 1 >= self.total or returned == 0:
            return None
        return PagePosition(int(self.ranked.assets[last]), self.ranked.moment).encode()


def _ordered(counts: Counts) -> Counts:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
