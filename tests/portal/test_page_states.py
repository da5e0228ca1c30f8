"""Axe-core on every page in each state that it can have, in light and dark at three widths.

A page is loaded once a state; colours and width change without loading it again. The slow tests look at every pair of them.
Parameters, and a host name that the server does not trust, lead to most states; for those of a slow, failing or limited server
its answers are replaced on their way to the browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.api.mcp import company
from tests.contract.serving import Api
from tests.portal import shop
from tests.portal.conftest import FOREIGN_HOST, window
from tests.portal.portal_page import (
    LOOKS,
    PHONE,
    TABLET,
    WIDE,
    Answer,
    Look,
    Portal,
    altered,
    answered,
    refused,
    violations_in_each_look,
)

Parameters = dict[str, str]
PAST: Final = "2001-01-01T00:00:00Z"
SOURCE: Final[dict[str, Any]] = {"name": "prod", "kind": "mlflow", "url": "http://mlflow.internal:5000", "state": "following"}
LETTER: Final = {
    "id": 7,
    "source": "prod",
    "format": "mlflow",
    "received_at": "2026-11-08T15:00:00Z",
    "attempts": 3,
    "error": "the run has no start",
    "pointer": "/run/start",
    "event": {"name": "r"},
}
LETTERS: Final = {"dead_letters": [LETTER], "total": 2, "partial": False, "reason": None, "frontier": None, "watermark": 1}
CALLS: Final = {
    "/": "search",
    "/lineage": "scene",
    "/impact": "scene",
    "/compare": "scene",
    "/me": "session",
    "/path": "paths",
    "/plan": "similar",
}
"""The call on which a page waits, where it has another name than the page."""
ANSWERS: Final = {
    "/sources": answered({"sources": [SOURCE, {**SOURCE, "name": "old", "circuit": "open"}], "warnings": [], "watermark": 1}),
    "/dead-letters": answered(LETTERS),
}
"""Answers in the place of those of the server, which has no source and no dead letter; test_real_parts.py has real ones."""
CUT: Final = {"partial": True, "reason": "time"}
PARTIAL: Final[dict[str, tuple[Parameters, Answer | None]]] = {
    "/search": ({"q": "orders"}, altered(**CUT, total_is="at_least")),
    "/asset": ({"uri": company.ORDERS}, altered(**CUT)),
    "/lineage": ({"uri": company.ORDERS}, altered(**CUT)),
    "/impact": ({"uri": company.ORDERS}, altered(**CUT)),
    "/changes": ({}, altered(**CUT, total_is="at_least")),
    "/plan": ({"text": "Members of the shop with their country"}, altered(**CUT)),
    "/team": ({"uri": company.TEAMS["ads"]}, altered(members_total=999)),
    "/coverage": ({"limit": "1"}, None),
    "/dead-letters": ({}, answered({**LETTERS, "partial": True, "reason": "limit", "frontier": "x"})),
}
EMPTY: Final[dict[str, Parameters]] = {
    "/search": {"q": "zebra"},
    "/asset": {},
    "/lineage": {"uri": company.ORDERS, "as_of": PAST},
    "/impact": {},
    "/compare": {},
    "/path": {},
    "/why": {},
    "/plan": {},
    "/live": {"as_of": PAST},
    "/changes": {"from": PAST, "to": "2001-01-02T00:00:00Z"},
    "/team": {},
    "/coverage": {"as_of": PAST},
    "/sources": {},
    "/dead-letters": {},
}
READY: Final[dict[str, Parameters]] = {
    "/": {},
    "/search": {"q": "orders", "kind": "dataset"},
    "/asset": {"uri": shop.MEMBERS},
    "/lineage": {"uri": company.HOME_FEED, "direction": "upstream"},
    "/impact": {"uri": company.ORDERS, "change": "schema"},
    "/compare": {"uri": company.ORDERS, "from": "2026-03-01T00:00:00Z"},
    "/path": {"source": company.ORDERS, "target": company.RANKER_3},
    "/why": {"source": company.HOME_MAIN, "relation": "serves", "target": company.HOME_FEED},
    "/plan": {"text": "Members of the shop with their country, plan and renewal date"},
    "/live": {},
    "/changes": {"owner": company.TEAMS["risk"]},
    "/team": {"uri": company.TEAMS["ads"]},
    "/me": {},
    "/sources": {},
    "/dead-letters": {},
    "/coverage": {},
}
SOME_LOOKS: Final[tuple[Look, ...]] = (("dark", PHONE), ("dark", TABLET), ("light", WIDE))
"""Each width and each scheme once; the slow tests take every pair."""
LATE: Final = {"/", "/asset", "/lineage", "/impact", "/compare"}
"""Pages that ask for more once they are ready."""
NO_FORBIDDEN: Final = {"/me"}
"""Everybody may ask who they are."""


@pytest.fixture(scope="module")
def portal(browser: Browser, shop_api: Api) -> Iterator[Portal]:
    """A window that all tests use, since no page keeps anything in it that changes another one."""
    with window(browser, shop_api.url) as portal:
        portal.expect(403, 404, 422, 500, 503)
        portal.expect_message("Cross-Origin-Opener-Policy header has been ignored")  # over HTTP from another host
        portal.expect_message("It is true or false")
        yield portal


@contextmanager
def replaced(portal: Portal, call: re.Pattern[str], answer: Answer | None) -> Iterator[None]:
    """Replace the answers to a call, if there is another one."""
    if answer is not None:
        portal.page.route(call, answer)
    yield
    if answer is not None:  # an answer on its way is no longer wanted
        portal.page.unroute_all(behavior="ignoreErrors")


class DelayedAnswers:
    """Answers that wait until they are released."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._waiting: list[Route] | None = []

    def handle(self, route: Route) -> None:
        """Answer a request, or let it wait."""
        if self._waiting is None:
            self._answer(route)
        else:
            self._waiting.append(route)

    def release(self) -> None:
        """Answer what waits and what comes."""
        waiting, self._waiting = self._waiting, None
        for route in waiting or ():
            self._answer(route)


