"""The input that a name in a lineage facet means (docs/spec.md#4-pairs)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from mlgraph.domain.uri import AssetUri

_Parts = tuple[str, str, str]


class NameMatcher:
    """Finds the one input that a name means: itself, else the only one that ends in the name or of which it is a partition."""

    def __init__(self, inputs: Iterable[AssetUri]) -> None:
        """Match names against `inputs`."""
        self._exact: dict[_Parts, AssetUri] = {}
        self._by_suffix: dict[_Parts, set[AssetUri]] = defaultdict(set)
        for uri in inputs:
            self._exact[uri.kind, uri.namespace, uri.name] = uri
            for suffix in _suffixes(uri.name):
                self._by_suffix[uri.kind, uri.namespace, suffix].add(uri)

    def match(self, name: AssetUri) -> AssetUri | None:
        """Return the input that `name` means; None if none or several may be meant."""
        kind, namespace = name.kind, name.namespace
        exact = self._exact.get((kind, namespace, name.name))
        if exact is not None:
            return exact
        found = set(self._by_suffix.get((kind, namespace, name.name), ()))
        found.update(table for text in _tables_of(name.name) if (table := self._exact.get((kind, namespace, text))) is not None)
        return found.pop() if len(found) == 1 else None


def _suffixes(name: str) -> Iterator[str]:
    """Yield what follows each dot and slash of a name."""
    for place, char in enumerate(name):
        if char in "./" and place + 1 < len(name):
            yield name[place + 1 :]


def _tables_of(name: str) -> Iterator[str]:
    """Yield the names of which `name` is a Hive-style partition: without some of the `key=value` segments at its end."""
    rest, slash, segment = name.rpartition("/")
    while slash and "=" in segment and not segment.startswith("="):
        yield rest
        rest, slash, segment = rest.rpartition("/")
