"""The feed of changes in a browser: pages that only append, newer entries that wait, filters, the past, states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.api.mcp import company
from tests.contract.serving import Api, Process
from tests.portal import shop
from tests.portal.conftest import OpenPortal, window
from tests.portal.portal_page import PHONE, Portal, answered, refused

CALL: Final = "**/api/v1/changes*"
TABLES: Final = 130
LIMIT: Final = 100
ITEMS: Final = ".feed-group .item"
COLUMNS: Final = [{"name": f"column_{number}", "type": "long"} for number in range(6)]


def table(number: int, **state: Any) -> dict[str, Any]:
    """Return the fact that a table of the feed exists."""
    return {"asset": {"uri": company.uri("dataset", f"table-{number:03}", company.LAKE), **state}}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Client of a server with more changes than one page lists, the last of them one of columns."""
    process = Process("--data", str(tmp_path_factory.mktemp("changes") / "data"))
    api = Api(process.url)
    api.taken(*shop.facts())
    api.taken(*(table(number, owners=[company.TEAMS["ads"]]) for number in range(TABLES)))
    api.taken(table(0, owners=[company.TEAMS["ads"]], properties={"schema": COLUMNS}))
    api.ask("changes", limit=1)
    yield api
    api.close()
    assert process.stop() == 0


@pytest.fixture
def open_feed(browser: Browser, api: Api) -> Iterator[OpenPortal]:
    with ExitStack() as stack:

        def opened(**settings: Any) -> Portal:
            return stack.enter_context(window(browser, api.url, **settings))

        yield opened


@pytest.fixture
def feed(open_feed: OpenPortal) -> Portal:
    return open_feed()


def listed(feed: Portal) -> list[str]:
    """Return the entries of the page as text, without the clock."""
    return [" ".join(text.split()) for text in feed.page.locator(f"{ITEMS} > div:nth-child(2)").all_inner_texts()]


def test_more_only_appends_until_all_are_shown(feed: Portal, api: Api) -> None:
    total = api.ask("changes", limit=1)["total"]
    assert feed.open("/changes") == "ready"
    assert f"{total} changes" in feed.text(".answer")
    assert f"{LIMIT} of {total} changes are shown." in feed.text(".feed-end")
    before, more = listed(feed), feed.page.get_by_role("button", name="Load more")
    assert "table-000 changed its columns" in before[0]
    shown = LIMIT
    while shown < total:
        more.click()
        shown = min(shown + LIMIT, total)
        feed.wait_for_text(f"{shown} of {total} changes are shown.", ".feed-end")
        after = listed(feed)
        assert after[: len(before)] == before
        assert len(after) > len(before)
        before = after
    expect(more).to_have_count(0)


def test_what_is_not_shown_at_once_opens_in_place(feed: Portal) -> None:
    feed.open("/changes")
    first = feed.page.locator(ITEMS).first
    expect(first.locator("code")).to_have_count(4)
    first.get_by_role("button", name="2 more").click()
    expect(first.locator("code")).to_have_count(len(COLUMNS))


def test_newer_changes_are_announced_and_wait(feed: Portal, api: Api) -> None:
    feed.open("/changes", owner=company.TEAMS["ads"])
    before, place = listed(feed), feed.page.locator(ITEMS).first.bounding_box()
    api.taken(table(900, owners=[company.TEAMS["ads"]]), table(901, owners=[company.TEAMS["data"]]))
    feed.wait_for_text("1 newer change.", ".news")
    assert listed(feed) == before
    assert feed.page.locator(ITEMS).first.bounding_box() == place, "the announcement moves nothing"
    feed.page.get_by_role("button", name="Show newer changes").click()
    feed.wait_for_text("table-900 is new", f"{ITEMS} >> nth=0")
    expect(feed.page.locator(".news .band")).to_have_count(0)