def expect_sound(portal: Portal, state: str, looks: Sequence[Look], found: dict[str, Any], within: str = "html") -> None:
    """Wait for the state, look at the page or a part of it in each way, and note what is wrong."""
    expect(portal.page.locator("main")).to_have_attribute("data-state", state)
    if wrong := violations_in_each_look(portal.page, within, looks):
        found[state] = wrong


@pytest.mark.parametrize("looks", [SOME_LOOKS, pytest.param(LOOKS, marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.parametrize("path", READY)
def test_every_state_of_every_page_is_accessible(portal: Portal, path: str, looks: Sequence[Look]) -> None:
    page, found = portal.page, dict[str, Any]()
    call = re.compile(rf"/api/v1/{CALLS.get(path, path[1:])}(\?|$)")
    states: dict[str, tuple[Parameters, Answer | None]] = {
        "error": (READY[path], refused(500, "Internal error", "its log has the cause"))
    }
    if path in EMPTY:
        states["empty"] = (EMPTY[path], None)
    if path in PARTIAL:
        states["partial"] = PARTIAL[path]
    for state, (parameters, answer) in states.items():
        with replaced(portal, call, answer):
            page.goto(f"{portal.url}{path}?{urlencode(parameters)}")
            expect_sound(portal, state, looks, found)
    if path not in NO_FORBIDDEN:
        page.goto(f"http://{FOREIGN_HOST}:{urlsplit(portal.url).port}{path}?{urlencode(READY[path])}")
        expect_sound(portal, "forbidden", looks, found)
    page.route("**/api/v1/stream?*", refused(503, "Too many", "later"))
    delayed = DelayedAnswers(ANSWERS.get(path, Route.continue_))
    with replaced(portal, call, delayed.handle):
        page.goto(f"{portal.url}{path}?{urlencode(READY[path])}")
        page.get_by_text("Waiting for").wait_for()
        expect_sound(portal, "loading", looks, found)
        delayed.release()
        if path in LATE:
            page.wait_for_load_state("networkidle")
        expect_sound(portal, "ready", looks, found)
        page.route("**/readyz", answered({"status": "ready", "watermark": 7, "lag_s": 42.4}))
        expect_sound(portal, "stale", looks, found, within=".band.warn")  # all else is that of the ready page
        found |= {"stale as a whole": wrong} if (wrong := portal.violations()) else {}
    page.unroute_all(behavior="ignoreErrors")
    assert found == {}


MORE: Final[tuple[tuple[str, Parameters, str], ...]] = (
    ("/asset", {"uri": company.RANKER_3, "tab": "versions"}, "ready"),
    ("/asset", {"uri": shop.WIDE, "tab": "schema"}, "ready"),
    ("/asset", {"uri": company.ORDERS_DAILY, "tab": "relations"}, "ready"),
    ("/asset", {"uri": shop.MEMBERS, "tab": "similar"}, "ready"),
    ("/asset", {"uri": company.INJECTION, "tab": "sources"}, "ready"),
    ("/asset", {"uri": shop.LONG}, "ready"),
    ("/asset", {"uri": shop.GONE}, "ready"),
    ("/asset", {"uri": company.HOME_MAIN, "as_of": "2026-03-01T00:00:00Z"}, "ready"),
    ("/asset", {"uri": company.uri("dataset", "nowhere")}, "error"),
    ("/changes", {}, "ready"),
    ("/search", {"prefix": "x"}, "error"),
)


@pytest.mark.parametrize(("path", "parameters", "state"), MORE)
def test_more_of_what_pages_show_is_accessible(portal: Portal, path: str, parameters: Parameters, state: str) -> None:
    assert portal.open(path, **parameters) == state
    portal.page.wait_for_load_state("networkidle")
    assert violations_in_each_look(portal.page, looks=SOME_LOOKS) == {}
