"""Lanes at 10,000 and 40,120 assets: the counts add up to those of the API. `make bench PORTAL=1` has their times."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from playwright.sync_api import Browser

from tests.contract.serving import Process
from tests.portal.conftest import window
from tests.portal.lanes_page import Lanes
from tests.portal.test_lanes import MOST_MARKS, conserve, counted
from tests.portal.wide_graphs import ROOT, wide_graph

pytestmark = pytest.mark.slow
SIZES: Final = (10_000, 40_120)
INCLUDED_WITHIN_S: Final = 180.0


def until_included(address: str, parameters: dict[str, str | int]) -> None:
    """Return once an answer includes the transaction `at_least`; a projection that lags answers 503 after a while."""
    until = time.monotonic() + INCLUDED_WITHIN_S
    while (answer := httpx.get(address, params=parameters, timeout=60)).status_code == 503 and time.monotonic() < until:
        pass
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module", params=SIZES)
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process = Process("--data", str(tmp_path_factory.mktemp("hub") / "data"))
    lines = list(wide_graph(request.param, teams=28))
    written = 0
    for start in range(0, len(lines), 20_000):
        answer = httpx.post(f"{process.url}/api/v1/facts", content=b"".join(lines[start : start + 20_000]), timeout=300).json()
        assert answer["rejected"] == []
        written = answer["watermark"]
    until_included(f"{process.url}/api/v1/search", {"q": "x", "at_least": written})
    until_included(f"{process.url}/api/v1/lineage", {"uri": ROOT, "limit": 1, "at_least": written})
    yield process.url
    assert process.stop() == 0


@pytest.fixture
def lanes(browser: Browser, hub: str) -> Iterator[Lanes]:
    with window(browser, hub) as portal:
        yield Lanes(portal.page, hub)


def test_the_hub_is_complete_in_150_marks(lanes: Lanes) -> None:
    parameters = {"uri": ROOT, "change": "values"}
    lanes.open("/impact", **parameters)
    assert len(lanes.marks()) <= MOST_MARKS
    assert counted(lanes) == lanes.total() == httpx.get(f"{lanes.url}/api/v1/impact", params=parameters).json()["total"] + 1
    conserve(lanes, seed=3)


def test_any_asset_is_three_openings_away(lanes: Lanes) -> None:
    lanes.open("/lineage", uri=ROOT)
    nodes = httpx.get(f"{lanes.url}/api/v1/lineage", params={"uri": ROOT}).json()["nodes"]
    for node in random.Random(7).sample(nodes[1:], 50):
        scene = httpx.get(f"{lanes.url}/api/v1/scene", params={"uri": ROOT, "select": node["uri"]}).json()
        assert len(scene["selected"]["open"]) <= 3
    for node in random.Random(5).sample(nodes[1:], 5):
        lanes.open("/lineage", uri=ROOT, select=node["uri"])
        lanes.page.wait_for_selector("[role=treegrid] [aria-current=true]")
        assert lanes.page.locator("[role=treegrid] [aria-expanded=true]").count() <= 3
        assert counted(lanes) == lanes.total()
