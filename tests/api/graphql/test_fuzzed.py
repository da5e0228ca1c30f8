"""Generated queries: whatever the schema allows, and mutations of it, is answered without a failure of the server."""

from __future__ import annotations

import os
from typing import Any, Final

from graphql import IntValueNode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema
from starlette.testclient import TestClient

from mlgraph.api.graphql.execution import schema
from mlgraph.api.graphql.schema import schema_text
from tests.api.graphql.conftest import Catalogue
from tests.services.parts import Json

EXAMPLES: Final = int(os.environ.get("MLGRAPH_GRAPHQL_EXAMPLES", "150"))
"""10,000 take some minutes: MLGRAPH_GRAPHQL_EXAMPLES=10000 pytest --timeout=0 tests/api/graphql/test_fuzzed.py"""
URI: Final = "mlg://dataset/fuzz/a"
_WORDS: Final = (URI, "mlg://workflow/fuzz/w", "mlg://run/fuzz/r", "mlg://person/fuzz/p", "mlg://", "2026-11-01T00:00:00Z", "x")
_FACTS: Final[list[Json]] = [
    {"edge": {"source": URI, "relation": "input_to", "target": "mlg://workflow/fuzz/w"}},
    {"edge": {"source": "mlg://run/fuzz/r", "relation": "run_of", "target": "mlg://workflow/fuzz/w"}},
    {"edge": {"source": "mlg://workflow/fuzz/w", "relation": "outputs", "target": "mlg://dataset/fuzz/b"}},
    {"asset": {"uri": "mlg://dataset/fuzz/b", "owners": ["mlg://person/fuzz/p"]}},
]

queries: Final = from_schema(
    schema_text(schema()),
    custom_scalars={"Long": st.integers(0, 1).map(lambda number: IntValueNode(value=str(number))), "JSON": st.nothing()},
)


def plausible(query: str, number: int, word: str) -> str:
    """Return a generated query with values that the graph can answer: the generator's own are seldom any."""
    query = query.replace("first: 0", f"first: {number}")
    return query.replace('uri: ""', f'uri: "{word}"').replace('after: ""', "after: null").replace('asOf: ""', "asOf: null")


def check(http: TestClient, query: str, variables: dict[str, Any] | None = None) -> None:
    response = http.post("/graphql", json={"query": query, "variables": variables or {}})
    assert response.status_code < 500, (query, response.text)
    if response.headers["content-type"] == "application/json":
        answer = response.json()
        assert {error["extensions"]["code"] for error in answer.get("errors", ())}.isdisjoint({"INTERNAL_ERROR"}), (query, answer)
        assert ("data" in answer) == (response.status_code == 200), (query, answer)


@given(
    query=queries, number=st.integers(1, 100), word=st.sampled_from(_WORDS), cut=st.integers(0, 10**6), splice=st.text(max_size=3)
)
@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_query_makes_the_server_fail(
    real: Catalogue, real_http: TestClient, query: str, number: int, word: str, cut: int, splice: str
) -> None:
    if real.follower.snapshot().watermark < 1:
        real.add(*_FACTS)
    check(real_http, query)
    check(real_http, plausible(query, number, word))
    place = cut % (len(query) + 1)
    check(real_http, query[:place] + splice + query[place + 1 :])


def test_the_generated_queries_reach_the_graph(real: Catalogue, real_http: TestClient) -> None:
    real.add(*_FACTS)
    answered: list[str] = []

    @given(query=queries, number=st.integers(1, 100))
    @settings(max_examples=60, database=None, derandomize=True)
    def collect(query: str, number: int) -> None:
        answer = real_http.post("/graphql", json={"query": plausible(query, number, URI)}).json()
        if (answer.get("data") or {}).get("asset") or (answer.get("data") or {}).get("impact"):
            answered.append(query)

    collect()
    assert len(answered) >= 5, "the generator finds hardly any query that is answered"


def test_values_of_any_type_as_variables(real_http: TestClient) -> None:
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
        lambda below: st.lists(below, max_size=2) | st.dictionaries(st.text(max_size=2), below, max_size=2),
        max_leaves=4,
    )

    @given(first=values, uri=values, after=values, direction=values, watermark=st.none() | st.booleans() | st.text(max_size=3))
    @settings(max_examples=100)
    def ask(first: Any, uri: Any, after: Any, direction: Any, watermark: Any) -> None:
        query = """query ($first: Int!, $uri: String!, $after: String, $direction: Direction!, $w: Long) {
          asset(uri: $uri, atLeast: $w) { lineage(first: $first, after: $after, direction: $direction) { totalCount } } }"""
        check(real_http, query, {"first": first, "uri": uri, "after": after, "direction": direction, "w": watermark})

    ask()
