"""How-to pages keep their word: the commands on them are executed, and print what the page shows."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contract.serving import PROGRAM, Process

PAGES = Path(__file__).resolve().parents[2] / "docs" / "how-to"
_BLOCKS = re.compile(r"^```sh\n(.*?)^```\n(?:```output\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def stable(output: str) -> str:
    """Return the output without what differs from run to run: recording times and spaces at the end of a line."""
    return "\n".join(re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}", "TIME", line).rstrip() for line in output.splitlines())


def steps(page: str) -> list[tuple[str, str | None]]:
    """Shell blocks of a page, each with the output that the page shows after it."""
    return [(script, output or None) for script, output in _BLOCKS.findall(page)]


@pytest.mark.parametrize("page", ["debug-an-answer.md", "facts-by-hand.md"])
def test_commands_print_what_the_page_shows(page: str, start: Callable[..., Process], tmp_path: Path) -> None:
    server = start("--data", str(tmp_path / "data"))
    environment = {**os.environ, "MLGRAPH_URL": server.url, "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"}
    found = steps((PAGES / page).read_text(encoding="utf-8"))
    assert len(found) >= 3
    for script, shown in found:
        done = subprocess.run(
            ["/bin/bash", "-eu", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        if shown is not None:
            assert stable(done.stdout) == stable(shown), script


def test_a_block_is_found_with_its_output() -> None:
    assert steps("```sh\na\n```\n```output\nb\n```\n\n```sh\nc\n```\n") == [("a\n", "b\n"), ("c\n", None)]
