"""Scopes: prefixes of ambiguous namespaces. `default` or `localhost` in the events of two sources are two namespaces."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

SAME_MACHINE: Final = frozenset({"localhost", "localhost.localdomain", "127.0.0.1", "::1", "[::1]", "ip6-localhost"})
"""Names of the local machine, which are interchangeable within one source."""
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
"""In-process databases, URLs without a host, and paths: they refer to the machine of the reporter."""
_MAX_CACHED_CHARS: Final = 512
_ORCHESTRATORS: Final = frozenset({"airflow", "dagster", "kedro", "luigi", "metaflow", "prefect"})
_ENGINES: Final = frozenset({"beam", "databricks", "flink", "hive", "presto", "spark", "trino"})
_INTEGRATIONS: Final = frozenset({"airbyte", "debezium", "fivetran", "meltano"})
_MODELLING: Final = frozenset({"datahub", "dbt", "feast", "great_expectations", "sqlmesh"})
_TOOLS: Final = _ORCHESTRATORS | _ENGINES | _INTEGRATIONS | _MODELLING
"""Tools whose integrations use the name of the tool as default namespace: it is the same in every installation."""
_MEANINGLESS: Final = _TOOLS | {"default", "file", "dbfs", "local", "localhost", "none", "null", "unknown", "undefined"}


def scoped(namespace: str, scope: str | None) -> str:
    """Return the namespace of a job or dataset as `SCOPE:NAMESPACE` where it is unambiguous within its source only.

    These are defaults and names of tools, paths, files and in-process databases without a host, and hosts by which a machine,
    or a container on it, refers to itself. Without a scope, `namespace` is returned unchanged.
    """
    return f"{scope}:{namespace}" if scope and is_private(namespace) else namespace


def is_private(namespace: str) -> bool:
    """Return whether a namespace is unambiguous within its source only."""
    return _known_private(namespace) if len(namespace) <= _MAX_CACHED_CHARS else _is_private(namespace)


def _is_private(namespace: str) -> bool:
    text = namespace.strip().lower()
    if not text.strip("-_./:") or text.partition("/")[0] in _MEANINGLESS or _NOWHERE.match(text):
        return True
    found = _HOST.match(text)
    return found is not None and is_near(found["host"])


_known_private = lru_cache(1 << 12)(_is_private)


def is_near(host: str) -> bool:
    """Return whether a host name refers to the machine of the reporter, or to the host of its container."""
    name = host.lower().rstrip(".")
    return name in SAME_MACHINE or _NEAR.fullmatch(name) is not None
