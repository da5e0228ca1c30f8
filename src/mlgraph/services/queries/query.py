"""Facade of all queries of one server. Each answer has its watermark, and whether it is partial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, get_args

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.options.walk_options import DEFAULT_LIMIT, DEFAULTS, LevelName, WalkOptions, one_of
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import CHANGES
from mlgraph.graph.model.rows import COLUMN, Layer
from mlgraph.graph.noise.rules import Noise
from mlgraph.graph.response.paging import CERTAINTY, node_body
from mlgraph.graph.traversal.closures import DirectionName
from mlgraph.graph.traversal.small_closures import is_small_closure
from mlgraph.inference.walked_rules import WalkedRules
from mlgraph.ports.store import FactReader
from mlgraph.ports.usage import UncountedUsage, UsageReader, uncounted
from mlgraph.services.common.origin_names import Origins
from mlgraph.services.diff.diff_queries import DiffQueries
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.asset_details import AssetDetails
from mlgraph.services.queries.edges import EdgeQueries
from mlgraph.services.queries.export import export_lines
from mlgraph.services.queries.folding import UNFOLDED, Folding, PathStep
from mlgraph.services.queries.impact_answer import impact_answer
from mlgraph.services.queries.lineage_answer import lineage_answer
from mlgraph.services.queries.names import NameQueries
from mlgraph.services.queries.paged.closure_pages import ClosurePages
from mlgraph.services.queries.propagation import Propagations
from mlgraph.services.queries.resolver import Resolver, moment_of
from mlgraph.services.queries.scope import BOTH, COLD_RUNS, Scope, level_name, level_of


class Queries:
    """Answers queries from the latest published graph and from the store. Thread-safe.

    Answers are dicts ready for JSON. All methods raise `MlgraphError` only.
    """

    def __init__(
        self,
        reader: FactReader,
        follower: Follower,
        noise: Noise | None = None,
        usage: UsageReader | None = None,
        requested: Callable[[int], None] = uncounted,
    ) -> None:
        """`reader`: the store, for data that the graph does not contain. `noise` None: no answer hides anything.

        `requested` is called with the number of each asset that an answer is about.
        """
        self._reader = reader
        self._usage = usage or UncountedUsage()
        self._requested = requested
        self._rules = follower.rules
        self._noise = noise
        self._follower = follower
        self._resolver = Resolver(reader, follower)
        self._origins = Origins(reader, WalkedRules(follower.rules).origins)
        self.pages = ClosurePages(reader, self._resolver, self._origins, noise, requested)
        """Lineage and impact page by page, and states of many assets."""

    def wait_for(self, watermark: int, timeout_s: float = 10.0) -> None:
        """Return once answers include transaction `watermark`. Raises `Unavailable` after `timeout_s` seconds."""
        self._follower.wait_for(watermark, timeout_s)

    def reached(self, watermark: int) -> bool:
        """Return whether answers include transaction `watermark` already."""
        return self._follower.snapshot().watermark >= watermark

    def lineage(self, uri: str, options: WalkOptions = DEFAULTS) -> dict[str, Any]:
        """Return the assets upstream or downstream of an asset (docs/spec.md#http), with nodes and edges as JSON text."""
        scope = self._requested_scope(uri, options)
        return lineage_answer(scope, self._reader, self._origins.upto)

    def lineage_at_once(self, uri: str, options: WalkOptions = DEFAULTS) -> dict[str, Any] | None:
        """Return the answer of `lineage` if that takes about a millisecond without reading from the store; else None."""
        graph = self._follower.snapshot()
        dated = options.as_of is not None or options.cursor is not None
        if graph.asset_index.number(uri) is None or (dated and graph.aliases):
            return None  # may read the store: new transactions, or the asset that had the name then
        scope = self._scope(uri, options)
        if scope.level == Layer.RUN and scope.noise is not None and scope.noise.retries:
            return None  # may read the store for retried runs
        direction, *further = scope.directions
        if further or not is_small_closure(scope.graph, scope.root, direction, scope.level, scope.moment):
            return None
        try:
            body = lineage_answer(scope, self._reader, self._origins.cached, at_once=True)
        except LookupError:
            return None
        if options.cursor is None:
            self._requested(scope.root)
        return body

    def impact(self, uri: str, options: WalkOptions = DEFAULTS, *, change: str | None = None) -> dict[str, Any]:
        """Return the assets that a change of an asset affects (docs/spec.md#http)."""
        if options.direction != "downstream":
            raise InvalidInput("impact follows edges downstream only; use lineage for the other direction", pointer="direction")
        if change is not None and change not in CHANGES:
            raise InvalidInput(f"unknown change {change[:40]!r}; one of {', '.join(CHANGES)}", pointer="change")
        scope = self._requested_scope(uri, options)
        return impact_answer(scope, self._reader, change)  # type: ignore[arg-type] # it is one of CHANGES

    def path(
        self, source: str, target: str, *, level: LevelName | None = None, as_of: str | None = None, fold: bool = True
    ) -> dict[str, Any]:
        """Return the shortest path from `source` to `target`, downstream, or upstream if there is no downstream path."""
        graph = self._resolver.graph(source, target)
        moment = moment_of(as_of)
        start, end = self._resolver.asset(graph, source, moment), self._resolver.asset(graph, target, moment)
        self._requested(start)
        self._requested(end)
        if level is not None:
            one_of("level", level, get_args(LevelName))
        chosen = level_of(graph, start, level)
        found: Sequence[PathStep] = ()
        direction: DirectionName | None = None
        certain, folded, noise = False, UNFOLDED, self._noise if fold else None
        for candidate in BOTH:
            folding = Folding(self._reader, noise, graph, start, chosen, moment, always_shown=(end,))
            found, certain = folding.path(end, candidate)
            if found:
                direction, folded = candidate, folding.summary(folding.on_path)
                break
        return {
            "source": source,
            "target": target,
            "direction": direction,
            "level": level_name(chosen),
            "path": [_step(graph, step) for step in found],
            "certainty": CERTAINTY[certain] if found else None,
            "as_of": format_time(moment),
            "folded": folded,
            "cold_runs": COLD_RUNS,
            "watermark": graph.watermark,
        }

    def asset(self, uri: str, *, as_of: str | None = None, counted: bool = True) -> dict[str, Any]:
        """Return the state, relations, history, health and usage of an asset. `counted`: as a request about it."""
        graph = self._resolver.graph(uri)
        moment = moment_of(as_of)
        asset = self._resolver.asset(graph, uri, moment)
        if counted:
            self._requested(asset)
        return {**self._asset_details(graph).body(graph, asset, moment), "cold_runs": COLD_RUNS}

    def names(self, uri: str | None = None) -> dict[str, Any]:
        """Return the names of an asset over time and its ambiguous names; without `uri`, all ambiguous names."""
        graph = self._resolver.graph(uri)
        asset = self._resolver.number(graph, uri) if uri is not None else None
        return NameQueries(self._reader.at(graph.watermark)).body(graph, asset, clock.now_us())

    def why(self, source: str, relation: str, target: str, *, as_of: str | None = None) -> dict[str, Any]:
        """Return the origins of an edge with their validity intervals, and the premises of an inferred edge."""
        graph = self._resolver.graph(source, target)
        histories = EdgeQueries(self._reader.at(graph.watermark), self._rules)
        return {**histories.why(graph, source, relation, target, moment_of(as_of)), "cold_runs": COLD_RUNS}

    def diff(self, from_: str, to: str, uri: str | None = None, *, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """Return the differences between two moments: of everything, or of one asset (resolved at each moment) and its edges."""
        graph = self._resolver.graph(uri)
        before, after = moment_of(from_), moment_of(to)
        assets = [] if uri is None else sorted({self._resolver.asset(graph, uri, moment) for moment in (before, after)})
        differences = DiffQueries(self._reader.at(graph.watermark), graph, self._rules, before, after)
        return {**differences.body(assets, uri, limit), "cold_runs": COLD_RUNS}

    def live(self, service: str | None = None, *, team: str | None = None, as_of: str | None = None) -> dict[str, Any]:
        """Return the versions that serve one service, or every service, or those of a team."""
        graph = self._resolver.graph(service, team)
        moment = moment_of(as_of)
        asset = self._resolver.asset(graph, service, moment) if service is not None else None
        if asset is not None and graph.asset_index.kind(asset) != KINDS["service"].code:
            raise InvalidInput(f"{service} is not a service", pointer="service")
        if asset is not None:
            self._requested(asset)
        owner = graph.asset_index.uri(self._resolver.asset(graph, team, moment)) if team is not None else None
        return self._asset_details(graph).live(graph, asset, owner, moment)

    def propagation(
        self, uri: str, *, since: str, as_of: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return the workflows and assets downstream of an asset with their state since its change at `since`."""
        scope = self._scope(uri, WalkOptions(level="asset", as_of=as_of, fold=False, limit=limit, cursor=cursor))
        changed_at = parse_time(since)
        if changed_at > scope.moment:
            raise InvalidInput("since is after as_of: nothing can have been rebuilt yet", pointer="since")
        if scope.graph.asset_index.kind(scope.root) == COLUMN:
            raise InvalidInput("runs read complete datasets: request the propagation of the dataset of the column", pointer="uri")
        self._requested(scope.root)
        return Propagations(self._reader, scope.graph).body(scope.root, changed_at, scope.moment, limit, scope.after)

    def export(self) -> Iterator[bytes]:
        """Yield every source fact as an NDJSON line, in a stable order."""
        return export_lines(self._reader)

    def _requested_scope(self, uri: str, options: WalkOptions) -> Scope:
        """Return the scope of a request about an asset, and count it; further pages are parts of one request."""
        scope = self._scope(uri, options)
        if options.cursor is None:
            self._requested(scope.root)
        return scope

    def _scope(self, uri: str, options: WalkOptions) -> Scope:
        return Scope.of(self._resolver, uri, options, self._noise)

    def _asset_details(self, graph: GraphVersion) -> AssetDetails:
        return AssetDetails(self._reader.at(graph.watermark), self._rules, self._usage)


def _step(graph: GraphVersion, step: PathStep) -> dict[str, Any]:
    body = {**node_body(graph, step.asset), "relation": step.relation}
    return {**body, "folded": step.folded} if step.folded else body
