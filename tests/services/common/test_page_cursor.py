from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlgraph.domain.errors import InvalidInput
from mlgraph.services.common.page_cursor import PageCursor, query_digest

pytestmark = pytest.mark.unit


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def test_a_cursor_is_read_as_it_was_written() -> None:
    cursor = PageCursor(42, 1_795_999_833_811_333, 100, query_digest("lineage", "mlg://a"))
    assert PageCursor.decode(cursor.encode(), cursor.query) == cursor


@given(st.text() | st.recursive(st.none() | st.integers() | st.text() | st.booleans(), st.lists).map(encoded))
@example(encoded([1, 10**30, 0, "q"]))
@example(encoded([1, -(10**18), 0, "q"]))
@example(encoded([1, 2**63 - 1, 0, "q"]))
@example(encoded([-1, 0, 0, "q"]))
@example(encoded([1, 0, -5, "q"]))
@example(encoded([True, 0, 5, "q"]))
@example(encoded([1, 0, 5, "other"]))
@example("W" * 100_000)
@example(base64.urlsafe_b64encode(b"[" * 50_000).decode())
@example(base64.urlsafe_b64encode(b"[" + b"9" * 5_000 + b',0,0,"q"]').decode())
@example("\ud800")
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        PageCursor.decode(text, "q")


def test_queries_that_list_something_else_have_another_digest() -> None:
    digests = {query_digest(*parameters) for parameters in (("a", "b"), ("a", None), ("ab",), ("a", "b", None), ())}
    assert len(digests) == 5
