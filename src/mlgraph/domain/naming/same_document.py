"""The names that one document of one tool gives to one thing, and names of what has neither a location nor a stable id."""

from __future__ import annotations

from collections.abc import Iterable

from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.uri import AssetUri


def named_together(asset: AssetUri, names: Iterable[AssetUri | None], origin: str, at: int | None) -> list[EdgeFact]:
    """Return the aliases of an asset that one document of one tool names twice, such as a table and the file behind it.

    `names` of other kinds than the asset, and None, are left out; `at` is in microseconds since the epoch.
    """
    others = dict.fromkeys(name for name in names if name is not None and name != asset and name.kind == asset.kind)
    return [EdgeFact(name, "alias_of", asset, origin, at) for name in others]


def private_name(name: str, digest: str) -> str:
    """Return the name of a thing without location and stable id, within its source: its content decides what it is."""
    return f"{name}@{digest}"
