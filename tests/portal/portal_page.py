"""A page of the portal in a browser: opens addresses, collects faults, runs axe-core."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlencode

from playwright.sync_api import ConsoleMessage, Page, Route

PATIENCE_MS: Final = 20_000
WIDE, TABLET, PHONE = 1440, 768, 360
HEIGHT: Final = 900
Scheme = Literal["light", "dark"]
SETTLED: Final = "main[data-state]:not([data-state=loading])"
AXE: Final = Path(__file__).parents[2] / "portal" / "node_modules" / "axe-core" / "axe.min.js"
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN: Final = """([within, tags]) => axe
  .run(within, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], preload: false})
  .then(result => result.violations.map(each =>
    `${each.id}: ${each.nodes.map(node => node.html).join(' ').slice(0, 400)}: ${each.nodes[0].failureSummary}`))"""
Answer = Callable[[Route], None]


def settle(page: Page) -> str:
    """Wait until the page has finished loading; return its state."""
    page.wait_for_selector(SETTLED)
    return page.get_attribute("main", "data-state") or ""


def violations(page: Page, within: str = "html") -> list[str]:
    """Return what axe-core finds wrong within an element: WCAG 2.0 to 2.2, A and AA, and best practices."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(_RUN, [within, _RULES])
    return found


def overflow(page: Page) -> int:
    """Return by how many pixels the document is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


Look = tuple[Scheme, int]
LOOKS: Final[tuple[Look, ...]] = (
    ("light", PHONE),
    ("dark", PHONE),
    ("dark", TABLET),
    ("light", TABLET),
    ("dark", WIDE),
    ("light", WIDE),
)
"""Every scheme at every width; the last one is that of a new window."""


def violations_in_each_look(page: Page, within: str = "html", looks: Sequence[Look] = LOOKS) -> dict[Look, list[str]]:
    """Return what is wrong in each look of the page, without loading it again."""
    found: dict[Look, list[str]] = {}
    for scheme, width in looks:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme)
        wrong = violations(page, within)
        if (wider := overflow(page)) > 0:
            wrong.append(f"wider than the window by {wider} px")
        if wrong:
            found[scheme, width] = wrong
    return found


def answered(body: dict[str, Any], status: int = 200) -> Answer:
    """Return a handler that answers with this body."""
    return lambda route: route.fulfill(status=status, content_type="application/json", body=json.dumps(body))


def refused(status: int, title: str, detail: str) -> Answer:
    """Return a handler that answers with this problem."""
    body = json.dumps({"type": "urn:mlgraph:problem:test", "title": title, "status": status, "detail": detail})
    return lambda route: route.fulfill(status=status, content_type="application/problem+json", body=body)


def altered(**members: Any) -> Answer:
    """Return a handler that answers as the server does, with other values of these members."""

    def handler(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=json.dumps({**response.json(), **members}))

    return handler


@dataclass
class Portal:
    """A page in a browser. `faults`: errors of scripts and of the console, those of the security policy among them."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    _expected: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._collect)

    def _collect(self, message: ConsoleMessage) -> None:
        expected = any(text in message.text for text in self._expected)
        if message.type == "error" and not expected:
            self.faults.append(message.text)

    def expect(self, *statuses: int) -> None:
        """Accept answers with these statuses, which browsers log as errors."""
        self._expected.update(f"status of {status}" for status in statuses)

    def expect_message(self, text: str) -> None:
        """Accept messages of the console that contain a text."""
        self._expected.add(text)

    def open(self, path: str, **parameters: str) -> str:
        """Open a page, wait until it has finished loading, and return its state."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        self.page.goto(f"{self.url}{path}{query}")
        return self.settle()

    def settle(self) -> str:
        """Wait until the page has finished loading; return its state."""
        return settle(self.page)

    def text(self, selector: str = "main") -> str:
        """Return the visible text of an element, without the marks that isolate directions."""
        return self.page.locator(selector).first.inner_text().replace("\u2068", "").replace("\u2069", "")

    def wait_for_text(self, text: str, selector: str = "main") -> None:
        """Wait until an element contains a text."""
        self.page.locator(selector).filter(has_text=text).first.wait_for()

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        """Return the name or text of the element that has the focus."""
        name: str = self.page.evaluate(
            "(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.labels?.[0]?.textContent "
            "?? document.activeElement?.textContent ?? '').trim()"
        )
        return name

    def violations(self) -> list[str]:
        """Return what axe-core finds wrong on the page."""
        return violations(self.page)

    def overflows(self) -> int:
        """Return by how many pixels the document is wider than the window."""
        return overflow(self.page)
