"""Pinned pages in a browser: `y` fixes what an address shows; what is recorded about that time afterwards is counted."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.contract.producing import at
from tests.contract.serving import Names, edge
from tests.portal.conftest import window
from tests.portal.restartable_server import RestartableServer

NAMES = Names("pinned")
ROOT = NAMES.dataset("root")


@pytest.mark.parametrize("page", ["/lineage", "/impact", "/asset"])
def test_a_pinned_page_counts_the_facts_that_were_recorded_since(browser: Browser, server: RestartableServer, page: str) -> None:
    space = page.strip("/")
    server.send(edge(ROOT, "derives", NAMES.dataset(f"{space} first"), at(1)))
    with window(browser, server.url) as portal:
        assert portal.open(page, uri=ROOT) in ("ready", "partial")
        portal.press("y")
        portal.page.wait_for_url(re.compile("as_of=.*at_least=|at_least=.*as_of="))
        pinned = portal.page.url
        assert set(parse_qs(urlsplit(pinned).query)) >= {"uri", "as_of", "at_least"}
        portal.settle()
        server.send(edge(ROOT, "derives", NAMES.dataset(f"{space} later"), "2999-01-01T00:00:00Z"))
        with portal.page.expect_response("**/api/v1/recorded?*"):
            portal.page.goto(pinned)
        portal.settle()
        since = portal.page.get_by_text("recorded since this link was made")
        expect(since).to_have_count(0)
        server.send(edge(ROOT, "derives", NAMES.dataset(f"{space} second"), at(2)))
        portal.page.goto(pinned)
        expect(since).to_have_text("1 fact about this time was recorded since this link was made.")
        server.send(edge(ROOT, "derives", NAMES.dataset(f"{space} third"), at(3)))
        portal.page.goto(pinned)
        expect(since).to_have_text("2 facts about this time were recorded since this link was made.")
        assert portal.violations() == []
