"""The pages of a team and of the reader in a browser: what a team owns, its neighbours, recent and pinned assets."""

from __future__ import annotations

from tests.api.mcp import company
from tests.contract.serving import Api
from tests.portal.portal_page import Portal

TEAM = company.TEAMS["ads"]


def test_a_team_lists_what_the_api_counts(portal: Portal, shop_api: Api) -> None:
    answer = shop_api.ask("team", uri=TEAM)
    assert answer["total"] > 0
    assert portal.open("/team", uri=TEAM) == "ready"
    assert f"It owns {answer['total']} asset" in portal.text(".answer")
    for kind, count in answer["owns"].items():
        assert str(count) in portal.text(f"tr:has(a:text-is('{kind.replace('_', ' ')}'))")
    for neighbour in (*answer["depends_on"], *answer["depended_on_by"]):
        assert (neighbour["name"] or "nobody") in portal.text()


def test_a_kind_leads_to_the_search_with_that_total(portal: Portal, shop_api: Api) -> None:
    kind, count = next(iter(shop_api.ask("team", uri=TEAM)["owns"].items()))
    portal.open("/team", uri=TEAM)
    portal.page.locator("main table a", has_text=kind.replace("_", " ")).first.click()
    portal.page.wait_for_url("**/search?*")
    portal.settle()
    assert shop_api.ask("search", team=TEAM, kind=kind)["total"] == count


def test_an_unknown_team_and_an_asset_that_is_none_have_their_own_states(portal: Portal) -> None:
    portal.expect(404, 422)
    assert portal.open("/team", uri="mlg://team/org/adz") == "error"
    portal.wait_for_text("Close to it")
    assert portal.open("/team", uri=company.ORDERS) == "error"
    portal.wait_for_text("This is not the URI of a team")
    assert portal.open("/team") == "empty"


def test_what_was_opened_and_pinned_is_listed(portal: Portal) -> None:
    assert portal.open("/me") == "ready"
    assert "0 assets pinned and 0 assets opened lately" in portal.text(".answer")
    portal.open("/asset", uri=company.ORDERS)
    portal.press("b")
    portal.page.locator("nav a", has_text="Mine").click()
    portal.wait_for_text("1 asset pinned and 1 asset opened lately", ".answer")
    assert portal.page.locator("main .item").count() == 2
