"""Assets that names in files mean: by the end of their names, as in lineage facets (docs/spec.md#4-pairs)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlgraph.changesets.definitions import Target
from mlgraph.domain.naming.name_matching import name_endings
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.csr.text.name_endings import ending_in, last_word
from mlgraph.graph.model.rows import Layer

MAX_MATCHES: Final = 100
"""Assets of one name that are taken into account: a name that more assets end in, such as `data`, says nothing."""


@dataclass(frozen=True, slots=True)
class Match:
    """The assets that a name may mean, by URI; `certain` has at most one, which it does mean.

    That is the only one that the name fits, or the only one whose complete name it is. `total` counts before `MAX_MATCHES`.
    """

    assets: tuple[int, ...]
    certain: frozenset[int]
    total: int


class AssetMatcher:
    """Finds assets of one graph version by the names in files, as of `moment` (microseconds)."""

    def __init__(self, graph: GraphVersion, moment: int) -> None:
        self._graph = graph
        self._moment = moment

    def matches(self, targets: Collection[Target]) -> dict[Target, Match]:
        """Return what each target means; without an entry where no asset has such a name."""
        wanted = [target for target in targets if target.uri is None]
        by_word = self._by_word(wanted)
        found: dict[Target, Match] = {}
        for target in targets:
            match = self._exact(target) if target.uri is not None else self._best(target, by_word)
            if match is not None:
                found[target] = match
        return found

    def columns(self, dataset: int) -> dict[str, int]:
        """Return the known columns of a dataset, under all its names, by lower-case name."""
        index = self._graph.asset_index
        found: dict[str, int] = {}
        for name in self._graph.aliases.names_at(dataset, self._moment) or [dataset]:
            for column in index.columns_of(name):
                field = field_of_column(AssetUri.parse(index.uri(column))).lower()
                found.setdefault(field, self._graph.aliases.at(column, self._moment))
        return found

    def _exact(self, target: Target) -> Match | None:
        number = self._graph.asset_index.number(target.uri or "")
        return None if number is None else _sure(self._graph.aliases.at(number, self._moment))

    def _by_word(self, targets: Collection[Target]) -> Mapping[tuple[int, str], list[int]]:
        """Return the assets of the wanted kinds by kind and the last word of their name."""
        graph, base = self._graph, self._graph.asset_index.base
        words = {last_word(_encoded(name)) for target in targets for name in target.names}
        kinds = np.zeros(256, np.bool_)
        kinds[[KINDS[target.kind].code for target in targets]] = True
        numbers = ending_in(base.uris, base.kind, kinds, words).tolist() if targets else []
        fresh = (each for each in range(base.assets, len(graph.asset_index)) if kinds[graph.asset_index.kind(each)])
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        for asset in (*numbers, *(fresh if targets else ())):
            word = last_word(graph.asset_index.uri(asset))
            if word in words:
                found[graph.asset_index.kind(asset), word].append(asset)
        return found

    def _best(self, target: Target, by_word: Mapping[tuple[int, str], list[int]]) -> Match | None:
        """Return the assets with the first of the target's names that any has: complete, or at the end of theirs."""
        graph, kind = self._graph, KINDS[target.kind].code
        for name in target.names:
            wanted = _dotted(name)
            named: dict[int, str] = {}
            for asset in by_word.get((kind, last_word(_encoded(name))), ()):
                full = _dotted(AssetUri.parse(graph.asset_index.uri(asset)).name)
                if full == wanted or wanted in name_endings(full):
                    named[graph.aliases.at(asset, self._moment)] = full
            used = {asset for asset in named if self._is_used(asset)} or set(named)
            chosen = _of_qualifier(target, {asset: named[asset] for asset in used})
            if chosen:
                exact = frozenset(asset for asset in chosen if named[asset] == wanted)
                certain = frozenset(chosen) if len(chosen) == 1 else exact if len(exact) == 1 else frozenset()
                ordered = sorted(chosen, key=lambda asset: (asset not in certain, graph.asset_index.uri(asset)))
                return Match(tuple(ordered[:MAX_MATCHES]), frozenset() if name in target.also else certain, len(ordered))
        return None

    def _is_used(self, asset: int) -> bool:
        """Return whether an asset has a state or lineage now: a deleted one is not meant if there is another."""
        graph = self._graph
        if not graph.asset_index.stateless(np.array([asset], np.int32))[0]:
            return True
        node = graph.find(asset)
        view = graph.views[Layer.ASSET]
        return node is not None and any(
            next(rows.rows_of(node, self._moment), None) is not None for rows in (view.out, view.into)
        )


def _of_qualifier(target: Target, named: Mapping[int, str]) -> Collection[int]:
    """Return of several assets those before whose name the qualifier stands, also as the end of a word (`dev_marts.orders`)."""
    if not target.qualifier or len(named) < 2:
        return named.keys()
    ending = _dotted(f"{target.qualifier}.{target.name}")
    return {asset for asset, name in named.items() if name.endswith(ending)} or named.keys()


def _sure(asset: int) -> Match:
    return Match((asset,), frozenset({asset}), 1)


def _dotted(name: str) -> str:
    """Return a name as names are compared: in lower case, with dots for slashes."""
    return name.lower().replace("/", ".")


def _encoded(name: str) -> str:
    """Return a name as URIs have it."""
    return str(AssetUri("dataset", "n", name.replace("\0", "") or "-")).rpartition("/")[2]
