"""Relative paths in the places of tools: resolved against the directory that the tool tells, or private to a project."""

from __future__ import annotations

import posixpath
import re
from typing import Final

_IN_PROCESS: Final = re.compile(r"(?P<scheme>duckdb|sqlite|file):(?P<slashes>/{0,2})(?P<path>(?!/).+)", re.IGNORECASE | re.DOTALL)
"""A URL of a file with a relative path, which tools write with or without slashes (duckdb://shop.duckdb, duckdb:shop.duckdb)."""
_MEMORY: Final = frozenset({":memory:", "memory", ":memory"})
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:|[A-Za-z]:[\\/]")


def resolved(location: str, base: str | None) -> str | None:
    """Return a path, or the URL of a local file or database, with an absolute path. None: it is relative and `base` is not known.

    `base` is the absolute directory that relative paths start from. Other URLs and absolute paths are returned unchanged.
    """
    found = _IN_PROCESS.fullmatch(location)
    if found is not None and found["path"] not in _MEMORY:
        path = _joined(base, found["path"])
        return None if path is None else f"{found['scheme'].lower()}://{path}"
    if location.startswith("/") or _SCHEME.match(location):
        return location
    return _joined(base, location)


def in_project(location: str, tool: str, project: str) -> str:
    """Return the namespace of a relative place that cannot be resolved: `TOOL:PROJECT:PLACE`, private to the project of a tool.

    Two projects with `duckdb://shop.duckdb` have two databases.
    """
    return f"{tool}:{project}:{location}"


def _joined(base: str | None, path: str) -> str | None:
    if base is None or not base.startswith("/") or not path.strip():
        return None
    return posixpath.normpath(posixpath.join(base, path))
