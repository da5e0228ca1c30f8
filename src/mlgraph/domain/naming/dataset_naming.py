"""Canonical dataset names, from locations and from the OpenLineage namespaces and names that tools write.

The rules are OpenLineage's naming conventions for datasets; `mlgraph.domain.naming.systems` has them as data, with the case rules
of each system. If two tools spell the name of one table or folder differently (s3a for s3, a default port left out, a login
in the URL, orders for ORDERS), both names become one asset (docs/naming.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.scoping import SAME_MACHINE, scoped
from mlgraph.domain.naming.sql_identifiers import CaseFolding, fold, fold_name, split
from mlgraph.domain.naming.systems import COLUMN_CASES, DATABASES, OBJECT_STORES, DatabaseSystem
from mlgraph.domain.redaction.json_values import redact_url
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

_LOCATION: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9_+.-]{1,30}):(?://(?P<place>[^/?#;]*))?(?P<path>.*)", re.DOTALL)
_ORACLE_DRIVER: Final = re.compile(
    r"oracle:(?:thin|oci):[^@]*@(?://)?(?P<place>[^/:]*(?::\d+)?)[:/]?(?P<service>[^:/?]*)", re.IGNORECASE
)
_DATABASE_PARAMETER: Final = re.compile(r";\s*database(?:name)?=(?P<name>[^;]*)", re.IGNORECASE)
_HOST: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|::1|[^:\[\]]*)(?::(?P<port>\d{0,5}))?")
_GLUE: Final = re.compile(r"arn:aws[a-z-]*:glue:[^:]+:\d+")
_COSMOS: Final = re.compile(r"(?P<host>azurecosmos://[^/]+)/dbs/(?P<database>[^/]+)/?", re.IGNORECASE)
_PUBSUB: Final = re.compile(r"projects/(?P<project>[^/:]+)/(?P<kind>topic|subscription)s/(?P<id>[^/:]+)")
_CACHED: Final = 1 << 14
_MAX_CACHED_CHARS: Final = 512
_MOST_STEPS: Final = 5
Name = tuple[str, str]
"""A namespace and a name within it."""


def dataset_uri_from_location(location: str, scope: str | None = None) -> AssetUri | None:
    """Return the dataset at a URL or absolute path, named by OpenLineage's rules for its kind of store.

    None where the location does not identify a dataset: a relative path, a database without a table, a scheme without a
    rule, text that a URI cannot contain. Logins in the location are left out of the name. A namespace that is ambiguous
    outside its machine gets the prefix `scope`, if there is one.
    """
    named = _located(location)
    if named is None:
        return None
    namespace, name = canonical_dataset(*named)
    try:
        uri = AssetUri("dataset", scoped(namespace, scope), name)
    except InvalidInput:
        return None
    return uri if len(str(uri)) <= MAX_URI_CHARS else None


def canonical_dataset(namespace: str, name: str) -> Name:
    """Return the namespace and name that all spellings of this dataset share.

    A namespace of an unknown kind is returned unchanged with its name, and so is a name that is invalid in its system. The
    function is idempotent and refuses no text.
    """
    length = len(namespace) + len(name)
    if length > MAX_URI_CHARS:  # longer than any URI
        return namespace, name
    return _canonical(namespace, name) if length > _MAX_CACHED_CHARS else _cached_canonical(namespace, name)


def canonical_column(namespace: str, field: str) -> str:
    """Return the name that all spellings of a column share, in a dataset of this canonical namespace (scoped or not)."""
    case = _column_case(namespace)
    return field if case is CaseFolding.AS_WRITTEN else fold_name(field, case)


def canonical_columns(namespace: str, columns: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return columns, each with a `name` and perhaps nested `fields`, with canonical names."""
    if _column_case(namespace) is CaseFolding.AS_WRITTEN:
        return list(columns)
    return [
        {
            **column,
            "name": canonical_column(namespace, column["name"]),
            **({"fields": canonical_columns(namespace, column["fields"])} if "fields" in column else {}),
        }
        for column in columns
    ]


def _column_case(namespace: str) -> CaseFolding:
    before, found, _ = namespace.rpartition("://")
    bare = "arn" if _GLUE.fullmatch(namespace) else namespace
    scheme = before.rpartition(":")[2] if found else bare  # a scope may precede it and have the name of a system
    return COLUMN_CASES.get(scheme, CaseFolding.AS_WRITTEN)


def _located(location: str) -> Name | None:
    if location.startswith("/"):
        return _file("", location, None)
    parsed = _parsed(location)
    rule = _RULES.get(parsed[0]) if parsed else None
    return rule(parsed[1], parsed[2], None) if parsed and rule else None


def _canonical(namespace: str, name: str) -> Name:
    """Return the fixed point of `_step`; text that reaches none within `_MOST_STEPS` is returned unchanged."""
    named = namespace, name
    for _ in range(_MOST_STEPS):
        before, named = named, _step(*named)
        if named == before:
            return named
    return namespace, name


