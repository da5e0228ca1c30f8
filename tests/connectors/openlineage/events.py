"""Small events for tests to vary, and short functions to inspect the resulting statements."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.openlineage import normalise
from mlgraph.domain.facts import AssetFact, EdgeFact
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri

Json = dict[str, Any]
AT = "2026-01-02T03:04:05Z"
MOMENT = parse_time(AT)
RUN = AssetUri("run", "n", "r")
WORKFLOW = AssetUri("workflow", "n", "j")


def dataset(name: str, **facets: Json) -> Json:
    return {"namespace": "d", "name": name, **({"facets": facets} if facets else {})}


def run_event(
    state: str | None = "COMPLETE",
    *,
    run_facets: Json | None = None,
    job_facets: Json | None = None,
    **fields: object,
) -> Json:
    run = {"runId": "r", "facets": run_facets or {}}
    job = {"namespace": "n", "name": "j", "facets": job_facets or {}}
    event = {"eventTime": AT, "run": run, "job": job, **fields}
    return event if state is None else {**event, "eventType": state}


def job_event(**fields: object) -> Json:
    return {"eventTime": AT, "job": {"namespace": "n", "name": "j"}, **fields}


def dataset_event(name: str, **facets: Json) -> Json:
    return {"eventTime": AT, "dataset": dataset(name, **facets)}


def ds(name: str) -> AssetUri:
    return AssetUri("dataset", "d", name)


def col(name: str, field: str) -> AssetUri:
    return AssetUri("column", "d", f"{name}#{field}")


def states(event: Json) -> dict[AssetUri, Json]:
    return {fact.uri: dict(fact.state) for fact in normalise(event) if isinstance(fact, AssetFact)}


def edges(event: Json, relation: str | None = None) -> dict[tuple[AssetUri, str, AssetUri], Json]:
    return {
        (fact.source, fact.relation, fact.target): dict(fact.properties)
        for fact in normalise(event)
        if isinstance(fact, EdgeFact) and relation in (None, fact.relation)
    }


def triples(event: Json) -> set[tuple[AssetUri, str, AssetUri]]:
    return set(edges(event))
