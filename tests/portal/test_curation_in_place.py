"""What people write about an asset in its page: kept, undone, and never lost between two who write at once."""

from __future__ import annotations

import pytest

from tests.api.mcp import company
from tests.contract.serving import Api
from tests.portal import shop
from tests.portal.conftest import OpenPortal
from tests.portal.portal_page import Portal, violations_in_each_look

FIRST = "A first text of a source."


def described(api: Api, asset: str) -> str:
    return str(api.http.get("/api/v1/asset", params={"uri": asset}).json()["description"])


def test_a_description_is_written_by_keyboard_alone_and_undone(portal: Portal, shop_api: Api) -> None:
    portal.open("/asset", uri=shop.NOTED)
    portal.press("e")
    assert portal.focused() == "Description"
    portal.press("Control+a")
    portal.page.keyboard.type("Written by hand: <b>not bold</b>")
    portal.press("Control+Enter")
    portal.wait_for_text("The description is saved.", ".toast")
    assert described(shop_api, shop.NOTED) == "Written by hand: <b>not bold</b>"
    assert "written by local" in portal.text("#about")
    assert "facts says" in portal.text("#about")
    assert portal.focused().startswith("Edit")
    portal.press("u")
    portal.wait_for_text("The description is as before.", ".toast")
    assert described(shop_api, shop.NOTED) == FIRST
    assert "from facts" in portal.text("#about")


def test_escape_leaves_the_field_without_a_change(portal: Portal, shop_api: Api) -> None:
    portal.open("/asset", uri=shop.TYPED)
    portal.press("e")
    portal.page.keyboard.type("never sent ")
    portal.press("Escape")
    assert portal.page.get_by_label("Description").count() == 0
    assert described(shop_api, shop.TYPED) == FIRST


def edited(portal: Portal, text: str) -> None:
    """Begin to edit the description of the shared asset in a window."""
    portal.open("/asset", uri=shop.SHARED)
    portal.press("e")
    portal.page.get_by_label("Description").fill(text)


def test_two_tabs_that_write_one_description_see_both_texts(open_portal: OpenPortal, shop_api: Api) -> None:
    ann, ben = open_portal(), open_portal()
    ben.expect(412)
    edited(ann, "Ratings of members, 1 to 5.")
    edited(ben, "Ratings of titles, 1 to 5.")
    ann.press("Control+Enter")
    ann.wait_for_text("The description is saved.", ".toast")
    ben.press("Control+Enter")
    dialog = ben.page.get_by_role("dialog", name="The description changed meanwhile")
    dialog.wait_for()
    assert dialog.locator("mark").all_inner_texts() == ["members", "titles"]
    assert ben.violations() == []
    assert described(shop_api, shop.SHARED) == "Ratings of members, 1 to 5."
    ben.press("Escape")
    dialog.wait_for(state="hidden")
    assert ben.page.get_by_label("Description").input_value() == "Ratings of titles, 1 to 5."
    ben.page.get_by_label("Description").fill("Ratings of members and titles.")
    ben.press("Control+Enter")
    ben.wait_for_text("The description is saved.", ".toast")
    assert described(shop_api, shop.SHARED) == "Ratings of members and titles."
    ben.page.get_by_role("button", name="Undo").click()
    ben.wait_for_text("The description is as before.", ".toast")
    assert described(shop_api, shop.SHARED) == "Ratings of members, 1 to 5."


@pytest.mark.parametrize(("choice", "stored"), [("Keep theirs", "Text of ann"), ("Write mine", "Text of ben")])
def test_in_a_conflict_either_text_can_be_chosen(open_portal: OpenPortal, shop_api: Api, choice: str, stored: str) -> None:
    ann, ben = open_portal(), open_portal()
    ben.expect(412)
    edited(ann, f"Text of ann: {choice}")
    edited(ben, f"Text of ben: {choice}")
    ann.press("Control+Enter")
    ann.wait_for_text("The description is saved.", ".toast")
    ben.press("Control+Enter")
    ben.page.get_by_role("button", name=choice).click()
    ben.page.locator("form.edit").wait_for(state="detached")
    assert described(shop_api, shop.SHARED) == f"{stored}: {choice}"


def test_tags_that_two_people_add_at_once_both_survive(open_portal: OpenPortal, shop_api: Api) -> None:
    ann, ben = open_portal(), open_portal()
    ben.expect(412)
    for window in (ann, ben):
        window.open("/asset", uri=shop.LISTED)
    for window, tag in ((ann, "gold"), (ben, "silver")):
        window.page.get_by_role("button", name="add a tag").click()
        window.page.keyboard.type(tag)
        window.press("Enter")
        window.wait_for_text("The tags are saved.", ".toast")
    assert shop_api.http.get("/api/v1/asset", params={"uri": shop.LISTED}).json()["tags"] == ["draft", "gold", "silver"]
    ben.page.get_by_role("button", name="Undo").click()
    ben.wait_for_text("The tags are as before.", ".toast")
    answer = shop_api.http.get("/api/v1/asset", params={"uri": shop.LISTED}).json()
    assert answer["tags"] == ["draft", "gold"]
    assert answer["fields"]["tags"]["removed"] == []


def test_owner_link_and_successor_are_written_and_a_bad_link_is_explained(portal: Portal, shop_api: Api) -> None:
    portal.open("/asset", uri=shop.TYPED)
    portal.page.get_by_role("button", name="name an owner").click()
    portal.page.get_by_label("New owner").fill("growth")
    portal.page.locator("[role=option]", has_text="growth").first.wait_for()
    portal.press("Enter")
    portal.wait_for_text("The owners are saved.", ".toast")
    portal.page.get_by_role("button", name="add a link").click()
    portal.page.get_by_label("New link").fill("https://user:secret@example.org/")
    portal.expect(422)
    portal.press("Enter")
    portal.wait_for_text("Not saved.", ".toast")
    portal.page.get_by_label("New link").fill("https://example.org/runbook")
    portal.press("Enter")
    portal.wait_for_text("The links are saved.", ".toast")
    portal.page.get_by_role("button", name="deprecate", exact=True).click()
    portal.wait_for_text("Nobody named what to use in its place.")
    portal.page.get_by_role("button", name="choose one").click()
    portal.page.get_by_label("Successor").fill(shop.NOTED)
    portal.press("Enter")
    portal.wait_for_text("Use noted.")
    answer = shop_api.http.get("/api/v1/asset", params={"uri": shop.TYPED}).json()
    assert answer["owners"] == [company.TEAMS["growth"]]
    assert (answer["links"], answer["deprecated"], answer["successor"]) == (["https://example.org/runbook"], True, shop.NOTED)


def test_fields_and_messages_of_editing_are_accessible(portal: Portal) -> None:
    portal.open("/asset", uri=shop.LISTED)
    portal.page.get_by_role("button", name="add a tag").click()
    portal.press("e")
    portal.page.get_by_label("New tag").fill("checked")
    portal.press("Enter")
    portal.wait_for_text("The tags are saved.", ".toast")
    portal.page.get_by_role("button", name="Edit").click()
    portal.page.get_by_role("button", name="add an owner").or_(portal.page.get_by_role("button", name="name an owner")).click()
    portal.page.get_by_label("New owner").fill("data")
    portal.page.get_by_role("option").first.wait_for()
    assert violations_in_each_look(portal.page) == {}
    portal.page.get_by_role("button", name="Undo").click()
    portal.wait_for_text("The tags are as before.", ".toast")