def _step(namespace: str, name: str) -> Name:
    scheme, place, path = _cached_place(namespace) if len(namespace) <= _MAX_CACHED_CHARS else _place(namespace)
    rule = _RULES.get(scheme)
    found = rule(place, path, name) if rule else _elsewhere(namespace, name)
    return found if found and all(found) else (namespace, name)


def _place(namespace: str) -> tuple[str, str, str]:
    """Return scheme, place and path of a namespace, which may be a scheme alone."""
    scheme, place, path = _parsed(namespace) or (namespace.lower(), "", "")
    path = _without_query(path)
    if path and not place and not path.startswith("/"):  # not a path: perhaps a scope and a namespace
        return "", "", ""
    return scheme, place, path


_cached_canonical = lru_cache(_CACHED)(_canonical)
_cached_place = lru_cache(1 << 10)(_place)


def _parsed(text: str) -> tuple[str, str, str] | None:
    """Return scheme (lower case, without a driver), place and path of a URL; JDBC's own forms count as URLs."""
    text = text[5:] if text[:5].lower() == "jdbc:" else text
    if driver := _ORACLE_DRIVER.match(text):
        return "oracle", driver["place"], f"/{driver['service']}"
    found = _LOCATION.fullmatch(text)
    if found is None:
        return None
    path = found["path"]
    scheme = found["scheme"].lower().partition("+")[0]
    if scheme in _WITH_PARAMETERS and (parameter := _DATABASE_PARAMETER.search(path)):
        path = f"/{parameter['name'].strip()}"
    return scheme, found["place"] or "", path


def _object_store(scheme: str) -> Callable[[str, str, str | None], Name | None]:
    """Return the rule for buckets and containers: the key without its outer slashes; `/` is the complete bucket."""

    def named(place: str, path: str, name: str | None) -> Name | None:
        bucket = place.lower() if scheme in _AZURE else place.rpartition("@")[2]
        key = path if name is None else _joined(path, _within(scheme, bucket, name))
        return (f"{scheme}://{bucket}", key.strip("/") or "/") if bucket else None

    return named


def _within(scheme: str, place: str, name: str) -> str:
    """Return a key, which some tools write as a complete URL, without scheme and bucket."""
    while True:
        name = name.strip("/")
        inner = _LOCATION.fullmatch(name)
        if inner is None or _SCHEMES.get(inner["scheme"].lower()) != scheme or (inner["place"] or "").lower() != place.lower():
            return name
        name = inner["path"]


def _hdfs(place: str, path: str, name: str | None) -> Name | None:
    """Name HDFS files without a default port, because the host may be a name service, which has none."""
    host = place.rpartition("@")[2].lower()
    folder = path if name is None else f"/{_joined(path, _within('hdfs', host, name))}"
    return (f"hdfs://{host}", _folder(folder)) if host else None


def _file(place: str, path: str, name: str | None) -> Name | None:
    """Name files: namespace `file`, with the host if the URL has one."""
    host = place.lower().rstrip(".")
    namespace = "file" if not host or host in SAME_MACHINE else f"file://{host}"
    if name is None:
        return (namespace, _folder(unquote(path))) if path.startswith("/") else None
    if path.strip("/"):
        return None
    inner = _LOCATION.fullmatch(name)
    if inner and inner["scheme"].lower() == "file" and inner["path"].startswith("/"):
        name = unquote(inner["path"])
    return namespace, _folder(name)


def _http(scheme: str) -> Callable[[str, str, str | None], Name | None]:
    """Return the rule for web URLs, which OpenLineage lacks: host as namespace, path and query (without secrets) as name."""

    def named(place: str, path: str, name: str | None) -> Name | None:
        host = place.rpartition("@")[2].lower()
        if name is not None and path.strip("/"):
            return None
        text = path.partition("#")[0] if name is None else name
        return (f"{scheme}://{host}", redact_url(text).strip("/") or "/") if host else None

    return named


def _table(system: DatabaseSystem) -> Callable[[str, str, str | None], Name | None]:
    """Return the rule for tables: DATABASE.SCHEMA.TABLE (or DATABASE.TABLE), from a path with dots or slashes, or from a name.

    A database in the namespace, as in connection strings, becomes part of the name.
    """

    def named(place: str, path: str, name: str | None) -> Name | None:
        host = _cached_host(place, system) if len(place) <= _MAX_CACHED_CHARS else _host(place, system)
        if host is None:
            return None
        if name is None:
            parts = [part for part in re.split(r"[/.]", _without_query(path)) if part]
            if not system.fewest <= len(parts) <= system.parts:
                return None
        else:
            text = name.strip("/").split("/") if system.joint == "/" else split(name) or [name]
            completed = _completed([part for part in path.split("/") if part], text, system)
            if completed is None:
                return None
            parts = completed
        return f"{_scheme(system, parts)}://{host}", system.joint.join(fold(part, system.case) for part in parts)

    return named


