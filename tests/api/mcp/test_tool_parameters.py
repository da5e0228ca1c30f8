"""What a schema allows is what is read; a fault says which argument, and what it may be."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.api.mcp.tool_parameters import Parameter, read_arguments, schema_of
from mlgraph.domain.errors import InvalidInput

pytestmark = pytest.mark.unit
PARAMETERS = (
    Parameter("asset", required=True, description="name or URI"),
    Parameter("direction", one_of=("upstream", "downstream")),
    Parameter("kind", "array"),
    Parameter("budget", "integer", least=1_000, greatest=20_000),
)
_values = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 30_000), st.floats(allow_nan=False), st.text(max_size=5), st.just("upstream"),
    st.lists(st.one_of(st.text(min_size=1, max_size=3), st.integers()), max_size=3),
    st.dictionaries(st.text(), st.none(), max_size=1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("given_arguments", "message"),
    [
        ({}, "argument asset is missing: name or URI"),
        ({"asset": None}, "argument asset is missing"),
        ({"asset": ""}, "argument asset: must not be empty"),
        ({"asset": 7}, "argument asset: must be a string, not '7'"),
        ({"asset": ["a"]}, "must be a string"),
        ({"asset": "a" * 9_001}, "has 9001 characters"),
        ({"asset": "a", "assets": "b"}, "unknown argument 'assets'; did you mean 'asset'?"),
        ({"asset": "a", "zzz": 1}, "the arguments are asset, direction, kind, budget"),
        ({"asset": "a", "direction": "upstrem"}, "'upstrem' is not allowed; did you mean 'upstream'?"),
        ({"asset": "a", "budget": True}, "must be an integer"),
        ({"asset": "a", "budget": "5000"}, "must be an integer"),
        ({"asset": "a", "budget": 999}, "must be from 1000 to 20000, not 999"),
        ({"asset": "a", "budget": 10**400}, "must be from 1000 to 20000"),
        ({"asset": "a", "kind": [1]}, "must be an array of strings; '1' is none"),
        ({"asset": "a", "kind": ["a"] * 41}, "has 41 elements"),
    ],
)
def test_a_fault_is_explained(given_arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        read_arguments(PARAMETERS, given_arguments)
    assert message in raised.value.detail


def test_null_is_absent_and_a_single_element_needs_no_brackets() -> None:
    assert read_arguments(PARAMETERS, {"asset": "a", "budget": None, "kind": "dataset"}) == {"asset": "a", "kind": ["dataset"]}


@given(st.dictionaries(st.sampled_from(["asset", "direction", "kind", "budget", "other"]), _values, max_size=4))
def test_what_is_read_is_valid_by_the_schema(arguments: dict[str, Any]) -> None:
    schema = schema_of(PARAMETERS)
    try:
        found = read_arguments(PARAMETERS, arguments)
    except InvalidInput:
        return
    jsonschema.validate(found, schema)
