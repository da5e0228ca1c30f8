"""Axe-core on the pages of an asset, a path, a relation's origins and a plan: light and dark, wide and on a phone."""

from __future__ import annotations

from typing import Final

import pytest

from tests.api.mcp import company
from tests.portal import shop
from tests.portal.conftest import OpenPortal

PHONE, WIDE = 360, 1440
PAGES: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("/asset", {"uri": shop.MEMBERS}),
    ("/asset", {"uri": company.RANKER_3, "tab": "versions"}),
    ("/asset", {"uri": shop.WIDE, "tab": "schema"}),
    ("/asset", {"uri": company.ORDERS_DAILY, "tab": "relations"}),
    ("/asset", {"uri": shop.MEMBERS, "tab": "similar"}),
    ("/asset", {"uri": company.INJECTION, "tab": "sources"}),
    ("/asset", {"uri": shop.LONG}),
    ("/asset", {"uri": shop.GONE}),
    ("/asset", {"uri": company.HOME_MAIN, "as_of": "2026-03-01T00:00:00Z"}),
    ("/asset", {"uri": company.uri("dataset", "nowhere")}),
    ("/asset", {}),
    ("/path", {"source": company.ORDERS, "target": company.RANKER_3}),
    ("/path", {}),
    ("/why", {"source": company.HOME_MAIN, "relation": "serves", "target": company.HOME_FEED}),
    ("/plan", {"text": "Members of the shop with their country, plan and renewal date"}),
    ("/plan", {}),
)


@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(open_portal: OpenPortal, scheme: str, width: int) -> None:
    portal = open_portal(width=width, scheme=scheme)
    portal.expect(404)
    found = {}
    for path, parameters in PAGES:
        portal.open(path, **parameters)
        portal.page.wait_for_load_state("networkidle")
        if violations := portal.violations():
            found[path, *parameters.values()] = violations
        if width == PHONE and portal.overflows() > 0:
            found[path, *parameters.values()] = [f"wider than the window by {portal.overflows()} px"]
    assert found == {}


def test_fields_and_messages_of_editing_are_accessible(open_portal: OpenPortal) -> None:
    for scheme in ("light", "dark"):
        portal = open_portal(scheme=scheme)
        portal.open("/asset", uri=shop.LISTED)
        portal.page.get_by_role("button", name="add a tag").click()
        portal.press("e")
        portal.page.get_by_label("New tag").fill("checked")
        portal.press("Enter")
        portal.wait_for_text("The tags are saved.", ".toast")
        portal.page.get_by_role("button", name="Edit").click()
        portal.page.get_by_role("button", name="add an owner").or_(
            portal.page.get_by_role("button", name="name an owner")
        ).click()
        portal.page.get_by_label("New owner").fill("data")
        portal.page.get_by_role("option").first.wait_for()
        assert portal.violations() == []
        portal.page.get_by_role("button", name="Undo").click()
        portal.wait_for_text("The tags are as before.", ".toast")
