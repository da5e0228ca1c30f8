"""Questions and answers: lineage, impact, paths. Each answer says which transaction it is of, and whether it was cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput, Unavailable, UnknownAsset
from mlgraph.domain.times import format_time, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KIND_NAMES, KINDS
from mlgraph.graph.answer import CERTAINTY, Frontier, node_body, page
from mlgraph.graph.brief import is_brief
from mlgraph.graph.drawing import edges_between
from mlgraph.graph.effects import CHANGES, Effect
from mlgraph.graph.impact import Impact
from mlgraph.graph.noise import SHOWN, Hidden, Noise
from mlgraph.graph.render import edges_json, nodes_json, owners_json
from mlgraph.graph.rows import COLUMN, Bools, Ints, Layer
from mlgraph.graph.severity import SEVERITIES
from mlgraph.graph.snapshot import Snapshot
from mlgraph.graph.trails import NOTHING
from mlgraph.graph.walk import DirectionName, Reached, is_run
from mlgraph.inference.rules import NO_RULES, Rules
from mlgraph.ports.store import FactReader
from mlgraph.services.asset_card import AssetCards
from mlgraph.services.differences import Differences
from mlgraph.services.edges import EdgeHistories
from mlgraph.services.export import export_lines
from mlgraph.services.facts_at import bearer_of
from mlgraph.services.folding import UNFOLDED, Folding, PathStep
from mlgraph.services.follow import Follower
from mlgraph.services.names import Names
from mlgraph.services.origins import OriginNames, Origins
from mlgraph.services.propagation import Propagations

DEFAULT_LIMIT: Final = 10_000
MAX_PATH_URIS: Final = 200_000
"""How many URIs the paths of one answer may hold together: ten thousand assets far down a chain would make fifty million."""
UNKNOWN_WAIT_S: Final = 2.0
"""How long a question about something unknown waits for what is written and not in the graph yet, in seconds."""
COLD_RUNS: Final = 0
"""Deprecated, and gone in the release after 0.2.0: how many runs an answer read from the store, which none does (ADR 0025)."""
BOTH: Final[tuple[DirectionName, ...]] = ("downstream", "upstream")
DIRECTIONS: Final = (*BOTH, "both")
LEVELS: Final = ("asset", "run")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question about a closure asks for, checked."""

    graph: Snapshot
    root: int
    direction: str
    level: Layer
    moment: int
    depth: int | None
    kinds: frozenset[int]
    certain: bool
    noise: Noise | None
    limit: int
    after: Frontier | None

    def folding(self, reader: FactReader) -> Folding:
        """Return what the answer hides, nothing so far."""
        return Folding(reader, self.noise, self.graph, self.root, self.level, self.moment)

    def lists(self, assets: Ints, certain: Bools, hidden: Hidden | None = None) -> Bools:
        """Say of each asset whether it is listed: not hidden, of a kind and certainty that was asked for; the root always is."""
        listed = certain if self.certain else np.ones(len(assets), np.bool_)
        if hidden is not None:
            listed = listed & (hidden.marks[assets] == SHOWN)
        if self.kinds:
            listed = listed & np.isin(self.graph.registry.kinds(assets), list(self.kinds))
        shown: Bools = listed | (assets == self.root)
        return shown


