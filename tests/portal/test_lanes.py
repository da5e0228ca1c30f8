"""Lineage and impact as lanes, in a browser: nothing is cut, nothing moves unasked, the keyboard does everything."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser

from tests.contract.serving import Process
from tests.portal.conftest import window
from tests.portal.lanes_page import Lanes
from tests.portal.portal_page import PHONE, WIDE, violations_in_each_look
from tests.portal.wide_graphs import ROOT, wide_graph

ACTIONS: Final = 60
MOST_MARKS: Final = 150
FOLDED: Final = 300
"""So many assets fold by kind; 40 and fewer do not."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from served(tmp_path_factory.mktemp("lanes"))


def served(folder: Path) -> Iterator[str]:
    """Yield the address of a server with the wide graph."""
    process = Process("--data", str(folder / "data"))
    answer = httpx.post(f"{process.url}/api/v1/facts", content=b"".join(wide_graph(FOLDED, teams=15)), timeout=60)
    assert answer.json()["rejected"] == []
    yield process.url
    assert process.stop() == 0


@pytest.fixture
def lanes(browser: Browser, url: str) -> Iterator[Lanes]:
    with window(browser, url) as portal:
        yield Lanes(portal.page, url)


@pytest.fixture
def phone(browser: Browser, url: str) -> Iterator[Lanes]:
    with window(browser, url, width=PHONE) as portal:
        yield Lanes(portal.page, url)


def counted(lanes: Lanes) -> int:
    """Return the sum of the counts of the marks; each is an asset or a fold, and an asset counts 1."""
    marks = lanes.marks()
    assert all((mark["kind"] is None) == (mark["count"] == 0) for mark in marks)
    assert all(mark["count"] == 1 for mark in marks if mark["kind"] == "asset")
    return sum(mark["count"] for mark in marks)


def conserve(lanes: Lanes, seed: int) -> None:
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
    conserve(lanes, seed=1)


def test_the_counts_add_up_on_a_phone(phone: Lanes) -> None:
    phone.open("/lineage", uri=ROOT)
    conserve(phone, seed=2)


@pytest.mark.parametrize("change", ["schema", "values", "withdraw", "retire"])
def test_the_total_is_that_of_the_api(lanes: Lanes, change: str) -> None:
    parameters = {"uri": ROOT, "change": change}
    lanes.open("/impact", **parameters)
    assert lanes.total() == httpx.get(f"{lanes.url}/api/v1/impact", params=parameters).json()["total"] + 1


def test_the_keyboard_does_everything(lanes: Lanes) -> None:
    lanes.open("/impact", uri=ROOT, change="schema")
    page = lanes.page
    assert page.locator("[role=treegrid] [tabindex='0']").count() == 1, "the picture is one tab stop"
    tab_to_the_grid(lanes)
    start = lanes.focused()
    lanes.press("ArrowRight")
    assert lanes.focused() != start
    fold = next(mark for mark in lanes.marks() if mark["expanded"] == "false")
    lanes.mark(fold["id"]).focus()
    lanes.press("Enter")
    assert lanes.mark(fold["id"]).get_attribute("aria-expanded") == "true"
    lanes.press("ArrowDown")
    part = lanes.focused()
    assert part != fold["id"]
    assert {mark["column"] for mark in lanes.marks() if mark["id"] in (part, fold["id"])} == {fold["column"]}
    lanes.press("Backspace")
    assert lanes.focused() == fold["id"]
    assert lanes.mark(fold["id"]).get_attribute("aria-expanded") == "false"
    lanes.press("Home")
    assert lanes.focused() == start
    lanes.press("c", "ArrowRight")
    assert "change=values" in page.url
    tainted = sum(mark["count"] for mark in lanes.marks())
    assert page.locator(".eqr .effects span", has_text="tainted").inner_text().strip() == f"{tainted - 1} tainted"
    lanes.press("[")
    assert "as_of=" in page.url
    assert page.locator(".frame.is-past").count() == 1
    lanes.press("]")
    assert "as_of=" not in page.url
    lanes.press("l")
    assert page.locator("aside").count() == 0
    lanes.press("?")
    assert "close the nearest open fold" not in page.locator("dialog[open]").inner_text(), "no mark has the focus"
    assert "earlier moment" in page.locator("dialog[open]").inner_text()


def tab_to_the_grid(lanes: Lanes) -> None:
    for _ in range(40):
        lanes.page.keyboard.press("Tab")
        if lanes.focused() is not None:
            return
    raise AssertionError("Tab does not lead to the picture")


