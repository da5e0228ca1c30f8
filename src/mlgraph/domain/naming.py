"""From a location, as tools write it, to the dataset that lives there (OpenLineage, dataset naming rules).

Two tools that name one table or folder in different spellings (s3a for s3, a default port left out, a login in the URL)
must meet in one asset.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.redaction import redact_url
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

_LOCATION: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{1,30}):(?://(?P<place>[^/?#]*))?(?P<path>.*)", re.DOTALL)
_REDSHIFT_HOST: Final = re.compile(r"(?P<cluster>[^.]+)\.[^.]+\.(?P<region>[^.]+)\.redshift(?:-serverless)?\.amazonaws\.com")
_MOST_PARTS: Final = 3
"""Database, schema, table."""
_Name = tuple[str, str]


def dataset_uri_from_location(location: str) -> AssetUri | None:
    """Return the dataset at a URL or absolute path, named by OpenLineage's rules for its kind of store.

    None where the location does not say which dataset it is or where it lives: a relative path, a database without a
    table, a scheme without a rule, text that no identity can carry. Logins in the location are left out of the name.
    """
    named = _name(location)
    if named is None:
        return None
    try:
        uri = AssetUri("dataset", *named)
    except InvalidInput:
        return None
    return uri if len(str(uri)) <= MAX_URI_CHARS else None


def _name(location: str) -> _Name | None:
    if location.startswith("/"):
        return _file("", location)
    found = _LOCATION.fullmatch(location.removeprefix("jdbc:"))
    if found is None:
        return None
    scheme = found["scheme"].lower().partition("+")[0]
    rule = _RULES.get(scheme)
    return rule(found["place"] or "", found["path"]) if rule else None


def _object_store(scheme: str) -> Callable[[str, str], _Name | None]:
    """Buckets and containers: the key without its outer slashes; `/` is the whole bucket."""

    def name(place: str, path: str) -> _Name | None:
        return (f"{scheme}://{place}", path.strip("/") or "/") if place else None

    return name


def _hdfs(place: str, path: str) -> _Name | None:
    return (f"hdfs://{place.lower()}", _folder(path)) if place else None


def _file(place: str, path: str) -> _Name | None:
    """Files: namespace `file`, with the host where one is named."""
    if not path.startswith("/"):
        return None
    host = place.lower()
    return ("file" if host in {"", "localhost"} else f"file://{host}", _folder(unquote(path)))


def _http(scheme: str) -> Callable[[str, str], _Name | None]:
    """OpenLineage has no rule for the web: the host is the place, path and query (without secrets) are the name."""

    def name(place: str, path: str) -> _Name | None:
        host = _host(place)
        return (f"{scheme}://{host}", redact_url(path.partition("#")[0]).strip("/") or "/") if host else None

    return name


def _database(scheme: str, default_port: int | None, fewest_parts: int) -> Callable[[str, str], _Name | None]:
    """Tables: DATABASE.SCHEMA.TABLE (or DATABASE.TABLE), from a path with dots or slashes."""

    def name(place: str, path: str) -> _Name | None:
        table, host = _table(path, fewest_parts), _host(place)
        if not (table and host):
            return None
        known_port = default_port is None or re.search(r":\d+$", host)
        return (f"{scheme}://{host}" if known_port else f"{scheme}://{host}:{default_port}", table)

    return name


def _redshift(place: str, path: str) -> _Name | None:
    """The cluster and its region, out of the host that AWS gives it."""
    host, _, port = _host(place).partition(":")
    if found := _REDSHIFT_HOST.fullmatch(host):
        host = f"{found['cluster']}.{found['region']}"
    table = _table(path, 2)
    return (f"redshift://{host}:{port or 5439}", table) if host and table else None


def _bigquery(place: str, path: str) -> _Name | None:
    table = _table(f"{place}/{path}", 3)
    return ("bigquery", table) if table else None


def _kafka(place: str, path: str) -> _Name | None:
    topic, broker = path.partition("?")[0].strip("/"), _host(place.partition(",")[0])
    if not (topic and broker):
        return None
    return (f"kafka://{broker}" if ":" in broker else f"kafka://{broker}:9092", topic)


def _table(path: str, fewest_parts: int) -> str | None:
    parts = [part for part in re.split(r"[/.]", path.partition("?")[0].partition("#")[0]) if part]
    return ".".join(parts) if fewest_parts <= len(parts) <= _MOST_PARTS else None


def _host(place: str) -> str:
    return place.rpartition("@")[2].lower()


def _folder(path: str) -> str:
    return path.rstrip("/") or "/"


_RULES: Final = MappingProxyType[str, Callable[[str, str], _Name | None]](
    {
        **dict.fromkeys(("s3", "s3a", "s3n"), _object_store("s3")),
        **dict.fromkeys(("gs", "gcs"), _object_store("gs")),
        **dict.fromkeys(("abfs", "abfss"), _object_store("abfss")),
        **dict.fromkeys(("wasb", "wasbs"), _object_store("wasbs")),
        "hdfs": _hdfs,
        "file": _file,
        **dict.fromkeys(("postgres", "postgresql"), _database("postgres", 5432, 2)),
        **dict.fromkeys(("mysql", "mariadb"), _database("mysql", 3306, 2)),
        "snowflake": _database("snowflake", None, 3),
        "bigquery": _bigquery,
        "redshift": _redshift,
        "kafka": _kafka,
        "http": _http("http"),
        "https": _http("https"),
    }
)