class Queries:
    """Answers questions from the graph as last published, and from the store."""

    def __init__(self, reader: FactReader, follower: Follower, rules: Rules = NO_RULES, noise: Noise | None = None) -> None:
        """Ask `reader` for what the graph does not hold. `noise` None: no answer hides anything."""
        self._reader = reader
        self._rules = rules
        self._noise = noise
        self._follower = follower
        self._origins = Origins(reader)

    def wait_for(self, watermark: int, timeout_s: float = 10.0) -> None:
        """Return once answers include transaction `watermark`. Raises `Unavailable` after `timeout_s` seconds."""
        self._follower.wait_for(watermark, timeout_s)

    def reached(self, watermark: int) -> bool:
        """Say whether answers include transaction `watermark` already."""
        return self._follower.snapshot().watermark >= watermark

    def lineage(  # noqa: PLR0913 - one parameter for each of the contract's
        self, uri: str, *, direction: str = "downstream", depth: int | None = None, kinds: Sequence[str] = (),
        level: str | None = None, as_of: str | None = None, certain: bool = False, fold: bool = True,
        limit: int = DEFAULT_LIMIT, cursor: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return what lies upstream or downstream of an asset (CONTRACT, lineage), nodes and edges as JSON already."""
        scope = self._scope(uri, direction, depth, kinds, level, as_of, certain=certain, fold=fold, limit=limit, cursor=cursor)
        return self._lineage(scope, self._origins.upto)

    def lineage_at_once(  # noqa: PLR0913 - one parameter for each of the contract's
        self, uri: str, *, direction: str = "downstream", depth: int | None = None, kinds: Sequence[str] = (),
        level: str | None = None, as_of: str | None = None, certain: bool = False, fold: bool = True,
        limit: int = DEFAULT_LIMIT, cursor: str | None = None,
    ) -> dict[str, Any] | None:  # fmt: skip
        """Return the same as `lineage`, if that takes about a millisecond and asks nothing of the store; else None."""
        graph = self._follower.snapshot()
        if graph.registry.number(uri) is None or ((as_of is not None or cursor is not None) and graph.aliases):
            return None  # the store may have to be asked: what is written, what bore the name then
        scope = self._scope(uri, direction, depth, kinds, level, as_of, certain=certain, fold=fold, limit=limit, cursor=cursor)
        direction = scope.direction
        if scope.level == Layer.RUN and scope.noise is not None and scope.noise.retries:
            return None  # the store may have to be asked
        if direction == "both" or not is_brief(scope.graph, scope.root, direction, scope.level, scope.moment):  # type: ignore[arg-type]
            return None
        try:
            return self._lineage(scope, self._origins.kept)
        except LookupError:
            return None

    def _lineage(self, scope: Scope, origins_upto: Callable[[int], OriginNames]) -> dict[str, Any]:
        folding = scope.folding(self._reader)
        walks = folding.walks(_directions(scope), scope.depth)
        every, assets, distances, sure = _union(scope, list(walks.values()), folding.hidden)
        if len(walks) > 1 and scope.depth is not None and not sure.all():
            # a way that is certain throughout may lead there in the other direction, and be longer than the depth
            whole = folding.walks(_directions(scope), None).values()
            sure = np.isin(assets, np.concatenate([reached.assets[reached.certain] for reached in whole]))
        shown = page(scope.graph, assets, distances, scope.limit, scope.after, scope.moment)
        chosen = slice(shown.start, shown.stop)
        listed, hops, are_sure = assets[chosen], distances[chosen], sure[chosen]
        if not (listed == scope.root).any():  # the root is on every page
            listed = np.concatenate([np.array([scope.root], np.int32), listed])
            hops, are_sure = np.concatenate([np.zeros(1, np.int32), hops]), np.concatenate([np.ones(1, np.bool_), are_sure])
        registry = scope.graph.registry
        uris = registry.uri_texts(listed)
        drawn = edges_between(
            scope.graph, scope.level, scope.moment, walks, listed, lambda upto: origins_upto(upto).rank, folding.hidden
        )
        origins = origins_upto(int(drawn.origins.max(initial=0)))
        return {
            "root": registry.uri(scope.root), "direction": scope.direction, "level": _level_name(scope.level),
            "as_of": format_time(scope.moment),
            "nodes": nodes_json(uris, registry.name_texts(listed, uris), registry.kinds(listed), hops, are_sure),
            "edges": edges_json(uris, drawn, origins.names),
            "total": len(assets), **_cut(shown.frontier), "folded": folding.told(every), "cold_runs": COLD_RUNS,
            "watermark": scope.graph.watermark,
        }  # fmt: skip

    def impact(  # noqa: PLR0913 - one parameter for each of the contract's
        self, uri: str, *, change: str | None = None, direction: str = "downstream", depth: int | None = None,
        kinds: Sequence[str] = (), level: str | None = None, as_of: str | None = None, certain: bool = False, fold: bool = True,
        limit: int = DEFAULT_LIMIT, cursor: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return what a change to an asset hurts (CONTRACT, impact)."""
        if direction != "downstream":
            raise InvalidInput("impact looks downstream alone; ask lineage for the other direction", pointer="direction")
        if change is not None and change not in CHANGES:
            raise InvalidInput(f"unknown change {change[:40]!r}; one of {', '.join(CHANGES)}", pointer="change")
        scope = self._scope(uri, direction, depth, kinds, level, as_of, certain=certain, fold=fold, limit=limit, cursor=cursor)
        folding = scope.folding(self._reader)
        found = folding.impact(change, scope.depth)  # type: ignore[arg-type]
        chosen = np.flatnonzero(scope.lists(found.assets, found.certain))
        assets, distances, registry = found.assets[chosen], found.distances[chosen], scope.graph.registry
        shown = page(scope.graph, assets, distances, scope.limit, scope.after, scope.moment, path_budget=MAX_PATH_URIS)
        entries = chosen[shown.start : shown.stop]
        counts = np.bincount(found.severities[chosen], minlength=len(SEVERITIES)).tolist()
        return {
            "root": registry.uri(scope.root), "change": change, "affected": _affected(scope, found, entries),
            "by_severity": dict(zip(SEVERITIES, counts, strict=True)),
            "notify": owners_json(*registry.owned(assets), registry.uri_texts(assets)),
            "as_of": format_time(scope.moment), "level": _level_name(scope.level), "total": len(assets),
            **_cut(shown.frontier, "limit" if shown.stop - shown.start == scope.limit else "size"),
            "folded": folding.told(found.hidden), "cold_runs": COLD_RUNS, "watermark": scope.graph.watermark,
        }  # fmt: skip

    def path(
        self, source: str, target: str, *, level: str | None = None, as_of: str | None = None, fold: bool = True
    ) -> dict[str, Any]:
        """Return the shortest path from `source` to `target`; against the flow, where none leads with it."""
        graph = self._graph(source, target)
        moment = moment_of(as_of)
        start, end = self._bearer(graph, source, moment), self._bearer(graph, target, moment)
        chosen = _level(graph, start, level)
        found: Sequence[PathStep] = ()
        direction: DirectionName | None = None
        certain, folded, noise = False, UNFOLDED, self._noise if fold else None
        for tried in BOTH:
            folding = Folding(self._reader, noise, graph, start, chosen, moment, also=(end,))
            found, certain = folding.path(end, tried)
            if found:
                direction, folded = tried, folding.told(folding.on_path)
                break
        return {
            "source": source, "target": target, "direction": direction, "level": _level_name(chosen),
            "path": [_step(graph, step) for step in found],
            "certainty": CERTAINTY[certain] if found else None, "as_of": format_time(moment),
            "folded": folded, "cold_runs": COLD_RUNS, "watermark": graph.watermark,
        }  # fmt: skip

    def asset(self, uri: str, *, as_of: str | None = None) -> dict[str, Any]:
        """Return an asset with its relations and history."""
        graph = self._graph(uri)
        moment = moment_of(as_of)
        asset = self._bearer(graph, uri, moment)
        body = AssetCards(self._reader.at(graph.watermark), self._rules).body(graph, asset, moment)
        return {**body, "cold_runs": COLD_RUNS}

    def names(self, uri: str | None = None) -> dict[str, Any]:
        """Return which names an asset has had, and which names lead to several assets."""
        graph = self._graph(uri)
        asset = self._known(graph, uri) if uri is not None else None
        return Names(self._reader.at(graph.watermark)).body(graph, asset, clock.now_us())

    def why(self, source: str, relation: str, target: str, *, as_of: str | None = None) -> dict[str, Any]:
        """Return who says that an edge holds, since when, and on what ground."""
        graph = self._graph(source, target)
        histories = EdgeHistories(self._reader.at(graph.watermark), self._rules)
        return {**histories.why(graph, source, relation, target, moment_of(as_of)), "cold_runs": COLD_RUNS}

    def diff(self, from_: str, to: str, uri: str | None = None, *, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """Return what differs between two moments: of everything, or of one asset and its edges, by the names it had at each."""
        graph = self._graph(uri)
        before, after = moment_of(from_), moment_of(to)
        assets = [] if uri is None else sorted({self._bearer(graph, uri, before), self._bearer(graph, uri, after)})
        differences = Differences(self._reader.at(graph.watermark), graph, self._rules, before, after)
        return {**differences.body(assets, uri, limit), "cold_runs": COLD_RUNS}

    def live(self, service: str | None = None, *, as_of: str | None = None) -> dict[str, Any]:
        """Return which versions serve which service."""
        graph = self._graph(service)
        moment = moment_of(as_of)
        asset = self._bearer(graph, service, moment) if service is not None else None
        if asset is not None and graph.registry.kind(asset) != KINDS["service"].code:
            raise InvalidInput(f"{service} is not a service", pointer="service")
        return AssetCards(self._reader.at(graph.watermark), self._rules).live(graph, asset, moment)

    def propagation(
        self, uri: str, *, since: str, as_of: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> dict[str, Any]:
        """Return who has rebuilt since an asset changed at `since`, who still runs on the old, who failed."""
        scope = self._scope(uri, "downstream", None, (), "asset", as_of, certain=False, fold=False, limit=limit, cursor=cursor)
        changed_at = parse_time(since)
        if changed_at > scope.moment:
            raise InvalidInput("since is after the moment that is asked for: nothing can have followed yet", pointer="since")
        if scope.graph.registry.kind(scope.root) == COLUMN:
            raise InvalidInput("runs read whole datasets: ask for the propagation of the column's dataset", pointer="uri")
        return Propagations(self._reader, scope.graph).body(scope.root, changed_at, scope.moment, limit, scope.after)

    def export(self) -> Iterator[bytes]:
        """Yield every source fact as an NDJSON line, in a stable order."""
        return export_lines(self._reader)

    def _graph(self, *uris: str | None) -> Snapshot:
        """Return the graph as last published; where it does not know one of `uris`, once all that is written is in it."""
        graph = self._follower.snapshot()
        unknown = [uri for uri in uris if uri is not None and graph.registry.number(uri) is None]
        for uri in unknown:
            AssetUri.parse(uri)
        if unknown and (written := self._reader.last_tx()) > graph.watermark:
            try:
                self._follower.wait_for(written, UNKNOWN_WAIT_S)
            except Unavailable:
                raise Unavailable(
                    f"{unknown[0][:300]} is not known so far, and not all that is written can be asked about yet: "
                    f"answers are of watermark {graph.watermark}, {written} is written; try again"
                ) from None
            graph = self._follower.snapshot()
        return graph

    def _known(self, graph: Snapshot, text: str) -> int:
        AssetUri.parse(text)
        asset = graph.registry.number(text)
        if asset is not None:
            return asset
        raise UnknownAsset(f"{text[:300]} has never been heard of, as an asset or in an edge; mlgraph export lists what has")

    def _bearer(self, graph: Snapshot, text: str, moment: int) -> int:
        return bearer_of(self._reader.at(graph.watermark), graph, self._known(graph, text), moment)

    def _scope(  # noqa: PLR0913 - one parameter for each of the contract's
        self, uri: str, direction: str, depth: int | None, kinds: Sequence[str], level: str | None, as_of: str | None,
        *, certain: bool, fold: bool, limit: int, cursor: str | None,
    ) -> Scope:  # fmt: skip
        graph = self._graph(uri)
        _one_of("direction", direction, DIRECTIONS)
        for kind in kinds:
            _one_of("kind", kind, KINDS)
        if depth is not None and depth < 0:
            raise InvalidInput("depth must not be negative", pointer="depth")
        if limit < 1:
            raise InvalidInput("limit must be at least 1", pointer="limit")
        after = Frontier.decode(cursor) if cursor else None
        moment = moment_of(as_of) if as_of is not None or after is None else after.moment
        codes = frozenset(KINDS[kind].code for kind in kinds)
        root = self._bearer(graph, uri, moment)
        noise = self._noise if fold else None
        return Scope(graph, root, direction, _level(graph, root, level), moment, depth, codes, certain, noise, limit, after)


def moment_of(text: str | None) -> int:
    """Return the moment that `text` names, in microseconds; now, where it is None."""
    return clock.now_us() if text is None else parse_time(text)


def _directions(scope: Scope) -> tuple[DirectionName, ...]:
    return BOTH if scope.direction == "both" else (scope.direction,)  # type: ignore[return-value] # it is one of the two


def _affected(scope: Scope, found: Impact, entries: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return what the answer says of each entry."""
    registry, assets, distances = scope.graph.registry, found.assets[entries], found.distances[entries]
    ways = [found.path(entry) for entry in entries.tolist()]
    uris = iter(registry.uris(np.concatenate([np.zeros(0, np.int32), *ways])))
    columns = (registry.kinds(assets), distances, found.severities[entries], found.effects[entries], found.certain[entries])
    said = registry.names_and_owners(assets)
    rows = zip(registry.uris(assets), said, ways, *(column.tolist() for column in columns), strict=True)
    return [
        {
            "uri": uri, "kind": KIND_NAMES[kind], "name": name, "distance": distance, "severity": SEVERITIES[severity],
            "effect": Effect(effect).word if effect != NOTHING else None, "certainty": CERTAINTY[certain],
            "owners": owners, "path": list(islice(uris, len(way))),
        }
        for uri, (name, owners), way, kind, distance, severity, effect, certain in rows
    ]  # fmt: skip


def _union(scope: Scope, walks: Sequence[Reached], hidden: Hidden | None) -> tuple[Ints, Ints, Ints, Bools]:
    """Return all assets of one or two walks; then those to list in order, with least distances and whether any is certain."""
    assets, distances, certain = walks[0].assets, walks[0].distances, walks[0].certain
    if len(walks) > 1:
        both = np.concatenate([reached.assets for reached in walks])
        hops = np.concatenate([reached.distances for reached in walks])
        sure = np.concatenate([reached.certain for reached in walks])
        nearest = np.argsort(hops, kind="stable")
        assets, first = np.unique(both[nearest], return_index=True)
        distances, certain = hops[nearest][first], np.isin(assets, both[sure])
    every, chosen = assets, scope.lists(assets, certain, hidden)
    assets, distances, certain = assets[chosen], distances[chosen], certain[chosen]
    order = scope.graph.registry.sort(assets, distances)
    return every, assets[order], distances[order], certain[order]


def _step(graph: Snapshot, step: PathStep) -> dict[str, Any]:
    body = {**node_body(graph, step.asset), "relation": step.relation}
    return {**body, "folded": step.folded} if step.folded else body


def _level(graph: Snapshot, root: int, level: str | None) -> Layer:
    if level is None:
        return Layer.RUN if is_run(graph, root) else Layer.ASSET
    _one_of("level", level, LEVELS)
    return Layer.RUN if level == "run" else Layer.ASSET


def _level_name(level: Layer) -> str:
    return "run" if level == Layer.RUN else "asset"


def _one_of(name: str, value: str, allowed: Iterable[str]) -> None:
    if value not in allowed:
        raise InvalidInput(f"unknown {name} {value[:40]!r}; one of {', '.join(allowed)}", pointer=name)


def _cut(frontier: Frontier | None, reason: str = "limit") -> dict[str, Any]:
    return {
        "partial": frontier is not None, "reason": reason if frontier else None,
        "frontier": frontier.encode() if frontier else None,
    }  # fmt: skip
