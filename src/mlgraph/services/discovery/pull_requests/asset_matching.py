"""Assets that names in files mean, by their complete name or the end of it (docs/naming.md#names-in-commands)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from mlgraph.changesets.definitions import Target
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.services.queries.asset_names import AssetNames

MAX_MATCHES: Final = 20
"""A name that more assets end in, such as `data`, says nothing: it means the one whose complete name it is, or none."""


@dataclass(frozen=True, slots=True)
class Match:
    """The assets that a name may mean, by URI; `certain` has at most one, which it does mean.

    That is the only one that the name fits, or the only one whose complete name it is. `assets` is empty if the name fits more
    than `MAX_MATCHES`; `total` counts all.
    """

    assets: tuple[int, ...]
    certain: frozenset[int]
    total: int


class AssetMatcher:
    """Finds assets of one graph version by the names in files, as of `moment` (microseconds)."""

    def __init__(self, names: AssetNames, graph: GraphVersion, moment: int) -> None:
        self._names = names
        self._graph = graph
        self._moment = moment

    def matches(self, targets: Collection[Target]) -> dict[Target, Match]:
        """Return what each target means; without an entry where no asset has such a name."""
        found = {target: self._exact(target) if target.uri is not None else self._best(target) for target in targets}
        return {target: match for target, match in found.items() if match is not None}

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
        return None if number is None else _only(self._graph.aliases.at(number, self._moment))

    def _best(self, target: Target) -> Match | None:
        """Return the assets with the first of the target's names that any has: complete, or at the end of theirs."""
        for name in target.names:
            named: dict[int, bool] = {}
            for spelling in dict.fromkeys((name, name.replace(".", "/"))):
                for asset, is_complete in self._names.of_kind(self._graph, spelling, target.kind).items():
                    named[asset] = named.get(asset, False) or is_complete
            chosen = self._of_qualifier(target, named)
            if chosen:
                complete = frozenset(asset for asset, is_complete in chosen.items() if is_complete)
                certain = frozenset(chosen) if len(chosen) == 1 else complete if len(complete) == 1 else frozenset()
                meant = chosen if len(chosen) <= MAX_MATCHES else certain
                ordered = sorted(meant, key=self._graph.asset_index.uri)
                return Match(tuple(ordered), frozenset() if name in target.also else certain, len(chosen))
        return None

    def _of_qualifier(self, target: Target, named: Mapping[int, bool]) -> Mapping[int, bool]:
        """Return of several assets those whose name has the qualifier before, also as the end of a word (`dev_marts.orders`)."""
        if not target.qualifier or len(named) < 2:
            return named
        ending = _dotted(f"{target.qualifier}.{target.name}")
        full = {asset: AssetUri.parse(self._graph.asset_index.uri(asset)).name for asset in named}
        return {asset: found for asset, found in named.items() if _dotted(full[asset]).endswith(ending)} or named


def _only(asset: int) -> Match:
    return Match((asset,), frozenset({asset}), 1)


def _dotted(name: str) -> str:
    """Return a name in lower case, with dots for slashes."""
    return name.lower().replace("/", ".")
