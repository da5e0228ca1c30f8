"""The page of live versions in a browser: shares, teams, the past, states, arrival of a version, axe-core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.contract.producing import at
from tests.contract.serving import asset, edge
from tests.portal.restartable_server import RestartableServer
from tests.portal.test_start_and_search import PATIENCE_MS, PHONE, WIDE, settle, violations

SERVICE: Final = "mlg://service/org/feed"
GATEWAY: Final = "mlg://service/org/gateway"
TEAM: Final = "mlg://team/org/ranking"


def version(number: int) -> str:
    return f"mlg://model_version/org/ranker%2F{number}"


def facts() -> list[dict[str, Any]]:
    """Return a service of a team behind two deployments, 19 to 1, one of them degraded, and a service of nobody."""
    blue, green = "mlg://deployment/org/blue", "mlg://deployment/org/green"
    return [
        asset(SERVICE, at(1), owners=[TEAM]),
        asset(GATEWAY, at(1), name="<b>gateway</b>"),
        asset(blue, at(1), properties={"weight": 19, "health": "healthy"}),
        asset(green, at(5), properties={"weight": 1, "health": "degraded"}),
        edge(blue, "serves", SERVICE, at(1)),
        edge(green, "serves", SERVICE, at(5)),
        edge(version(1), "deployed_as", blue, at(1)),
        edge(version(2), "deployed_as", green, at(5)),
        asset(TEAM, at(1)),
    ]


OpenLive = Callable[..., Page]


@pytest.fixture
def open_live(browser: Browser, server: RestartableServer) -> Iterator[OpenLive]:
    contexts = []

    def opened(query: str = "", *, width: int = WIDE, scheme: Literal["light", "dark"] = "light") -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id="Asia/Kolkata")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{server.url}/live{query}")
        settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()


def test_the_page_fills_while_it_is_open_with_shares_health_and_team(server: RestartableServer, open_live: OpenLive) -> None:
    page = open_live()
    assert settle(page) == "empty"
    server.send(*facts())
    row = page.locator("tbody tr", has_text="feed")
    expect(row).to_contain_text("degraded")
    expect(row.locator(".serving li")).to_have_count(2)
    expect(row.locator(".serving li").nth(0)).to_contain_text("95 %")
    expect(row.locator(".serving li").nth(1)).to_contain_text("5 %")
    expect(row).to_contain_text("ranking")
    expect(page.locator("tbody tr", has_text="<b>gateway</b>")).to_contain_text("no deployment")
    expect(page.locator(".answer")).to_have_text("2 services, 2 deployments, 2 versions. 1 service failing.")
    assert settle(page) == "ready"


def test_the_team_is_in_the_address_and_the_past_is_another_answer(open_live: OpenLive) -> None:
    page = open_live()
    page.get_by_label("Team").select_option(TEAM)
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "team=" in page.url
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(2)
    then = open_live(f"?as_of={at(2)}&service={SERVICE}")
    expect(then.locator(".serving li")).to_have_count(1)
    expect(then.locator(".serving li")).to_contain_text("100 %")
    assert settle(open_live("?service=mlg://service/org/none")) == "error"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_axe_finds_nothing(open_live: OpenLive, scheme: Literal["light", "dark"], width: int) -> None:
    page = open_live(width=width, scheme=scheme)
    expect(page.locator("tbody tr")).to_have_count(2)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_last_answer_stays_while_the_server_is_away(server: RestartableServer, open_live: OpenLive) -> None:
    page = open_live()
    server.stop()
    expect(page.locator("main")).to_have_attribute("data-state", "error")
    expect(page.locator("tbody tr")).to_have_count(2)
    server.start()
    expect(page.locator("main")).to_have_attribute("data-state", "ready")
