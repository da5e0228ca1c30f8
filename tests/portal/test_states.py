"""The states that a healthy server does not show: answers are replaced on their way to the browser, the page is the real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.contract.serving import Api
from tests.portal.conftest import window
from tests.portal.portal_page import PHONE, altered, answered, refused, settle, violations

SEARCH = "**/api/v1/search?*"


@pytest.fixture
def page(browser: Browser, shop_api: Api) -> Iterator[Page]:
    with window(browser, shop_api.url, width=PHONE, scheme="dark", away=True) as portal:
        portal.page.route("**/api/v1/stream?*", refused(503, "Too many", "later"))
        yield portal.page


def test_a_lag_is_shown_within_two_seconds_and_goes_by_itself(page: Page) -> None:
    page.goto("/search?q=orders")
    assert settle(page) == "ready"
    page.route("**/readyz", answered({"status": "ready", "watermark": 7, "lag_s": 42.4}))
    expect(page.locator("main")).to_have_attribute("data-state", "stale", timeout=2_500)
    expect(page.locator(".band.warn")).to_contain_text("42 s behind.")
    expect(page.locator(".hits li").first).to_be_visible()
    assert violations(page) == []
    page.route("**/readyz", refused(503, "Unavailable", "the graph is being built from the store"))
    expect(page.locator(".band.warn")).to_contain_text("the graph is being built from the store")
    page.unroute("**/readyz")
    expect(page.locator("main")).to_have_attribute("data-state", "ready")


def test_an_answer_that_was_cut_is_partial(page: Page) -> None:
    page.route(SEARCH, altered(partial=True, reason="time", total=1234, total_is="at_least"))
    page.goto("/search?q=orders")
    assert settle(page) == "partial"
    expect(page.locator(".answer")).to_contain_text("At least 1,234 assets")
    expect(page.locator(".band.warn")).to_contain_text("The answer was cut.")
    assert violations(page) == []


def test_a_page_without_permission_names_who_gives_it(page: Page) -> None:
    page.route(SEARCH, refused(403, "Forbidden", "this token reads streamflix/recommendations"))
    page.goto("/search?q=orders")
    assert settle(page) == "forbidden"
    expect(page.locator(".band.bad")).to_contain_text("this token reads streamflix/recommendations")
    assert page.locator(".facets, .hits").count() == 0, "nothing about what is hidden"
    assert violations(page) == []


def test_a_missing_token_is_asked_for(page: Page) -> None:
    page.route(SEARCH, refused(401, "Unauthorized", "a bearer token is needed"))
    page.goto("/search?q=orders")
    dialog = page.get_by_role("dialog", name="This server wants a token")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Not now").click()
    expect(dialog).to_be_hidden()
    assert settle(page) == "forbidden"
    page.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_visible()


def test_a_slow_answer_is_named_after_400_ms(page: Page) -> None:
    pending: list[Route] = []
    page.route(SEARCH, lambda route: pending.append(route))  # noqa: PLW0108 - playwright marks the function
    page.goto("/search?q=orders")
    expect(page.locator("main")).to_have_attribute("data-state", "loading")
    expect(page.get_by_text("Waiting for the hits.")).to_be_visible(timeout=2_000)
    assert violations(page) == []
    pending[0].continue_()
    assert settle(page) == "ready"


def test_an_unexpected_failure_is_an_error_with_its_reason(page: Page) -> None:
    page.route(SEARCH, refused(500, "Internal error", "its log has the cause under urn:uuid:1"))
    page.goto("/search?q=orders")
    assert settle(page) == "error"
    expect(page.locator(".band.bad")).to_contain_text("its log has the cause under urn:uuid:1")
    page.unroute(SEARCH)
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("main")).to_have_attribute("data-state", "ready")
