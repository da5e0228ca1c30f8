"""YAML files of one or more documents as plain data, read by the reader of mlgraph's own documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mlgraph.changesets.definitions import UnreadableError
from mlgraph.documents.faults import Faults
from mlgraph.documents.reader import Data, read

Yaml = Data
_SEPARATOR: Final = re.compile(r"^---(?:[ \t].*)?$", re.MULTILINE)
_TEMPLATE: Final = re.compile(r"^[ \t]*\{\{.*\}\}[ \t]*$", re.MULTILINE)
MAX_YAML_CHARS: Final = 256 * 1024


def read_documents(text: str) -> list[Yaml]:
    """Return the documents in a text. Raises `UnreadableError` with the line of the first fault."""
    if len(text) > MAX_YAML_CHARS:
        raise UnreadableError(f"YAML of {len(text):,} characters is over the limit of {MAX_YAML_CHARS:,}")
    template = _TEMPLATE.search(text)
    if template is not None:
        raise UnreadableError("it is a template: its values are not known", text.count("\n", 0, template.end()) + 1)
    found: list[Yaml] = []
    line = 0
    for part in _SEPARATOR.split(text):
        faults = Faults()
        document = read(part, faults)
        if faults.found:
            position, reason = min(faults.found)
            raise UnreadableError(reason, position.line + line)
        if document is not None:
            found.append(document.data)
        line += part.count("\n")
    return found


def as_map(data: Yaml) -> Mapping[str, Yaml]:
    """Return a mapping; empty where the data is something else."""
    return data if isinstance(data, dict) else {}


def as_list(data: Yaml) -> list[Yaml]:
    """Return a list; empty where the data is something else."""
    return data if isinstance(data, list) else []


def as_text(data: Yaml) -> str | None:
    """Return a text; None where the data is something else."""
    return str(data) if isinstance(data, str) else None
