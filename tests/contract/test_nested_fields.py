"""Fields of structs, arrays and maps over HTTP, as a schema facet reports them (docs/spec.md#9-fields)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlgraph.domain.uri import AssetUri, column_uri
from tests.contract.producing import facet
from tests.contract.serving import Api, Json, Process

EVENTS = AssetUri("dataset", "s3://nested", "events")
REPORT = AssetUri("dataset", "s3://nested", "report")
FIELDS = [
    {"name": "ts", "type": "timestamp"},
    {
        "name": "user",
        "type": "struct",
        "fields": [{"name": "geo", "type": "struct", "fields": [{"name": "city"}, {"name": "zip"}]}],
    },
    {"name": "tags", "type": "array", "fields": [{"name": "_element", "type": "string"}]},
    {"name": "counts", "type": "map", "fields": [{"name": "key", "type": "string"}, {"name": "value", "type": "long"}]},
]
PATHS = ("ts", "user", "user.geo", "user.geo.city", "tags", "tags._element", "counts", "counts.key", "counts.value")


def event(job: str, run: str, minute: int, inputs: list[Json], outputs: list[Json]) -> Json:
    return {
        "eventType": "COMPLETE",
        "eventTime": f"2026-03-22T01:{minute:02}:00Z",
        "job": {"namespace": "nested", "name": job},
        "run": {"runId": run},
        "inputs": inputs,
        "outputs": outputs,
    }


def dataset(uri: AssetUri, **facets: Json) -> Json:
    return {"namespace": uri.namespace, "name": uri.name, "facets": facets}


@pytest.fixture(scope="module")
def loaded(shared_server: Process) -> Iterator[Api]:
    """A server with a table of nested columns, a job that reads it, and one that reports column lineage of a field."""
    copied = {"town": {"inputFields": [{"namespace": EVENTS.namespace, "name": EVENTS.name, "field": "user.geo.city"}]}}
    towns = AssetUri("dataset", "s3://nested", "towns")
    api = Api(shared_server.url)
    api.events(
        [
            event("ingest", "n1", 0, [], [dataset(EVENTS, schema=facet(fields=FIELDS))]),
            event("report", "n2", 1, [dataset(EVENTS)], [dataset(REPORT)]),
            event("towns", "n3", 2, [dataset(EVENTS)], [dataset(towns, columnLineage=facet(fields=copied))]),
        ]
    )
    yield api
    api.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("level", ["asset", "run"])
def test_every_field_is_known_and_walked_on_from_the_dataset(loaded: Api, path: str, level: str) -> None:
    uri = str(column_uri(EVENTS, path))
    assert loaded.ask("asset", uri=uri)["uri"] == uri
    answer = loaded.ask("impact", uri=uri, change="values", level=level)
    found = {each["uri"]: each["certainty"] for each in answer["affected"]}
    assert found[str(REPORT)] == "possible"


def test_fields_are_listed_with_their_part_edges(loaded: Api) -> None:
    user, geo, city = (str(column_uri(EVENTS, path)) for path in ("user", "user.geo", "user.geo.city"))
    town = str(column_uri(AssetUri("dataset", "s3://nested", "towns"), "town"))
    answer = loaded.ask("lineage", uri=user)
    nodes = {node["uri"]: (node["distance"], node["certainty"]) for node in answer["nodes"]}
    assert (nodes[geo], nodes[city], nodes[town]) == ((1, "certain"), (2, "certain"), (3, "certain"))
    parts = {(e["source"], e["target"], *e["origins"]) for e in answer["edges"] if e["relation"] == "part_of"}
    assert {(geo, user, "openlineage"), (city, geo, "openlineage")} <= parts
    up = {
        node["uri"]: (node["distance"], node["certainty"])
        for node in loaded.ask("lineage", uri=town, direction="upstream")["nodes"]
    }
    assert (up[city], up[geo], up[user]) == ((1, "certain"), (2, "certain"), (3, "certain"))
    why = loaded.ask("why", source=city, relation="part_of", target=geo)
    assert (why["holds"], [origin["origin"] for origin in why["origins"]]) == (True, ["openlineage"])


def test_a_dropped_field_is_a_part_of_the_past(loaded: Api) -> None:
    table = AssetUri("dataset", "s3://nested", "dropping")
    schemas = ([{"name": "s", "fields": [{"name": "a"}, {"name": "b"}]}], [{"name": "s", "fields": [{"name": "a"}]}])
    loaded.events(
        event("drop", f"d{number}", 10 + number, [], [dataset(table, schema=facet(fields=fields))])
        for number, fields in enumerate(schemas)
    )
    uri = str(column_uri(table, "s"))
    found = [
        {node["uri"] for node in loaded.ask("lineage", uri=uri, **query)["nodes"]}
        for query in ({"as_of": "2026-03-22T01:10:30Z"}, {})
    ]
    assert found[0] - found[1] == {str(column_uri(table, "s.b"))}
    assert str(column_uri(table, "s.a")) in found[1]