def test_find_opens_the_folds_around_an_asset(lanes: Lanes) -> None:
    lanes.open("/lineage", uri=ROOT)
    nodes = httpx.get(f"{lanes.url}/api/v1/lineage", params={"uri": ROOT}).json()["nodes"]
    drawn = {mark["label"].split(",")[0] for mark in lanes.marks()}
    wanted = [node for node in nodes if node["name"] not in drawn][-1]
    lanes.press("f")
    lanes.page.keyboard.type(wanted["name"])
    lanes.page.wait_for_selector(f"dialog .found:has-text('{wanted['name']}')")
    lanes.page.keyboard.press("Enter")
    lanes.page.wait_for_selector(f"[role=treegrid] [aria-label^='{wanted['name']},'][aria-current=true]")
    assert lanes.page.locator("[role=treegrid] [aria-expanded=true]").count() <= 3
    lanes.page.wait_for_selector(".links .lit")
    lit = [mark["label"].split(",")[0] for mark in lanes.marks() if mark["lit"]]
    assert lit[0] == "ratings", "the path is lit from the start"
    assert wanted["name"] in lit


def test_an_opened_address_shows_the_same_marks(browser: Browser, lanes: Lanes, url: str) -> None:
    lanes.open("/impact", uri=ROOT, change="values", as_of="2026-10-15T00:00:00Z")
    folds = [mark["id"] for mark in lanes.marks() if mark["expanded"] == "false"]
    for fold in folds[:2]:
        lanes.mark(fold).click()
        lanes.page.wait_for_selector(f'[data-id="{fold}"][aria-expanded=true]')
    lanes.settle()
    before = lanes.marks()
    with window(browser, url) as portal:
        again = Lanes(portal.page, url)
        again.page.goto(lanes.page.url)
        again.settle()
        assert [without_light(mark) for mark in again.marks()] == [without_light(mark) for mark in before]
    same = httpx.get(lanes.page.url.replace("/impact?", "/api/v1/impact?")).json()
    assert same["total"] + 1 == lanes.total()
    lanes.page.go_back()
    lanes.page.wait_for_selector(f'[data-id="{folds[1]}"][aria-expanded=false]')
    assert lanes.mark(folds[0]).get_attribute("aria-expanded") == "true", "Back undoes the last view change alone"


def without_light(mark: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mark.items() if key != "lit"}


def test_a_click_selects_and_r_makes_the_root(lanes: Lanes) -> None:
    lanes.open("/lineage", uri=ROOT, by="kind")
    asset = next(mark for mark in lanes.marks() if mark["kind"] == "asset" and mark["column"] > 2)
    places = lanes.places()
    lanes.mark(asset["id"]).click()
    lanes.page.wait_for_url("**select=**")
    assert lanes.places() == places
    lanes.press("r")
    lanes.page.wait_for_function("document.querySelector('h1').innerText.startsWith('Downstream of')")
    name = asset["label"].split(",")[0]
    lanes.page.wait_for_selector(f"h1:has-text('{name}')")
    lanes.page.go_back()
    lanes.page.wait_for_selector("h1:has-text('ratings')")


def test_axe_finds_nothing(lanes: Lanes) -> None:
    lanes.open("/impact", uri=ROOT, change="schema")
    lanes.mark(next(mark["id"] for mark in lanes.marks() if mark["expanded"] == "false")).click()
    lanes.page.wait_for_selector("[role=treegrid] [aria-expanded=true]")
    lanes.press("[")
    assert violations_in_each_look(lanes.page) == {}
    lanes.open("/compare", uri=ROOT, **{"from": "2026-10-05T00:00:00Z"})
    lanes.page.wait_for_selector("main[data-state=ready]")
    assert violations_in_each_look(lanes.page) == {}


def test_a_newer_answer_moves_nothing_until_it_is_asked_for(lanes: Lanes) -> None:
    root, first, second = ("mlg://dataset/live/" + name for name in ("a", "b", "c"))
    send(lanes.url, derived(root, first))
    lanes.open("/lineage", uri=root)
    assert lanes.total() == 2
    places = lanes.places()
    send(lanes.url, derived(root, second))
    button = lanes.page.get_by_role("button", name="Newer answer: show it")
    button.wait_for(timeout=20_000)
    assert lanes.places() == places
    button.click()
    lanes.page.wait_for_selector("main[data-total='3']")
    assert counted(lanes) == 3


def test_names_are_text_and_cycles_end(lanes: Lanes) -> None:
    hostile = "<img src=x onerror=alert(1)>" + "x" * 2_000
    root, named = "mlg://dataset/odd/root", "mlg://dataset/odd/" + quote(hostile, safe="")
    arabic = "mlg://dataset/odd/" + quote("\u0628\u064a\u0627\u0646\u0627\u062a", safe="")
    send(lanes.url, derived(root, named), derived(named, arabic), derived(arabic, root))
    lanes.open("/lineage", uri=root)
    assert counted(lanes) == lanes.total() == 3
    lanes.page.locator("[role=treegrid] .fold.cycle").click()
    lanes.page.wait_for_timeout(20)
    lanes.settle()
    assert counted(lanes) == lanes.total() == 3
    assert lanes.page.locator("[role=treegrid] img").count() == 0
    assert any(mark["label"].startswith(hostile) for mark in lanes.marks())
    width = lanes.page.evaluate("document.documentElement.scrollWidth")
    assert width <= WIDE, "a long name does not widen the page"
    lanes.press("Tab")


