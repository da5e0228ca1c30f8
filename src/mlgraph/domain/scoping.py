"""Namespaces that mean nothing by themselves: two sources that both say `default`, or `localhost`, speak of different things."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

SAME_MACHINE: Final = frozenset({"localhost", "localhost.localdomain", "127.0.0.1", "::1", "[::1]", "ip6-localhost"})
"""Names of the machine itself, which one source uses for one another."""
_NEAR: Final = re.compile(
    r"127\.\d+\.\d+\.\d+|0\.0\.0\.0|.*\.localhost|(host|gateway)\.(docker|containers)\.internal|docker\.for\.(mac|win)\.(host\.internal|localhost)"
)
_HOST: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?)?(?P<host>\[[^\]]*\]|::1|[^:/?#,;]*)(?:[:/?#,;]|\Z)", re.IGNORECASE
)
"""The host of a URL, or of HOST:PORT."""
_NOWHERE: Final = re.compile(
    r"(jdbc:)?(duckdb|sqlite|inmemory|memory|h2|derby):|file:(/(?!/)|\Z)|[a-z][a-z0-9+.-]+://(/|\Z)|/|[a-z]:[\\/]", re.IGNORECASE
)
"""Databases within a process, URLs that name no host, and paths: they are on the machine of who names them."""
_MAX_CACHED_CHARS: Final = 512
_TOOLS: Final = frozenset(
    {
        "airbyte",
        "airflow",
        "beam",
        "dagster",
        "databricks",
        "datahub",
        "dbt",
        "debezium",
        "feast",
        "fivetran",
        "flink",
        "great_expectations",
        "hive",
        "kedro",
        "luigi",
        "meltano",
        "metaflow",
        "prefect",
        "presto",
        "spark",
        "sqlmesh",
        "trino",
    }
)
"""Tools whose integrations write their own name where nobody told them another: it says which tool, not whose."""
_MEANINGLESS: Final = _TOOLS | {"default", "file", "dbfs", "local", "localhost", "none", "null", "unknown", "undefined"}


def scoped(namespace: str, scope: str | None) -> str:
    """Return `namespace`, of a job or a dataset, as `SCOPE:NAMESPACE` where it means something within its source alone.

    That is so for the defaults and names of tools, for paths, files and in-process databases of a machine that is not named,
    and for any host by which a machine, or a container on it, calls itself. Without a scope it stands.
    """
    return f"{scope}:{namespace}" if scope and is_private(namespace) else namespace


def is_private(namespace: str) -> bool:
    """Say whether a namespace means something within its source alone."""
    return _known_private(namespace) if len(namespace) <= _MAX_CACHED_CHARS else _is_private(namespace)


def _is_private(namespace: str) -> bool:
    text = namespace.strip().lower()
    if not text.strip("-_./:") or text.partition("/")[0] in _MEANINGLESS or _NOWHERE.match(text):
        return True
    found = _HOST.match(text)
    return found is not None and is_near(found["host"])


_known_private = lru_cache(1 << 12)(_is_private)


def is_near(host: str) -> bool:
    """Say whether a host is the machine of who names it, or the one that its container runs on."""
    name = host.lower().rstrip(".")
    return name in SAME_MACHINE or _NEAR.fullmatch(name) is not None
