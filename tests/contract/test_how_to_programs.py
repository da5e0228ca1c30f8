"""The pages for programs keep their word: their examples are executed, and print what the pages show."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from mlgraph.api.graphql import limits, route
from tests.contract.serving import PROGRAM, Process

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
URL: Final = "http://127.0.0.1:8765"
"""The address in the examples."""
_BLOCKS: Final = re.compile(r"^```(\w+)\n(.*?)^```\n(?:```output\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str) -> list[tuple[str, str]]:
    """Return the blocks of a language, each with the output that the page shows after it."""
    return [(source, output) for found, source, output in _BLOCKS.findall(page) if found == language]


def test_the_page_of_the_python_client_prints_what_it_shows(start: Callable[..., Process], tmp_path: Path) -> None:
    server = start("--data", str(tmp_path / "data"))
    found = blocks((DOCS / "python-client.md").read_text(encoding="utf-8"), "python")
    assert len(found) >= 4
    script = "".join(source for source, _ in found).replace(URL, server.url)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(output for _, output in found)


def test_the_page_of_graphql_answers_what_it_shows(start: Callable[..., Process], tmp_path: Path) -> None:
    server = start("--data", str(tmp_path / "data"))
    page = (DOCS / "graphql.md").read_text(encoding="utf-8")
    ((script, _),) = blocks(page, "sh")
    ((shown, _),) = blocks(page, "json")
    environment = {**os.environ, "MLGRAPH_URL": server.url, "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"}
    script = script.replace(URL, server.url).replace("mlgraph ingest", "mlgraph ingest --json")
    done = subprocess.run(
        ["/bin/bash", "-eu", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout[done.stdout.index("}") + 1 :] or "{}") == json.loads(shown)


@pytest.mark.parametrize("limit", ["10,000", "4,000", "131,072", "250", "30"])
def test_the_limits_of_the_page_are_those_of_the_code(limit: str) -> None:
    values = {limits.MAX_COST, limits.MAX_TOKENS, limits.MAX_FIELDS, limits.MAX_ALIASES, route.MAX_REQUEST_BYTES}
    assert int(limit.replace(",", "")) in values
    assert limit in (DOCS / "graphql.md").read_text(encoding="utf-8")