@pytest.mark.parametrize(
    ("parameters", "state", "text"),
    [
        ({"uri": "mlg://dataset/nowhere/x"}, "error", "mlg://dataset/nowhere/x"),
        ({"uri": "no uri"}, "error", "no uri"),
        ({}, "empty", "No asset is named"),
        ({"uri": ROOT, "as_of": "2001-01-01T00:00:00Z"}, "empty", "Nothing reads it at this moment."),
        ({"uri": ROOT, "open": "f000000000000"}, "ready", "ratings"),
    ],
)
def test_states(browser: Browser, url: str, parameters: dict[str, str], state: str, text: str) -> None:
    with window(browser, url, away=True) as portal:
        assert portal.open("/lineage", **parameters) == state
        assert text in portal.text()


def derived(source: str, target: str) -> dict[str, Any]:
    return {"edge": {"source": source, "relation": "derives", "target": target}}


def send(url: str, *facts: dict[str, Any]) -> None:
    """Send facts and wait until answers include them."""
    body = "\n".join(json.dumps(fact) for fact in facts)
    answer = httpx.post(f"{url}/api/v1/facts", content=body.encode()).json()
    assert answer["rejected"] == []
    httpx.get(f"{url}/api/v1/search", params={"q": "x", "at_least": answer["watermark"]})


def test_the_focus_lights_the_path_of_the_api(lanes: Lanes) -> None:
    lanes.open("/impact", uri=ROOT, change="values")
    affected = httpx.get(f"{lanes.url}/api/v1/impact", params={"uri": ROOT, "change": "values"}).json()["affected"]
    drawn = {mark["label"].split(",")[0]: mark["id"] for mark in lanes.marks() if mark["kind"] == "asset"}
    farthest = max((each for each in affected if each["name"] in drawn), key=lambda each: int(each["distance"]))
    lanes.mark(drawn[farthest["name"]]).focus()
    lanes.page.wait_for_selector(".links .lit")
    answer = httpx.get(
        f"{lanes.url}/api/v1/scene", params={"uri": ROOT, "change": "values", "select": drawn[farthest["name"]]}
    ).json()
    assert answer["path_assets"] == farthest["path"]
    assert sorted(mark["id"] for mark in lanes.marks() if mark["lit"]) == sorted(answer["path"])


def test_the_last_picture_stays_while_the_server_is_gone(browser: Browser, url: str) -> None:
    with window(browser, url, away=True) as portal:
        lanes = Lanes(portal.page, url)
        lanes.open("/lineage", uri=ROOT)
        before = lanes.places()
        lanes.page.route("**/api/v1/scene**", lambda route: route.abort())
        fold = next(mark["id"] for mark in lanes.marks() if mark["expanded"] == "false")
        lanes.mark(fold).click()
        lanes.page.wait_for_selector("main[data-state=error]")
        assert "The server does not answer. Below is the answer of" in portal.text().replace("\n", " ")
        assert lanes.places() == before
        assert counted(lanes) == lanes.total()
        lanes.page.unroute("**/api/v1/scene**")
        lanes.page.get_by_role("button", name="Try now").click()
        lanes.page.wait_for_selector(f'[data-id="{fold}"][aria-expanded=true]')


def test_one_choice_leaves_what_the_walk_of_a_column_returns(lanes: Lanes) -> None:
    source, table, other = (f"mlg://dataset/columns/{name}" for name in ("source", "table", "other"))
    columns = [f"mlg://column/columns/{name}" for name in ("source%23a", "table%23x", "source%23b", "other%23y")]
    schema = {"schema": [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]}
    described = {"asset": {"uri": source, "properties": schema}}
    send(lanes.url, described, derived(source, table), derived(source, other), *map(derived, columns[::2], columns[1::2]))
    lanes.open("/lineage", uri=source)
    lanes.page.get_by_label("Column", exact=True).select_option("a")
    lanes.page.wait_for_selector("h1:has-text('source#a')")
    lanes.settle()
    nodes = httpx.get(f"{lanes.url}/api/v1/lineage", params={"uri": columns[0]}).json()["nodes"]
    assert sorted(mark["label"].split(",")[0] for mark in lanes.marks()) == sorted(node["name"] for node in nodes)
    assert {node["name"] for node in nodes} >= {"source#a", "table#x"}
    assert "other#y" not in {node["name"] for node in nodes}
    lanes.page.get_by_label("Column", exact=True).select_option("all of it")
    lanes.page.wait_for_selector("h1:not(:has-text('#'))")
