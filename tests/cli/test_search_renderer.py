"""The renderer of search: what it repeats of the query."""

from __future__ import annotations

import copy
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from mlgraph.api.schema.operations import SEARCH
from mlgraph.cli.renderers import search_renderer


@pytest.mark.parametrize("found", [True, False])
def test_a_pasted_page_is_repeated_as_its_beginning_only(found: bool) -> None:
    answer: Any = copy.deepcopy(SEARCH)
    answer |= {"q": "bread \x1b[2J" + "loaf " * 2_000} | ({} if found else {"hits": [], "total": 0})
    console = Console(file=StringIO(), width=20_000, highlight=False, emoji=False)
    console.print(search_renderer.search(answer))
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "'bread " in text
    assert "..." in text
    assert "\x1b" not in text
    assert text.count("loaf") < 30
