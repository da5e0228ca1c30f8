"""The page of an asset: the answer first, every state, and names that try to be something else."""

from __future__ import annotations

import pytest

from tests.api.mcp import company
from tests.portal import shop
from tests.portal.portal_page import Portal


def test_the_answer_comes_first(portal: Portal) -> None:
    assert portal.open("/asset", uri=company.ORDERS_DAILY) == "ready"
    assert portal.text(".answer").startswith(
        "Written by build_orders_daily, read by train_fraud, feeds member_taste, home-feed depending on it."
    )
    assert portal.page.locator(".answer .owner").text_content() == "owned by data"
    assert portal.page.locator("h1").text_content() == "orders_daily"
    portal.wait_for_text("assets downstream")
    assert "orders_daily" in portal.page.title()


def test_tabs_are_addresses(portal: Portal) -> None:
    portal.open("/asset", uri=shop.MEMBERS)
    portal.page.get_by_role("link", name="Schema 6").click()
    assert "tab=schema" in portal.page.url
    assert portal.page.locator("section#schema").count() == 1
    assert portal.page.locator("section#history").count() == 0
    portal.page.go_back()
    portal.page.locator("section#history").wait_for()
    for tab in ("relations", "history", "similar", "sources"):
        assert portal.open("/asset", uri=shop.MEMBERS, tab=tab) == "ready"
        assert portal.page.locator(f"section#{tab}").is_visible()


def test_checks_stand_beside_their_columns(portal: Portal) -> None:
    portal.open("/asset", uri=shop.MEMBERS)
    assert "not null" in portal.text("#schema tr:has-text('member_id')")
    assert "not met: unique" in portal.text("#schema tr:has-text('email')")
    assert "1 of 2 checks met" in portal.text("aside")
    assert "77,257" in portal.text("aside")


def test_three_thousand_columns_are_searched_and_only_those_in_sight_are_drawn(portal: Portal) -> None:
    portal.open("/asset", uri=shop.WIDE, tab="schema")
    rows = portal.page.locator("#schema tbody tr:not([aria-hidden])")
    assert f"{shop.COLUMNS:,} of {shop.COLUMNS:,} columns" in portal.text("#schema")
    assert rows.count() < 100
    portal.page.locator("#schema .tall").evaluate("each => each.scrollTo(0, each.scrollHeight)")
    portal.page.get_by_text("column_2999_id").wait_for()
    assert rows.count() < 100
    portal.page.get_by_label("Find a column").fill("1234")
    portal.wait_for_text("1 of 3,000 columns")
    assert "column_1234_id" in portal.text("#schema tbody")


def test_versions_have_metrics_and_deployments(portal: Portal) -> None:
    portal.open("/asset", uri=company.RANKER, tab="versions")
    portal.wait_for_text("0.6823", "#versions")
    portal.wait_for_text("home-main", "#versions")
    rows = portal.page.locator("#versions tbody tr").all_text_contents()
    assert [row[:13] for row in rows] == ["home-ranker/3", "home-ranker/2", "home-ranker/1"]
    assert "home-main" in rows[1]
    portal.open("/asset", uri=company.RANKER_3)
    portal.wait_for_text("+0.0160", "#versions")


def test_similar_assets_have_reasons_and_a_pair_can_be_dismissed_and_undone(portal: Portal) -> None:
    portal.expect(503)  # the index may still be built
    portal.open("/asset", uri=shop.MEMBERS, tab="similar")
    portal.page.locator("#similar .hit").first.wait_for()
    hit = portal.text("#similar .hit")
    assert "marketing/subscribers" in hit
    assert "growth" in hit
    portal.page.get_by_role("button", name="Not a duplicate").first.click()
    portal.page.get_by_label("Why not").fill("one is for newsletters")
    portal.press("Enter")
    portal.wait_for_text("is not shown again", "#similar")
    portal.page.locator("#similar .hit", has_text="marketing/subscribers").wait_for(state="detached")
    portal.page.locator("#similar").get_by_role("button", name="Undo").click()
    portal.page.locator("#similar .hit", has_text="marketing/subscribers").wait_for()


