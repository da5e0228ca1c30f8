"""Why an edge holds, and what differs between two moments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, Final

from mlgraph.domain import budget
from mlgraph.domain.errors import InvalidInput, NotFound
from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord, asset_intervals, state_at
from mlgraph.domain.times import format_end, format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATION_NAMES, RELATIONS
from mlgraph.domain.wire import check_edge
from mlgraph.graph.answer import node_body
from mlgraph.graph.naming import bearer
from mlgraph.graph.relations import Span, spans_at, spans_everywhere
from mlgraph.graph.rows import ALIAS_OF, INPUT_TO, OUTPUTS, RUN, RUN_OF, WORKFLOW, Layer
from mlgraph.graph.snapshot import Snapshot
from mlgraph.inference.evaluation import Inferred
from mlgraph.inference.rules import Rules
from mlgraph.ports.store import FactReader
from mlgraph.services.aliases import intervals_under_names
from mlgraph.services.facts_at import UNWALKED, is_told_by, records_of
from mlgraph.services.inferred import Because, InferredEdges

MAX_RUNS: Final = 20
_BETWEEN_CHECKS: Final = 5000
_LAYERS: Final = (Layer.ASSET, Layer.RUN, Layer.ASSET_COLUMNS, Layer.RUN_COLUMNS, Layer.STRUCTURE)
_DIFF_LAYERS: Final = (Layer.ASSET, Layer.ASSET_COLUMNS, Layer.STRUCTURE)

Triple = tuple[int, int, int]


class EdgeHistories:
    """Answers about single edges over time."""

    def __init__(self, reader: FactReader, rules: Rules) -> None:
        self._reader = reader
        self._rules = rules

    def why(self, graph: Snapshot, source: str, relation: str, target: str, moment: int) -> dict[str, Any]:
        """Return each origin's records of an edge. Raises `NotFound` if nobody ever said that it holds."""
        check_edge(AssetUri.parse(source), relation, AssetUri.parse(target))
        triple = self._asked(graph, source, relation, target, moment)
        spans = [span for span in spans_at(graph, triple[0], _LAYERS, out=True, into=False) if span.triple == triple]
        sources, targets = _names_of_ends(graph, triple)
        told = [edge for edge in self._reader.edges_from(sources, [triple[1]]) if edge.target in targets]
        records = [edge for edge in told if edge.mode != Mode.RETRACT]
        runs = self._reports(graph, triple)
        inferred = InferredEdges(self._reader, graph, self._rules).between(triple)
        if not (spans or records or inferred):
            raise NotFound(
                f"nobody ever said that {source} {relation} {target}, and no rule infers it; "
                "mlgraph show lists what is said of either"
            )
        plain = not spans or (len(runs) == len(records) and not any(_computed(graph, record) for record in records))
        origins = self._plain(graph, triple, told) if plain else self._told(graph, spans, runs)
        origins += [record for because in inferred for record in because.origins()]
        best = min(inferred, key=lambda because: _nearness(because, moment), default=None)
        shown_at = best.shown_at(moment) if best is not None else None
        return {
            "source": source, "relation": relation, "target": target, "as_of": format_time(moment),
            "holds": any(_holds(origin, moment) for origin in origins),
            "origins": [{key: value for key, value in origin.items() if key not in ("start", "end")} for origin in origins],
            "rule": best.rule.name if best is not None else None,
            "path": best.path(shown_at) if best is not None and shown_at is not None else [],
            "path_as_of": format_time(shown_at) if shown_at is not None else None, "watermark": graph.watermark,
        }  # fmt: skip

    def _asked(self, graph: Snapshot, source: str, relation: str, target: str, moment: int) -> Triple:
        """Return the edge asked for, between the assets that its ends stand for; one that says what is an alias, as it is."""
        ends = (graph.registry.number(source) or 0, graph.registry.number(target) or 0)
        if relation != "alias_of":
            told = partial(is_told_by, self._reader)
            ends = (bearer(graph, ends[0], moment, told), bearer(graph, ends[1], moment, told))
        return ends[0], RELATIONS[relation].code, ends[1]

    def _told(self, graph: Snapshot, spans: Iterable[Span], runs: list[EdgeRecord]) -> list[dict[str, Any]]:
        origins = self._reader.origins()
        listed = []
        for span in sorted(set(spans), key=lambda span: (origins[span.origin], span.start)):
            said = [run for run in runs if run.origin == span.origin and span.start <= run.valid_from < span.end]
            entry = self._entry(origins[span.origin], span.start, span.end, graph, said)
            listed.append({**entry, "properties": _united(said)})
        return listed

    def _plain(self, graph: Snapshot, triple: Triple, records: list[EdgeRecord]) -> list[dict[str, Any]]:
        """Return what was said of an edge, for as long as its ends stood for those that it is asked for between."""
        origins = self._reader.origins()
        listed = [each for each in intervals_under_names(self._reader, graph.aliases, records) if each[0] == triple]
        listed.sort(key=lambda each: (origins[each[1].record.origin], each[1].start))
        return [
            {
                **self._entry(origins[i.record.origin], i.start, i.end, None, [i.record]),
                "properties": _said(i.record, i.properties),
            }
            for _, i in listed
        ]

    def _entry(self, origin: str, start: int, end: int, graph: Snapshot | None, said: list[EdgeRecord]) -> dict[str, Any]:
        first = min(said, key=lambda record: (record.tx, record.valid_from), default=None)
        told = self._reader.told([first.tx]).get(first.tx) if first else None
        events = self._reader.events([first.event]) if first and first.event else {}
        runs: list[str] = []
        if graph is not None:
            latest = sorted(said, key=lambda record: record.valid_from, reverse=True)
            named = dict.fromkeys(run for record in latest if (run := _run_of(graph, record)))
            runs = [graph.registry.uri(run) for run in named]
        return {
            "origin": origin, "valid_from": format_time(start), "valid_to": format_end(end),
            "recorded_at": format_time(told.recorded_at) if told else None, "actor": told.actor if told else None,
            "event": events.get(first.event) if first else None, "runs": runs[:MAX_RUNS], "runs_total": len(runs),
            "start": start, "end": end,
        }  # fmt: skip

    def _reports(self, graph: Snapshot, triple: Triple) -> list[EdgeRecord]:
        """Return what was said of the edge itself, and for a workflow's what its runs reported."""
        source, relation, target = triple
        sources, targets = _names_of_ends(graph, triple)
        said = self._reader.edges_from(sources, [relation])
        own = [record for record in said if record.target in targets and record.mode != Mode.RETRACT]
        owner = target if relation == INPUT_TO else source
        if relation not in (INPUT_TO, OUTPUTS) or not owner or graph.registry.kind(owner) != WORKFLOW:
            return own
        owners = targets if relation == INPUT_TO else sources
        runs = {edge.source for edge in self._reader.edges_into(owners, [RUN_OF]) if edge.mode != Mode.RETRACT}
        if relation == INPUT_TO:
            said = [edge for edge in self._reader.edges_from(sources, [INPUT_TO]) if edge.target in runs]
        else:
            said = [edge for edge in self._reader.edges_into(targets, [OUTPUTS]) if edge.source in runs]
        return own + [edge for edge in said if edge.mode != Mode.RETRACT]

    def diff(self, graph: Snapshot, before: int, after: int, assets: Collection[int] | None, limit: int) -> dict[str, Any]:
        """Return assets and edges that differ between two moments: of these assets, inferred ones too, or of all that is told.

        The first of the assets is the one that was asked for; another one that bore its name before may follow.
        """
        if limit < 1:
            raise InvalidInput("limit must be at least 1", pointer="limit")
        changes = self._asset_changes(graph, before, after, assets)
        found = [InferredEdges(self._reader, graph, self._rules).of(each) for each in assets or ()]
        inferred = [edge for each in found for edge in each.edges]
        edges = self._edge_changes(graph, before, after, assets, inferred)
        too_many = "limit" if len(changes) + len(edges) > limit else None
        cut = too_many or next((each.cut for each in found if each.cut), None)
        kept = changes[:limit]
        asked = next((graph.registry.uri(asset) for asset in assets or ()), None)
        return {
            "from": format_time(before), "to": format_time(after), "uri": asked,
            "assets": kept, "edges": edges[: limit - len(kept)], "total": len(changes) + len(edges),
            "partial": cut is not None, "reason": cut, "watermark": graph.watermark,
        }  # fmt: skip

    def _asset_changes(self, graph: Snapshot, before: int, after: int, assets: Iterable[int] | None) -> list[dict[str, Any]]:
        if assets is not None:
            records = ((asset, self._reader.asset_records([asset])) for asset in assets)
        else:
            records = ((row.asset, said) for row, said, _ in self._reader.stream() if row.asset < len(graph.registry))
        changes = []
        for number, said in records:
            old, new = self._states(graph, number, said, (before, after))
            if old != new:
                word = "added" if old is None else "removed" if new is None else "changed"
                changes.append({**node_body(graph, number), "change": word, "before": old, "after": new})
        return sorted(changes, key=lambda change: str(change["uri"]))

    def _states(
        self, graph: Snapshot, asset: int, own: list[AssetRecord], moments: tuple[int, int]
    ) -> list[dict[str, Any] | None]:
        """Return the state of an asset at each moment: what is said of all its names then, and none while it names another."""
        if len(graph.aliases.led_to(asset)) == 1 and not graph.aliases.is_alias(asset):
            intervals = asset_intervals(own)
            return [state_at(intervals, moment) for moment in moments]
        names = [graph.aliases.named(asset, moment) for moment in moments]
        return [
            state_at(asset_intervals(records_of(self._reader, standing, graph.aliases)), moment)
            for standing, moment in zip(names, moments, strict=True)
        ]

    def _edge_changes(
        self, graph: Snapshot, before: int, after: int, assets: Iterable[int] | None, inferred: Iterable[Inferred]
    ) -> list[dict[str, Any]]:
        held: dict[Triple, list[bool]] = {}
        told = ((span.triple, span.start, span.end) for span in self._spans(graph, assets))
        by_rules = ((edge.triple, *span) for edge in inferred for span in edge.held.spans)
        for number, (triple, start, end) in enumerate(chain(told, by_rules)):
            if number % _BETWEEN_CHECKS == 0:
                budget.check()
            marks = held.setdefault(triple, [False, False])
            marks[0] = marks[0] or start <= before < end
            marks[1] = marks[1] or start <= after < end
        uri = graph.registry.uri
        changes = [
            {
                "source": uri(source), "relation": RELATION_NAMES[relation], "target": uri(target),
                "change": "added" if new else "removed",
            }
            for (source, relation, target), (old, new) in held.items() if old != new
        ]  # fmt: skip
        return sorted(changes, key=lambda change: (change["source"], change["relation"], change["target"]))

    def _spans(self, graph: Snapshot, assets: Iterable[int] | None) -> Iterator[Span]:
        if assets is None:
            for layer in _DIFF_LAYERS:
                yield from spans_everywhere(graph, layer)
            for _, _, leading in self._reader.stream():
                yield from self._unwalked(graph, [edge for edge in leading if edge.relation in UNWALKED])
            return
        for asset in assets:
            yield from spans_at(graph, asset, _LAYERS, out=True, into=True)
            names = graph.aliases.led_to(asset)
            unwalked = (*self._reader.edges_from(names, UNWALKED), *self._reader.edges_into(names, UNWALKED))
            yield from (span for span in self._unwalked(graph, unwalked) if span.triple[1] == ALIAS_OF or asset in span.triple)

    def _unwalked(self, graph: Snapshot, records: Collection[EdgeRecord]) -> Iterator[Span]:
        for triple, interval in intervals_under_names(self._reader, graph.aliases, records) if records else ():
            yield Span(triple, interval.record.origin, interval.start, interval.end)


