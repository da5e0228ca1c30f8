from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlgraph.domain.errors import InvalidInput
from mlgraph.graph.response.paging import Frontier


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def test_a_frontier_is_read_as_it_was_written() -> None:
    frontier = Frontier(3, "mlg://dataset/lake/a", 1_795_999_833_811_333)
    assert Frontier.decode(frontier.encode()) == frontier


@given(st.text() | st.recursive(st.none() | st.integers() | st.text() | st.booleans(), st.lists).map(encoded))
@example(encoded([0, "x", 10**30]))
@example(encoded([0, "x", 5 * 10**17]))
@example(encoded([0, "x", -(10**18)]))
@example(encoded([True, "x", 0]))
@example(base64.urlsafe_b64encode(b"[" * 50_000).decode())
@example("\ud800")
def test_any_other_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a frontier"):
        Frontier.decode(text)
