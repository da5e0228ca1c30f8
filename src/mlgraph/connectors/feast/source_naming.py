"""The dataset of a data source: at its location, or at the table that the place of the source completes (docs/naming.md)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from mlgraph.connectors.feast.feast_instance import FeastInstance, optional
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.payloads.payload import Located, decode_json
from mlgraph.domain.redaction.json_values import redact_url
from mlgraph.domain.uri import AssetUri

_SPACES: Final = re.compile(r"\s+")
_LONGEST_NAME: Final = 1000
_PARTS_OF_BIGQUERY: Final = 2
"""The dots in PROJECT.DATASET.TABLE."""
_DIGEST: Final = re.compile(r"blake2b:[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A kind of source that names a table: the member with its options, the system, and what is before the table's name.

    `schemes` are the schemes of places (`--place`) that complete such a name.
    """

    options: str
    system: str
    prefix: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()


_WAREHOUSES: Final = (
    Warehouse("snowflakeOptions", "snowflake", ("database", "schema"), ("snowflake",)),
    Warehouse("redshiftOptions", "redshift", ("database", "schema"), ("redshift",)),
    Warehouse("bigqueryOptions", "bigquery"),
    Warehouse("athenaOptions", "athena", ("dataSource", "database"), ("awsathena", "athena")),
    Warehouse("trinoOptions", "trino", (), ("trino", "presto")),
    Warehouse("sparkOptions", "spark", (), ("hive", "hive2", "unitycatalog", "databricks", "glue")),
)
_CUSTOM: Final = (
    ("postgresqlsource", Warehouse("", "postgres", (), ("postgres", "postgresql"))),
    ("mssqlserversource", Warehouse("", "mssql", (), ("mssql", "sqlserver"))),
    ("clickhousesource", Warehouse("", "clickhouse", (), ("clickhouse",))),
    ("oraclesource", Warehouse("", "oracle", (), ("oracle",))),
    ("couchbasecolumnarsource", Warehouse("", "couchbase", (), ("couchbase",))),
)
"""By the end of `dataSourceClassType`: sources whose options are JSON, in base64, with `table` or `query`."""


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A data source: its dataset, and whether the dataset's columns are those of a table or file (and not of a query)."""

    uri: AssetUri
    has_columns: bool = True


def named_source(instance: FeastInstance, source: Located) -> NamedSource | None:
    """Return the dataset of a data source; None for values that come with a request, which are no dataset.

    A push source is the batch source behind it. What names no place is named within the project.
    """
    kind = source.need("type").text()
    batch = source.get("batchSource")
    if kind == "REQUEST_SOURCE":
        return None
    if kind == "PUSH_SOURCE" and batch:
        return named_source(instance, batch)
    if found := _by_location(instance, source):
        return NamedSource(found)
    if found := _topic(instance, source):
        return NamedSource(found, has_columns=False)
    return _tabular(instance, source)


def _tabular(instance: FeastInstance, source: Located) -> NamedSource:
    """Return the dataset of a source that names a table or a query, else that of its own name."""
    warehouse, options = _warehouse(source)
    query, table = (optional(options, "query"), optional(options, "table")) if options else (None, None)
    if query:
        return NamedSource(instance.uri("dataset", f"query:{digest_of(query)}"), has_columns=False)
    if warehouse and options and table:
        before = [part for key in warehouse.prefix if (part := optional(options, key))]
        return NamedSource(_table(instance, warehouse, ".".join((*before, table))))
    return NamedSource(instance.uri("dataset", f"source:{bounded(source.need('name').name())}"), has_columns=False)


def digest_of(text: str) -> str:
    """Return the digest of a text that is not kept: a query without its line breaks, the code of a transformation.

    The digest of a digest is the digest itself.
    """
    if _DIGEST.fullmatch(text):
        return text
    compact = _SPACES.sub(" ", text).strip().encode("utf-8", "replace")
    return f"blake2b:{hashlib.blake2b(compact, digest_size=12).hexdigest()}"


def bounded(name: str) -> str:
    """Return a name, with its digest in the place of its end if it is very long."""
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"{name.encode()[: _LONGEST_NAME - 40].decode(errors='ignore')}~{digest_of(name)}"


def _by_location(instance: FeastInstance, source: Located) -> AssetUri | None:
    """Return the dataset at the path or URL of a source, if it has one."""
    location = None
    for key, member in (("fileOptions", "uri"), ("sparkOptions", "path")):
        options = source.get(key)
        location = location or (optional(options, member) if options else None)
    if location is None:
        return None
    location = location.strip()
    scheme, _, path = (instance.context.place or "").partition(":")
    repository = f"/{path.lstrip('/')}" if scheme == "file" else None
    found = instance.context.dataset_at(location, repository)
    return found or instance.uri("dataset", f"file:{bounded(redact_url(location))}")


def _topic(instance: FeastInstance, source: Located) -> AssetUri | None:
    """Return the topic or stream of a source, if it has one. The first broker names the cluster, as in OpenLineage."""
    if kafka := source.get("kafkaOptions"):
        brokers, topic = optional(kafka, "kafkaBootstrapServers"), kafka.need("topic").name()
        cluster = f"kafka://{brokers.partition(',')[0].strip()}" if brokers else None
        named = instance.context.dataset(cluster, topic) if cluster else None
        return named or instance.uri("dataset", f"kafka:{bounded(topic)}")
    if kinesis := source.get("kinesisOptions"):
        parts = (optional(kinesis, "region") or "", kinesis.need("streamName").name())
        return instance.uri("dataset", f"kinesis:{bounded('/'.join(parts))}")
    return None


def _warehouse(source: Located) -> tuple[Warehouse | None, Located | None]:
    for each in _WAREHOUSES:
        if options := source.get(each.options):
            return each, options
    custom = source.get("customOptions")
    configuration = custom.get("configuration") if custom else None
    if configuration is None:
        return None, None
    named = (optional(source, "dataSourceClassType") or "").lower()
    system = next((each for end, each in _CUSTOM if named.endswith(end)), Warehouse("", "custom"))
    options = configuration.value
    return system, Located(custom_options(options) if isinstance(options, str) else options, configuration.pointer)


def custom_options(configuration: str) -> dict[str, str]:
    """Return the table, or the digest of the query, in the options of a custom source (JSON in base64).

    Nothing where they are something else: they may be of any class.
    """
    try:
        found = decode_json(base64.b64decode(configuration, validate=True))
    except (binascii.Error, ValueError, MlgraphError):
        return {}
    texts = {key: value for key, value in found.items() if isinstance(value, str) and value} if isinstance(found, dict) else {}
    table, query = texts.get("table"), texts.get("query")
    return ({"table": table} if table else {}) | ({"query": digest_of(query)} if query else {})


def _table(instance: FeastInstance, warehouse: Warehouse, name: str) -> AssetUri:
    place = instance.context.place
    placed = None
    if warehouse.system == "bigquery" and name.count(".") == _PARTS_OF_BIGQUERY:
        placed = instance.context.dataset("bigquery", name)
    elif place and place.partition(":")[0].lower() in warehouse.schemes:
        placed = instance.context.table(name)
    return placed or instance.uri("dataset", f"{warehouse.system}:{bounded(name)}")
