"""GraphQL over HTTP, with real services: answers, errors, and the rules of HTTP."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from tests.api.graphql.conftest import Catalogue
from tests.services.parts import Json

ROOT: Final = Path(__file__).parents[3]
SDL: Final = ROOT / "docs" / "schema.graphql"
LAKE, JOB, CLEAN = "mlg://dataset/lake/raw", "mlg://workflow/etl/clean", "mlg://dataset/lake/clean"
TRAINING, MODEL = "mlg://workflow/etl/train", "mlg://model_version/ml/ranker%2F7"
FACTS: Final[list[Json]] = [
    {"asset": {"uri": LAKE, "owners": ["mlg://team/org/data"], "description": "Raw <b>ratings</b>", "tags": ["gold"]}},
    {"edge": {"source": LAKE, "relation": "input_to", "target": JOB}},
    {"edge": {"source": JOB, "relation": "outputs", "target": CLEAN}},
    {"asset": {"uri": CLEAN, "owners": ["mlg://team/org/data"]}},
    {"edge": {"source": CLEAN, "relation": "input_to", "target": TRAINING}},
    {"edge": {"source": TRAINING, "relation": "outputs", "target": MODEL}},
    {"asset": {"uri": MODEL, "owners": ["mlg://team/org/ml", "mlg://person/org/u-1"], "name": "Ranker"}},
]


@pytest.fixture
def company(real: Catalogue) -> Catalogue:
    real.add(*FACTS)
    return real


@pytest.fixture
def company_http(company: Catalogue, real_http: TestClient) -> TestClient:  # noqa: ARG001 - the graph that is asked
    return real_http


def ask(http: TestClient, query: str, /, **variables: Any) -> Json:
    response = http.post("/graphql", json={"query": query, "variables": variables})
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


def data(http: TestClient, query: str, /, **variables: Any) -> Json:
    answer = ask(http, query, **variables)
    assert "errors" not in answer, answer
    found: Json = answer["data"]
    return found


def error(http: TestClient, query: str, /, **variables: Any) -> Json:
    (found,) = ask(http, query, **variables)["errors"]
    result: Json = found
    return result


def test_the_query_of_the_contract(company_http: TestClient) -> None:
    query = """query ($uri: String!) { asset(uri: $uri) { uri kind name owners { uri }
      lineage(direction: DOWNSTREAM, depth: 2, first: 2) {
        totalCount edges { distance node { uri } } pageInfo { hasNextPage endCursor } } } }"""
    asset = data(company_http, query, uri=LAKE)["asset"]
    cursor = asset["lineage"]["pageInfo"].pop("endCursor")
    assert asset == {
        "uri": LAKE,
        "kind": "dataset",
        "name": "raw",
        "owners": [{"uri": "mlg://team/org/data"}],
        "lineage": {
            "totalCount": 3,
            "edges": [{"distance": 0, "node": {"uri": LAKE}}, {"distance": 1, "node": {"uri": JOB}}],
            "pageInfo": {"hasNextPage": True},
        },
    }
    more = """query ($uri: String!, $after: String) { asset(uri: $uri) { lineage(depth: 2, first: 2, after: $after) {
      edges { cursor node { uri name owners { uri } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
    page = data(company_http, more, uri=LAKE, after=cursor)["asset"]["lineage"]
    assert [edge["node"]["uri"] for edge in page["edges"]] == [CLEAN]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert page["pageInfo"]["startCursor"] == page["pageInfo"]["endCursor"] == page["edges"][0]["cursor"]


@pytest.mark.parametrize("spelled", ["UPSTREAM", "upstream", '"upstream"'])
def test_words_may_be_spelled_as_in_the_other_interfaces(company_http: TestClient, spelled: str) -> None:
    query = (
        f'{{ asset(uri: "{CLEAN}") {{ lineage(direction: {spelled}, first: 9) {{ direction edges {{ node {{ uri }} }} }} }} }}'
    )
    assert data(company_http, query)["asset"]["lineage"] == {
        "direction": "upstream",
        "edges": [{"node": {"uri": uri}} for uri in (CLEAN, JOB, LAKE)],
    }
    by_variable = "query ($d: Direction!, $uri: String!) { asset(uri: $uri) { lineage(direction: $d, first: 9) { totalCount } } }"
    assert data(company_http, by_variable, d=spelled.strip('"'), uri=CLEAN)["asset"]["lineage"]["totalCount"] == 3
    assert "did you mean" in error_of_400(company_http, query.replace(spelled, "UPSTRAEM"))["message"].lower()


def error_of_400(http: TestClient, query: str) -> Json:
    response = http.post("/graphql", json={"query": query})
    assert response.status_code == 400, response.text
    found: Json = response.json()["errors"][0]
    return found


LINEAGE_QUERY: Final = """query ($uri: String!, $direction: Direction!, $depth: Int, $kind: [String!], $level: Level,
    $asOf: String, $certain: Boolean!, $fold: Boolean!, $first: Int!, $after: String) {
  asset(uri: $uri) { lineage(direction: $direction, depth: $depth, kind: $kind, level: $level, asOf: $asOf,
      certain: $certain, fold: $fold, first: $first, after: $after) {
    root direction level asOf totalCount watermark ambiguous folded { count byRule }
    edges { distance certainty deleted node { uri kind name } }
    links { source relation target origins certainty folded }
    pageInfo { hasNextPage endCursor } } } }"""
IMPACT_QUERY: Final = """query ($uri: String!, $change: ChangeKind, $asOf: String) {
  impact(uri: $uri, change: $change, asOf: $asOf, first: 100) {
    root change level asOf totalCount watermark ambiguous folded { count byRule } bySeverity { critical high medium low }
    notify(first: 50) { totalCount edges { node { owner totalCount assets(first: 100) } } }
    edges { distance severity effect certainty path node { uri kind name owners { uri } } } } }"""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"direction": "upstream"},
        {"direction": "both", "depth": 1},
        {"kind": ["model_version", "dataset"]},
        {"level": "run"},
        {"certain": True, "fold": False},
        {"as_of": "2030-01-01T00:00:00Z"},
        {"as_of": "2001-01-01T00:00:00Z"},
    ],
)
@pytest.mark.parametrize("uri", [LAKE, CLEAN])
def test_lineage_has_everything_that_the_http_call_answers(company_http: TestClient, uri: str, options: dict[str, Any]) -> None:
    expected = company_http.get("/api/v1/lineage", params={"uri": uri, **options}).json()
    defaults = {"direction": "downstream", "certain": False, "fold": True, "first": 100}
    variables = {("asOf" if name == "as_of" else name): value for name, value in {**defaults, **options}.items()}
    found = data(company_http, LINEAGE_QUERY, uri=uri, **variables)["asset"]["lineage"]

    nodes = [
        {**edge["node"], "distance": edge["distance"], "certainty": edge["certainty"]}
        | ({"deleted": True} if edge["deleted"] else {})
        for edge in found["edges"]
    ]
    assert nodes == expected["nodes"]
    assert [{key: value for key, value in link.items() if value is not None} for link in found["links"]] == expected["edges"]
    assert found["totalCount"] == expected["total"]
    assert found["pageInfo"]["hasNextPage"] is expected["partial"]
    assert {"count": found["folded"]["count"], "by_rule": found["folded"]["byRule"]} == expected["folded"]
    for name in ("root", "direction", "level", "watermark", "ambiguous"):
        assert found[name] == expected[name], name
    if "as_of" in options:
        assert found["asOf"] == expected["as_of"]


@pytest.mark.parametrize("change", [None, "schema", "values", "withdraw", "retire"])
def test_impact_has_everything_that_the_http_call_answers(company_http: TestClient, change: str | None) -> None:
    as_of = "2030-01-01T00:00:00Z"
    parameters = {"uri": LAKE, "as_of": as_of} | ({"change": change} if change else {})
    expected = company_http.get("/api/v1/impact", params=parameters).json()
    found = data(company_http, IMPACT_QUERY, uri=LAKE, change=change, asOf=as_of)["impact"]

    affected = [
        {**edge.pop("node"), **edge, "owners": [owner["uri"] for owner in owners]}
        for edge in found["edges"]
        for owners in [edge["node"].pop("owners")]
    ]
    assert affected == expected["affected"]
    assert len(affected) >= 3
    assert found["bySeverity"] == expected["by_severity"]
    notify = [edge["node"] for edge in found["notify"]["edges"]]
    assert [{"owner": each["owner"], "assets": each["assets"]} for each in notify] == expected["notify"]
    assert [each["totalCount"] for each in notify] == [len(each["assets"]) for each in notify]
    assert found["notify"]["totalCount"] == len(expected["notify"]) > 0
    assert found["totalCount"] == expected["total"]
    assert found["asOf"] == expected["as_of"]
    for name in ("root", "change", "level", "watermark", "ambiguous"):
        assert found[name] == expected[name], name


SEARCH_QUERY: Final = """query ($q: String!, $first: Int!, $after: String, $kind: [String!], $owner: [String!], $tag: [String!],
    $state: [SearchState!], $explain: Boolean!) {
  search(q: $q, first: $first, after: $after, kind: $kind, owner: $owner, tag: $tag, state: $state, explain: $explain) {
    totalCount totalIs facets facetsOthers omittedWords watermark pageInfo { hasNextPage hasPreviousPage endCursor }
    edges { score matched { field words } description team platform environment state successor ownerNames explain
      node { uri kind name tags owners { uri } } } } }"""


@pytest.mark.parametrize(
    "options",
    [
        {"q": "ratings"},
        {"q": ""},
        {"q": "clean", "explain": True},
        {"q": "raw", "kind": ["dataset"], "owner": ["mlg://team/org/data"]},
        {"q": "", "tag": ["gold"], "state": ["live", "deprecated"]},
        {"q": "nothing has this word"},
    ],
)
def test_search_has_everything_that_the_http_call_answers(company_http: TestClient, options: dict[str, Any]) -> None:
    expected = company_http.get("/api/v1/search", params={**options, "limit": 100}).json()
    variables = {"first": 100, "explain": False, **options}
    found = data(company_http, SEARCH_QUERY, **variables)["search"]

    hits = [
        {
            **{name: edge[name] for name in ("score", "matched", "description", "team", "platform", "environment", "state")},
            "successor": edge["successor"],
            "owner_names": edge["ownerNames"],
            **{name: edge["node"][name] for name in ("uri", "kind", "name", "tags")},
            "owners": [owner["uri"] for owner in edge["node"]["owners"]],
        }
        | ({"explain": edge["explain"]} if options.get("explain") else {})
        for edge in found["edges"]
    ]
    assert hits == expected["hits"]
    assert (found["totalCount"], found["totalIs"]) == (expected["total"], expected["total_is"])
    assert (found["facets"], found["facetsOthers"]) == (expected["facets"], expected["facets_others"])
    assert (found["omittedWords"], found["watermark"]) == (expected["omitted_words"], expected["watermark"])
    assert found["pageInfo"]["hasNextPage"] is expected["partial"]


def test_pages_of_a_search_neither_repeat_nor_skip_while_assets_appear(real: Catalogue, real_http: TestClient) -> None:
    real.add(*({"asset": {"uri": f"mlg://dataset/lake/orders_{number}"}} for number in range(9)))
    variables = {"q": "orders", "explain": False}
    expected = [edge["node"]["uri"] for edge in data(real_http, SEARCH_QUERY, first=50, **variables)["search"]["edges"]]
    found: list[str] = []
    after: str | None = None
    for page in range(3):
        connection = data(real_http, SEARCH_QUERY, first=4, after=after, **variables)["search"]
        found += [edge["node"]["uri"] for edge in connection["edges"]]
        after = connection["pageInfo"]["endCursor"]
        assert (connection["totalCount"], connection["pageInfo"]["hasNextPage"]) == (9, page < 2)
        real.add({"asset": {"uri": f"mlg://dataset/lake/orders_0{page}", "owners": ["mlg://team/org/a"]}})
        real.add({"retract": {"uri": f"mlg://dataset/lake/orders_{page * 3}"}})
    assert found == expected
    assert len(set(found)) == 9
    assert data(real_http, SEARCH_QUERY, first=50, **variables)["search"]["totalCount"] == 9
    other = error(real_http, SEARCH_QUERY, first=4, after=after, q="order", explain=False)
    assert "another query" in other["message"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('kind: ["datset"]', "unknown kind"),
        ('owner: ["nobody"]', "nobody"),
        ('after: "5"', "not a cursor"),
    ],
)
def test_a_wrong_filter_of_a_search_is_refused(company_http: TestClient, arguments: str, words: str) -> None:
    found = error(company_http, f'{{ search(q: "x", first: 5, {arguments}) {{ totalCount }} }}')
    assert words in found["message"]
    assert found["extensions"]["status"] in (404, 422)


def test_a_search_waits_for_its_watermark(company: Catalogue, real_http: TestClient) -> None:
    company.store.append({"asset": {"uri": "mlg://dataset/lake/late"}})
    company.follow()
    waiting = threading.Timer(0.3, company.projection.step)
    waiting.start()
    query = 'query ($w: Long) { search(q: "late", first: 5, atLeast: $w) { totalCount } }'
    assert data(real_http, query, w=company.follower.snapshot().watermark)["search"] == {"totalCount": 1}
    waiting.join()


def test_an_asset_has_what_the_http_call_answers(company_http: TestClient) -> None:
    query = """query ($uri: String!, $asOf: String) { asset(uri: $uri, asOf: $asOf) {
      uri kind name description tags properties owners { uri kind } health { status reasons } } }"""
    for uri in (LAKE, JOB, MODEL):
        expected = company_http.get("/api/v1/asset", params={"uri": uri}).json()
        found = data(company_http, query, uri=uri)["asset"]
        assert {**found, "owners": [owner["uri"] for owner in found["owners"]]} == {name: expected[name] for name in found}
    assert data(company_http, query, uri=LAKE, asOf="2001-01-01T00:00:00Z")["asset"]["description"] is None


def test_an_asset_may_be_named_as_people_write_it(company: Catalogue, real_http: TestClient) -> None:
    query = "query ($name: String!) { asset(uri: $name) { uri } impact(uri: $name, first: 1) { root } }"
    for name in ("raw", "dataset:raw", LAKE):
        assert data(real_http, query, name=name) == {"asset": {"uri": LAKE}, "impact": {"root": LAKE}}
    company.add({"asset": {"uri": "mlg://dataset/other/raw"}})
    found = error(real_http, '{ asset(uri: "raw") { uri } }')
    assert "mlg://dataset/other/raw" in found["message"]
    assert LAKE in found["message"]


def test_an_unknown_asset_is_null_with_an_error(company_http: TestClient) -> None:
    answer = ask(company_http, f'{{ known: asset(uri: "{LAKE}") {{ name }} asset(uri: "mlg://dataset/no/where") {{ name }} }}')
    assert answer["data"] == {"known": {"name": "raw"}, "asset": None}
    (found,) = answer["errors"]
    assert found["path"] == ["asset"]
    assert found["extensions"] == {"code": "UNKNOWN_ASSET", "status": 404, "title": "Unknown asset"}


@pytest.mark.parametrize(
    ("field", "argument"),
    [
        ('asset(uri: "mlg://not/a uri") { name }', None),
        (f'asset(uri: "{LAKE}", asOf: "yesterday") {{ name }}', None),
        (f'asset(uri: "{LAKE}") {{ lineage(first: 1, depth: -1) {{ totalCount }} }}', "depth"),
        (f'asset(uri: "{LAKE}") {{ lineage(first: 1, kind: ["datset"]) {{ totalCount }} }}', "kind"),
        (f'asset(uri: "{LAKE}") {{ lineage(first: 1, after: "x") {{ totalCount }} }}', "after"),
        (f'impact(uri: "{LAKE}", first: 1, after: "WzFd") {{ totalCount }}', "after"),
        (f'asset(uri: "{LAKE}", atLeast: 1) {{ lineage(first: 1, asOf: "") {{ totalCount }} }}', None),
    ],
)
def test_a_wrong_value_is_an_error_with_its_argument(company_http: TestClient, field: str, argument: str | None) -> None:
    found = error(company_http, f"{{ {field} }}")
    assert found["extensions"]["status"] == 422
    assert found["extensions"].get("argument") == argument
    assert len(found["message"]) > 15


def test_a_failure_is_reported_without_its_cause(
    company: Catalogue, real_http: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(company.queries.pages, "states", fail)
    answer = ask(real_http, f'{{ asset(uri: "{LAKE}") {{ name description }} }}')
    (found,) = answer["errors"]
    assert answer["data"] == {"asset": {"name": "raw", "description": None}}
    assert found["extensions"]["code"] == "INTERNAL_ERROR"
    assert "swordfish" not in json.dumps(answer)
    assert "swordfish" in caplog.text
    assert found["extensions"]["instance"] in caplog.text


def test_a_watermark_that_is_not_reached_is_an_error_with_retry_after(
    company: Catalogue, real_http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for = company.queries.wait_for
    monkeypatch.setattr(company.queries, "wait_for", lambda watermark: wait_for(watermark, 0.05))
    query = {"query": 'query ($w: Long) { asset(uri: "u", atLeast: $w) { name } }', "variables": {"w": 10**12}}
    response = real_http.post("/graphql", json=query)
    assert response.status_code == 200
    assert int(response.headers["retry-after"]) >= 1
    assert response.json()["errors"][0]["extensions"]["status"] == 503


def test_states_of_one_level_are_read_together(
    company: Catalogue, real_http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    states = company.queries.pages.states

    def counted(assets: Any) -> Any:
        reads.append(len(assets))
        return states(assets)

    monkeypatch.setattr(company.queries.pages, "states", counted)
    data(
        real_http,
        f"""{{ a: asset(uri: "{LAKE}") {{ health {{ status }} lineage(first: 9) {{ edges {{ node {{ description tags }} }} }} }}
              b: asset(uri: "{CLEAN}") {{ description lineage(first: 9) {{ edges {{ node {{ health {{ status }} }} }} }} }} }}""",
    )
    assert sum(reads) >= 8
    assert len(reads) <= 2
