"""The limits of GraphQL queries, against a model that expands the query as a person would."""

from __future__ import annotations

import time
from typing import Any

import pytest
from graphql import parse
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.api.graphql.execution import GraphqlRequest, prepare
from mlgraph.api.graphql.limits import MAX_ALIASES, QueryLimits, QueryRefused

pytestmark = pytest.mark.unit
URI = "mlg://dataset/lake/a"


def refusal(query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    found = prepare(GraphqlRequest(query, variables or {}, None))
    assert isinstance(found, list), "the query is not refused"
    error: dict[str, Any] = found[0]
    return error


def limits(query: str, **variables: Any) -> QueryLimits:
    return QueryLimits(parse(query), variables)


def nested(*firsts: int) -> str:
    inner = "node { uri }"
    for first in reversed(firsts):
        inner = f"node {{ lineage(first: {first}) {{ edges {{ {inner} }} }} }}"
    return f'query {{ asset(uri: "{URI}") {{ {inner.removeprefix("node { ").removesuffix(" }")} }} }}'


def test_the_cost_is_the_product_of_first_along_the_query() -> None:
    assert limits(nested(7)).cost == 7
    assert limits(nested(10, 20)).cost == 10 + 10 * 20
    assert limits(nested(3, 4, 5)).cost == 3 + 12 + 60
    assert (
        limits(
            f'{{ a: impact(uri: "{URI}", first: 5) {{ totalCount }} b: impact(uri: "{URI}", first: 6) {{ totalCount }} }}'
        ).cost
        == 11
    )


def test_what_stands_beside_the_edges_is_counted_once() -> None:
    beside = "notify(first: 20) { edges { node { owner assets(first: 5) } } }"
    assert limits(f'{{ impact(uri: "u", first: 100) {{ edges {{ node {{ uri }} }} {beside} }} }}').cost == 100 + 20 * (1 + 5)


def test_a_costly_query_is_refused_with_its_cost_and_the_largest_factor() -> None:
    asked = '{ asset(uri: "u") { lineage(first: %d) { edges { node { lineage(first: 100) { edges { distance } } } } } } }'
    assert not isinstance(prepare(GraphqlRequest(asked % 99, {}, None)), list)
    error = refusal(asked % 100)
    assert error["extensions"] == {
        "code": "TOO_COSTLY",
        "cost": 10_100,
        "limit": 10_000,
        "factor": {"first": 100, "path": "asset.lineage"},
    }
    assert "10,100 nodes" in error["message"]
    assert "first: 100 at asset.lineage" in error["message"]


def test_fragments_and_variables_count_where_they_are_used() -> None:
    query = """
      query Q($n: Int = 50, $uri: String!) { asset(uri: $uri) { ...L lineage(first: 2) { edges { node { ...L } } } } }
      fragment L on Asset { x: lineage(first: $n) { totalCount } ... on Asset { y: lineage(first: 3) { totalCount } } }
    """
    assert limits(query).cost == 53 + 2 + 2 * 53
    assert limits(query, n=10).cost == 13 + 2 + 2 * 13
    assert refusal(query, {"n": 101, "uri": "u"})["extensions"]["code"] == "WRONG_FIRST"


@pytest.mark.parametrize("first", [0, -1, 101, 10**9])
def test_first_is_from_1_to_100(first: int) -> None:
    error = refusal(nested(first))
    assert error["extensions"] == {"code": "WRONG_FIRST", "limit": 100}
    assert str(first) in error["message"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [("", "INVALID_QUERY"), ("first: null", "INVALID_QUERY"), ('first: "5"', "INVALID_QUERY"), ("first: 5.5", "INVALID_QUERY")],
)
def test_first_is_compulsory_and_a_number(arguments: str, code: str) -> None:
    error = refusal(f'{{ impact(uri: "u", {arguments}) {{ totalCount }} }}')
    assert error["extensions"]["code"] == code
    assert "first" in error["message"] or "Int" in error["message"]


@given(
    st.recursive(
        st.integers(1, 100).map(lambda first: (first, [])),
        lambda below: st.tuples(st.integers(1, 100), st.lists(below, max_size=3)),
        max_leaves=6,
    )
)
def test_the_cost_is_what_a_naive_count_finds(tree: tuple[int, list[Any]]) -> None:
    def text(node: tuple[int, list[Any]], number: int = 0) -> str:
        below = " ".join(text(child, place) for place, child in enumerate(node[1]))
        return f"a{number}: lineage(first: {node[0]}) {{ totalCount edges {{ node {{ uri {below} }} }} }}"

    def nodes(node: tuple[int, list[Any]]) -> int:
        return sum(1 + sum(nodes(child) for child in node[1]) for _ in range(node[0]))

    def small(node: tuple[int, list[Any]]) -> tuple[int, list[Any]]:
        return min(node[0], 5), [small(child) for child in node[1]]

    small_tree = small(tree)
    assert limits(f'{{ asset(uri: "u") {{ {text(small_tree)} }} }}').cost == nodes(small_tree)


def test_a_query_ten_levels_deep_with_a_thousand_aliases_is_refused_quickly() -> None:
    inner = "{ uri }"
    for _ in range(3):
        inner = f"{{ lineage(first: 1) {{ edges {{ node {inner} }} }} }}"
    aliases = " ".join(f'a{number}: asset(uri: "u") {inner}' for number in range(1_000))
    started = time.perf_counter()
    error = refusal(f"{{ {aliases} }}")
    assert time.perf_counter() - started < 1
    assert error["message"]

    few = " ".join(f'a{number}: asset(uri: "u") {{ uri }}' for number in range(MAX_ALIASES + 1))
    assert refusal(f"{{ {few} }}")["extensions"] == {"code": "TOO_MANY_ALIASES", "number": MAX_ALIASES + 1, "limit": MAX_ALIASES}
    assert refusal(nested(1, 1, 1))["extensions"]["code"] == "TOO_DEEP"


@pytest.mark.parametrize(
    "query",
    [
        "{" * 3_000,
        "{ a " * 1_000 + "}" * 1_000,
        '{ impact(uri: "u", first: 1, kind: ' + "[" * 1_500 + "]" * 1_500 + ") { totalCount } }",
        "{ __schema " + "{ types { fields { type " * 30 + "{ name }" + "} } }" * 30 + " }",
        "{ " + 'asset(uri: "u") { uri } ' * 400 + "}",
        "{ ...A } " + " ".join(f"fragment {chr(65 + n)} on Query {{ ...{chr(66 + n)} ...{chr(66 + n)} }}" for n in range(20)),
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        '"' * 2_000,
        "query A { __typename } query B { __typename }",
        "fragment A on Query { __typename }",
        "subscription { x }",
        "mutation { x }",
        "type A { x: Int }",
        "{ nosuch }",
        "\ud800",
        '{ asset(uri: "\\ud800") { uri } }',
    ],
)
def test_a_hostile_query_is_refused_quickly(query: str) -> None:
    started = time.perf_counter()
    found = prepare(GraphqlRequest(query, {}, None))
    assert time.perf_counter() - started < 2
    if isinstance(found, list):
        assert found
        assert all(error["extensions"]["code"] and "Traceback" not in error["message"] for error in found)
    else:
        assert "ud800" in query


def test_one_operation_a_request() -> None:
    error = refusal("query A { __typename } query B { __typename }")
    assert error["extensions"] == {"code": "ONE_OPERATION", "operations": 2}


def test_a_query_at_every_limit_is_prepared() -> None:
    aliases = " ".join(f'a{number}: asset(uri: "u") {{ uri }}' for number in range(MAX_ALIASES))
    assert not isinstance(prepare(GraphqlRequest(f"{{ {aliases} }}", {}, None)), list)
    assert not isinstance(prepare(GraphqlRequest(nested(99, 100), {}, None)), list)


def test_the_watermark_to_wait_for_is_the_largest_one() -> None:
    query = """query ($w: Long) { a: asset(uri: "u", atLeast: 5) { uri } b: asset(uri: "u", atLeast: $w) { uri } }"""
    assert limits(query, w=9).at_least == 9
    assert limits(query, w=2**80).at_least == 2**63 - 1
    assert limits(query).at_least == 5
    assert limits(query, w=-4).at_least == 5


def test_a_float_variable_is_no_page_size() -> None:
    with pytest.raises(QueryRefused):
        limits('query ($n: Int!) { impact(uri: "u", first: $n) { totalCount } }', n=1e9)
    assert limits('query ($n: Int!) { impact(uri: "u", first: $n) { totalCount } }', n=float("inf")).cost == 1
