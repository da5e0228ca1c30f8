"""A server over a small company, a browser, and pages that must not have an error in their console."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.api.mcp import company
from tests.contract.serving import Api, Process
from tests.portal import shop
from tests.portal.portal_page import HEIGHT, PATIENCE_MS, WIDE, Answer, Portal, Scheme
from tests.portal.restartable_server import RestartableServer

CHROMIUM: Final = "/usr/bin/chromium"
FOREIGN_HOST: Final = "portal.example"
"""A name of this machine that a server on loopback does not trust: it may be that of another site (DNS rebinding)."""
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {FOREIGN_HOST} 127.0.0.1",
)

expect.set_options(timeout=PATIENCE_MS)

OpenPortal = Callable[..., Portal]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def shop_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Client of a server that has the facts of the company."""
    process = Process("--data", str(tmp_path_factory.mktemp("portal") / "data"))
    api = Api(process.url)
    api.taken(*shop.facts())
    for call, parameters in (("asset", {"uri": company.ORDERS}), ("search", {"q": ""})):
        api.ask(call, **parameters)  # returns once the graph, and the index of search, have the facts
    yield api
    api.close()
    assert process.stop() == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestartableServer]:
    """An empty server of the module."""
    server = RestartableServer(tmp_path_factory.mktemp("server") / "data")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the machine, one for a module: the synchronous interface allows one at a time."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def open_portal(browser: Browser, shop_api: Api) -> Iterator[OpenPortal]:
    """Opens windows of browsers that know nothing of each other: `open_portal(width=360, scheme="dark")`."""
    with ExitStack() as stack:

        def opened(**settings: Any) -> Portal:
            return stack.enter_context(window(browser, shop_api.url, **settings))

        yield opened


@pytest.fixture
def portal(open_portal: OpenPortal) -> Portal:
    """A wide, light window."""
    return open_portal()


@contextmanager
def window(
    browser: Browser,
    url: str,
    *,
    width: int = WIDE,
    scheme: Scheme = "light",
    zone: str = "UTC",
    touch: bool = False,
    away: bool = False,
) -> Iterator[Portal]:
    """Open a window of the browser; at its end nothing may have failed in it.

    `zone`: that of its reader. `away`: the server may be away or refuse, so that what the console lists is no fault.
    """
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        color_scheme=scheme,
        timezone_id=zone,
        has_touch=touch,
        locale="en-US",
        base_url=url,
    )
    portal = Portal(context.new_page(), url)
    if away:
        portal.expect_message("")
    try:
        yield portal
        assert portal.faults == []
    finally:
        context.close()


@contextmanager
def pages(browser: Browser, url: str, **settings: Any) -> Iterator[OpenPage]:
    """Return a function that opens a path in a window of its own and waits until the page has finished loading.

    `replaced`: answers in the place of those of the server, by the pattern of their address.
    """
    with ExitStack() as stack:

        def opened(path: str, *, replaced: Mapping[str, Answer] | None = None, **more: Any) -> Page:
            portal = stack.enter_context(window(browser, url, away=True, **settings, **more))
            for pattern, answer in (replaced or {}).items():
                portal.page.route(pattern, answer)
            portal.open(path)
            return portal.page

        yield opened
