"""How-to pages for contributors: their changes, applied to a copy of the sources, give a server that does what the page shows."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.serving import Process
from tests.contract.test_how_to import PAGES, stable, steps

ROOT = PAGES.parents[1]
_NEW_FILE = re.compile(r"^Create `(\S+)`:\n\n```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_DIFF = re.compile(r"^```diff\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_RUN = "from mlgraph.cli.main import app; app()"
EXTENDED = ("add-a-query.md", "add-a-relation.md")


def changed_sources(page: str, directory: Path) -> Path:
    """Copy sources and documentation, apply the page to the copy, and return the copy's folder of sources.

    With what is compiled of them, and with what makes them a checkout: else all kernels would be compiled again, for the user's
    cache (`mlgraph.cli.kernel_cache`).
    """
    for folder in ("src", "docs"):
        shutil.copytree(ROOT / folder, directory / folder, ignore=shutil.ignore_patterns("graph"))
    (directory / "src" / "mlgraph" / "graph").symlink_to(ROOT / "src" / "mlgraph" / "graph")  # with its compiled kernels
    shutil.copy(ROOT / "pyproject.toml", directory)
    for name, text in _NEW_FILE.findall(page):
        (directory / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(directory.parent)}
    for change in _DIFF.findall(page):
        applied = subprocess.run(
            ["git", "apply", "-C1", "-"],  # noqa: S607 - git is assumed on every machine of a contributor
            cwd=directory,
            env=environment,
            input=change,
            capture_output=True,
            text=True,
            check=False,
        )
        assert applied.returncode == 0, applied.stderr + change
    return directory / "src"


@pytest.mark.parametrize("page", EXTENDED)
def test_the_changes_of_a_page_work(page: str, start: Callable[..., Process], tmp_path: Path) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(changed_sources(text, tmp_path))}
    program = tmp_path / "bin" / "mlgraph"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{_RUN}' \"$@\"\n")
    program.chmod(0o755)
    server = start("--data", str(tmp_path / "data"), program=(program,), environment=environment)
    paths = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    found = [(script, output) for script, output in steps(text) if output is not None]
    assert found
    for script, shown in found:
        done = subprocess.run(
            ["/bin/bash", "-eu", "-c", script],
            cwd=tmp_path,
            env={**environment, "MLGRAPH_URL": server.url, "PATH": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        assert stable(done.stdout) == stable(shown or ""), script
