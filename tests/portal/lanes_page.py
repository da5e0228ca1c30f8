"""A page of lanes in a browser: what its marks say, where they are, and actions on them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import Page

FIRST_PAINT_MS: Final = 30_000
MARKS: Final = """() => [...document.querySelectorAll('[role=treegrid] .mark:not(.place)')].map(mark => {
  const box = mark.getBoundingClientRect(), grid = mark.closest('[role=treegrid]').getBoundingClientRect();
  return {id: mark.dataset.id, kind: mark.dataset.mark ?? null, count: Number(mark.dataset.count ?? 0),
    column: Number(mark.closest('[role=gridcell]').ariaColIndex), x: Math.round(box.x - grid.x), y: Math.round(box.y - grid.y),
    expanded: mark.ariaExpanded, label: mark.ariaLabel, lit: mark.classList.contains('lit-m')};
})"""


@dataclass(frozen=True)
class Lanes:
    """A page of lanes that is open in a browser."""

    page: Page
    url: str

    def open(self, path: str, **parameters: str) -> None:
        """Open a page and wait until it has finished loading."""
        self.page.goto(f"{self.url}{path}?{urlencode(parameters)}")
        self.settle(FIRST_PAINT_MS)

    def settle(self, timeout_ms: int = FIRST_PAINT_MS) -> None:
        """Wait until the page shows the answer that it asked for."""
        self.page.wait_for_selector("main:not([data-state=loading]) [role=treegrid][aria-busy=false]", timeout=timeout_ms)

    def marks(self) -> list[dict[str, Any]]:
        """Return the marks, in the order of the document; places are relative to the picture."""
        marks: list[dict[str, Any]] = self.page.evaluate(MARKS)
        return marks

    def total(self) -> int:
        """Return the total that the page names."""
        return int(self.page.get_attribute("main", "data-total") or -1)

    def places(self) -> dict[str, tuple[int, int, int]]:
        """Return column, x and y of each mark."""
        return {mark["id"]: (mark["column"], mark["x"], mark["y"]) for mark in self.marks()}

    def mark(self, mark_id: str) -> Any:
        """Return the locator of a mark."""
        return self.page.locator(f'[role=treegrid] [data-id="{mark_id}"]')

    def focused(self) -> str | None:
        """Return the id of the mark that has the focus."""
        found: str | None = self.page.evaluate("document.activeElement?.dataset?.id ?? null")
        return found

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, and wait until the page shows the answer."""
        for key in keys:
            self.page.keyboard.press(key)
        self.page.wait_for_timeout(20)
        self.settle()

    def act(self, chance: random.Random) -> str | None:
        """Do one random action that a person could do; return the id of the mark whose fold it opened or closed."""
        action = chance.choice(("open", "open", "open", "close", "change", "earlier", "later", "only"))
        marks = self.marks()
        if action == "open":
            folds = [mark["id"] for mark in marks if mark["expanded"] == "false"]
            if not folds:
                return None
            chosen: str = chance.choice(folds)
            self.mark(chosen).click()
            self.page.wait_for_timeout(20)
            self.settle()
            return chosen
        if action == "close":
            chosen = chance.choice(marks)["id"]
            self.mark(chosen).focus()
            self.press("Backspace")
            return self.focused()
        changes = self.page.get_by_role("radiogroup", name="What changes").get_by_role("radio")
        if action == "change" and changes.count():
            changes.nth(chance.randrange(4)).click()
            self.page.wait_for_timeout(20)
            self.settle()
        elif action in {"earlier", "later", "only"}:
            self.press({"earlier": "[", "later": "]", "only": "x"}[action])
        return None
