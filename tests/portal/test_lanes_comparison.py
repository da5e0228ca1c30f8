"""Lanes of two moments, and of cycles, in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.portal.conftest import window
from tests.portal.lanes_page import Lanes
from tests.portal.test_lanes import counted, derived, send, served
from tests.portal.wide_graphs import ROOT


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from served(tmp_path_factory.mktemp("comparison"))


@pytest.fixture
def lanes(browser: Browser, url: str) -> Iterator[Lanes]:
    with window(browser, url) as portal:
        yield Lanes(portal.page, url)


def test_a_comparison_is_the_difference_of_two_answers(lanes: Lanes) -> None:
    root, stays, came, removed = ("mlg://dataset/twice/" + name for name in ("root", "stays", "came", "removed"))
    first, then, now = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
    edges = [derived(root, stays), derived(root, removed), derived(root, came)]
    edges[0]["edge"]["valid_from"] = edges[1]["edge"]["valid_from"] = first
    edges[1]["edge"]["valid_to"] = edges[2]["edge"]["valid_from"] = then
    send(lanes.url, *edges)
    lanes.open("/compare", uri=root, **{"from": first, "to": now})
    lanes.page.wait_for_selector("main[data-state=ready]")
    assert "3 assets on" in lanes.page.locator(".answer").inner_text()
    assert "1 appeared, 1 gone, 2 same" in lanes.page.locator(".answer").inner_text()
    labels = sorted(mark["label"] for mark in lanes.marks())
    row = "dataset of nobody" if "nobody" in labels[0] else "dataset of twice"
    assert labels == [
        f"came, {row}, appeared in between",
        f"removed, {row}, gone in between",
        f"root, {row}, where you started",
        f"stays, {row}",
    ]
    assert counted(lanes) == lanes.total() == 3


def test_a_cycle_is_a_box_that_opens_in_place(lanes: Lanes) -> None:
    root, one, two, three, end = ("mlg://dataset/turns/" + name for name in ("root", "one", "two", "three", "end"))
    send(lanes.url, *(derived(*ends) for ends in ((root, one), (one, two), (two, three), (three, one), (three, end))))
    lanes.open("/lineage", uri=root)
    before = lanes.places()
    [box] = [mark for mark in lanes.marks() if mark["kind"] == "fold"]
    assert (box["count"], box["label"].partition(",")[0]) == (3, "cycle of 3 assets")
    assert counted(lanes) == lanes.total() == 5
    lanes.mark(box["id"]).focus()
    lanes.press("Enter")
    after = lanes.places()
    names = [mark["label"].partition(",")[0] for mark in lanes.marks() if mark["column"] == box["column"]]
    assert names == ["open cycle of 3 assets", "one", "three", "two"]
    assert {mark: after[mark] for mark in before} == before, "opening moves nothing"
    assert counted(lanes) == lanes.total() == 5
    assert lanes.page.locator(".kids.box .mark").count() == 3
    lanes.press("Backspace")
    assert lanes.places() == before


def test_folds_of_a_comparison_count_who_came_and_who_went(lanes: Lanes) -> None:
    start, now = "2026-10-06T00:00:00Z", "2026-10-15T00:00:00Z"
    then, after = (
        {node["uri"] for node in httpx.get(f"{lanes.url}/api/v1/lineage", params={"uri": ROOT, "as_of": at}).json()["nodes"]}
        for at in (start, now)
    )
    lanes.open("/compare", uri=ROOT, **{"from": start, "to": now})
    lanes.page.wait_for_selector("main[data-state=ready]")
    answer = lanes.page.locator(".answer").inner_text()
    assert f"{len(after - then)} appeared, {len(then - after)} gone, {len(then & after)} same" in answer
    assert numbers_on_marks(lanes) == {"appeared": len(after - then), "gone": len(then - after), "same": len(then & after)}
    assert counted(lanes) == lanes.total() == len(after)
    fold = next(mark for mark in lanes.marks() if mark["kind"] == "fold" and "gone in between" in mark["label"])
    assert "\u2212" in lanes.mark(fold["id"]).inner_text()
    lanes.mark(fold["id"]).click()
    lanes.page.wait_for_timeout(20)
    lanes.settle()
    assert numbers_on_marks(lanes) == {"appeared": len(after - then), "gone": len(then - after), "same": len(then & after)}
    assert counted(lanes) == lanes.total() == len(after)


def numbers_on_marks(lanes: Lanes) -> dict[str, int]:
    """Return how many assets appeared, are gone and the same, as the marks say it."""
    found = dict.fromkeys(("appeared", "gone", "same"), 0)
    for mark in lanes.marks():
        label = mark["label"]
        if mark["expanded"] == "true":
            continue
        if mark["expanded"] is None:
            presence = "appeared" if "appeared in between" in label else "gone" if "gone in between" in label else "same"
            found[presence] += 1
            continue
        numbers = {word: re.search(rf"([\d,]+) {word}", label) for word in ("appeared in", "gone in", "the same")}
        if not any(numbers.values()):
            found["same"] += mark["count"]
        for (_, number), name in zip(numbers.items(), found, strict=True):
            found[name] += int(number[1].replace(",", "")) if number else 0
    return found
