"""Relative paths in the places of tools: resolved against the directory that the tool tells, or private to a project."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from mlgraph.domain.naming.scoping import scoped

_IN_PROCESS: Final = re.compile(r"(?P<scheme>duckdb|sqlite|file):(?P<slashes>/{0,2})(?P<path>(?!/).+)", re.IGNORECASE | re.DOTALL)
"""A URL of a file with a relative path, which tools write with or without slashes (duckdb://shop.duckdb, duckdb:shop.duckdb)."""
_MEMORY: Final = frozenset({":memory:", "memory", ":memory"})
_ELSEWHERE: Final = re.compile(r"(md|motherduck|ducklake):|[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
"""A path that DuckDB reads as an address: MotherDuck, a catalogue, a URL."""
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:|[A-Za-z]:[\\/]")


def is_relative(location: str) -> bool:
    """Return whether this is the URL of a file or database with a relative path (`duckdb://shop.duckdb`), or of one in memory."""
    return _path(location) is not None


def resolved(location: str, base: str | None) -> str | None:
    """Return a path, or the URL of a local file or database, with an absolute path. None: it is relative and `base` is not known.

    `base` is the absolute directory that relative paths start from. Other URLs and absolute paths are returned unchanged.
    """
    relative = _path(location)
    if relative is not None and relative not in _MEMORY:
        path = _joined(base, relative)
        return None if path is None else f"{location.partition(':')[0].lower()}://{path}"
    if location.startswith("/") or _SCHEME.match(location):
        return location
    return _joined(base, location)


def in_project(location: str, tool: str, project: str, scope: str | None = None) -> str:
    """Return the namespace of a relative place that cannot be resolved: `TOOL:PROJECT:PLACE`, private to the project of a tool.

    Two projects with `duckdb://shop.duckdb` have two databases, and so have the projects of one name of two scopes.
    """
    return f"{project_namespace(tool, project, scope)}:{location}"


def project_namespace(tool: str, project: str, scope: str | None = None) -> str:
    """Return the namespace of what has no place but its project: `TOOL:PROJECT`, scoped as the bare name of a tool is."""
    return f"{scoped(tool, scope)}:{project}"


def _path(location: str) -> str | None:
    """Return the relative path in a URL, or what stands for memory; None where there is none."""
    found = _IN_PROCESS.fullmatch(location)
    return None if found is None or _ELSEWHERE.match(found["path"]) else found["path"]


def _joined(base: str | None, path: str) -> str | None:
    if base is None or not base.startswith("/") or not path.strip():
        return None
    return posixpath.normpath(posixpath.join(base, path))
