"""Decoding input: the fast decoder is used only where it returns the same as the strict one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.payloads.payload import decode_json
from mlgraph.services.ingest.json_reading import read_json

NUMBERS = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"-?[1-9][0-9]{0,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
)


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


@given(NUMBERS)
def test_numbers_are_read_as_by_the_strict_decoder(number: str) -> None:
    raw = f'{{"n":{number}}}'.encode()
    assert same(read_json(raw)["n"], decode_json(raw)["n"])


@pytest.mark.parametrize("number", [10**18, 2**63, 2**64, 10**19 + 1, -(10**30), 2**53 + 1])
def test_large_integers_are_exact(number: int) -> None:
    assert read_json(json.dumps({"n": number}).encode()) == {"n": number}
