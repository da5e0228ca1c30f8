"""The pages of sources, coverage and dead letters in a browser: states, filters, replay, a server that goes away, axe-core."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.portal.restartable_server import RestartableServer
from tests.portal.test_operations_pages import facts
from tests.portal.test_start_and_search import PATIENCE_MS, PHONE, WIDE, settle, violations

PATHS: Final = ("/sources", "/coverage", "/dead-letters")
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
OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, server: RestartableServer) -> Iterator[OpenPage]:
    contexts = []

    def opened(
        path: str,
        *,
        width: int = WIDE,
        scheme: Literal["light", "dark"] = "light",
        replaced: dict[str, tuple[int, dict[str, Any]]] | None = None,
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, base_url=server.url)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        for pattern, (status, body) in (replaced or {}).items():
            page.route(pattern, replacement(status, body))
        page.goto(path)
        settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()


def replacement(status: int, body: dict[str, Any]) -> Callable[[Route], None]:
    """Return a handler that answers with this body."""
    return lambda route: route.fulfill(status=status, content_type="application/json", body=json.dumps(body))


FILLED: Final[dict[str, tuple[int, dict[str, Any]]]] = {
    SOURCES: (
        200,
        {
            "sources": [SOURCE, {**SOURCE, "name": "old", "circuit": "open", "retry_in_s": 61, "error": MARKUP}],
            "warnings": [WARNING],
            "watermark": 1,
        },
    ),
    LETTERS: (200, LETTERS_ANSWER),
}


def test_an_empty_server_lists_ways_to_add_a_source_and_coverage_fills(server: RestartableServer, open_page: OpenPage) -> None:
    page = open_page("/sources")
    assert settle(page) == "empty"
    expect(page.locator("code", has_text="mlgraph connect mlflow <URL>")).to_be_visible()
    expect(page.locator(".rail a[aria-current=page]")).to_have_text("Sources")
    assert settle(open_page("/dead-letters")) == "empty"
    coverage = open_page("/coverage")
    assert settle(coverage) == "empty"
    server.send(*facts())
    expect(coverage.locator(".answer")).to_contain_text("2 model versions serve.")
    expect(coverage.locator(".reached li", has_text="dataset")).to_contain_text("0 of 2, 0 %")
    expect(coverage.locator(".gaps .cmd").first).to_be_visible()


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
    page.route("**/replay", replacement(403, {"title": "Forbidden", "status": 403, "detail": "this token only reads"}))
    replay.click()
    expect(page.locator(".band.bad")).to_contain_text("You may not replay dead letter 7.")
    page.route("**/replay", replacement(200, {"replayed": True, "watermark": 1}))
    replay.click()
    expect(page.locator(".band.acc")).to_have_text("Dead letter 7 was processed.")


@pytest.mark.parametrize("path", PATHS)
def test_no_permission_and_an_expired_token(open_page: OpenPage, path: str) -> None:
    call = f"**/api/v1{path}*"
    page = open_page(path, replaced={call: (403, {"title": "Forbidden", "status": 403, "detail": "ask the owner"})})
    assert settle(page) == "forbidden"
    expect(page.locator(".band.bad")).to_contain_text("ask the owner")
    expired = open_page(path, replaced={call: (401, {"title": "Unauthorized", "status": 401, "detail": "expired"})})
    expect(expired.get_by_role("dialog", name="This server wants a token")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_axe_finds_nothing(open_page: OpenPage, scheme: Literal["light", "dark"], width: int, tmp_path: Path) -> None:
    for path in PATHS:
        page = open_page(path, width=width, scheme=scheme, replaced=FILLED)
        assert settle(page) == "ready"
        for summary in page.locator("summary").all():
            summary.click()
        page.screenshot(path=tmp_path / f"{path[1:]}.png", full_page=True)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_last_answers_stay_while_the_server_is_away(server: RestartableServer, open_page: OpenPage) -> None:
    pages = [open_page(path) for path in PATHS]
    answers = [page.locator(".answer").inner_text() for page in pages]
    server.stop()
    for page, answer in zip(pages, answers, strict=True):
        expect(page.locator("main")).to_have_attribute("data-state", "error")
        expect(page.locator(".answer")).to_have_text(answer)
    server.start()
    for page, state in zip(pages, ("empty", "ready", "empty"), strict=True):
        expect(page.locator("main")).to_have_attribute("data-state", state, timeout=PATIENCE_MS)
