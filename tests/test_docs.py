"""Pages keep their word: links lead somewhere, commands and make targets that are named exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.ports.connector import PulledConnector

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])


def links(page: str) -> list[str]:
    found = re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", page)
    return [link for link in found if "://" not in link and not link.startswith("mailto:")]


def make_targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def named_commands(page: str) -> set[str]:
    code = "\n".join(re.findall(r"```.*?```|`[^`]+`", page, re.DOTALL))
    found = set(re.findall(r"(?:^|[`/ $])mlgraph ([a-z][a-z-]+)(?![\w.])", code))
    return found - {"is"}  # `mlgraph is ready at URL`


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    missing = [link for link in links(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing


def test_make_targets_that_are_named_exist() -> None:
    targets = make_targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z]+)|^make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        missing = {name for pair in named for name in pair if name} - targets
        assert not missing, f"{page.name}: {missing}"


def test_commands_that_are_named_exist() -> None:
    program = Path(sys.executable).parent / "mlgraph"
    told = subprocess.run([str(program), "--help"], capture_output=True, text=True, check=True, env={"COLUMNS": "200"}).stdout
    known = set(re.findall(r"^\W*([a-z][a-z-]+)\s{2,}", told, re.MULTILINE))
    assert {"up", "lineage", "impact", "export"} <= known
    for page in PAGES:
        missing = named_commands(page.read_text(encoding="utf-8")) - known
        assert not missing, f"{page.relative_to(ROOT)}: {missing}"


def test_the_table_of_connectors_is_the_registry() -> None:
    page = ROOT / "docs" / "connectors" / "README.md"
    rows = re.findall(r"^\| \[(\w+)\]\((\S+)\) \| (.+) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [
        (
            each.name,
            f"{each.name}.md",
            " | ".join(
                (
                    _yes(each.accepts_events),
                    _yes(isinstance(each, PulledConnector)),
                    ", ".join(f"`{prefix}*`" for prefix in each.cloudevent_types) or "none",
                    _yes(each.mentions_in_passing),
                )
            ),
        )
        for each in installed_connectors()
    ]


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def test_the_checks_see_what_is_wrong() -> None:
    assert links("see [a](gone.md) and [b](https://x.example/y)") == ["gone.md"]
    assert named_commands("`mlgraph vanish URI`") == {"vanish"}
    assert make_targets("lint: setup\n\techo") == {"lint"}
