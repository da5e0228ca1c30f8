"""The first load of a start page with an empty cache: bytes before the first paint, first paint, content."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
from playwright.sync_api import Browser

from benchmarks.figures import Figures
from benchmarks.portal.browser import new_page
from benchmarks.progress import log

KB: Final = 1000.0
_TYPES: Final = ("js", "css")
_WATCHED: Final = """(() => {
  performance.setResourceTimingBufferSize(2000);
  const look = () => {
    if (!document.querySelector(SELECTOR)) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.contentMs = performance.now(); }));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, {childList: true, subtree: true, attributes: true, attributeFilter: ['data-state']});
})()"""
_LOADED: Final = """() => new Promise(resolve => {
  const look = () => {
    const [paint] = performance.getEntriesByName('first-contentful-paint');
    if (!paint || !window.contentMs) return setTimeout(look, 50);
    resolve({paint: paint.startTime, content: window.contentMs, files: performance.getEntriesByType('resource')
      .filter(each => each.responseEnd <= paint.startTime)
      .map(each => ({url: each.name, sent: each.encodedBodySize}))});
  };
  look();
})"""


@dataclass(frozen=True, slots=True)
class StartPage:
    """The start page of a product. `content` selects an element that is there once the page shows its content."""

    name: str
    url: str
    content: str
    build: Path
    """The folder of its built scripts and styles."""


def measure_first_load(browser: Browser, start: StartPage, *, loads: int, slow_loads: int) -> Figures:
    """Return bytes (KB, 1,000 bytes) and times (ms, medians) of first loads, each with a new profile."""
    _load(browser, start, slow=False)  # the browser's own start
    near = [_load(browser, start, slow=False) for _ in range(loads)]
    far = [_load(browser, start, slow=True) for _ in range(slow_loads)]
    figures: Figures = {}
    for network, found in (("loopback", near), ("slow", far)):
        if not found:
            continue
        for what in ("paint", "content"):
            times = [each[what] for each in found]
            figures[f"load.{start.name}.{network}.{what}.median_ms"] = median(times)
            figures[f"load.{start.name}.{network}.{what}.max_ms"] = max(times)
        figures[f"load.{start.name}.{network}.loads"] = len(found)
    files = near[0]["files"]
    for kind in _TYPES:
        own = [each for each in files if httpx.URL(each["url"]).path.endswith(f".{kind}")]
        figures[f"load.{start.name}.{kind}.sent_kb"] = sum(each["sent"] for each in own) / KB
        fetched = (httpx.get(each["url"], timeout=60).raise_for_status().content for each in own)
        figures[f"load.{start.name}.{kind}.gz_kb"] = _compressed(fetched) / KB
        figures[f"load.{start.name}.{kind}.all_gz_kb"] = (
            _compressed(file.read_bytes() for file in start.build.rglob(f"*.{kind}")) / KB
        )
    log(f"first load of {start.name}: paint after {figures[f'load.{start.name}.loopback.paint.median_ms']:.0f} ms")
    return figures


def _load(browser: Browser, start: StartPage, *, slow: bool) -> dict[str, Any]:
    script = _WATCHED.replace("SELECTOR", f"'{start.content}'")
    with new_page(browser, slow=slow, script=script) as page:
        page.goto(start.url, wait_until="commit")
        found: dict[str, Any] = page.evaluate(_LOADED)
    return found


def _compressed(contents: Iterable[bytes]) -> int:
    return sum(len(gzip.compress(content, 9)) for content in contents)