def _scheme(system: DatabaseSystem, parts: list[str]) -> str:
    """Return the scheme of a table: SQL Server's name has three parts, where OpenLineage's for Synapse has two."""
    return "mssql" if system.scheme == "sqlserver" and len(parts) == system.parts else system.scheme


def _host(place: str, system: DatabaseSystem) -> str | None:
    """Return host and port of a database; of several hosts the first, as the naming conventions require for Kafka."""
    found = _HOST.fullmatch(place.rpartition("@")[2].partition(",")[0])
    host = found["host"].lower().rstrip(".") if found else ""
    if not (found and host):
        return None
    host = "localhost" if host in SAME_MACHINE else system.host(host)
    port = (found["port"] and int(found["port"])) or system.port
    return f"{host}:{port}" if port and system.ports else host


_cached_host = lru_cache(1 << 10)(_host)


def _bigquery(place: str, path: str, name: str | None) -> Name | None:
    """Name BigQuery tables, which share one namespace: PROJECT.DATASET.TABLE, the project in lower case."""
    place = place.rpartition("@")[2]
    if name is None:
        parts = [part for part in re.split(r"[/.]", _legacy(_without_query(f"{place}/{path}"))) if part]
        if len(parts) != _BIGQUERY.parts:
            return None
    else:
        parts_given = [part for part in f"{place}{path}".split("/") if part]
        completed = _completed(parts_given, _legacy(name.replace("`", "")).split("."), _BIGQUERY)
        if completed is None:
            return None
        parts = completed
    project, dot, rest = _legacy(".".join(parts)).partition(".")
    return "bigquery", f"{project.lower()}{dot}{rest}"


def _legacy(name: str) -> str:
    """Return a name with a dot for the colon that legacy SQL writes after the project (not the one in a project's domain)."""
    project, colon, rest = name.partition(":")
    return f"{project}.{rest}" if colon and rest and "." not in project else name


def _completed(before: list[str], parts: list[str], system: DatabaseSystem) -> list[str] | None:
    """Return the parts of a name, prefixed with those of its namespace unless it has them; None if there are too many."""
    if [fold(part, system.case) for part in parts[: len(before)]] == [fold(part, system.case) for part in before]:
        return parts
    return [*before, *parts] if len(before) + len(parts) <= system.parts else None


def _kafka(place: str, path: str, name: str | None) -> Name | None:
    broker = _host(place, _BROKER)
    topic = path.partition("?")[0].strip("/") if name is None else name
    return (f"kafka://{broker}", topic) if broker and topic else None


def _pubsub(place: str, path: str, name: str | None) -> Name | None:
    text = f"{place}{path}" if name is None else name
    found = _PUBSUB.fullmatch(text.strip("/"))
    if found:
        return "pubsub", f"{found['kind']}:{found['project']}:{found['id']}"
    return None if name is None else ("pubsub", name)


def _dbfs(place: str, path: str, name: str | None) -> Name | None:
    """Name files of Databricks: without a workspace, which the URL seldom has, the namespace is the scheme alone."""
    text = path if name is None else f"/{_joined(path, _within('dbfs', place, name))}"
    return (f"dbfs://{place.lower()}" if place else "dbfs", _folder(text)) if text.startswith("/") else None


def _elsewhere(namespace: str, name: str) -> Name | None:
    """Name datasets of catalogues and services that have a namespace other than a plain host."""
    if _GLUE.fullmatch(namespace):
        parts = name.removeprefix("table/").replace("/", ".").lower()
        return namespace, f"table/{parts.replace('.', '/')}" if parts.count(".") == 1 else name
    if found := _COSMOS.fullmatch(namespace):
        return f"{found['host'].lower()}/dbs/{found['database']}", name
    return None


def _joined(path: str, key: str) -> str:
    return "/".join(part for part in (path.strip("/"), key) if part)


def _without_query(path: str) -> str:
    return re.split(r"[?#;]", path, maxsplit=1)[0]


def _folder(path: str) -> str:
    return path.rstrip("/") or "/"


_AZURE: Final = frozenset({"abfss", "wasbs"})
_WITH_PARAMETERS: Final = frozenset({"sqlserver", "mssql"})
_BIGQUERY: Final = DatabaseSystem("bigquery", 3, 3)
_BROKER: Final = DatabaseSystem("kafka", 1, 1, 9092)
_SCHEMES: Final = MappingProxyType({**OBJECT_STORES, "hdfs": "hdfs", "dbfs": "dbfs"})
_RULES: Final = MappingProxyType[str, Callable[[str, str, str | None], Name | None]](
    {
        **{scheme: _object_store(store) for scheme, store in OBJECT_STORES.items()},
        **{scheme: _table(system) for scheme, system in DATABASES.items()},
        "hdfs": _hdfs,
        "dbfs": _dbfs,
        "file": _file,
        "bigquery": _bigquery,
        "kafka": _kafka,
        "pubsub": _pubsub,
        "http": _http("http"),
        "https": _http("https"),
    }
)
"""The naming rule of each scheme: a function of place, path and, unless the path identifies the dataset, the name."""
