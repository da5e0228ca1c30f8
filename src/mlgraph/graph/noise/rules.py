"""Noise rules: hide temporary and staging assets, by kind and name, and retried runs from answers (ADR 0022).

A hidden asset is *contracted*: its predecessors connect to its successors, and the hop to it has length 0. A failed run is
*excluded* if a later run covers all its inputs and outputs.
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
from mlgraph.graph.traversal.noise_marks import CONTRACTED, LEFT_OUT, NOTHING_HIDDEN, SHOWN

SHIPPED: Final = (
    NoiseRule("dbt-temporary", "dataset", re.compile(r".*__dbt_(tmp|backup)\d*", re.IGNORECASE | re.DOTALL)),
    NoiseRule("job-staging", "dataset", re.compile(r"(.*/)?(_temporary|\.(spark|hive)-staging[^/]*)(/.*)?", re.DOTALL)),
)
"""Tables that dbt builds before it renames them, and directories in which Hadoop, Spark and Hive write before they commit."""


_NO_RULE: Final = 0


class Noise:
    """The noise rules of a server. The result for an asset's name never changes, so it is cached."""

    def __init__(self, rules: Iterable[NoiseRule] = ()) -> None:
        """Combine the shipped rules with `rules`; a rule with the name of a shipped rule replaces it."""
        self.rules = tuple({rule.name: rule for rule in (*SHIPPED, *rules)}.values())
        self._of_kind: dict[int, list[tuple[int, re.Pattern[str]]]] = defaultdict(list)
        self.retries = 0
        """The number of the rule that excludes superseded runs (0: there is none)."""
        for number, rule in enumerate(self.rules, start=1):
            if rule.match is not None:
                self._of_kind[KINDS[rule.kind].code].append((number, rule.match))
            elif not self.retries:
                self.retries = number
        self._examined_runs = np.isin(np.arange(256), [*self._of_kind, COLUMN])
        self._known: NDArray[np.int16] = np.zeros(0, np.int16)
        """By asset, 1 + the number of the rule that hides it by its name (0: not computed yet)."""

    def of(self, asset_index: AssetIndex, assets: Ints) -> NDArray[np.int16]:
        """Return for each asset the number of the first rule that hides it by its name (0: none does).

        A column is hidden if its dataset is.
        """
        found = np.zeros(len(assets), np.int16)
        kinds = asset_index.kinds(assets)
        places = np.flatnonzero(self._examined_runs[kinds])
        if not len(places):
            return found
        examined = assets[places]
        columns = np.flatnonzero(kinds[places] == COLUMN)
        examined[columns] = [asset_index.dataset_of(column) for column in examined[columns].tolist()]
        known = self._with_room(len(asset_index))
        fresh = examined[known[examined] == 0]
        if len(fresh):
            fresh = np.unique(fresh)
        for asset, kind, uri in zip(fresh.tolist(), asset_index.kinds(fresh).tolist(), asset_index.uris(fresh), strict=True):
            known[asset] = 1 + self._rule_of(kind, unquote(uri.rpartition("/")[2]))
        found[places] = known[examined] - 1
        return found

    def _rule_of(self, kind: int, name: str) -> int:
        return next((number for number, match in self._of_kind.get(kind, ()) if match.fullmatch(name)), _NO_RULE)

    def _with_room(self, size: int) -> NDArray[np.int16]:
        """Return the cached results with an entry for each asset. A result that another thread adds meanwhile may be lost."""
        known = self._known
        if len(known) < size:
            grown = np.zeros(size * 9 // 8 + 1024, np.int16)
            grown[: len(known)] = known
            self._known = known = grown
        return known


class Hidden:
    """The assets that one answer hides: those that rules hide, except the assets that the query names."""

    def __init__(
        self,
        noise: Noise,
        graph: GraphVersion,
        shown: Callable[[], Iterable[int]],
        level: Layer,
        moment: int,
        memberships: RunMemberships,
    ) -> None:
        """Start with nothing hidden. The assets that `shown` returns are never hidden."""
        self._noise, self._graph, self._level, self._moment, self._memberships = noise, graph, level, moment, memberships
        self._shown = shown
        self._rule: dict[int, int] = {}
        self._runs: Ints = np.zeros(0, np.int32)
        self.marks: Bytes = NOTHING_HIDDEN
        """uint8[assets]: the mark of each examined asset; empty as long as nothing is hidden."""

    def examine(self, assets: Ints) -> None:
        """Mark those of `assets` that are hidden. Runs are compared with all runs that were examined before."""
        rules = self._noise.of(self._graph.asset_index, assets)
        places = np.flatnonzero(rules)
        self._hide(assets[places], rules[places].tolist(), CONTRACTED)
        if self._noise.retries and self._level == Layer.RUN:
            by_name = assets[places]
            self._examine_runs(np.setdiff1d(assets[self._graph.asset_index.kinds(assets) == RUN], by_name))

    def _examine_runs(self, runs: Ints) -> None:
        known = len(self._runs)
        self._runs = np.union1d(self._runs, runs)
        if len(self._runs) > known:
            again = retried_runs(self._graph, self._runs, self._moment, self._memberships)
            self._hide(again, [self._noise.retries] * len(again), LEFT_OUT)

    def _hide(self, assets: Ints, rules: list[int], mark: int) -> None:
        if not len(assets):
            return
        named = np.isin(assets, list(self._shown()))
        if named.all():
            return
        if not len(self.marks):
            self.marks = np.zeros(len(self._graph.asset_index), np.uint8)
        self.marks[assets[~named]] = mark
        self._rule.update(
            (asset, rule) for asset, rule, is_shown in zip(assets.tolist(), rules, named.tolist(), strict=True) if not is_shown
        )

    def counts_by_rule(self, assets: Ints) -> Mapping[str, int]:
        """Return, by name of the rule, the number of `assets` (without duplicates) that it hides."""
        if not len(self.marks):
            return {}
        by_rule = Counter(self._rule[asset] for asset in assets[self.marks[assets] != SHOWN].tolist())
        return {rule.name: by_rule[number] for number, rule in enumerate(self._noise.rules, start=1) if number in by_rule}
