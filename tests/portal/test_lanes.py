"""Lineage and impact as lanes, in a browser: nothing is cut, nothing moves unasked, the keyboard does everything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.contract.serving import Process
from tests.portal.lanes_page import Lanes
from tests.portal.wide_graphs import ROOT, wide_graph

CHROMIUM: Final = "/usr/bin/chromium"
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE: Final = Path(__file__).parents[2] / "portal" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, PHONE = 1440, 360
ACTIONS: Final = 60
MOST_MARKS: Final = 150
FOLDED: Final = 300
"""So many assets fold by kind; 40 and fewer do not."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process = Process("--data", str(tmp_path_factory.mktemp("lanes") / "data"))
    answer = httpx.post(f"{process.url}/api/v1/facts", content=b"".join(wide_graph(FOLDED, teams=15)), timeout=60)
    assert answer.json()["rejected"] == []
    yield process.url
    assert process.stop() == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def opened(browser: Browser, url: str, *, width: int = WIDE, scheme: str = "light") -> Iterator[Lanes]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield Lanes(page, url)
    assert faults == []
    context.close()


@pytest.fixture
def lanes(browser: Browser, url: str) -> Iterator[Lanes]:
    yield from opened(browser, url)


@pytest.fixture
def phone(browser: Browser, url: str) -> Iterator[Lanes]:
    yield from opened(browser, url, width=PHONE)


def counted(lanes: Lanes) -> int:
    """Return the sum of the counts of the marks; each is an asset or a fold, and an asset counts 1."""
    marks = lanes.marks()
    assert all((mark["kind"] is None) == (mark["count"] == 0) for mark in marks)
    assert all(mark["count"] == 1 for mark in marks if mark["kind"] == "asset")
    return sum(mark["count"] for mark in marks)


def conserve(lanes: Lanes, api: str, seed: int, **parameters: str) -> None:
    """Do random actions; after each the counts add up, and marks of other columns are where they were."""
    chance = random.Random(seed)
    for _ in range(ACTIONS):
        before = lanes.places()
        touched = lanes.act(chance)
        after = lanes.places()
        assert counted(lanes) == lanes.total()
        assert len(after) <= MOST_MARKS
        column = after[touched][0] if touched in after else None
        still = {mark for mark in before.keys() & after.keys() if after[mark][0] != column}
        if lanes.page.viewport_size["width"] > PHONE:  # type: ignore[index]
            assert {mark: after[mark] for mark in still} == {mark: before[mark] for mark in still}


def test_the_counts_add_up_and_nothing_else_moves(lanes: Lanes) -> None:
    lanes.open("/impact", uri=ROOT, change="schema")
    conserve(lanes, lanes.url, seed=1)


def test_the_counts_add_up_on_a_phone(phone: Lanes) -> None:
    phone.open("/lineage", uri=ROOT)
    conserve(phone, phone.url, seed=2)


@pytest.mark.parametrize("change", ["schema", "values", "withdraw", "retire"])
def test_the_total_is_that_of_the_api(lanes: Lanes, change: str) -> None:
    parameters = {"uri": ROOT, "change": change}
    lanes.open("/impact", **parameters)
    assert lanes.total() == httpx.get(f"{lanes.url}/api/v1/impact", params=parameters).json()["total"] + 1
