"""GraphQL and both Python clients against a running server: the same answers as over HTTP, with names and own writes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mlgraph.client import AsyncClient, Client, UnresolvedName, WalkOptions
from tests.contract.serving import Api, Names, Process


def facts(names: Names) -> bytes:
    raw, job, clean = names.dataset("raw"), names.workflow("clean"), names.dataset(f"{names.space}-clean")
    lines: list[dict[str, Any]] = [
        {"edge": {"source": raw, "relation": "input_to", "target": job}},
        {"edge": {"source": job, "relation": "outputs", "target": clean}},
        {"asset": {"uri": clean, "owners": ["mlg://team/org/data"], "description": "Cleaned"}},
    ]
    return "\n".join(map(json.dumps, lines)).encode()


def test_graphql_reads_what_was_just_written(shared_server: Process, names: Names) -> None:
    query = """query ($uri: String!, $w: Long) {
      asset(uri: $uri, atLeast: $w) { lineage(first: 10) {
        watermark edges { distance node { uri owners { uri } description } } } }
      impact(uri: $uri, change: RETIRE, first: 10) { totalCount edges { severity node { uri } } }
      search(q: $uri, first: 1) { edges { node { uri } } } }"""
    with Client(shared_server.url) as client:
        written = client.facts([facts(names)]).data["watermark"]
        found = client.graphql(query, {"uri": names.dataset("raw"), "w": written}).data
        assert "errors" not in found, found
        data: Any = found["data"]
        lineage = client.lineage(names.dataset("raw")).data
        impact = client.impact(names.dataset("raw"), change="retire").data
    edges = data["asset"]["lineage"]["edges"]
    assert data["asset"]["lineage"]["watermark"] >= written
    assert [(edge["node"]["uri"], edge["distance"]) for edge in edges] == [
        (node["uri"], node["distance"]) for node in lineage["nodes"]
    ]
    assert edges[-1]["node"]["owners"] == [{"uri": "mlg://team/org/data"}]
    assert edges[-1]["node"]["description"] == "Cleaned"
    assert [(edge["node"]["uri"], edge["severity"]) for edge in data["impact"]["edges"]] == [
        (each["uri"], each["severity"]) for each in impact["affected"]
    ]
    assert data["search"]["edges"] == [{"node": {"uri": names.dataset("raw")}}]


def test_a_hostile_query_costs_the_server_nothing(api: Api) -> None:
    levels = "lineage(first: 100) { edges { node { " * 5 + "uri" + " } } }" * 5
    aliases = " ".join(f'a{number}: asset(uri: "x") {{ {levels} }}' for number in range(1_000))
    for query in (f"{{ {aliases} }}", "{" * 50_000, f'{{ asset(uri: "x") {{ {levels} }} }}'):
        response = api.http.post("/graphql", json={"query": query})
        assert response.status_code in (400, 413)
        assert response.elapsed.total_seconds() < 5
    assert api.http.get("/healthz").status_code == 200


def test_the_clients_take_names_and_give_the_same_answers(shared_server: Process, names: Names) -> None:
    name = f"{names.space}-clean"
    options = WalkOptions(direction="upstream")
    with Client(shared_server.url) as client:
        written = client.facts([facts(names)]).data["watermark"]
        by_name = client.lineage(f"dataset:{name}", options, at_least=written)
        by_uri = client.lineage(names.dataset(name), options)
        export = b"".join(client.export(at_least=written))
        with pytest.raises(UnresolvedName, match="no asset has the name"):
            client.asset("nobody-wrote-this")

    async def ask() -> tuple[list[str], int]:
        async with AsyncClient(shared_server.url) as client:
            answer = await client.lineage(f"dataset:{name}", options, at_least=written)
            again = await client.facts([facts(names)])
            assert again.data["accepted"] + again.data["duplicates"] == 3
            pieces = [piece async for piece in client.export(at_least=written)]
            return [node["uri"] for node in answer.data["nodes"]], len(b"".join(pieces))

    uris, exported = asyncio.run(ask())
    assert [node["uri"] for node in by_name.data["nodes"]] == [node["uri"] for node in by_uri.data["nodes"]] == uris
    assert len(uris) == 3
    assert exported >= len(export) > 0
    assert by_name._repr_svg_().count('data-mark="asset"') == 3
