"""The five stories of the demo's tour, each by mouse, by keyboard alone, and by touch at the width of a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pytest
from playwright.sync_api import Browser, expect

from mlgraph.demo.tour import CANDIDATES_CHANGED_DAYS_AGO
from tests.contract.serving import Api, Process
from tests.portal import demo_company
from tests.portal.conftest import window
from tests.portal.hands import Hand, Keyboard, Mouse, Touch
from tests.portal.portal_page import PHONE, WIDE

WAYS: Final = {"mouse": (Mouse, WIDE), "keyboard": (Keyboard, WIDE), "phone": (Touch, PHONE)}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Client of a server that has the demo company."""
    process = Process("--data", str(tmp_path_factory.mktemp("demo") / "data"))
    api = Api(process.url)
    demo_company.fill(api)
    yield api
    api.close()
    assert process.stop() == 0


@pytest.fixture(params=WAYS)
def hand(request: pytest.FixtureRequest, browser: Browser, api: Api) -> Iterator[Hand]:
    """A person in front of the start page."""
    kind, width = WAYS[request.param]
    with window(browser, api.url, width=width, touch=kind is Touch) as portal:
        portal.open("/")
        yield kind(portal)


def find(hand: Hand, words: str, name: str) -> None:
    """Search for an asset and open its page."""
    hand.search(words)
    hand.page.wait_for_url("**/search?*")
    hand.use(hand.link(name))
    expect(hand.page.locator("h1")).to_have_text(name)


def test_whom_a_schema_change_of_the_ratings_reaches(hand: Hand, api: Api) -> None:
    find(hand, "ratings", "ratings")
    hand.use(hand.link("Impact"))
    hand.use(hand.page.get_by_role("radio", name="schema"))
    hand.page.wait_for_url("**change=schema**")
    impact = api.ask("impact", uri=demo_company.RATINGS, change="schema")
    assert impact["total"] > 10
    expect(hand.page.locator("main")).to_have_attribute("data-total", str(impact["total"] + 1))
    expect(hand.page.locator(".answer")).to_contain_text(f"{impact['total']} affected")
    marks = hand.page.locator("[role=treegrid] .mark[data-mark]")
    assert sum(int(count) for count in marks.evaluate_all("all => all.map(each => each.dataset.count)")) == impact["total"] + 1
    notified = {each["owner"] for each in impact["notify"]}
    assert len(notified) >= 4
    for team in notified:
        expect(hand.page.locator("[role=rowheader]", has_text=team.rpartition("/")[2])).to_be_visible()


def test_why_advertising_is_degraded(hand: Hand) -> None:
    find(hand, "ad-decisions", "ad-decisions")
    expect(hand.page.locator("aside")).to_contain_text(f"ad-audiences.build failed with {demo_company.ERROR}")
    hand.use(hand.link("Lineage"))
    hand.use(hand.page.get_by_role("radio", name="upstream"))
    expect(hand.page.locator("h1")).to_have_text("Upstream of ad-decisions")
    hand.use_mark("ad-audiences.build")
    expect(hand.page.locator("h1")).to_have_text("ad-audiences.build")
    expect(hand.page.locator("aside")).to_contain_text(f"latest run ended in FAIL: {demo_company.ERROR}")


def test_which_version_served_the_home_feed_three_weeks_ago(hand: Hand) -> None:
    hand.go_to("Live")
    row = hand.page.locator("tbody tr", has_text="home-feed")
    expect(row.locator(".serving")).to_contain_text("home-ranker/2")
    hand.look_at(demo_company.BEFORE_THE_REPLACEMENT)
    expect(row.locator(".serving")).to_contain_text("home-ranker/1")
    expect(hand.page.locator(".band.past")).to_contain_text("You look at")
    hand.use(hand.page.get_by_role("button", name="Back to now"))
    expect(row.locator(".serving")).to_contain_text("home-ranker/2")


def test_who_reported_which_run_made_the_version(hand: Hand) -> None:
    find(hand, "home-ranker/2", "home-ranker/2")
    hand.use(hand.link("show runs"))
    hand.use(hand.page.locator("#relations").get_by_role("link", name=f"why outputs {demo_company.TRAINING_RUN}"))
    hand.page.wait_for_url("**/why?*")
    expect(hand.page.locator(".answer")).to_contain_text("It is reported by")
    for origin in ("facts", "pipeline"):
        expect(hand.page.locator(".answer")).to_contain_text(origin)


def test_what_changed_when_the_candidates_switched_to_vectors(hand: Hand, api: Api) -> None:
    find(hand, "candidates.build", "candidates.build")
    hand.use(hand.link("Compare times"))
    hand.use(hand.page.get_by_role("radio", name="upstream"))
    changed = demo_company.LAST_DAY - timedelta(days=CANDIDATES_CHANGED_DAYS_AGO, hours=12)
    then, now = (
        {node["uri"] for node in api.ask("lineage", uri=demo_company.CANDIDATES, direction="upstream", **moment)["nodes"]}
        for moment in ({"as_of": changed.isoformat()}, {})
    )
    assert now - then
    assert then - now
    words = f"{len(now - then)} appeared, {len(then - now)} gone, {len(now & then)} same"
    expect(hand.page.locator(".answer")).to_contain_text(words)
    expect(hand.page.locator(".mark[aria-label^='recommendations/movie_vectors,']")).to_have_attribute(
        "aria-label", "recommendations/movie_vectors, dataset of recommendations, appeared in between"
    )
