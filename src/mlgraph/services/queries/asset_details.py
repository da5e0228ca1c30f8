"""Details of one asset (state, relations, history, health), and the live versions of services."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from mlgraph.domain.curation.merging import curate, effective_owners, is_deprecated, links_of, successor_of
from mlgraph.domain.history import (
    CURATED_ORIGIN,
    AssetInterval,
    EdgeInterval,
    asset_intervals,
    curated_at,
    deleted_at,
    reported_at,
    sources_at,
)
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER, format_end, format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KIND_NAMES, KINDS, RELATION_NAMES, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import DEPLOYED_AS, Layer
from mlgraph.graph.response.paging import CERTAINTY, node_body
from mlgraph.graph.traversal.edge_spans import spans_at
from mlgraph.graph.traversal.teams import Teams
from mlgraph.inference.rules import ORIGIN, Rules
from mlgraph.ports.store import FactReader, Provenance
from mlgraph.ports.usage import UsageReader
from mlgraph.services.common.asset_health import health_of
from mlgraph.services.history.alias_table import intervals_under_names
from mlgraph.services.history.asserted_facts import UNWALKED, records_of
from mlgraph.services.history.asset_states import AssetStates
from mlgraph.services.history.display_attributes import OWNED_BY
from mlgraph.services.inference.inferred_edges import InferredEdges, origins_at
from mlgraph.services.queries.asset_fields import FieldBodies, entity_tag, usage_body
from mlgraph.services.queries.names import claimants_of, names_of

MAX_RELATIONS: Final = 1_000
_SERVES: Final = RELATIONS["serves"].code
_GRAPH_LAYERS: Final = (Layer.ASSET, Layer.RUN, Layer.ASSET_COLUMNS, Layer.RUN_COLUMNS, Layer.STRUCTURE)

Triple = tuple[int, int, int]


class AssetDetails:
    """Answers about single assets, from the facts of the store and the edges of the graph."""

    def __init__(self, reader: FactReader, rules: Rules, usage: UsageReader) -> None:
        self._reader = reader
        self._rules = rules
        self._usage = usage
        self._origins = reader.origins()

    def body(self, graph: GraphVersion, asset: int, moment: int) -> dict[str, Any]:
        """Return the state and relations of the asset at `moment` (microseconds), its complete history and its health as JSON."""
        names = graph.aliases.names_at(asset, moment) or [asset]
        records = records_of(self._reader, names)
        intervals = asset_intervals(records)
        curated = curated_at(intervals, moment)
        states = AssetStates(self._reader, graph, moment)
        state = curate(states.completed({asset: reported_at(intervals, moment)})[asset], curated)
        sources_then = sources_at(intervals, moment)
        owned_by = _owner_edges(self._reader, graph, asset, names, moment)
        recorded = {*(interval.tx for interval in intervals), *(interval.record.tx for _, interval in owned_by)}
        provenance = self._reader.provenance(recorded)
        owners = effective_owners(state, curated, (owner for owner, _ in owned_by))
        deletion = deleted_at(records, moment)
        relations, total, cut = self._relations(graph, asset, names, moment)
        uri = graph.asset_index.uri(asset)
        return {
            "uri": uri,
            "kind": KIND_NAMES[graph.asset_index.kind(asset)],
            "names": names_of(graph, asset),
            "ambiguous": claimants_of(graph, asset, moment),
            "name": state.get("name") or AssetUri.parse(uri).name,
            "description": state.get("description"),
            "owners": owners,
            "tags": state.get("tags", []),
            "links": links_of(state),
            "deprecated": is_deprecated(state),
            "successor": successor_of(state),
            "fields": FieldBodies(provenance, self._origins).all(intervals, moment, owners, owned_by),
            "properties": state.get("properties", {}),
            "environment": self._environment(sources_then, provenance),
            "origins": self._names({*(interval.origin for interval in sources_then), *([CURATED_ORIGIN] if curated else [])}),
            "valid_from": format_time(min(interval.start for interval in sources_then)) if sources_then else None,
            "deleted_at": format_time(deletion) if deletion is not None else None,
            "referenced_only": all(record.origin == CURATED_ORIGIN for record in records),
            "relations": relations,
            "relations_total": total,
            "history": self._history(intervals, provenance),
            "health": states.health({asset: state})[asset],
            "usage": usage_body(self._usage, names, moment),
            "etag": entity_tag(intervals),
            "as_of": format_time(moment),
            "partial": cut is not None,
            "reason": cut,
            "watermark": graph.watermark,
        }

    def _relations(
        self, graph: GraphVersion, asset: int, names: list[int], moment: int
    ) -> tuple[list[dict[str, Any]], int, str | None]:
        """Return the asserted and inferred edges of the asset, their number, and why the list is incomplete (else None)."""
        found: dict[Triple, _ValidEdge] = defaultdict(_ValidEdge)
        for span in spans_at(graph, asset, _GRAPH_LAYERS, out=True, into=True):
            if span.start <= moment < span.end:
                found[span.triple].join(self._origins.get(span.origin), span.start, span.end, certain=span.certain)
        unwalked = (*self._reader.edges_from(names, UNWALKED), *self._reader.edges_into(names, UNWALKED))
        for triple, interval in intervals_under_names(self._reader, graph.aliases, unwalked):
            if interval.start <= moment < interval.end:
                found[triple].join(self._origins[interval.record.origin], interval.start, interval.end)
        inferred = InferredEdges(self._reader, graph, self._rules).of(asset)
        for triple, origin, span_, certain in origins_at(inferred.edges, moment):
            found[triple].join(origin, *span_)
            found[triple].inferred_possible = not certain and all(each.startswith(ORIGIN) for each in found[triple].origins)
        uri = graph.asset_index.uri
        ordered = sorted(found.items(), key=lambda item: (item[0][1], uri(item[0][0]), uri(item[0][2])))
        properties = self._properties(graph, [triple for triple, _ in ordered[:MAX_RELATIONS]], moment)
        return (
            [
                {
                    "source": uri(source),
                    "relation": RELATION_NAMES[relation],
                    "target": uri(target),
                    "name": graph.asset_index.name(target if source == asset else source),
                    "direction": "out" if source == asset else "in",
                    "origins": sorted(edge.origins),
                    "valid_from": format_time(edge.start),
                    "valid_to": format_end(edge.end),
                    "properties": properties.get((source, relation, target), {}),
                    "certainty": CERTAINTY[not edge.possible],
                }
                for (source, relation, target), edge in ordered[:MAX_RELATIONS]
            ],
            len(ordered),
            "limit" if len(ordered) > MAX_RELATIONS else inferred.cut,
        )

    def _properties(self, graph: GraphVersion, triples: list[Triple], moment: int) -> dict[Triple, dict[str, Any]]:
        """Return the properties of each edge at `moment`; several roles or versions of one edge are joined by commas."""
        found: dict[Triple, dict[str, Any]] = defaultdict(dict)
        names_of = graph.aliases.names_of
        names_of_edges = {
            (left, relation, right)
            for source, relation, target in triples
            for left, right in product(names_of(source), names_of(target))
        }
        listed = intervals_under_names(self._reader, graph.aliases, self._reader.edges(names_of_edges))
        for triple, interval in sorted(listed, key=lambda each: self._order(each[1])):
            if interval.start <= moment < interval.end:
                edge_properties = found[triple]
                edge_properties.update(interval.properties)
                for name, value in (("role", interval.record.role), ("version", interval.record.version)):
                    if value is not None and value not in (known := edge_properties.get(name, "").split(", ")):
                        edge_properties[name] = ", ".join(sorted({*known, value} - {""}))
        return found

    def _order(self, interval: EdgeInterval) -> tuple[int, str, str]:
        """Return a sort key for intervals of one edge that does not depend on the order in which they arrived."""
        return interval.start, self._origins[interval.record.origin], canonical_json(interval.properties)

    def _history(self, intervals: list[AssetInterval], provenance: Mapping[int, Provenance]) -> list[dict[str, Any]]:
        origins = self._origins
        return [
            {
                "valid_from": format_time(interval.start),
                "valid_to": format_end(interval.end),
                "origin": origins[interval.origin],
                "state": interval.state,
                "recorded_at": format_time(provenance[interval.tx].recorded_at) if interval.tx in provenance else None,
                "actor": provenance[interval.tx].actor if interval.tx in provenance else None,
            }
            for interval in sorted(intervals, key=lambda interval: (interval.start, origins[interval.origin]))
        ]

    def _environment(self, valid_then: Iterable[AssetInterval], provenance: Mapping[int, Provenance]) -> str | None:
        latest = sorted(valid_then, key=lambda interval: (-interval.start, self._origins[interval.origin]))
        for interval in latest:
            named = interval.state.get("properties", {}).get("environment")
            if isinstance(named, str):
                return named
        return next((provenance[i.tx].environment for i in latest if i.tx in provenance and provenance[i.tx].environment), None)

    def _names(self, numbers: Iterable[int]) -> list[str]:
        return sorted(self._origins[number] for number in numbers if number)

    def live(self, graph: GraphVersion, service: int | None, team: str | None, moment: int) -> dict[str, Any]:
        """Return the versions that serve each service (None: all, or those of `team`, by URI) at `moment`.

        They follow from observed edges, not from model aliases.
        """
        team_of = self._teams_of_services(graph, service, moment)
        services = [each for each, its_team in team_of.items() if team in (None, its_team)]
        spans = {
            each: [s for s in spans_at(graph, each, (Layer.ASSET,), out=False, into=True) if s.triple[1] == _SERVES]
            for each in services
        }
        valid_spans = {each: [s for s in listed if s.start <= moment < s.end] for each, listed in spans.items()}
        deployments = {span.triple[0] for listed in valid_spans.values() for span in listed}
        states = AssetStates(self._reader, graph, moment).reported({*services, *deployments})
        uri = graph.asset_index.uri
        return {
            "services": [
                {
                    **_named(graph, each),
                    "team": team_of[each],
                    "deployments": [
                        self._deployment(graph, span.triple[0], span.start, states.get(span.triple[0]) or {}, moment)
                        for span in _distinct(graph, valid_spans[each])
                    ],
                }
                for each in sorted(services, key=uri)
                if service is not None or states.get(each) is not None or valid_spans[each]
            ],
            "as_of": format_time(moment),
            "watermark": graph.watermark,
        }

    def _teams_of_services(self, graph: GraphVersion, service: int | None, moment: int) -> dict[int, str | None]:
        """Return the service, or all services under the names of the moment, with the team of each."""
        known = graph.asset_index.of_kind(KINDS["service"].code)
        services = [each for each in known if graph.aliases.at(each, moment) == each] if service is None else [service]
        teams = Teams(graph, moment).of(services)
        return {each: teams.uri(place) for place, each in enumerate(services)}

    def _deployment(
        self, graph: GraphVersion, deployment: int, since: int, state: Mapping[str, Any], moment: int
    ) -> dict[str, Any]:
        properties = state.get("properties", {})
        deployed = spans_at(graph, deployment, (Layer.ASSET,), out=False, into=True)
        versions = _distinct(
            graph, (span for span in deployed if span.triple[1] == DEPLOYED_AS and span.start <= moment < span.end)
        )
        return {
            **_named(graph, deployment),
            "weight": properties.get("weight"),
            "health": properties.get("health") or health_of(state)["status"],
            "since": format_time(since),
            "versions": [{**_named(graph, span.triple[0]), "since": format_time(span.start)} for span in versions],
        }


@dataclass(slots=True)
class _ValidEdge:
    """An edge that is valid at one moment: its origins, and from the first start to the last end of their intervals."""

    origins: set[str] = field(default_factory=set)
    start: int = FOREVER
    end: int = -FOREVER
    certain: bool = False
    inferred_possible: bool = False

    @property
    def possible(self) -> bool:
        """Whether no origin is certain of the edge."""
        return self.inferred_possible or not self.certain

    def join(self, origin: str | None, start: int, end: int, *, certain: bool = True) -> None:
        """Add an origin that asserts the edge for [start, end)."""
        self.certain = self.certain or certain
        if origin is not None:
            self.origins.add(origin)
        self.start, self.end = min(self.start, start), max(self.end, end)


def _owner_edges(
    reader: FactReader, graph: GraphVersion, asset: int, names: list[int], moment: int
) -> list[tuple[str, EdgeInterval]]:
    """Return the edges that name owners of the asset at `moment`, each with the owner's URI."""
    listed = intervals_under_names(reader, graph.aliases, reader.edges_from(names, [OWNED_BY]))
    valid = (each for each in listed if each[0][0] == asset and each[1].start <= moment < each[1].end)
    return [(graph.asset_index.uri(triple[2]), interval) for triple, interval in valid]


def _distinct(graph: GraphVersion, spans: Iterable[Any]) -> list[Any]:
    """Return the earliest span of each source, in order of time, then by the source's URI.

    Asset numbers would depend on the order in which facts arrived.
    """
    earliest: dict[int, Any] = {}
    for span in sorted(spans, key=lambda span: (span.start, graph.asset_index.uri(span.triple[0]))):
        earliest.setdefault(span.triple[0], span)
    return list(earliest.values())


def _named(graph: GraphVersion, asset: int) -> dict[str, Any]:
    return {key: value for key, value in node_body(graph, asset).items() if key != "kind"}