def test_the_filters_stand_in_the_address(feed: Portal) -> None:
    feed.open("/changes")
    feed.page.get_by_label("Owner", exact=True).fill(company.TEAMS["risk"])
    feed.press("Enter")
    feed.page.wait_for_url("**owner=*")
    feed.wait_for_text("at assets of risk", ".answer")
    assert parse_qs(urlsplit(feed.page.url).query)["owner"] == [company.TEAMS["risk"]]
    href = feed.page.get_by_role("link", name="as JSON").get_attribute("href") or ""
    answer = feed.page.request.get(feed.url + href).json()
    assert answer["owner"] == company.TEAMS["risk"]
    assert f"{answer['total']} changes" in feed.text(".answer")
    feed.page.get_by_role("button", name="as command").click()
    assert f"mlgraph changes --owner {company.TEAMS['risk']}" in feed.text("dialog[open]")
    feed.press("Escape")
    feed.page.get_by_role("button", name="Remove the filter Owner").click()
    expect(feed.page.get_by_label("Owner", exact=True)).to_be_visible()
    assert "owner=" not in feed.page.url
    feed.page.get_by_role("button", name="Last 7 days").click()
    feed.page.wait_for_url("**from=*")
    expect(feed.page.get_by_label("From", exact=True)).not_to_have_value("")


def test_an_asset_is_a_filter_and_its_name_a_link(feed: Portal) -> None:
    assert feed.open("/changes", uri=company.RANKER_3) == "ready"
    feed.wait_for_text("around home-ranker/3", ".answer")
    feed.page.locator(f"{ITEMS} a").first.click()
    feed.page.wait_for_url("**/asset?*")


def test_an_empty_period_is_named(feed: Portal) -> None:
    assert feed.open("/changes", **{"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}) == "empty"
    assert "Nothing changed from" in feed.text(".empty-line")
    assert feed.text(".empty-line").count("2020") == 2


def test_the_past_lists_nothing_that_was_recorded_later(feed: Portal, api: Api) -> None:
    newest = datetime.fromisoformat(api.ask("changes", limit=1)["changes"][0]["recorded_at"])
    feed.open("/changes", as_of=(newest - timedelta(microseconds=1)).isoformat())
    feed.wait_for_text("You look at", ".band.past")
    then = int(feed.text(".answer").split(" ")[0].replace(",", ""))
    assert 0 < then < api.ask("changes", limit=1)["total"]
    assert feed.open("/changes", as_of="2020-01-01T00:00:00Z") == "empty"


def test_an_error_keeps_the_last_good_answer_and_is_tried_again(feed: Portal) -> None:
    feed.expect(500)
    feed.open("/changes")
    before = listed(feed)
    feed.page.route(CALL, refused(500, "Internal error", "its log has the cause"))
    feed.page.get_by_role("button", name="Load more").click()
    feed.wait_for_text("its log has the cause", ".band.bad")
    assert feed.page.get_attribute("main", "data-state") == "error"
    assert listed(feed) == before
    feed.page.unroute(CALL)
    feed.page.get_by_role("button", name="Try now").click()
    expect(feed.page.locator("main")).to_have_attribute("data-state", "ready")
    assert listed(feed)[: len(before)] == before
    assert len(listed(feed)) > len(before)


def test_states_that_a_healthy_server_does_not_show(feed: Portal, api: Api) -> None:
    feed.expect(403, 404, 422)
    answer = api.ask("changes", limit=3)
    cut = {**answer, "partial": True, "reason": "size", "total": 3, "total_is": "at_least"}
    feed.page.route(CALL, answered(cut))
    assert feed.open("/changes") == "partial"
    assert "At least 3 changes" in feed.text(".answer")
    feed.page.unroute(CALL)
    feed.page.route(CALL, refused(403, "Forbidden", "this token reads acme/shop"))
    assert feed.open("/changes") == "forbidden"
    assert "this token reads acme/shop" in feed.text(".band.bad")
    feed.page.unroute(CALL)
    assert feed.open("/changes", owner=company.uri("team", "nobody")) == "error"
    assert feed.open("/changes", **{"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}) == "error"
    assert "from is after to" in feed.text(".band.bad")


def test_the_rail_and_the_start_page_lead_here(feed: Portal) -> None:
    feed.open("/")
    feed.page.get_by_role("link", name="all changes").click()
    feed.page.wait_for_url("**/changes")
    expect(feed.page.locator(".rail [aria-current=page]")).to_have_text("Changes")


def test_filters_fold_in_a_narrow_window(open_feed: OpenPortal) -> None:
    feed = open_feed(width=PHONE)
    feed.open("/changes", owner=company.TEAMS["risk"])
    button = feed.page.get_by_role("button", name="Filters: 1")
    expect(feed.page.get_by_role("button", name="Last 7 days")).to_be_hidden()
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    feed.page.get_by_role("button", name="Last 7 days").click()
    expect(feed.page.get_by_role("button", name="Filters: 2")).to_be_visible()
    assert feed.violations() == []
    assert feed.overflows() == 0
