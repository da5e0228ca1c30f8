"""Every test has one level: `unit`, `real` or `slow`.

- `unit`: pure code, examples and properties; no process, no store.
- `real`: adapters and the program itself with a real PostgreSQL, a real MLflow, real HTTP.
- `slow`: proofs, generated documents, repeated kills: what takes minutes and seldom finds what the others did not.

A folder of `tests/` has a level; a mark on a module or a test (`@pytest.mark.slow`) takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LEVELS: Final = ("slow", "real", "unit")
"""In the order in which they run: a long file that began last would keep one worker busy and the others idle."""
PLACES: Final = {
    "demo": "slow",
    "contract": "real",
    "realparts": "real",
    "benchmarks": "real",
    "sources": "real",
    "services": "real",
    "stores": "real",
    "api": "real",
    "cli": "real",
    "test_architecture.py": "real",
    "test_project.py": "real",
    "test_docs.py": "unit",
    "test_locks.py": "unit",
    "test_words.py": "unit",
    "test_connector_names.py": "unit",
    "test_installed.py": "slow",
    "graph": "unit",
    "model": "unit",
    "connectors": "unit",
    "inference": "unit",
    "bootstrap": "unit",
    "domain": "unit",
    "documents": "unit",
    "ports": "unit",
}
"""Level of each folder and file directly below `tests/`, also in the order in which they run."""
FOUND: Final = pytest.StashKey[dict[str, set[str]]]()
"""Levels of every collected test by its id, also of those that `-m` leaves out."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each test its level, and put the longest first. Raises UsageError where a test has no level or several."""
    root = config.rootpath / "tests"
    found = {item.nodeid: _levels(item, root) for item in items}
    wrong = sorted(f"{test}: {', '.join(sorted(levels)) or 'none'}" for test, levels in found.items() if len(levels) != 1)
    if wrong:
        raise pytest.UsageError("a test has one level, by its place (tests/plugins/levels.py) or by a mark", *wrong)
    config.stash[FOUND] = found
    ranks: dict[Path, tuple[int, int]] = {}
    places = list(PLACES)
    for item in items:
        (level,) = found[item.nodeid]
        item.add_marker(level)
        rank = (LEVELS.index(level), places.index(_place(item, root)))
        ranks[item.path] = min(rank, ranks.get(item.path, rank))
    items.sort(key=lambda item: ranks[item.path])  # the tests of one file stay in their order


def _place(item: pytest.Item, root: Path) -> str:
    return item.path.relative_to(root).parts[0] if item.path.is_relative_to(root) else ""


def _levels(item: pytest.Item, root: Path) -> set[str]:
    marked = {mark.name for mark in item.iter_markers()} & set(LEVELS)
    place = _place(item, root)
    if place not in PLACES:
        return set()
    return marked or {PLACES[place]}
