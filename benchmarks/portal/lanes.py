"""The impact of a hub in a browser: its scene over HTTP, then actions, each from the key or click until its result is painted."""

from __future__ import annotations

import gzip
import random
import time
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.figures import Figures, of_samples
from benchmarks.load import reads
from benchmarks.portal.browser import new_page
from benchmarks.portal.first_load import KB
from benchmarks.progress import log

CHANGES: Final = ("any", "schema", "values", "withdraw", "retire")
STAY_MS: Final = 200
"""How long a person stays on a mark or a selector before acting; the page asks for the next answer meanwhile."""
MOST_OPEN: Final = 3
_WHEEL_PX: Final = 60
_FRAME_S: Final = 1 / 60
_SETTLED: Final = "main:not([data-state=loading]) [role=treegrid][aria-busy=false]"
_FOLDS: Final = """() => [...document.querySelectorAll('[role=treegrid] .mark[aria-expanded]')]
  .map(mark => [mark.dataset.id, mark.ariaExpanded === 'true'])"""
_TIMER: Final = """(() => {
  const shown = () => {
    const grid = document.querySelector('[role=treegrid]');
    if (!grid || grid.ariaBusy !== 'false') return null;
    const marks = [...grid.querySelectorAll('.mark')].map(mark => `${mark.dataset.id} ${mark.ariaExpanded} ${mark.ariaLabel}`);
    return [document.querySelector('.eqr')?.textContent, ...marks].join('\\n');
  };
  window.time = event => {
    const before = shown();
    window.taken = new Promise((resolve, reject) => {
      document.addEventListener(event, ({timeStamp}) => {
        const look = () => {
          const now = shown();
          if (now !== null && now !== before) setTimeout(() => resolve(performance.now() - timeStamp));
          else if (performance.now() - timeStamp > 20000) reject(new Error('the picture did not change within 20 s'));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }, {capture: true, once: true});
    });
  };
  window.frames = () => {
    window.moments = [];
    const frame = now => { window.moments.push(now); if (!window.stopped) requestAnimationFrame(frame); };
    window.stopped = false;
    requestAnimationFrame(frame);
  };
})()"""


class NothingScrolled(Exception):
    """The wheel had no effect that could be measured."""


def measure_scene(url: str, uri: str, seconds: float) -> Figures:
    """Return latencies (ms) of scenes of all changes over HTTP, until the last byte; the size of the largest (KB)."""
    paths = [f"/api/v1/scene?{urlencode({'uri': uri, 'change': change})}" for change in CHANGES]
    taken = reads(url, {"paths": paths, "seconds": seconds})
    scenes = [httpx.get(url + path, timeout=60).raise_for_status() for path in paths]
    figures = of_samples("scene", taken, len(paths))
    figures["scene.sent_kb"] = max(each.num_bytes_downloaded for each in scenes) / KB
    figures["scene.gz_kb"] = max(len(gzip.compress(each.content, 9)) for each in scenes) / KB
    figures["hub.assets"] = scenes[0].json()["total"]
    log(f"scenes were answered in {figures['scene.median_ms']:.1f} ms (median)")
    return figures


def measure_clicks(browser: Browser, url: str, uri: str, clicks: int) -> Figures:
    """Return the times from the click on Impact, on the hub's page, until the first mark; each with an empty cache."""
    taken = []
    for _ in range(clicks):
        with new_page(browser, script=_TIMER) as page:
            page.goto(f"{url}/asset?{urlencode({'uri': uri})}")
            page.wait_for_selector(
                "main[data-state]:not([data-state=loading])"
            )  # a hub has more neighbours than its page lists: partial
            button = page.get_by_role("main").get_by_role("link", name="Impact", exact=True)
            button.wait_for()
            page.evaluate("time('click')")
            button.click()
            taken.append(page.evaluate("window.taken"))
    return _percentiles("click", taken)


