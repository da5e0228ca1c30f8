"""How a person acts on a page: with a mouse, with the keyboard alone, or with a finger on a phone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Final

from playwright.sync_api import Locator

from tests.portal.portal_page import Portal

MOST_TABS: Final = 200
_FOCUSED: Final = "each => each === document.activeElement"
_SAME_GROUP: Final = "each => each.closest('[role=radiogroup]')?.contains(document.activeElement) ?? false"


class Hand(ABC):
    """Acts on the page of a portal. Texts are typed; everything else differs."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.page = portal.page

    @abstractmethod
    def use(self, control: Locator) -> None:
        """Follow a link, press a button, choose an option."""

    @abstractmethod
    def search(self, words: str) -> None:
        """Search for words with the box that every page has."""

    @abstractmethod
    def use_mark(self, name: str) -> None:
        """Select the mark of an asset in the picture, and open the page of the asset."""

    @abstractmethod
    def go_to(self, place: str) -> None:
        """Go to a place of the main navigation."""

    @abstractmethod
    def look_at(self, moment: datetime) -> None:
        """Choose the moment that the pages show."""

    def link(self, name: str, within: str = "main") -> Locator:
        """Return the first link with this name."""
        return self.page.locator(within).get_by_role("link", name=name, exact=True).first


class Mouse(Hand):
    """Points and clicks."""

    def use(self, control: Locator) -> None:
        control.click()

    def search(self, words: str) -> None:
        self.use(self.page.get_by_role("searchbox", name="Search assets"))
        self.page.keyboard.type(words)
        self.page.keyboard.press("Enter")

    def use_mark(self, name: str) -> None:
        self.use(self.page.locator(f"[role=treegrid] .mark[aria-label^='{name},']"))
        self.use(self.link(name, ".info"))

    def go_to(self, place: str) -> None:
        self.use(self.link(place, ".rail"))

    def look_at(self, moment: datetime) -> None:
        self.use(self.page.get_by_role("button", name="Time: Now"))
        self.page.get_by_label("Date and time").fill(f"{moment:%Y-%m-%dT%H:%M:%S}")  # as its picker does
        self.use(self.page.get_by_role("button", name="Look at it"))


class Touch(Mouse):
    """Taps."""

    def use(self, control: Locator) -> None:
        control.tap()


class Keyboard(Hand):
    """Presses keys: those that `?` lists, Tab to everything else, arrows within a group."""

    def use(self, control: Locator) -> None:
        control.wait_for()
        for _ in range(MOST_TABS):
            if control.evaluate(_FOCUSED):
                self.portal.press("Space" if control.get_attribute("role") == "radio" else "Enter")
                return
            self.portal.press("ArrowRight" if control.evaluate(_SAME_GROUP) else "Tab")
        raise AssertionError(f"the keyboard does not reach {control}")

    def search(self, words: str) -> None:
        self.portal.press("/")
        self.page.keyboard.type(words)
        self.portal.press("Enter")

    def use_mark(self, name: str) -> None:
        self.portal.press("f")
        self.page.keyboard.type(name)
        self.page.get_by_role("dialog", name="Find in this picture").get_by_role("button", name=name).first.wait_for()
        self.portal.press("Enter")
        self.page.locator(f"[role=treegrid] .mark[aria-label^='{name},']:focus").wait_for()
        self.portal.press("o")

    def go_to(self, place: str) -> None:
        self.portal.press("Control+k")
        self.page.get_by_role("combobox", name="Asset, page or action").wait_for()
        self.page.keyboard.type(place)
        wanted = self.page.get_by_role("option", name=f"{place}:")
        wanted.wait_for()
        while wanted.get_attribute("aria-selected") != "true":
            self.portal.press("ArrowDown")
        self.portal.press("Enter")

    def look_at(self, moment: datetime) -> None:
        self.portal.press("t")
        field = self.page.get_by_label("Date and time")
        self.page.locator("input[type=datetime-local]:focus").wait_for()
        self.page.keyboard.type(f"{moment:%m%d%Y}")
        self.portal.press("ArrowRight")  # a year may have six digits
        self.page.keyboard.type(f"{moment:%I%M%S%p}")
        assert field.input_value().startswith(f"{moment:%Y-%m-%dT%H:%M}")
        self.portal.press("Enter")
