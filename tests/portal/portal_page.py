"""A page of the portal in a browser: opens addresses, collects faults, runs axe-core."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import ConsoleMessage, Page

PATIENCE_MS: Final = 10_000
SETTLED: Final = "main[data-state]:not([data-state=loading])"
AXE: Final = Path(__file__).parents[2] / "portal" / "node_modules" / "axe-core" / "axe.min.js"
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Portal:
    """A page in a browser. `faults`: errors of scripts and of the console, those of the security policy among them."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    _expected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._collect)

    def _collect(self, message: ConsoleMessage) -> None:
        expected = any(f"status of {status}" in message.text for status in self._expected)
        if message.type == "error" and not expected:
            self.faults.append(message.text)

    def expect(self, *statuses: int) -> None:
        """Accept answers with these statuses, which browsers log as errors."""
        self._expected.update(statuses)

    def open(self, path: str, **parameters: str) -> str:
        """Open a page, wait until it has finished loading, and return its state."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        self.page.goto(f"{self.url}{path}{query}")
        return self.settle()

    def settle(self) -> str:
        """Wait until the page has finished loading; return its state."""
        self.page.wait_for_selector(SETTLED)
        return self.page.get_attribute("main", "data-state") or ""

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
        self.page.evaluate(AXE.read_text())
        found: list[dict[str, Any]] = self.page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(result => result.violations)", _RULES
        )
        return [f"{each['id']}: {each['nodes'][0]['target']}: {each['nodes'][0]['failureSummary']}" for each in found]

    def overflows(self) -> int:
        """Return by how many pixels the document is wider than the window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return wider
