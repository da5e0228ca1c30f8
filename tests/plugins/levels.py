"""Every test has one level: `unit`, `real` or `slow`.

- `unit`: pure code, examples and properties; no process, no store.
- `real`: adapters and the program itself with a real PostgreSQL, a real MLflow, real HTTP.
- `slow`: proofs, generated documents, repeated kills: they take minutes and seldom find a fault that the others miss.

Each folder of `tests/` has a level; a mark on a module or a test (`@pytest.mark.slow`) overrides it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LEVELS: Final = ("slow", "real", "unit")
"""In the order of execution: a long file that started last would occupy one worker while the others are idle."""
PLACES: Final = {
    "demo": "slow",
    "portal": "real",
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
    "changesets": "unit",
    "inference": "unit",
    "search": "unit",
    "bootstrap": "unit",
    "domain": "unit",
    "documents": "unit",
    "ports": "unit",
    "client": "unit",
}
"""Level of each folder and file directly below `tests/`, in the order of execution."""
FOUND: Final = pytest.StashKey[dict[str, set[str]]]()
"""Levels of every collected test by its id, including the tests that `-m` deselects."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with its level and sort by level. Raises UsageError for a test with no level or several levels."""
    root = config.rootpath / "tests"
    found = {item.nodeid: _levels(item, root) for item in items}
    wrong = sorted(f"{test}: {', '.join(sorted(levels)) or 'none'}" for test, levels in found.items() if len(levels) != 1)
    if wrong:
        raise pytest.UsageError("a test needs one level, by its folder (tests/plugins/levels.py) or by a mark", *wrong)
    config.stash[FOUND] = found
    ranks: dict[Path, tuple[int, int]] = {}
    places = list(PLACES)
    for item in items:
        (level,) = found[item.nodeid]
        item.add_marker(level)
        rank = (LEVELS.index(level), places.index(_place(item, root)))
        ranks[item.path] = min(rank, ranks.get(item.path, rank))
    items.sort(key=lambda item: ranks[item.path])  # a stable sort: tests of one file do not change their order


def _place(item: pytest.Item, root: Path) -> str:
    return item.path.relative_to(root).parts[0] if item.path.is_relative_to(root) else ""


def _levels(item: pytest.Item, root: Path) -> set[str]:
    marked = {mark.name for mark in item.iter_markers()} & set(LEVELS)
    place = _place(item, root)
    if place not in PLACES:
        return set()
    return marked or {PLACES[place]}
