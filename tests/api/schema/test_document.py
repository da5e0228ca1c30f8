"""The OpenAPI document and the page rendered from it."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from mlgraph.domain.vocabulary import KINDS, RELATIONS
from tests.api import shape_validation
from tests.api.double_answers import ASSET, CONNECTORS, DIFF, LIVE, RESTORED

ROOT = Path(__file__).parents[3]
CONTRACT = {
    ("post", "/api/v1/lineage"),
    ("post", "/api/v1/events"),
    ("post", "/api/v1/facts"),
    ("post", "/api/v1/ingest/{format}"),
    ("get", "/api/v1/connectors"),
    ("get", "/api/v1/asset"),
    ("patch", "/api/v1/asset"),
    ("get", "/api/v1/assets/{uri}"),
    ("get", "/api/v1/lineage"),
    ("get", "/api/v1/impact"),
    ("post", "/api/v1/impact"),
    ("get", "/api/v1/propagation"),
    ("get", "/api/v1/scene"),
    ("get", "/api/v1/search"),
    ("get", "/api/v1/paths"),
    ("get", "/api/v1/names"),
    ("get", "/api/v1/resolve"),
    ("get", "/api/v1/changes"),
    ("get", "/api/v1/similar"),
    ("post", "/api/v1/similar"),
    ("post", "/api/v1/similar/dismissals"),
    ("delete", "/api/v1/similar/dismissals"),
    ("get", "/api/v1/why"),
    ("get", "/api/v1/diff"),
    ("get", "/api/v1/export"),
    ("get", "/api/v1/live"),
    ("get", "/api/v1/dead-letters"),
    ("post", "/api/v1/dead-letters/{id}/replay"),
    ("get", "/api/v1/sources"),
    ("post", "/api/v1/sources"),
    ("post", "/api/v1/sources/{name}/sync"),
    ("post", "/api/v1/sources/{name}/test"),
    ("post", "/api/v1/sync"),
    ("post", "/api/v1/webhooks/{name}"),
    ("get", "/api/v1/backup"),
    ("post", "/api/v1/restore"),
    ("get", "/api/v1/stream"),
    ("get", "/api/v1/coverage"),
    ("get", "/api/v1/recorded"),
    ("get", "/api/v1/team"),
    ("get", "/api/v1/session"),
    ("post", "/api/v1/session"),
    ("delete", "/api/v1/session"),
    ("post", "/graphql"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
}


@pytest.fixture
def document(http: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = http.get("/openapi.json").json()
    return body


def calls(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, call) for path, item in document["paths"].items() for method, call in item.items()]


def test_the_calls_are_those_of_the_contract_and_no_stub(document: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in calls(document)} == CONTRACT


def test_every_call_and_parameter_is_described(document: dict[str, Any]) -> None:
    for method, path, call in calls(document):
        where = f"{method} {path}"
        assert call["summary"], where
        assert len(call["description"]) > 20, where
        for parameter in call.get("parameters", ()):
            assert parameter.get("description"), f"{where}: {parameter['name']}"
        for status, body in call["responses"].items():
            assert body["description"], where
            if status >= "400":
                answered = ["application/json"] if (path, status) == ("/graphql", "400") else []
                assert sorted(body["content"]) == [*answered, "application/problem+json"], f"{where}: {status}"
        if method == "post" and "{id}" not in path and not path.endswith(("/sync", "/test")):
            assert call["requestBody"]["content"], where


def test_the_vocabulary_is_in_the_document(document: dict[str, Any]) -> None:
    lineage = {each["name"]: each["schema"] for each in document["paths"]["/api/v1/lineage"]["get"]["parameters"]}
    assert lineage["kind"]["items"]["enum"] == list(KINDS)
    why = {each["name"]: each["schema"] for each in document["paths"]["/api/v1/why"]["get"]["parameters"]}
    assert why["relation"]["enum"] == list(RELATIONS)


def test_the_examples_and_the_answers_have_the_shapes_of_the_document(document: dict[str, Any]) -> None:
    examples = [(schema, each) for schema in document["components"]["schemas"].values() for each in schema.get("examples", ())]
    assert len(examples) >= 7
    for schema, example in examples:
        jsonschema.validate(example, {**schema, "components": document["components"]})
    for name, value in (("Asset", ASSET), ("Diff", DIFF), ("Live", LIVE), ("Restored", RESTORED), ("Connectors", CONNECTORS)):
        shape_validation.check(name, value)


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for key, value in attrs:
            if key in ("href", "src", "action"):
                self.links.append(value or "")
            if key == "id":
                self.anchors.add(value or "")


def test_the_page_needs_no_external_resource(http: TestClient, document: dict[str, Any]) -> None:
    answer = http.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = Page()
    page.feed(answer.text)
    assert not page.tags & {"script", "img", "link", "iframe"}
    assert all(link.startswith("#") or link == "/openapi.json" for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.anchors
    assert {f"shape-{name}" for name in document["components"]["schemas"]} <= page.anchors
    assert "prefers-color-scheme:dark" in answer.text
    for _, path, _ in calls(document):
        assert path in answer.text


def test_the_handbook_names_every_call_and_parameter(document: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "http.md").read_text()
    words = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
    for method, path, call in calls(document):
        assert f"{method.upper()} {path}" in words, f"docs/http.md does not describe {method.upper()} {path}"
        for parameter in call.get("parameters", ()):
            assert parameter["name"] in words, f"docs/http.md does not describe the parameter {parameter['name']}"
