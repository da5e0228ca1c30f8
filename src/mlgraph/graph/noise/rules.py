"""Noise: assets that nobody wants to see in an answer, by rules over kinds and names (ADR 0022).

A hidden asset is *passed over*: what leads to it leads to what it leads to, and the step to it counts nothing. A failed run whose
retry did all that it did is *left out*: the retry stands for it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.configuration import NoiseRule
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, RUN, Bytes, Ints, Layer
from mlgraph.graph.noise.superseded_runs import RunMemberships, retried_runs
from mlgraph.graph.traversal.visibility import CONTRACTED, LEFT_OUT, NOTHING_HIDDEN, SHOWN

SHIPPED: Final = (
    NoiseRule("dbt-temporary", "dataset", re.compile(r".*__dbt_(tmp|backup)\d*", re.IGNORECASE | re.DOTALL)),
    NoiseRule("job-staging", "dataset", re.compile(r"(.*/)?(_temporary|\.(spark|hive)-staging[^/]*)(/.*)?", re.DOTALL)),
)
"""What dbt builds a table in before it renames it, and directories in which Hadoop, Spark and Hive write before they commit."""


_NO_RULE: Final = 0


class Noise:
    """The rules of a server. What they say of an asset's name never changes, so that each is looked at once."""

    def __init__(self, rules: Iterable[NoiseRule] = ()) -> None:
        """Take the shipped rules and `rules`; one with the name of a shipped one replaces it."""
        self.rules = tuple({rule.name: rule for rule in (*SHIPPED, *rules)}.values())
        self._of_kind: dict[int, list[tuple[int, re.Pattern[str]]]] = defaultdict(list)
        self.retries = 0
        """The number of the rule that leaves out superseded runs (0: there is none)."""
        for number, rule in enumerate(self.rules, start=1):
            if rule.match is not None:
                self._of_kind[KINDS[rule.kind].code].append((number, rule.match))
            elif not self.retries:
                self.retries = number
        self._examined_runs = np.isin(np.arange(256), [*self._of_kind, COLUMN])
        self._known: NDArray[np.int16] = np.zeros(0, np.int16)
        """By asset, one more than the number of the rule that hides it by its name (0: not looked at yet)."""

    def of(self, registry: AssetIndex, assets: Ints) -> NDArray[np.int16]:
        """Return for each asset the number of the first rule that hides it by its name (0: none does).

        A column goes with its dataset.
        """
        found = np.zeros(len(assets), np.int16)
        kinds = registry.kinds(assets)
        places = np.flatnonzero(self._examined_runs[kinds])
        if not len(places):
            return found
        examined = assets[places]
        columns = np.flatnonzero(kinds[places] == COLUMN)
        examined[columns] = [registry.dataset_of(column) for column in examined[columns].tolist()]
        known = self._with_room(len(registry))
        fresh = examined[known[examined] == 0]
        if len(fresh):
            fresh = np.unique(fresh)
        for asset, kind, uri in zip(fresh.tolist(), registry.kinds(fresh).tolist(), registry.uris(fresh), strict=True):
            known[asset] = 1 + self._rule_of(kind, unquote(uri.rpartition("/")[2]))
        found[places] = known[examined] - 1
        return found

    def _rule_of(self, kind: int, name: str) -> int:
        return next((number for number, match in self._of_kind.get(kind, ()) if match.fullmatch(name)), _NO_RULE)

    def _with_room(self, size: int) -> NDArray[np.int16]:
        """Return what is known, with a place for each asset. What another thread finds out meanwhile may be found out again."""
        known = self._known
        if len(known) < size:
            grown = np.zeros(size * 9 // 8 + 1024, np.int16)
            grown[: len(known)] = known
            self._known = known = grown
        return known


class Hidden:
    """What one answer hides: all that rules hide, but for what it is asked about."""

    def __init__(
        self,
        noise: Noise,
        graph: GraphVersion,
        shown: Callable[[], Iterable[int]],
        level: Layer,
        moment: int,
        memberships: RunMemberships,
    ) -> None:
        """Hide nothing yet. What `shown` returns is never hidden."""
        self._noise, self._graph, self._level, self._moment, self._memberships = noise, graph, level, moment, memberships
        self._shown = shown
        self._rule: dict[int, int] = {}
        self._runs: Ints = np.zeros(0, np.int32)
        self.marks: Bytes = NOTHING_HIDDEN
        """What is done with each asset that was looked at (uint8[assets]); of no length as long as nothing is hidden."""

    def look_at(self, assets: Ints) -> None:
        """Find out which of `assets` are hidden; runs are judged together with all that were looked at before."""
        rules = self._noise.of(self._graph.registry, assets)
        places = np.flatnonzero(rules)
        self._hide(assets[places], rules[places].tolist(), CONTRACTED)
        if self._noise.retries and self._level == Layer.RUN:
            by_name = assets[places]
            self._look_at_runs(np.setdiff1d(assets[self._graph.registry.kinds(assets) == RUN], by_name))

    def _look_at_runs(self, runs: Ints) -> None:
        known = len(self._runs)
        self._runs = np.union1d(self._runs, runs)
        if len(self._runs) > known:
            again = retried_runs(self._graph, self._runs, self._moment, self._memberships)
            self._hide(again, [self._noise.retries] * len(again), LEFT_OUT)

    def _hide(self, assets: Ints, rules: list[int], mark: int) -> None:
        if not len(assets):
            return
        asked = np.isin(assets, list(self._shown()))
        if asked.all():
            return
        if not len(self.marks):
            self.marks = np.zeros(len(self._graph.registry), np.uint8)
        self.marks[assets[~asked]] = mark
        self._rule.update(
            (asset, rule) for asset, rule, is_shown in zip(assets.tolist(), rules, asked.tolist(), strict=True) if not is_shown
        )

    def counted(self, assets: Ints) -> Mapping[str, int]:
        """Return how many of `assets`, each given once, which rule hides."""
        if not len(self.marks):
            return {}
        by_rule = Counter(self._rule[asset] for asset in assets[self.marks[assets] != SHOWN].tolist())
        return {rule.name: by_rule[number] for number, rule in enumerate(self._noise.rules, start=1) if number in by_rule}
