"""Scope of a closure query: its root asset, graph version, level, moment and options, resolved from the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mlgraph.domain.options.walk_options import LevelName, WalkOptions
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import Bools, Ints, Layer
from mlgraph.graph.noise.rules import Hidden, Noise
from mlgraph.graph.response.paging import Frontier
from mlgraph.graph.traversal.closures import DirectionName, is_run
from mlgraph.graph.traversal.noise_marks import SHOWN
from mlgraph.ports.store import FactReader
from mlgraph.services.queries.folding import Folding
from mlgraph.services.queries.resolver import Resolver, moment_of

COLD_RUNS: Final = 0
"""Deprecated, removed after 0.2.0: the number of runs that an answer read from the store, now always 0 (ADR 0025)."""
BOTH: Final[tuple[DirectionName, ...]] = ("downstream", "upstream")


@dataclass(frozen=True, slots=True)
class Scope:
    """A query about the closure of `root`: its options, resolved in the graph.

    `moment` is in microseconds; `kinds` are codes; `noise` None: nothing is hidden; `after`: end of the previous page.
    """

    graph: GraphVersion
    root: int
    level: Layer
    moment: int
    noise: Noise | None
    after: Frontier | None
    kinds: frozenset[int]
    options: WalkOptions

    @classmethod
    def of(cls, resolver: Resolver, uri: str, options: WalkOptions, noise: Noise | None) -> Scope:
        """Return the scope of a query. Raises `InvalidInput`, `UnknownAsset` and `Unavailable`."""
        graph = resolver.graph(uri)
        options.check()
        after = Frontier.decode(options.cursor) if options.cursor else None
        moment = moment_of(options.as_of) if options.as_of is not None or after is None else after.moment
        root = resolver.asset(graph, uri, moment)
        kinds = frozenset(KINDS[kind].code for kind in options.kinds)
        level = level_of(graph, root, options.level)
        return cls(graph, root, level, moment, noise if options.fold else None, after, kinds, options)

    @property
    def directions(self) -> tuple[DirectionName, ...]:
        """The directions of the traversal."""
        return BOTH if self.options.direction == "both" else (self.options.direction,)

    def folding(self, reader: FactReader) -> Folding:
        """Return the noise filter of the answer, without hidden assets yet."""
        return Folding(reader, self.noise, self.graph, self.root, self.level, self.moment)

    def lists(self, assets: Ints, certain: Bools, hidden: Hidden | None = None) -> Bools:
        """Return a flag for each asset: listed if not hidden and of a requested kind and certainty; the root always is."""
        listed = certain if self.options.certain else np.ones(len(assets), np.bool_)
        if hidden is not None:
            listed = listed & (hidden.marks[assets] == SHOWN)
        if self.kinds:
            listed = listed & np.isin(self.graph.asset_index.kinds(assets), list(self.kinds))
        shown: Bools = listed | (assets == self.root)
        return shown


def level_of(graph: GraphVersion, root: int, name: LevelName | None) -> Layer:
    """Return the level `name`; None: the run level if the root is a run, else the asset level."""
    if name is None:
        return Layer.RUN if is_run(graph, root) else Layer.ASSET
    return Layer.RUN if name == "run" else Layer.ASSET


def level_name(level: Layer) -> LevelName:
    """Return the name of a level in answers."""
    return "run" if level == Layer.RUN else "asset"


def cut(frontier: Frontier | None, reason: str = "limit") -> dict[str, Any]:
    """Return the paging fields of an answer; `frontier` None: the answer is complete."""
    if frontier is None:
        return {"partial": False, "reason": None, "frontier": None}
    return {"partial": True, "reason": reason, "frontier": frontier.encode()}
