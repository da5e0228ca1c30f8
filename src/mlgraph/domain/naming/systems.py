"""Storage systems as data: the namespace scheme, the default port and the case folding of each kind of system.

Namespaces and the parts of a name are those of OpenLineage's naming conventions (openlineage.io, spec: Naming Conventions,
1.5x); MongoDB, CockroachDB, ClickHouse and Databricks, which they do not list, are named as the tools that report them do.
Ports are the defaults of each system's own documentation. The case rules, and where each system documents them:

- Snowflake, "Identifier requirements": unquoted names are stored in upper case; quoted ones as written.
- Oracle, "Database Object Naming Rules"; Db2, "SQL identifiers": the same.
- PostgreSQL, "Identifiers and Key Words" (4.1.1): unquoted names become lower case; CockroachDB, "Identifiers", CrateDB,
  "Naming restrictions", and Cassandra, CQL "Definitions": the same.
- Redshift, "Names and identifiers": lower case; quoted names keep their case where `enable_case_sensitive_identifier` is set,
  so mixed case must not be folded.
- Trino (issue 17 of its repository), Athena, "Name databases, tables, and columns", AWS Glue, "Database" and "Table" (names
  are folded to lower case), Hive, "LanguageManual DDL", Unity Catalog, "Names", Teradata, "Object names": never case-sensitive.
- BigQuery, "Case sensitivity": datasets and tables are case-sensitive, columns are not; project ids are lower case.
- MySQL, "Identifier Case Sensitivity": tables as the file system of the server, columns never.
- SQL Server, Synapse and Fabric: by the collation, so names are not folded. Spanner, OceanBase, Milvus, ClickHouse, MongoDB: not
  folded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from mlgraph.domain.naming.sql_identifiers import CaseFolding

_REDSHIFT_HOST: Final = re.compile(
    r"(?P<cluster>[^.]+)\.[^.]+\.(?P<region>[^.]+)\.redshift(?:-serverless)?\.amazonaws\.com(?:\.cn)?"
)
_SNOWFLAKE_SUFFIX: Final = re.compile(r"(?<=.)(?:\.privatelink|\.snowflakecomputing\.(?:com|cn))+\Z")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
"""The scheme of a URI (RFC 3986, section 3.1)."""
_SNOWFLAKE_FIRST: Final = ("us-west-1", "aws")


def _as_is(host: str) -> str:
    return host


def _redshift(host: str) -> str:
    """Return CLUSTER.REGION of a host name that AWS assigned to a cluster; any other host unchanged."""
    found = _REDSHIFT_HOST.fullmatch(host)
    return f"{found['cluster']}.{found['region']}" if found else host


def _snowflake(host: str) -> str:
    """Return the account: ORGANISATION-ACCOUNT, or for the older locators LOCATOR.REGION.CLOUD.

    An underscore in an account's name is a hyphen in its address. A locator alone is in Snowflake's first region, which
    Airflow's and dbt's integrations write as us-west-1.aws and Snowflake as us-west-2; one without a cloud is in AWS
    (Snowflake, "Account identifiers"). The text of a locator does not show its ORGANISATION-ACCOUNT.
    """
    account, *rest = _SNOWFLAKE_SUFFIX.sub("", host).replace("_", "-").split(".")
    if "-" in account:
        return ".".join((account, *rest))
    region, cloud, *more = (*rest, *_SNOWFLAKE_FIRST[len(rest) :])
    if set(more) <= {region, cloud}:  # drivers accept both twice
        more = []
    if (region, cloud, *more) == ("us-west-2", "aws"):
        region = _SNOWFLAKE_FIRST[0]
    return ".".join((account, region, cloud, *more))


@dataclass(frozen=True, slots=True)
class DatabaseSystem:
    """A system whose datasets are tables (or collections) at a host.

    `scheme` is the prefix of its namespaces; `parts` is the number of parts of a full name, `fewest` the number that a
    location must have; `port` is added where a location has none, unless it is None; `host` maps the host name to the host in
    the namespace; `ports` is whether the namespace contains the port. `joint` separates the parts of a name.
    """

    scheme: str
    parts: int
    fewest: int
    port: int | None = None
    case: CaseFolding = CaseFolding.AS_WRITTEN
    columns: CaseFolding = CaseFolding.AS_WRITTEN
    host: Callable[[str], str] = _as_is
    ports: bool = True
    joint: str = "."


def _folding(scheme: str, parts: int, fewest: int, port: int | None, case: CaseFolding) -> DatabaseSystem:
    return DatabaseSystem(scheme, parts, fewest, port, case, case)


_POSTGRES: Final = _folding("postgres", 3, 2, 5432, CaseFolding.LOWER)
_MYSQL: Final = DatabaseSystem("mysql", 2, 2, 3306, columns=CaseFolding.INSENSITIVE)
_HIVE: Final = _folding("hive", 2, 2, None, CaseFolding.INSENSITIVE)
_ATHENA: Final = replace(_folding("awsathena", 3, 3, None, CaseFolding.INSENSITIVE), ports=False)
_MONGODB: Final = DatabaseSystem("mongodb", 2, 2, 27017)
_DB2: Final = _folding("db2", 3, 3, 50000, CaseFolding.UPPER)

DATABASES: Final[Mapping[str, DatabaseSystem]] = MappingProxyType({
    "postgres": _POSTGRES, "postgresql": _POSTGRES,
    "cockroachdb": _folding("cockroachdb", 3, 2, 26257, CaseFolding.LOWER),
    "crate": _folding("crate", 3, 2, 4200, CaseFolding.LOWER),
    "cassandra": _folding("cassandra", 2, 2, 9042, CaseFolding.LOWER),
    "redshift": replace(_folding("redshift", 3, 2, 5439, CaseFolding.LOWER), host=_redshift),
    "snowflake": replace(_folding("snowflake", 3, 3, None, CaseFolding.UPPER), host=_snowflake, ports=False),
    "oracle": _folding("oracle", 3, 3, 1521, CaseFolding.UPPER),
    "db2": _DB2, "ibm_db_sa": _DB2,
    "trino": _folding("trino", 3, 3, None, CaseFolding.INSENSITIVE),
    "presto": _folding("presto", 3, 3, None, CaseFolding.INSENSITIVE),
    "awsathena": _ATHENA, "athena": _ATHENA,
    "hive": _HIVE, "hive2": _HIVE,
    "unitycatalog": _folding("unitycatalog", 3, 3, None, CaseFolding.INSENSITIVE),
    "databricks": _folding("databricks", 3, 3, None, CaseFolding.INSENSITIVE),
    "teradata": _folding("teradata", 2, 2, 1025, CaseFolding.INSENSITIVE),
    "mysql": _MYSQL, "mariadb": _MYSQL,
    "oceanbase": DatabaseSystem("oceanbase", 2, 2, 2881, columns=CaseFolding.INSENSITIVE),
    "mssql": DatabaseSystem("mssql", 3, 3, 1433),
    "sqlserver": DatabaseSystem("sqlserver", 3, 2, 1433),
    "fabric-warehouse": DatabaseSystem("fabric-warehouse", 3, 3),
    "azurekusto": DatabaseSystem("azurekusto", 2, 2, joint="/"),
    "milvus": DatabaseSystem("milvus", 2, 2, 19530),
    "clickhouse": DatabaseSystem("clickhouse", 2, 2),
    "mongodb": _MONGODB,
})  # fmt: skip
"""The system of each scheme that tools write."""

OBJECT_STORES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("s3", "s3a", "s3n"), "s3"),
        **dict.fromkeys(("gs", "gcs"), "gs"),
        **dict.fromkeys(("abfs", "abfss"), "abfss"),
        **dict.fromkeys(("wasb", "wasbs"), "wasbs"),
    }
)
"""The canonical scheme of each that tools write. Buckets, containers and keys are case-sensitive; hosts of Azure are not."""

COLUMN_CASES: Final[Mapping[str, CaseFolding]] = MappingProxyType(
    {
        **{system.scheme: system.columns for system in DATABASES.values()},
        "bigquery": CaseFolding.INSENSITIVE,
        "arn": CaseFolding.INSENSITIVE,
    }
)
"""The case folding of column names, by the scheme of a canonical namespace."""


def platform_of(namespace: str) -> str | None:
    """Return the system of a namespace by its scheme, such as `s3` or `postgres`; None for a namespace without a scheme."""
    scheme, colon, _ = namespace.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        return None
    scheme = scheme.lower()
    system = DATABASES.get(scheme)
    return system.scheme if system is not None else OBJECT_STORES.get(scheme, scheme)
