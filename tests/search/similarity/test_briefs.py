"""Passages of plans, and what covers them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.search.similarity.briefs import (
    LISTED,
    PASSAGE_WORDS,
    brief_score,
    brief_signals,
    groups_of_copies,
    passages,
    read_passages,
)
from tests.search.similarity.planted import Planted


@given(st.text(max_size=2_000))
def test_every_word_of_a_text_is_in_a_passage(text: str) -> None:
    found = passages(text)
    assert {word for passage in found for word in passage.split()} == set(text.split())
    assert all(len(passage.split()) <= PASSAGE_WORDS for passage in found)


@pytest.fixture
def planted() -> Planted:
    found = Planted()
    for number in range(20, 40):
        found.put(number, f"other{number}", f"subject{number} of topic{number}", f"field{number}")
    found.put(1, "late_bills", "bills that customers pay late", "days_late amount")
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We plan to build a table of the invoices that clients pay late, with the amount.", True),
        ("I plan to predict how proteins fold from their amino acids.", False),
        ("Does anybody have something like this? It should be ready in spring.", False),
        ("", False),
        ("\u3002 ??? ###", False),
    ],
)
def test_a_brief_finds_what_exists_and_nothing_else(planted: Planted, text: str, found: bool) -> None:
    context = planted.context()
    read = read_passages(passages(text), context)
    scores = [brief_score(signals) for each in read for signals in brief_signals(each, [planted.subject(1)], context)]
    assert any(score >= LISTED for score in scores) is found


def test_copies_and_slices_of_one_template_are_one_hit() -> None:
    found = Planted()
    text = "money that buyers of clothes will spend in the coming years"
    found.put(1, "spend_forecast_eu", text)
    found.put(2, "weekly_visits", "how often buyers of clothes come to the shop each week")
    found.put(3, "spend_forecast_us", f"{text} in the States")
    found.put(4, "prod/spend_forecast_eu_v2", "money that buyers spend")
    found.put(5, "spend_forecast_apac", "complaints about late parcels, by depot")
    found.put(6, "customer_worth", text)
    groups = groups_of_copies([found.subject(number) for number in (1, 2, 3, 4, 5, 6)], found.context())
    assert groups == [[1, 3, 4, 6], [2], [5]]
    assert groups_of_copies([], found.context()) == []
