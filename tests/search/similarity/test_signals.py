"""Signals between planted assets, and the order that they give."""

from __future__ import annotations

import pytest

from mlgraph.search.similarity.scoring import SUGGESTED, Signals, score
from mlgraph.search.similarity.signals import neighbour_overlap, rank
from tests.search.similarity.planted import Planted


@pytest.fixture
def planted() -> Planted:
    found = Planted()
    for number in range(20, 40):
        found.put(number, f"other{number}", f"subject{number} of topic{number}", f"field{number}:int", (100 + number,))
    return found


def signals_of(planted: Planted, one: int, other: int) -> Signals:
    (ranked,) = rank(planted.subject(one), [planted.subject(other)], planted.context())
    return ranked.signals


def test_abbreviations_and_synonyms_of_columns_match(planted: Planted) -> None:
    planted.put(1, "unpaid", "", "customer_id:bigint overdue_amount:double days_late:int")
    planted.put(2, "debtors", "", "cust_id:varchar delayed_amt:decimal late_days:integer")
    planted.put(3, "weather", "", "station:int humidity:double wind:double")
    assert signals_of(planted, 1, 2).columns > 0.7
    assert signals_of(planted, 1, 3).columns == 0


def test_types_that_differ_weaken_the_agreement_of_columns(planted: Planted) -> None:
    planted.put(1, "a", "", "overdue_amount:double")
    planted.put(2, "b", "", "overdue_amount:double")
    planted.put(3, "c", "", "overdue_amount:timestamp")
    assert signals_of(planted, 1, 3).columns < signals_of(planted, 1, 2).columns


def test_columns_that_every_table_has_weigh_little() -> None:
    planted = Planted()
    for number in range(10, 60):
        planted.put(number, f"t{number}", "", f"id:int created_at:timestamp own{number}:int")
    planted.put(1, "one", "", "id:int created_at:timestamp churn_score:double")
    planted.put(2, "two", "", "id:int created_at:timestamp basket_size:double")
    planted.put(3, "three", "", "id:int updated:timestamp churn_score:double")
    assert signals_of(planted, 1, 2).columns < 0.2 < signals_of(planted, 1, 3).columns


def test_shared_sources_count_with_a_shared_topic_only(planted: Planted) -> None:
    planted.put(1, "late_bills", "bills that customers pay late", "", (1, 2))
    planted.put(2, "overdue_invoices", "invoices that clients pay after the due day", "", (1, 2))
    planted.put(3, "warehouse_space", "free shelves of depots", "", (1, 2))
    assert signals_of(planted, 1, 2).sources > 0.5
    assert signals_of(planted, 1, 3).sources < 0.2
    assert planted.ranked(1)[0] == 2


def test_other_data_speaks_against_equal_words(planted: Planted) -> None:
    planted.put(1, "churn_score", "risk that a subscriber leaves", "subscriber_id risk", (1, 2))
    planted.put(2, "attrition", "probability that a member quits", "member_id probability", (1, 2))
    planted.put(3, "churn_score_b", "risk that a subscriber leaves", "subscriber_id risk", (8, 9))
    found = signals_of(planted, 1, 3)
    assert found.other_data == 1
    assert found.text > 0.9
    assert planted.ranked(1)[0] == 2
    assert score(found) < SUGGESTED


@pytest.mark.parametrize(
    ("mine", "theirs"), [("orders_eu", "orders_us"), ("sales_germany", "sales_france"), ("kpi_daily", "kpi_weekly")]
)
def test_slices_made_by_one_template_are_no_duplicates(planted: Planted, mine: str, theirs: str) -> None:
    planted.put(1, mine, "one row for each order with its amount", "order_id amount", (1,))
    planted.put(2, theirs, "one row for each order with its amount", "order_id amount", (1,))
    found = signals_of(planted, 1, 2)
    assert found.other_slice == 1
    assert score(found) < score(found._replace(other_slice=0.0))


def test_descriptions_filled_from_one_template_speak_against_duplicates(planted: Planted) -> None:
    text = "number of {} that were counted in the last seven days for the weekly report of the board"
    planted.put(1, "alpha", text.format("parcels"), "", (1,))
    planted.put(2, "beta", text.format("complaints"), "", (2,))
    assert signals_of(planted, 1, 2).other_slice > 0.9


def test_neighbours_are_compared_over_common_items() -> None:
    one = {item: frozenset(range(item, item + 10)) for item in range(8)}
    other = {item: frozenset(range(item + 3, item + 13)) for item in range(8)}
    assert neighbour_overlap(one, other) == pytest.approx(0.7)
    assert neighbour_overlap(one, {0: frozenset(range(10))}) == 0  # too few items in common


def test_signals_lie_between_0_and_1_and_do_not_depend_on_the_direction(planted: Planted) -> None:
    planted.put(1, "late_bills", "bills that customers pay late", "bill_id days_late:int", (1, 2))
    planted.put(2, "overdue_invoices", "invoices paid after the due day", "invoice_id delay_days:int", (1, 2, 3))
    there, back = signals_of(planted, 1, 2), signals_of(planted, 2, 1)
    assert all(0 <= value <= 1 for value in there)
    assert there == pytest.approx(back, abs=1e-5)
