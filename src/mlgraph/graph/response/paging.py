"""Paging: selects the entries that an answer lists, in order, and encodes the cursor of the next page."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import Ints

CERTAINTY: Final = {True: "certain", False: "possible"}


@dataclass(frozen=True, slots=True)
class Frontier:
    """The end of a page: the last listed node, and the moment of the query, so that all pages show one state."""

    distance: int
    uri: str
    moment: int

    def encode(self) -> str:
        """Return the opaque text that callers pass back as `cursor`."""
        return base64.urlsafe_b64encode(json.dumps([self.distance, self.uri, self.moment]).encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Frontier:
        """Return the frontier that `encode` wrote. Raises `InvalidInput` for any other text."""
        try:
            distance, uri, moment = json.loads(base64.urlsafe_b64decode(text.encode()))
            if [*map(type, (distance, uri, moment))] == [int, str, int]:
                format_time(moment)  # fails for a moment that is none
                return cls(distance, uri, moment)
        except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
            pass
        raise InvalidInput("cursor is not a frontier: pass the `frontier` of an earlier answer unchanged, or omit `cursor`")


class AnswerPage(NamedTuple):
    """The slice of an answer's ordered entries to list, and where to continue if more remain."""

    start: int
    stop: int
    frontier: Frontier | None


def page(
    graph: GraphVersion,
    assets: Ints,
    distances: Ints,
    limit: int,
    after: Frontier | None,
    moment: int,
    *,
    path_budget: int | None = None,
) -> AnswerPage:
    """Return the page of `assets` (in order, with their distances) after `after`, of at most `limit` entries.

    With a `path_budget`, the page also ends before the paths of its entries together contain more assets than that; it always has
    at least one entry.
    """
    start = 0
    if after is not None:
        where = range(int(np.searchsorted(distances, after.distance)), int(np.searchsorted(distances, after.distance, "right")))
        start = where.start + bisect_right(where, after.uri, key=lambda entry: graph.asset_index.uri(int(assets[entry])))
    stop = min(start + limit, len(assets))
    if path_budget is not None:
        stop = start + entries_within(distances[start:stop], path_budget)
    if stop == len(assets):
        return AnswerPage(start, stop, None)
    return AnswerPage(start, stop, Frontier(int(distances[stop - 1]), graph.asset_index.uri(int(assets[stop - 1])), moment))


def entries_within(distances: Ints, path_budget: int) -> int:
    """Return how many entries have paths with at most `path_budget` assets together; at least one, if there is one."""
    fitting = int(np.searchsorted(np.cumsum(distances.astype(np.int64) + 1), path_budget, "right"))
    return min(len(distances), max(1, fitting))


def node_body(graph: GraphVersion, asset: int) -> dict[str, Any]:
    """Return URI, kind and name of an asset, as in every answer."""
    asset_index = graph.asset_index
    return {"uri": asset_index.uri(asset), "kind": KIND_NAMES[asset_index.kind(asset)], "name": asset_index.name(asset)}
