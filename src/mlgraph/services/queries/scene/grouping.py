"""The groups of assets that are the rows of a scene: teams, kinds, platforms, namespaces or environments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

import numpy as np

from mlgraph.domain.naming.systems import platform_of
from mlgraph.domain.options.scene_options import GroupingName
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import Bytes, Ints
from mlgraph.graph.traversal.teams import NO_TEAM, Teams
from mlgraph.ports.store import FactReader
from mlgraph.services.history.environments import environments_of

LAST_MOMENT: Final = FOREVER - 1
"""Rows do not depend on the moment that a scene shows: memberships are the latest known, as owners are."""
_LEAST_WITH_TEAM: Final = 0.5
"""With a smaller share of assets that have a team, the rows are namespaces by default."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """The group of each asset: `number` int32[n] in `keys`, which are in order; an asset without a group has the last one, "".

    `names` and `uris` (of teams) are those of the groups.
    """

    by: GroupingName
    number: Ints
    keys: Sequence[str]
    names: Sequence[str]
    uris: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class NamespaceNumbers:
    """The namespaces of assets: `number` int32[n] in `texts`, percent-encoded."""

    number: Ints
    texts: Sequence[str]


def grouped_by(
    by: GroupingName | None,
    graph: GraphVersion,
    reader: FactReader,
    assets: Ints,
    kinds: Bytes,
    namespaces: NamespaceNumbers,
    moment: int = LAST_MOMENT,
) -> Grouping:
    """Return the groups of assets; `by` None: teams, or namespaces where less than half of the assets have a team.

    Memberships in teams are those of `moment`.
    """
    if by is None or by == "team":
        teams = _teams(graph, assets, moment)
        known = teams.number < len(teams.keys) - ("" in teams.keys)
        if by == "team" or known.mean() >= _LEAST_WITH_TEAM:
            return teams
        by = "namespace"
    if by == "kind":
        return _of_texts(by, kinds.astype(np.int32), KIND_NAMES.__getitem__, "no kind")
    if by == "environment":
        found = environments_of(reader.at(graph.watermark), graph, assets.tolist())
        texts = [found.get(asset, "") for asset in assets.tolist()]
        distinct = sorted(set(texts))
        number = np.array([distinct.index(text) for text in texts], np.int32)
        return _of_texts(by, number, distinct.__getitem__, "no environment")
    decoded = [unquote(text) for text in namespaces.texts]
    if by == "namespace":
        return _of_texts(by, namespaces.number, decoded.__getitem__, "no namespace")
    platforms = [platform_of(text) or "" for text in decoded]
    return _of_texts(by, namespaces.number, platforms.__getitem__, "no platform")


def _teams(graph: GraphVersion, assets: Ints, moment: int) -> Grouping:
    found = Teams(graph, moment).of(assets)
    index = graph.asset_index
    keys, names, uris = list(found.uris), [], list[str | None](found.uris)
    for uri in found.uris:
        team = index.number(uri)
        names.append(uri if team is None else index.name(team))
    number = found.number.copy()
    if (number == NO_TEAM).any():
        number[number == NO_TEAM] = len(keys)
        keys, names, uris = [*keys, ""], [*names, "nobody"], [*uris, None]
    return Grouping("team", number, keys, names, uris)


def _of_texts(by: GroupingName, values: Ints, text_of: Callable[[int], str], without: str) -> Grouping:
    """Return groups by the texts of values; the empty text, the last group, has the name `without`."""
    distinct, place = np.unique(values, return_inverse=True)
    texts = [text_of(value) for value in distinct.tolist()]
    keys = sorted(set(texts), key=lambda text: (text == "", text))
    number = np.array([keys.index(text) for text in texts], np.int32)[place]
    return Grouping(by, number.astype(np.int32), keys, [key or without for key in keys], [None] * len(keys))
