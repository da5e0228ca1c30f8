"""The pages of live versions, sources, coverage and dead letters: they fill, filter, refuse, and outlive a server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, expect

from tests.contract.producing import at
from tests.contract.serving import asset, edge
from tests.portal.conftest import OpenPage, pages
from tests.portal.portal_page import PATIENCE_MS, answered, refused, settle
from tests.portal.restartable_server import RestartableServer

SERVICE: Final = "mlg://service/org/feed"
GATEWAY: Final = "mlg://service/org/gateway"
TEAM: Final = "mlg://team/org/ranking"
PATHS: Final = ("/sources", "/dead-letters", "/coverage")
SOURCES: Final = "**/api/v1/sources*"
LETTERS: Final = "**/api/v1/dead-letters*"
MARKUP: Final = "<img src=x onerror=window.hacked=1>"
SOURCE: Final[dict[str, Any]] = {
    "name": "prod",
    "kind": "mlflow",
    "url": "http://mlflow.internal:5000",
    "state": "following",
    "done": 1200,
    "total": 1200,
    "last_sync_at": "2026-11-08T15:00:00Z",
    "dead_letters": 1,
}
WARNING: Final = {
    "format": "openlineage",
    "source": None,
    "events": 2,
    "warnings": 3,
    "last_at": "2026-11-08T15:00:00Z",
    "last": {"pointer": "/inputs/0", "message": MARKUP},
}
LETTER: Final[dict[str, Any]] = {
    "id": 7,
    "source": "prod",
    "format": "mlflow",
    "received_at": "2026-11-08T15:00:00Z",
    "attempts": 3,
    "error": "the run has no start",
    "pointer": "/run/start",
    "event": {"name": MARKUP, "long": "x" * 30_000},
}
LETTERS_ANSWER: Final[dict[str, Any]] = {
    "dead_letters": [LETTER],
    "total": 1,
    "partial": False,
    "reason": None,
    "frontier": None,
    "watermark": 1,
}


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


FILLED: Final = {
    SOURCES: answered(
        {
            "sources": [SOURCE, {**SOURCE, "name": "old", "circuit": "open", "retry_in_s": 61, "error": MARKUP}],
            "warnings": [WARNING],
            "watermark": 1,
        }
    ),
    LETTERS: answered(LETTERS_ANSWER),
}


@pytest.fixture
def open_page(browser: Browser, server: RestartableServer) -> Iterator[OpenPage]:
    with pages(browser, server.url, zone="Asia/Kolkata") as opened:
        yield opened


def test_pages_of_an_empty_server_say_what_to_do_and_fill_by_themselves(server: RestartableServer, open_page: OpenPage) -> None:
    sources, letters, coverage, live = (open_page(path) for path in (*PATHS, "/live"))
    assert [settle(page) for page in (sources, letters, coverage, live)] == ["empty"] * 4
    expect(sources.locator("code", has_text="mlgraph connect mlflow <URL>")).to_be_visible()
    expect(sources.locator(".rail a[aria-current=page]")).to_have_text("Sources")
    server.send(*facts())
    expect(coverage.locator(".answer")).to_contain_text("2 model versions serve.")
    expect(coverage.locator(".reached li", has_text="dataset")).to_contain_text("0 of 2, 0 %")
    expect(coverage.locator(".gaps .cmd").first).to_be_visible()
    row = live.locator("tbody tr", has_text="feed")
    expect(row).to_contain_text("degraded")
    expect(row.locator(".serving li")).to_have_count(2)
    expect(row.locator(".serving li").nth(0)).to_contain_text("95 %")
    expect(row.locator(".serving li").nth(1)).to_contain_text("5 %")
    expect(row).to_contain_text("ranking")
    expect(live.locator("tbody tr", has_text="<b>gateway</b>")).to_contain_text("no deployment")
    expect(live.locator(".answer")).to_have_text("2 services, 2 deployments, 2 versions. 1 service failing.")
    assert settle(live) == "ready"


def test_the_team_is_in_the_address_and_the_past_is_another_answer(open_page: OpenPage) -> None:
    page = open_page("/live")
    page.get_by_label("Team").select_option(TEAM)
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "team=" in page.url
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(2)
    then = open_page(f"/live?as_of={at(2)}&service={SERVICE}")
    expect(then.locator(".serving li")).to_have_count(1)
    expect(then.locator(".serving li")).to_contain_text("100 %")
    assert settle(open_page("/live?service=mlg://service/org/none")) == "error"


def test_gaps_are_filtered_in_the_address_and_the_past_is_another_answer(open_page: OpenPage) -> None:
    page = open_page("/coverage")
    page.get_by_label("Missing").select_option("owner")
    expect(page.locator(".gaps li")).to_have_count(2)
    assert "missing=owner" in page.url
    assert settle(open_page("/coverage?limit=1")) == "partial"
    past = open_page("/coverage?as_of=2020-01-01T00:00:00Z")
    assert settle(past) == "empty"
    expect(past.locator(".band.past")).to_be_visible()


def test_sources_report_state_counts_and_warnings_as_text(open_page: OpenPage) -> None:
    page = open_page("/sources", replaced=FILLED)
    expect(page.locator(".answer")).to_have_text("2 tools are connected: 1 follows, 1 fails. 2 dead letters wait.")
    expect(page.locator("tbody tr", has_text="old")).to_contain_text("receives no requests for 1 min.")
    expect(page.locator("main")).to_contain_text("1,200 of 1,200 read")
    expect(page.locator("main")).to_contain_text(MARKUP)
    assert page.locator("main img").count() == 0
    page.locator("td a", has_text="1").first.click()
    page.wait_for_url("**/dead-letters")


def test_a_replay_reports_its_outcome(open_page: OpenPage) -> None:
    page = open_page("/dead-letters", replaced=FILLED)
    page.get_by_text("Input", exact=True).click()
    expect(page.locator(".payload")).to_contain_text(MARKUP)
    expect(page.locator("main")).to_contain_text("more characters are in the answer as JSON.")
    replay = page.get_by_role("button", name="Replay")
    replay.click()  # the real server has no letter 7
    expect(page.locator(".band.bad")).to_contain_text("Dead letter 7 stays.")
    page.route("**/replay", refused(403, "Forbidden", "this token only reads"))
    replay.click()
    expect(page.locator(".band.bad")).to_contain_text("You may not replay dead letter 7.")
    page.route("**/replay", answered({"replayed": True, "watermark": 1}))
    replay.click()
    expect(page.locator(".band.acc")).to_have_text("Dead letter 7 was processed.")


@pytest.mark.parametrize("path", PATHS)
def test_no_permission_and_an_expired_token(open_page: OpenPage, path: str) -> None:
    call = f"**/api/v1{path}*"
    page = open_page(path, replaced={call: refused(403, "Forbidden", "ask the owner")})
    assert settle(page) == "forbidden"
    expect(page.locator(".band.bad")).to_contain_text("ask the owner")
    expired = open_page(path, replaced={call: refused(401, "Unauthorized", "expired")})
    expect(expired.get_by_role("dialog", name="This server wants a token")).to_be_visible()


def test_the_last_answers_stay_while_the_server_is_away(server: RestartableServer, open_page: OpenPage) -> None:
    opened = [open_page(path) for path in (*PATHS, "/live")]
    answers = [page.locator(".answer").inner_text() for page in opened]
    server.stop()
    for page, answer in zip(opened, answers, strict=True):
        expect(page.locator("main")).to_have_attribute("data-state", "error")
        expect(page.locator(".answer")).to_have_text(answer)
    expect(opened[-1].locator("tbody tr")).to_have_count(2)
    server.start()
    for page, state in zip(opened, ("empty", "empty", "ready", "ready"), strict=True):
        expect(page.locator("main")).to_have_attribute("data-state", state, timeout=PATIENCE_MS)
