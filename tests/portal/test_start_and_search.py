"""Start page, search and frame of the portal in a browser: by mouse, by keyboard alone, on a phone, with hostile names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.contract.serving import Api
from tests.portal.conftest import OpenPage, pages
from tests.portal.portal_page import PHONE, WIDE, settle, violations_in_each_look
from tests.portal.restartable_server import RestartableServer

TEAM: Final = "mlg://team/org/data"
LAKE: Final = "mlg://dataset/s3%3A%2F%2Flake/"
HOSTILE: Final = {
    "markup": '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script> ratings',
    "rtl": "\u05d3\u05d9\u05e8\u05d5\u05d2\u05d9\u05dd \u202egnp.exe ratings",
    "long": "ratings-" + "x" * 1990,
}


def facts() -> list[dict[str, Any]]:
    """Return the facts of a small lake: ratings and what is made of them, some names that are not harmless among them."""
    assets: list[dict[str, Any]] = [
        {"uri": TEAM, "name": "data"},
        {"uri": f"{LAKE}ratings", "name": "ratings", "description": "What members rated, 1 to 5", "owners": [TEAM]},
        {"uri": f"{LAKE}members", "name": "members", "description": "Who rated", "owners": [TEAM]},
        {"uri": "mlg://workflow/jobs/ratings.load", "name": "ratings.load", "description": "Loads the ratings of a day"},
        *({"uri": f"{LAKE}hostile-{key}", "name": name, "description": name} for key, name in HOSTILE.items()),
        *({"uri": f"mlg://model/mlflow/ranker-{number}", "name": f"ranker-{number}"} for number in range(30)),
    ]
    edge = {"source": "mlg://workflow/jobs/ratings.load", "relation": "outputs", "target": f"{LAKE}ratings"}
    return [*({"asset": asset} for asset in assets), {"edge": edge}]


@pytest.fixture
def open_page(browser: Browser, server: RestartableServer) -> Iterator[OpenPage]:
    """Opens a path in a browser that knows nothing, in another zone; at the end no page of it has failed."""
    with pages(browser, server.url, zone="Asia/Kolkata") as opened:
        yield opened


def query_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_fresh_server_lists_first_steps_and_fills_by_itself(server: RestartableServer, open_page: OpenPage) -> None:
    page, phone = open_page("/"), open_page("/", width=PHONE)
    assert settle(page) == "empty"
    expect(page.locator("h1")).to_have_text("Nothing is here yet")
    expect(page.locator("code", has_text="OPENLINEAGE_URL")).to_have_text(f"export OPENLINEAGE_URL={server.url}")
    expect(page.get_by_role("status").filter(has_text="Listening.")).to_be_visible()
    assert violations_in_each_look(page) == {}
    server.send(*facts())
    for each in (page, phone):
        expect(each.locator("h1")).to_have_text("The first data is here")
        expect(each.locator("main")).to_have_attribute("data-state", "ready")
        expect(each.get_by_role("status").filter(has_text="assets so far")).to_contain_text("30 models")
    assert violations_in_each_look(page) == {}


def test_filters_are_the_api_and_back_undoes(server: RestartableServer, open_page: OpenPage) -> None:
    api, page = Api(server.url), open_page("/")
    page.get_by_role("search").filter(has_text="What are you looking for").get_by_role("searchbox").fill("ratings")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/search?q=ratings")
    total = api.ask("search", q="ratings")["total"]
    expect(page.locator(".answer")).to_have_text(f"{total} assets, exactly. Best match first.")
    page.get_by_label(re.compile("^dataset")).check()
    page.wait_for_url("**kind=dataset**")
    filtered = api.ask("search", q="ratings", kind="dataset")
    expect(page.locator(".answer")).to_contain_text(f"{filtered['total']} assets")
    assert page.locator(".hits ol > li").count() == len(filtered["hits"])
    assert page.get_by_role("link", name="as JSON").get_attribute("href") == "/api/v1/search?q=ratings&kind=dataset"
    page.go_back()
    expect(page.locator(".answer")).to_contain_text(f"{total} assets")
    page.go_back()
    assert urlsplit(page.url).path == "/"
    api.close()


def test_search_finds_while_one_types_and_lists_on(server: RestartableServer, open_page: OpenPage) -> None:
    page = open_page("/search")
    api = Api(server.url)
    total = api.ask("search")["total"]
    api.close()
    page.get_by_role("button", name=f"{total - 20} more").click()
    page.wait_for_url("**limit=40**")
    expect(page.locator(".hits ol > li")).to_have_count(total)
    page.keyboard.press("/")
    page.keyboard.type("memb", delay=30)
    expect(page.locator(".hits ol > li").first).to_contain_text("members")
    page.wait_for_url("**q=memb&prefix=true")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"q=memb$"))
    assert page.locator(".search input").input_value() == "memb"


def test_an_empty_search_offers_others(open_page: OpenPage) -> None:
    page = open_page("/search?q=ratings+zebra&kind=model&kind=workflow&tag=none")
    assert settle(page) == "empty"
    expect(page.locator("main")).to_contain_text("No asset has these words and passes the filters.")
    page.get_by_role("link", name=re.compile("with “ratings”")).click()
    page.wait_for_url("**/search?q=ratings")
    assert settle(page) == "ready"


def test_everything_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/search?q=ratings")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("permalink")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("t")
    page.get_by_label(re.compile("Date and time, Asia/(Kolkata|Calcutta)")).fill("2026-11-08T20:30:00")
    page.keyboard.press("Enter")
    page.wait_for_url("**as_of**")
    assert query_of(page)["as_of"] == ["2026-11-08T15:00:00Z"]
    expect(page.locator(".band.past")).to_contain_text("You look at 8 Nov, 20:30.")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Asset, page or action")).to_be_focused()
    page.keyboard.type("start")
    expect(page.get_by_role("option", selected=True)).to_have_accessible_name(re.compile("^Start"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/\\?as_of"))
    page.get_by_role("button", name="Back to now").press("Enter")
    page.wait_for_url(re.compile("/$"))
    page.keyboard.press("y")
    page.wait_for_url("**at_least**")
    assert set(query_of(page)) == {"as_of", "at_least"}
    page.keyboard.press("/")
    page.keyboard.type("ranker-7?")  # a field takes what is typed: no dialog of keys
    page.keyboard.press("Enter")
    page.wait_for_url("**q=ranker-7**")
    expect(page.locator(".hits ol > li").first).to_contain_text("ranker-7")


@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_names_are_text_whatever_they_contain(open_page: OpenPage, width: int) -> None:
    page = open_page("/search?q=ratings&limit=100", width=width)
    for name in HOSTILE.values():
        assert page.get_by_role("listitem").filter(has_text=name).count() == 1
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width, "nothing makes the page wider than the window"
    page.goto(f"{urlsplit(page.url).scheme}://{urlsplit(page.url).netloc}/search?q=%3Cscript%3Ewindow.hacked%3D1%3C%2Fscript%3E")
    settle(page)
    expect(page.locator("h1")).to_have_text("<script>window.hacked=1</script>")
    assert page.evaluate("window.hacked") is None


def test_a_parameter_without_meaning_is_named(open_page: OpenPage) -> None:
    page = open_page("/search?prefix=perhaps")
    assert settle(page) == "error"
    expect(page.locator("main")).to_contain_text("prefix is 'perhaps'. It is true or false.")
    page.get_by_role("link", name="mlgraph").click()
    assert settle(page) == "ready"
    past = open_page("/?as_of=yesterday")
    expect(past.locator(".band.bad")).to_contain_text("as_of is 'yesterday'. It is a time with a zone")
    refused = open_page("/search?limit=9999")
    assert settle(refused) == "error"
    expect(refused.locator(".band.bad")).to_contain_text("query parameter 'limit'")


def test_colours_are_kept_by_the_browser(open_page: OpenPage) -> None:
    page = open_page("/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="You and this browser").click()
    page.get_by_label("dark", exact=True).check()
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    settle(page)
    assert page.evaluate(background) == dark


def test_dialogs_are_accessible(open_page: OpenPage) -> None:
    page = open_page("/search?q=ratings")
    for key in ("Control+k", "?", "t"):
        page.keyboard.press(key)
        page.wait_for_selector("dialog[open]")
        assert violations_in_each_look(page) == {}, key
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog[open]", state="detached")


def test_a_server_that_goes_away_and_comes_back(server: RestartableServer, open_page: OpenPage) -> None:
    page = open_page("/search?q=ratings")
    hits = page.locator(".hits ol > li").count()
    server.stop()
    expect(page.locator("main")).to_have_attribute("data-state", "error", timeout=5_000)
    expect(page.locator(".band.bad")).to_contain_text("The server does not answer.")
    expect(page.locator(".mark-dot")).to_have_text("No answer")
    assert page.locator(".hits ol > li").count() == hits, "the last answer stays"
    page.get_by_label(re.compile("^dataset")).click()
    expect(page.locator(".band.bad")).to_contain_text("The server does not answer.")
    server.start()
    expect(page.locator(".mark-dot")).to_have_text("Caught up")
    page.get_by_role("button", name="Try now").or_(page.locator("main[data-state=ready]")).first.wait_for()
    if page.get_by_role("button", name="Try now").is_visible():
        page.get_by_role("button", name="Try now").click()
    expect(page.locator("main")).to_have_attribute("data-state", "ready")
