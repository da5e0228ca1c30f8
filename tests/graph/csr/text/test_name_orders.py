"""Lookups by the end of a text and by the complete text find what a scan finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.graph.csr.text import name_orders
from mlgraph.graph.csr.text.string_index import Strings
from mlgraph.graph.csr.text.text_arena import Pieces

texts = st.text(st.sampled_from("aAbZ/é"), max_size=24)
deterministic = settings(derandomize=True, deadline=None, max_examples=400)


def strings(listed: list[str]) -> Strings:
    pieces = Pieces.of(listed, raw=True)
    return Strings(pieces.offsets, pieces.data)


@deterministic
@given(st.lists(texts, max_size=20), texts.filter(bool))
def test_lookups_find_what_a_scan_finds(listed: list[str], sought: str) -> None:
    stored, end = strings(listed), sought.encode()
    folded = [text.encode().lower() for text in listed]
    by_end = name_orders.order_by_end(stored)
    assert [folded[number][::-1] for number in by_end.tolist()] == sorted(text[::-1] for text in folded)
    found = name_orders.with_end(stored, by_end, end)
    assert sorted(found.tolist()) == [number for number, text in enumerate(folded) if text.endswith(end.lower())]
    by_text = name_orders.order_by_text(stored)
    assert [folded[number] for number in by_text.tolist()] == sorted(filter(None, folded))
    equal = name_orders.equal_to(stored, by_text, end)
    assert sorted(equal.tolist()) == [number for number, text in enumerate(folded) if text == end.lower()]
    every = np.arange(len(listed), dtype=np.int32)
    exact = [text.encode().endswith(end) for text in listed]
    assert name_orders.have_case(stored, every, end).tolist() == exact
