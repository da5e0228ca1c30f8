"""The rules of HTTP for GraphQL requests, and the committed schema."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from graphql import (
    build_client_schema,
    build_schema,
    find_breaking_changes,
    get_introspection_query,
    lexicographic_sort_schema,
    print_schema,
)
from starlette.testclient import TestClient

from mlgraph.api.graphql.execution import schema
from mlgraph.api.graphql.route import MAX_REQUEST_BYTES
from mlgraph.api.graphql.schema import schema_text

ROOT: Final = Path(__file__).parents[3]
SDL: Final = ROOT / "docs" / "schema.graphql"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"[" * 100_000, 400, "not JSON"),
        (b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]', 422, "batches"),
        (b'"{ __typename }"', 422, "object"),
        (b'{"query": 5}', 422, "`query`"),
        (b'{"query": "  "}', 422, "`query`"),
        (b'{"variables": {}}', 422, "`query`"),
        (b'{"query": "{ __typename }", "variables": []}', 422, "`variables`"),
        (b'{"query": "{ __typename }", "operationName": 5}', 422, "`operationName`"),
        (b'{"query": "{ __typename }", "quer": 5}', 422, "unknown member"),
        (b'{"query": "' + b" " * MAX_REQUEST_BYTES + b'"}', 413, "at most"),
    ],
)
def test_a_body_that_is_no_request_is_a_problem(real_http: TestClient, body: bytes, status: int, words: str) -> None:
    response = real_http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert words in response.json()["detail"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_taken(real_http: TestClient, kind: str) -> None:
    """A page of another site can post these content types without asking."""
    response = real_http.post("/graphql", content=b'{"query": "{ __typename }"}', headers={"content-type": kind})
    assert response.status_code == 415


def test_a_web_page_of_another_site_may_not_ask(real_http: TestClient) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"host": "rebound.example"}):
        response = real_http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
        assert response.status_code == 403
        assert "access-control-allow-origin" not in response.headers


def test_there_is_no_page_for_browsers(real_http: TestClient) -> None:
    response = real_http.get("/graphql", headers={"accept": "text/html"})
    assert response.status_code == 405
    assert "POST" in response.json()["detail"]


def test_the_media_type_is_the_one_that_the_client_takes(real_http: TestClient) -> None:
    accepting = {"accept": "application/graphql-response+json, application/json;q=0.9"}
    response = real_http.post("/graphql", json={"query": "{ __typename }"}, headers=accepting)
    assert (response.headers["content-type"], response.json()) == (
        "application/graphql-response+json",
        {"data": {"__typename": "Query"}},
    )
    refused = real_http.post("/graphql", json={"query": "{ nosuch }"}, headers=accepting)
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/graphql-response+json")
    assert "data" not in refused.json()


# --- the schema -------------------------------------------------------------------------------------------------------


def test_the_committed_schema_is_the_served_one(real_http: TestClient) -> None:
    committed = SDL.read_text(encoding="utf-8")
    breaking = find_breaking_changes(build_schema(committed), schema())
    assert [change.description for change in breaking] == [], "a change that breaks programs needs a decision record"
    text = schema_text(schema())
    assert committed == text, "write it anew: .venv/bin/python -m mlgraph.api.graphql.schema > docs/schema.graphql"

    answer = real_http.post("/graphql", json={"query": get_introspection_query(specified_by_url=True)}).json()
    introspected = build_client_schema(answer["data"])
    assert print_schema(lexicographic_sort_schema(introspected)) == print_schema(
        lexicographic_sort_schema(build_schema(text, assume_valid=True))
    )


def test_a_breaking_change_is_found() -> None:
    committed = SDL.read_text(encoding="utf-8")
    planted = committed.replace("totalCount: Int!", "total: Int!")
    assert planted != committed
    assert find_breaking_changes(build_schema(committed), build_schema(planted))


def test_the_root_has_the_fields_of_the_contract() -> None:
    query = schema().query_type
    assert query is not None
    assert set(query.fields) == {"asset", "impact", "search"}
    assert schema().mutation_type is None
    assert schema().subscription_type is None
