"""An answer is within its budget, has whole items only, and counts what it leaves out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.api.mcp.answers import LEAST_BUDGET, PlainListing, ToolAnswer, bounded, error_text, few
from mlgraph.api.mcp.token_estimate import tokens_of

pytestmark = pytest.mark.unit
_texts = st.one_of(st.text(max_size=30), st.text(min_size=200, max_size=3_000))
_entries = st.lists(
    st.fixed_dictionaries({"asset": st.just("@dataset.1.001"), "kind": st.sampled_from(["dataset", "model"]), "name": _texts}),
    max_size=60,
)


class LongNext(PlainListing):
    """A list whose `next` is as long as that of a closure."""

    def next(self, returned: int) -> str | None:
        found = super().next(returned)
        return None if found is None else f"{found:0>10}.1790000000000000"


@given(_entries, st.integers(LEAST_BUDGET, 3_000), st.dictionaries(st.text(max_size=9), _texts, max_size=6))
def test_an_answer_is_within_its_budget_and_its_counts_add_up(
    entries: list[dict[str, Any]], budget: int, described: dict[str, Any]
) -> None:
    text = ToolAnswer("found", LongNext(entries), 7, {"asset": "@dataset.1.001", **described}).text(budget)
    assert tokens_of(text) <= budget
    first, _, *items = map(json.loads, text.split("\n"))
    assert first["returned"] == len(items)
    assert first["total"] == len(entries)
    left_out = first["left_out"]
    if len(items) == len(entries):
        assert left_out == 0
        assert first["next"] is None
    else:
        assert len(items) > 0, "an answer always has an item"
        assert left_out["total"] == len(entries) - len(items) == sum(left_out["by_kind"].values())
        assert first["next"].startswith(f"{len(items):0>10}.")
    complete = [json.loads(json.dumps(bounded(entry))) for entry in entries]
    assert items[1:] == complete[1 : len(items)], "an item is as it is or not there"


def test_the_pages_of_an_answer_are_all_its_items() -> None:
    entries = [{"asset": f"@dataset.{n}.001", "kind": "dataset", "name": "n" * (n % 90)} for n in range(200)]
    listed, start = [], 0
    while True:
        first, *items = map(json.loads, ToolAnswer("found", PlainListing(entries, start), 7).text(LEAST_BUDGET).split("\n"))
        listed += items
        if first["next"] is None:
            break
        assert first["left_out"]["total"] == len(entries) - len(listed)
        start = int(first["next"])
    assert listed == entries


def test_an_item_that_is_too_large_lists_the_fields_that_it_lacks() -> None:
    entry = {"asset": "@dataset.1.001", "kind": "dataset", **{f"field_{n}": "x" * 290 for n in range(20)}}
    first, item = map(json.loads, ToolAnswer("found", PlainListing([entry]), 7).text(LEAST_BUDGET).split("\n"))
    assert first["returned"] == 1
    assert item["asset"] == "@dataset.1.001"
    assert {*item, *item["fields_left_out"]} == {*entry, "fields_left_out"}


@pytest.mark.parametrize("char", ["\u202e", "\u200b", "\x1b", "\x85", "\u2028", "\ufeff", "\U000e0041", "\n", "\x00", "\x7f"])
def test_an_invisible_character_is_visible_and_ends_no_line(char: str) -> None:
    entry = {"asset": "@dataset.1.001", "kind": "dataset", "name": f"a{char}b"}
    text = ToolAnswer("found", PlainListing([entry]), 7).text(LEAST_BUDGET)
    assert char not in text.replace("\n", "", 1) or char == "\n"
    assert len(text.splitlines()) == 2
    assert json.loads(text.split("\n")[1])["name"] == f"a{char}b"


def test_long_texts_and_lists_say_what_they_lack() -> None:
    assert bounded("x" * 305) == "x" * 300 + "... (5 more characters)"
    assert bounded([1] * 40)[-1] == "... (8 more)"
    assert bounded({str(n): n for n in range(40)})["left_out"] == 8
    assert json.loads(error_text("Title", "y" * 2_500))["detail"].endswith("(1900 more characters)")


def test_many_teams_are_one_number() -> None:
    counts = {f"team {n:02}": 100 - n for n in range(20)}
    found = few(counts, "team")
    assert len(found) == 9
    assert sum(found.values()) == sum(counts.values())
    assert found["12 other teams"] == sum(100 - n for n in range(8, 20))
    text = ToolAnswer("found", PlainListing([]), 7, {"asset": "@a.1.001", "by_team": counts}).text(4_000)
    assert json.loads(text.split("\n")[1])["by_team"] == found
