"""Path, why and plan: chains with their origins, and what exists of a text; every outcome has a state of its own."""

from __future__ import annotations

from pathlib import Path

from tests.api.mcp import company
from tests.portal import shop
from tests.portal.portal_page import Portal


def test_a_path_shows_each_step_with_its_origin(portal: Portal) -> None:
    assert portal.open("/path", source=company.ORDERS, target=company.RANKER_3) == "ready"
    assert portal.text(".answer") == "5 steps downstream."
    portal.wait_for_text("facts since", ".chain")
    assert portal.page.locator(".chain > li").count() == 6
    portal.page.get_by_role("button", name="Swap").click()
    portal.wait_for_text("5 steps upstream.", ".answer")
    portal.page.locator(".chain a", has_text="why").first.click()
    portal.wait_for_text("It is reported by facts.", ".answer")


def test_no_path_the_same_asset_and_an_unknown_one_differ(portal: Portal) -> None:
    assert portal.open("/path", source=company.PAYMENTS, target=company.HOME_FEED) == "empty"
    assert portal.text(".answer") == "There is no path between them."
    portal.open("/path", source=company.ORDERS, target=company.ORDERS)
    assert portal.text(".answer") == "Both ends are the same asset."
    portal.expect(404)
    assert portal.open("/path", source=company.ORDERS, target=company.uri("dataset", "nowhere")) == "error"
    assert "Unknown asset" in portal.text()


def test_both_ends_of_a_path_are_picked_by_search_with_the_keyboard(portal: Portal) -> None:
    assert portal.open("/path") == "empty"
    portal.page.keyboard.type("orders_daily")
    portal.page.locator("[role=option]", has_text="orders_daily").first.wait_for()
    portal.press("Enter")
    portal.page.wait_for_url("**source=*")
    portal.page.get_by_label("To", exact=True).focus()
    portal.page.keyboard.type(company.MEMBER_TASTE)
    portal.press("Enter")
    portal.wait_for_text("1 step downstream.", ".answer")


def test_why_names_the_rule_and_its_premises(portal: Portal) -> None:
    asset = portal.page.request.get(f"{portal.url}/api/v1/asset", params={"uri": company.HOME_FEED}).json()
    inferred = next(each for each in asset["relations"] if all(origin.startswith("rule:") for origin in each["origins"]))
    edge = {key: inferred[key] for key in ("source", "relation", "target")}
    assert portal.open("/why", **edge) == "ready"
    assert portal.text(".answer").startswith("It is inferred by the rule ")
    assert portal.page.locator(".ground > li").count() >= 1
    assert portal.open("/why", source=company.RANKER_1, relation="deployed_as", target=company.HOME_MAIN) == "ready"
    assert portal.text(".answer") == "It is not valid at this moment. It was reported by facts."


def test_why_refuses_a_relation_that_cannot_be_and_offers_those_that_are(portal: Portal) -> None:
    portal.expect(422)
    assert portal.open("/why", source=company.RANKER_1, relation="serves", target=company.ORDERS) == "error"
    assert "not allowed" in portal.text()
    portal.open("/why")
    portal.page.keyboard.type("checkout")
    portal.page.locator("[role=option]", has_text="checkout").first.wait_for()
    portal.press("Enter")
    portal.page.locator("main ul a", has_text="serves").first.click()
    portal.wait_for_text("It is reported by facts.", ".answer")


def test_a_plan_finds_what_exists_and_whom_to_talk_to(portal: Portal) -> None:
    assert portal.open("/plan") == "empty"
    portal.page.get_by_label("What do you plan to build").fill("Members of the shop with their country, plan and renewal date")
    portal.press("Control+Enter")
    portal.page.locator(".hit").first.wait_for()
    assert "text=Members" in portal.page.url
    assert "crm/members" in portal.text(".plan")
    assert "data" in portal.text("aside")


def test_a_plan_reads_a_file_and_refuses_what_is_no_text(portal: Portal, tmp_path: Path) -> None:
    portal.open("/plan")
    binary = tmp_path / "picture.bin"
    binary.write_bytes(bytes(range(256)) * 10)
    portal.page.set_input_files("input[type=file]", binary)
    portal.wait_for_text("picture.bin is no text.")
    brief = tmp_path / "brief.md"
    brief.write_text(
        "# Plan\n\n" + "An unrelated introduction about nothing at all. " * 60 + "\nMembers with country, plan and renewal date."
    )
    portal.page.set_input_files("input[type=file]", brief)
    portal.page.locator(".hit").first.wait_for()
    assert "text=" not in portal.page.url  # too long for a link


def test_nothing_like_a_plan_is_an_answer(portal: Portal) -> None:
    assert portal.open("/plan", text="lattice quantum chromodynamics solver") == "empty"
    assert "Nothing is like it." in portal.text(".answer")


def test_a_plan_with_markup_is_text(portal: Portal) -> None:
    portal.open("/plan", text=shop.MARKUP)
    assert portal.page.locator("main img").count() == 0
    assert portal.page.get_by_label("What do you plan to build").input_value() == shop.MARKUP
