"""Headless Chromium: a new profile for each page, a slow network, times that the page itself measures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM: Final = Path("/usr/bin/chromium")
SLOW_KBIT_S: Final = 1_600
SLOW_DELAY_MS: Final = 150
_SLOW_UP_KBIT_S: Final = 750
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_VIEWPORT: Final = {"width": 1440, "height": 900}
_PATIENCE_MS: Final = 180_000


@contextmanager
def chromium(program: Path) -> Iterator[Browser]:
    """Start a headless Chromium; stop it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_page(browser: Browser, *, slow: bool = False, script: str = "") -> Iterator[Page]:
    """Open an empty page of a new profile, whose cache is empty. `script` runs in each document before its own scripts."""
    context = browser.new_context(viewport={"width": _VIEWPORT["width"], "height": _VIEWPORT["height"]})
    try:
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        if script:
            page.add_init_script(script)
        if slow:
            network = context.new_cdp_session(page)
            network.send("Network.enable")
            network.send(
                "Network.emulateNetworkConditions",
                {
                    "offline": False,
                    "latency": SLOW_DELAY_MS,
                    "downloadThroughput": SLOW_KBIT_S * 1000 / 8,
                    "uploadThroughput": _SLOW_UP_KBIT_S * 1000 / 8,
                },
            )
        yield page
    finally:
        context.close()
