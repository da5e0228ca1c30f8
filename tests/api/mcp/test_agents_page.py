"""The page for agents has the tools of the server, lines to paste that are valid, and answers in their form."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from mlgraph.api.mcp.answers import DEFAULT_BUDGET, LARGEST_BUDGET, LEAST_BUDGET
from mlgraph.api.mcp.catalog import TOOLS

pytestmark = pytest.mark.unit
PAGE: Final = (Path(__file__).parents[3] / "docs" / "agents.md").read_text(encoding="utf-8")
CLIENTS: Final = ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "Codex CLI", "Gemini CLI")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def section(client: str) -> str:
    return re.split(r"\n##+ ", PAGE.partition(f"\n### {client}\n")[2])[0]


def test_the_table_of_tools_is_the_catalog() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == [tool.name for tool in TOOLS]
    for (_, arguments), tool in zip(rows, TOOLS, strict=True):
        assert set(re.findall(r"`(\w+)`", arguments)) <= {parameter.name for parameter in tool.parameters}


def test_the_budget_is_that_of_the_code() -> None:
    assert f"at most {DEFAULT_BUDGET:,} tokens; `budget` sets {LEAST_BUDGET} to {LARGEST_BUDGET:,}" in PAGE


@pytest.mark.parametrize("client", CLIENTS)
def test_the_lines_for_a_client_are_valid_and_carry_a_token(client: str) -> None:
    text = section(client)
    documents: list[Any] = [json.loads(block) for block in blocks(text, "json")]
    documents += [tomllib.loads(block) for block in blocks(text, "toml")]
    assert documents
    for document in documents:
        assert "http://127.0.0.1:8765/mcp" in json.dumps(document)
        assert "Bearer " in json.dumps(document) or "bearer_token" in json.dumps(document)
        assert any(key in document for key in ("mcpServers", "servers", "mcp_servers"))


def test_the_example_of_an_answer_adds_up() -> None:
    first, summary, *items = map(json.loads, blocks(PAGE.partition("## Answers")[2], "json")[0].splitlines())
    assert first["returned"] == len(items)
    assert first["left_out"]["total"] == first["total"] - len(items)
    for counts in (first["left_out"]["by_kind"], first["left_out"]["by_team"]):
        assert sum(counts.values()) == first["left_out"]["total"]
    assert sum(summary["by_kind"].values()) == sum(summary["by_team"].values()) == first["total"]
    assert all(len(item["via"]) == item["distance"] - 1 for item in items)