def measure_actions(browser: Browser, url: str, uri: str, *, actions: int, scroll_s: float, seed: int = 7) -> Figures:
    """Return the times of folds, changes and slider steps, and of frames while the picture is scrolled."""
    chance = random.Random(seed)
    with new_page(browser, script=_TIMER) as page:
        _open(page, url, uri, "values")
        figures = _percentiles("fold", [_toggle(page, chance) for _ in range(actions)])
        figures |= _percentiles("change", [_recolour(page, chance) for _ in range(actions)])
        figures |= _percentiles("slider", list(islice(_steps(page, url, uri), actions)))
        _open(page, url, uri, "values")
        for _ in range(MOST_OPEN):
            _toggle(page, chance)
        figures["marks"] = page.locator("[role=treegrid] .mark").count()
        figures |= _percentiles("frame", _scroll(page, scroll_s))
    log(f"folds opened and closed in {figures['fold.median_ms']:.0f} ms (median)")
    return figures


def _open(page: Page, url: str, uri: str, change: str) -> None:
    page.goto(f"{url}/impact?{urlencode({'uri': uri, 'change': change})}")
    page.wait_for_selector(_SETTLED)


def _steps(page: Page, url: str, uri: str) -> Iterator[float]:
    """Go back in time by its key, to the first moment for each change; yield the time of each step (ms)."""
    for change in CHANGES:
        _open(page, url, uri, change)
        while page.get_by_role("button", name="Previous change").is_enabled():
            page.wait_for_timeout(STAY_MS)
            yield _timed(page, "[")


def _toggle(page: Page, chance: random.Random) -> float:
    """Open a fold by its key, or close one once enough are open; return the time (ms)."""
    folds: list[Any] = page.evaluate(_FOLDS)
    opened = [mark for mark, is_open in folds if is_open]
    closed = [mark for mark, is_open in folds if not is_open]
    chosen = chance.choice(opened if len(opened) > MOST_OPEN or not closed else closed)
    page.locator(f'[role=treegrid] [data-id="{chosen}"]').focus()
    page.wait_for_timeout(STAY_MS)
    return _timed(page, "Enter")


def _recolour(page: Page, chance: random.Random) -> float:
    """Choose the next change by its key; a fold is opened or closed before, so that the page has no answer before the focus."""
    _toggle(page, chance)
    page.locator("[role=radio][aria-checked=true]").focus()
    page.wait_for_timeout(STAY_MS)
    return _timed(page, "ArrowRight")


def _timed(page: Page, key: str) -> float:
    page.evaluate("time('keydown')")
    page.keyboard.press(key)
    taken: float = page.evaluate("window.taken")
    return taken


def _scroll(page: Page, seconds: float) -> list[float]:
    """Turn the wheel over the picture, down and up; return the times between frames (ms)."""
    page.mouse.move(700, 600)
    start = page.evaluate("scrollY")
    page.evaluate("frames()")
    until, reached, turn = time.monotonic() + seconds, 0.0, 1
    while time.monotonic() < until:
        page.mouse.wheel(0, turn * _WHEEL_PX)
        time.sleep(_FRAME_S)
        place = page.evaluate("[scrollY, innerHeight + scrollY >= document.documentElement.scrollHeight - 1]")
        reached = max(reached, place[0])
        turn = -1 if place[1] else 1 if place[0] == 0 else turn
    moments: list[float] = page.evaluate("stopped = true, moments")
    if reached <= start or len(moments) < 2:
        raise NothingScrolled("the wheel did not scroll the picture")
    return [after - before for before, after in pairwise(moments)]


def _percentiles(name: str, taken_ms: Sequence[float]) -> Figures:
    return {
        f"{name}.median_ms": float(np.median(taken_ms)),
        f"{name}.p95_ms": float(np.percentile(taken_ms, 95)),
        f"{name}.max_ms": max(taken_ms),
        f"{name}.samples": len(taken_ms),
    }