@pytest.mark.parametrize(
    ("asset", "band"),
    [
        (shop.GONE, "Deleted."),
        (shop.GHOST, "Referenced only."),
        (shop.LATER, "Not yet."),
    ],
)
def test_missing_assets_have_a_band_and_show_what_is_known(portal: Portal, asset: str, band: str) -> None:
    assert portal.open("/asset", uri=asset) == "ready"
    assert band in portal.text()
    assert portal.page.locator("section#relations").is_visible()


def test_an_unknown_uri_offers_the_nearest_names(portal: Portal) -> None:
    portal.expect(404)
    assert portal.open("/asset", uri=company.uri("dataset", "orders_dail", company.LAKE)) == "error"
    assert portal.text("h1") == "Nothing is known about this URI"
    portal.page.locator("section ul a", has_text="orders_daily").first.click()
    portal.wait_for_text("orders_daily", "h1")


def test_a_text_that_is_no_uri_offers_what_it_may_mean(portal: Portal) -> None:
    portal.expect(422)
    assert portal.open("/asset", uri="orders_daily") == "error"
    portal.page.locator("section ul a", has_text="orders_daily").first.click()
    portal.wait_for_text("orders_daily", "h1")


def test_the_past_is_framed_and_writes_nothing(portal: Portal) -> None:
    portal.open("/asset", uri=company.HOME_MAIN, as_of="2026-03-01T00:00:00Z")
    assert "You look at" in portal.text()
    assert "home-ranker/1" in portal.text("#relations")
    assert portal.page.get_by_role("button", name="add a tag").count() == 0
    assert portal.page.locator(".frame.is-past").count() == 1
    portal.page.get_by_role("button", name="Back to now").click()
    portal.wait_for_text("home-ranker/2", "#relations")
    portal.page.get_by_role("button", name="add a tag").wait_for()
    portal.press("t")
    portal.page.get_by_label("Date and time").fill("2026-03-01T00:00:00")
    portal.press("Enter")
    portal.wait_for_text("home-ranker/1", "#relations")
    assert "/asset?" in portal.page.url


@pytest.mark.parametrize("asset", [shop.TAGGED, company.INJECTION])
def test_markup_in_names_is_text(portal: Portal, asset: str) -> None:
    for tab in ("about", "schema", "history", "sources"):
        portal.open("/asset", uri=asset, tab=tab)
        assert portal.page.locator("main img, main script, main b:text('bold')").count() == 0
        assert portal.page.title() != "run"
    portal.open("/asset", uri=asset)
    assert "<" in portal.text("h1")


def test_a_long_name_stays_on_one_line_and_whole_in_the_page(portal: Portal) -> None:
    portal.open("/asset", uri=shop.LONG)
    assert portal.page.locator("h1").text_content() == shop.LONG_NAME
    box = portal.page.locator("h1").bounding_box()
    assert box is not None
    assert box["height"] < 40
    assert portal.overflows() <= 0


def test_a_name_from_right_to_left_does_not_turn_its_sentence(portal: Portal) -> None:
    portal.open("/asset", uri=shop.ARABIC)
    assert portal.page.locator("h1").text_content() == shop.RIGHT_TO_LEFT
    assert portal.page.locator("h1 bdi").evaluate("each => getComputedStyle(each).direction") == "rtl"
    assert portal.page.locator("main").evaluate("each => getComputedStyle(each).direction") == "ltr"


def test_json_and_command_are_the_same_answer(portal: Portal) -> None:
    portal.open("/asset", uri=company.ORDERS)
    answer = portal.page.request.get(portal.url + (portal.page.get_by_role("link", name="as JSON").get_attribute("href") or ""))
    assert answer.json()["uri"] == company.ORDERS
    portal.page.get_by_role("button", name="as command").click()
    assert f"mlgraph show {company.ORDERS}" in portal.text("dialog[open]")
