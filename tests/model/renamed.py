"""Naive model of facts under aliased names. The resolution of names is given."""

from __future__ import annotations

from collections.abc import Callable

from mlgraph.domain.facts import ANY_ORIGIN, AssetFact, AssetRetraction, EdgeFact, Fact
from mlgraph.domain.uri import AssetUri
from tests.model.naive import NaiveGraph
from tests.model.records import Assets, Endings, Triple, asserted_by, lasting_ends

ResolveName = Callable[[AssetUri, int], AssetUri]
TargetsOf = Callable[[AssetUri], set[AssetUri]]


class RenamedEndings(Endings):
    """Endings that include retractions of an end under another name that denoted the same asset until then."""

    def __init__(self, facts: list[Fact], assets: Assets, at: ResolveName, targets_of: TargetsOf) -> None:
        super().__init__(facts, assets)
        self._at = at
        self._targets_of = targets_of

    def all(self, triple: Triple, origin: str) -> list[int]:
        return self.explicit(triple, origin) + [moment for end in lasting_ends(triple) for moment in self.of(end, origin)]

    def of(self, asset: AssetUri, origin: str) -> list[int]:
        """Return the times at which retractions of an asset end edges of `origin`."""
        found: list[int] = []
        for name in self._targets_of(asset):
            own = [asserted_by(r.valid_to) for r in self.assets.retractions if r.uri == name and r.origin in (origin, ANY_ORIGIN)]
            moments = (*own, *self.assets.endings_of_all(name))
            found += [m for m in moments if name == asset or self._at(name, m - 1) == self._at(asset, m - 1)]
        return found


class RenamedGraph(NaiveGraph):
    """A naive graph whose facts retain the names under which they were reported."""

    def __init__(self, facts: list[Fact], at: ResolveName, targets_of: TargetsOf) -> None:
        facts = [fact for fact in facts if not _is_rename(fact, facts)]
        assets = Assets(facts)
        self.endings_of = RenamedEndings(facts, assets, at, targets_of)
        super().__init__(facts, self.endings_of)
        self.at = at
        self._merged: dict[int, Assets] = {}

    def merged(self, t: int) -> Assets:
        """Return the assets at `t`, each with the facts of all its names at that time."""
        if t not in self._merged:
            asserted = [fact for fact in self.facts if isinstance(fact, AssetFact | AssetRetraction)]
            self._merged[t] = Assets([fact._replace(uri=self.at(fact.uri, t)) for fact in asserted])
        return self._merged[t]


def _is_rename(fact: Fact, facts: list[Fact]) -> bool:
    """Return whether a retraction only marks that its asset continues under another name."""
    if not isinstance(fact, AssetRetraction):
        return False
    starts = {
        other.valid_from
        for other in facts
        if isinstance(other, EdgeFact) and other.relation == "alias_of" and other.source == fact.uri
        if other.properties.get("decision") != "apart"
    }
    return fact.valid_to in starts or asserted_by(fact.valid_to) + 1 in starts
