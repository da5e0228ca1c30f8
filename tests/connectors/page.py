"""The connector of docs/how-to/write-a-connector.md, exactly as on the page, installed for a test."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from mlgraph.ports.connector import Connector

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-connector.md"
MODULE: Final = "toy_connector"


def blocks(language: str) -> list[str]:
    """The code blocks of the page in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def source() -> str:
    """The module of the page."""
    return blocks("python")[0]


def report() -> dict[str, Any]:
    """The payload that the page sends."""
    found: dict[str, Any] = json.loads(blocks("json")[0])
    return found


def install(folder: Path, module: str | None = None) -> Path:
    """Put the module (another one, where given) and its entry points into a folder, as pip does; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{MODULE}.py").write_text(source() if module is None else module)
    project = tomllib.loads(blocks("toml")[0])["project"]
    metadata = folder / f"toy_connector-{project['version']}.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines: list[str] = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (metadata / "entry_points.txt").write_text("\n".join([*lines, ""]))
    return folder


def load(folder: Path) -> ModuleType:
    """Import the module that is installed in a folder, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"{MODULE}_of_{folder.name}", folder / f"{MODULE}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def connector(folder: Path) -> Connector:
    """The page's connector, installed in a folder."""
    found = load(install(folder)).CONNECTOR
    assert isinstance(found, Connector)
    return found
