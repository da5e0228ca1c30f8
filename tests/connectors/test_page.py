"""The page on writing connectors is correct: its code passes the contract suite, and its tables are complete."""

from __future__ import annotations

import dataclasses
import importlib
import re
import shutil
import sys
from pathlib import Path

import pytest

from mlgraph.domain.naming.naming_context import NO_CONTEXT
from mlgraph.ports.connector import Connector, PulledConnector
from tests.connectors import page, suite

PAYLOADS = Path(__file__).parent / "toy" / "payloads"


def test_the_code_of_the_page_passes_the_contract_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page.install(tmp_path)
    shutil.copytree(PAYLOADS, tmp_path / "payloads")
    shutil.copy(page.PAGE, tmp_path / "page.md")
    (tmp_path / "test_of_the_page.py").write_text(page.blocks("python")[1])
    monkeypatch.syspath_prepend(tmp_path)
    try:
        importlib.import_module("test_of_the_page").test_contract_suite()  # noqa: TID251 - its name is in the page alone
    finally:
        for name in ("test_of_the_page", page.MODULE):
            sys.modules.pop(name, None)


def test_the_module_is_short() -> None:
    body = page.source().split("def normalise")[1].split("CONNECTOR = ")[0]
    assert len([line for line in body.splitlines() if line.strip()]) <= 30


def test_the_payload_of_the_page_gives_the_lineage_that_it_shows(tmp_path: Path) -> None:
    lines = suite.lines_of(page.connector(tmp_path).normalise(page.report(), NO_CONTEXT))
    edges = [(each["edge"]["source"], each["edge"]["relation"]) for each in lines if "edge" in each]
    (asked,) = re.findall(r"mlgraph lineage (\S+)", page.blocks("sh")[0])
    assert (asked, "input_to") in edges


def test_the_tables_name_every_member() -> None:
    text = page.PAGE.read_text("utf-8")
    tables = text[text.index("## What a connector declares") :]
    named = set(re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", tables, re.MULTILINE))))
    assert {each.name for each in dataclasses.fields(Connector)} <= named
    assert named == {each.name for each in dataclasses.fields(PulledConnector)}