def _names_of_ends(graph: Snapshot, triple: Triple) -> tuple[set[int], set[int]]:
    """Return the names under which an edge may have been told; one that says what is an alias is told as it is."""
    if triple[1] == ALIAS_OF:
        return {triple[0]}, {triple[2]}
    return graph.aliases.led_to(triple[0]), graph.aliases.led_to(triple[2])


def _nearness(because: Because, moment: int) -> tuple[bool, int, str]:
    """Order rules that infer an edge: those by which it holds at `moment` first, then by how near they were to it."""
    shown_at = because.shown_at(moment)
    return shown_at != moment, abs(moment - shown_at), because.rule.name


def _run_of(graph: Snapshot, record: EdgeRecord) -> int:
    owner = record.target if record.relation == INPUT_TO else record.source
    seen_by = record.by or owner
    return seen_by if graph.registry.kind(seen_by) == RUN else 0


def _computed(graph: Snapshot, record: EdgeRecord) -> bool:
    """Say whether an edge's intervals follow from more than its own records and retractions: run level, declarations, columns."""
    owner = record.target if record.relation == INPUT_TO else record.source
    reported = record.relation in (INPUT_TO, OUTPUTS) and graph.registry.kind(owner) == RUN
    return reported or record.mode == Mode.DECLARED or record.by is not None


def _united(records: Iterable[EdgeRecord]) -> dict[str, Any]:
    """Return what records of one origin say of an edge together: where they differ, the latest decides."""
    properties: dict[str, Any] = {}
    for record in sorted(records, key=lambda record: record.valid_from):
        properties.update(_said(record, record.properties))
    return properties


def _said(record: EdgeRecord, properties: Mapping[str, Any]) -> dict[str, Any]:
    keyed = (("role", record.role), ("version", record.version))
    return {**properties, **{key: value for key, value in keyed if value}}


def _holds(origin: Mapping[str, Any], moment: int) -> bool:
    return bool(origin["start"] <= moment < origin["end"])
