"""Naive model of docs/spec.md#4-pairs: the input that a name in a lineage facet means."""

from __future__ import annotations

from collections.abc import Iterable

from mlgraph.domain.uri import AssetUri


def matched(name: AssetUri, inputs: Iterable[AssetUri]) -> AssetUri | None:
    """Return the input that a name means: itself, or the only one that ends in it or of which it is a partition; else None."""
    known = set(inputs)
    if name in known:
        return name
    fitting = [
        one
        for one in known
        if (one.kind, one.namespace) == (name.kind, name.namespace)
        and (one.name.endswith((f".{name.name}", f"/{name.name}")) or is_partition(name.name, one.name))
    ]
    return fitting[0] if len(fitting) == 1 else None


def is_partition(name: str, table: str) -> bool:
    """Return whether `name` is `table` with one or more `key=value` segments behind it."""
    if not name.startswith(f"{table}/"):
        return False
    return all(key and equals for key, equals, _ in (part.partition("=") for part in name.removeprefix(f"{table}/").split("/")))
