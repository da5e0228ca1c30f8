"""Explanation of one edge: its origins, validity intervals, provenance, and the path of an inferred edge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from mlgraph.domain.errors import NotFound
from mlgraph.domain.fact_json import check_edge
from mlgraph.domain.facts import Mode
from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import format_end, format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import ALIAS_OF, COLUMN, INPUT_TO, OUTPUTS, PART_OF, RUN, RUN_OF, WORKFLOW, Layer
from mlgraph.graph.traversal.edge_spans import Span, spans_at
from mlgraph.inference.rules import Rules
from mlgraph.ports.store import FactReader
from mlgraph.services.history.alias_table import intervals_under_names
from mlgraph.services.history.asserted_facts import executed_workflows, resolve_name_with_store
from mlgraph.services.history.display_attributes import OWNED_BY
from mlgraph.services.inference.inferred_edges import Explanation, InferredEdges, record_of
from mlgraph.services.inference.premise_reader import PremiseReader
from mlgraph.services.queries.lineage_reports import lineage_reports
from mlgraph.services.queries.resolver import unknown_asset_text

MAX_RUNS: Final = 20
_LAYERS: Final = (Layer.ASSET, Layer.RUN, Layer.ASSET_COLUMNS, Layer.RUN_COLUMNS, Layer.STRUCTURE)

Triple = tuple[int, int, int]


class EdgeQueries:
    """Explanations of single edges over time."""

    def __init__(self, reader: FactReader, rules: Rules) -> None:
        self._reader = reader
        self._rules = rules

    def why(self, graph: GraphVersion, source: str, relation: str, target: str, moment: int) -> dict[str, Any]:
        """Return the records of an edge by origin. Raises `NotFound` if the edge was never asserted or inferred."""
        check_edge(AssetUri.parse(source), relation, AssetUri.parse(target))
        triple = self._resolved(graph, source, relation, target, moment)
        every = spans_at(graph, triple[0], _LAYERS, out=True, into=False)
        spans = _contiguous(span for span in every if span.triple == triple)
        sources, targets = _names_of_ends(graph, triple)
        asserted = [edge for edge in self._reader.edges_from(sources, [triple[1]]) if edge.target in targets]
        records = [edge for edge in asserted if edge.mode != Mode.RETRACT]
        runs = self._reports(graph, triple)
        inferred = InferredEdges(self._reader, graph, self._rules).between(triple)
        named = self._named_owner(graph, triple)
        if not (spans or records or inferred or named):
            raise NotFound(_not_found_text(graph, source, relation, target))
        nested = triple[1] == PART_OF and graph.asset_index.kind(triple[0]) == COLUMN  # schemas list it, perhaps besides facts
        is_computed = any(_computed(graph, record) for record in records)
        is_asserted = not is_computed and (not spans or (not nested and len(runs) == len(records)))
        origins = self._asserted_origins(graph, triple, asserted) if is_asserted else self._reported_origins(graph, spans, runs)
        origins += [*named, *(record for explanation in inferred for record in explanation.origins())]
        best = min(inferred, key=lambda explanation: _distance(explanation, moment), default=None)
        shown_at = best.shown_at(moment) if best is not None else None
        return {
            "source": source,
            "relation": relation,
            "target": target,
            "as_of": format_time(moment),
            "holds": any(_is_valid_at(origin, moment) for origin in origins),
            "origins": [{key: value for key, value in origin.items() if key not in ("start", "end")} for origin in origins],
            "rule": best.rule.name if best is not None else None,
            "path": best.path(shown_at) if best is not None and shown_at is not None else [],
            "path_as_of": format_time(shown_at) if shown_at is not None else None,
            "watermark": graph.watermark,
        }

    def _resolved(self, graph: GraphVersion, source: str, relation: str, target: str, moment: int) -> Triple:
        """Return the edge between the assets that its ends resolve to; `alias_of` connects names, which are not resolved."""
        ends = (graph.asset_index.number(source) or 0, graph.asset_index.number(target) or 0)
        if relation != "alias_of":
            ends = (
                resolve_name_with_store(self._reader, graph, ends[0], moment),
                resolve_name_with_store(self._reader, graph, ends[1], moment),
            )
        return ends[0], RELATIONS[relation].code, ends[1]

    def _named_owner(self, graph: GraphVersion, triple: Triple) -> list[dict[str, Any]]:
        """Return the records of the target as owner in the states of the source."""
        source, relation, target = triple
        if relation != OWNED_BY or not source or not target:
            return []
        named = PremiseReader(self._reader, graph).named_owner(source, target)
        return [record_of(origin, start, end) for origin, spans in named.items() for start, end in spans]

    def _reported_origins(self, graph: GraphVersion, spans: Iterable[Span], runs: list[EdgeRecord]) -> list[dict[str, Any]]:
        origins = self._reader.origins()
        listed = []
        for span in sorted(set(spans), key=lambda span: (origins[span.origin], span.start, span.end)):
            reports = [run for run in runs if run.origin == span.origin and span.start <= run.valid_from < span.end]
            entry = self._entry(origins[span.origin], span.start, span.end, graph, reports)
            own = [report for report in reports if report.relation == span.triple[1]]
            listed.append({**entry, "properties": _merged_properties(own, graph.asset_index.uri)})
        return listed

    def _asserted_origins(self, graph: GraphVersion, triple: Triple, records: list[EdgeRecord]) -> list[dict[str, Any]]:
        """Return the asserted records of an edge, limited to the time in which their names resolve to its ends."""
        origins = self._reader.origins()
        listed = [each for each in intervals_under_names(self._reader, graph.aliases, records) if each[0] == triple]
        uri = graph.asset_index.uri
        listed.sort(key=lambda each: (origins[each[1].record.origin], each[1].start, each[1].end, _content(each[1].record, uri)))
        return [
            {
                **self._entry(origins[i.record.origin], i.start, i.end, None, [i.record]),
                "properties": _origin_properties(i.record, i.properties),
            }
            for _, i in listed
        ]

    def _entry(self, origin: str, start: int, end: int, graph: GraphVersion | None, reports: list[EdgeRecord]) -> dict[str, Any]:
        first = min(reports, key=lambda record: (record.tx, record.valid_from), default=None)
        provenance = self._reader.provenance([first.tx]).get(first.tx) if first else None
        events = self._reader.events([first.event]) if first and first.event else {}
        runs: list[str] = []
        if graph is not None:
            uri = graph.asset_index.uri
            reported = ((-record.valid_from, uri(run)) for record in reports if (run := _run_of(graph, record)))
            runs = list(dict.fromkeys(named for _, named in sorted(reported)))
        return {
            "origin": origin,
            "valid_from": format_time(start),
            "valid_to": format_end(end),
            "recorded_at": format_time(provenance.recorded_at) if provenance else None,
            "actor": provenance.actor if provenance else None,
            "event": events.get(first.event) if first else None,
            "runs": runs[:MAX_RUNS],
            "runs_total": len(runs),
            "start": start,
            "end": end,
        }

    def _reports(self, graph: GraphVersion, triple: Triple) -> list[EdgeRecord]:
        """Return the records of the edge itself; for an edge of a workflow, also those of its runs."""
        source, relation, target = triple
        sources, targets = _names_of_ends(graph, triple)
        reports = self._reader.edges_from(sources, [relation])
        own = [record for record in reports if record.target in targets and record.mode != Mode.RETRACT]
        owner = target if relation == INPUT_TO else source
        owners = targets if relation == INPUT_TO else sources
        if relation not in (INPUT_TO, OUTPUTS) or not owner or graph.asset_index.kind(owner) != WORKFLOW:
            return own or lineage_reports(self._reader, graph, triple, owners, (sources, targets))
        executed = executed_workflows(self._reader, {edge.source for edge in self._reader.edges_into(owners, [RUN_OF])})
        runs = {run for run, workflow in executed.items() if workflow in owners}
        if relation == INPUT_TO:
            reports = [edge for edge in self._reader.edges_from(sources, [INPUT_TO]) if edge.target in runs]
        else:
            reports = [edge for edge in self._reader.edges_into(targets, [OUTPUTS]) if edge.source in runs]
        own += [edge for edge in reports if edge.mode != Mode.RETRACT]
        return own or lineage_reports(self._reader, graph, triple, owners | runs, (sources, targets))


def _contiguous(spans: Iterable[Span]) -> list[Span]:
    """Return the spans, where one that is only possible is joined with the certain one that follows it."""
    joined: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span.origin, span.start, span.end)):
        before = joined[-1] if joined else None
        if before is not None and not before.certain and (before.origin, before.end) == (span.origin, span.start):
            joined[-1] = before._replace(end=span.end, certain=span.certain)
        else:
            joined.append(span)
    return list({span._replace(certain=True): None for span in joined})


def _names_of_ends(graph: GraphVersion, triple: Triple) -> tuple[set[int], set[int]]:
    """Return the names of both ends that records of the edge may use; the ends of `alias_of` are names themselves."""
    if triple[1] == ALIAS_OF:
        return {triple[0]}, {triple[2]}
    return graph.aliases.names_of(triple[0]), graph.aliases.names_of(triple[2])


def _not_found_text(graph: GraphVersion, source: str, relation: str, target: str) -> str:
    for uri in (source, target):
        if graph.asset_index.number(uri) is None:
            return unknown_asset_text(uri)
    return (
        f"no fact asserts the edge {source} {relation} {target} at any time, and no rule infers it; "
        "mlgraph show lists the edges of either end"
    )


def _distance(explanation: Explanation, moment: int) -> tuple[bool, int, str]:
    """Return the sort key of a rule that infers an edge: valid at `moment` first, then by distance in time, then by name."""
    shown_at = explanation.shown_at(moment)
    return shown_at != moment, abs(moment - shown_at), explanation.rule.name


def _run_of(graph: GraphVersion, record: EdgeRecord) -> int:
    owner = record.target if record.relation == INPUT_TO else record.source
    seen_by = record.by or owner
    return seen_by if graph.asset_index.kind(seen_by) == RUN else 0


def _computed(graph: GraphVersion, record: EdgeRecord) -> bool:
    """Return whether the intervals of an edge depend on more than its own records and retractions."""
    owner = record.target if record.relation == INPUT_TO else record.source
    reported = record.relation in (INPUT_TO, OUTPUTS) and graph.asset_index.kind(owner) == RUN
    return reported or record.mode == Mode.DECLARED or record.by is not None


def _merged_properties(records: Iterable[EdgeRecord], uri: Callable[[int], str]) -> dict[str, Any]:
    """Return the merged properties of records of one origin: the latest record wins, of one moment the last by its content."""
    properties: dict[str, Any] = {}
    for record in sorted(records, key=lambda record: (record.valid_from, _content(record, uri))):
        properties.update(_origin_properties(record, record.properties))
    return properties


def _content(record: EdgeRecord, uri: Callable[[int], str]) -> tuple[str, ...]:
    """Return a sort key for records of one edge, which does not depend on the order in which they arrived."""
    ends = (uri(record.source), uri(record.target), uri(record.by) if record.by else "")
    return (record.role or "", record.version or "", *ends, canonical_json(record.properties))


def _origin_properties(record: EdgeRecord, properties: Mapping[str, Any]) -> dict[str, Any]:
    keyed = (("role", record.role), ("version", record.version))
    return {**properties, **{key: value for key, value in keyed if value}}


def _is_valid_at(origin: Mapping[str, Any], moment: int) -> bool:
    return bool(origin["start"] <= moment < origin["end"])
