"""The spellings of one dataset by several tools have one canonical name; different datasets have different names."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlgraph.domain.naming.dataset_naming import canonical_column, canonical_columns, canonical_dataset, dataset_uri_from_location
from mlgraph.domain.naming.scoping import is_private, scoped
from mlgraph.domain.naming.sql_identifiers import CaseFolding, fold, fold_name, split
from mlgraph.domain.naming.systems import DATABASES, OBJECT_STORES

Name = tuple[str, str]

SPELLINGS: dict[Name, list[tuple[str, str, str]]] = {
    ("snowflake://acme-prod", "ANALYTICS.PUBLIC.ORDERS"): [
        ("openlineage-dbt", "snowflake://acme-prod", "analytics.public.orders"),
        ("openlineage-spark 1.22 (issue 4024)", "snowflake://ACME-PROD.snowflakecomputing.com", '"ANALYTICS"."PUBLIC"."ORDERS"'),
        ("Airflow, a connection of SQLAlchemy", "snowflake://loader:pw@acme-prod", "ANALYTICS.PUBLIC.ORDERS"),
        ("JDBC", "jdbc:snowflake://acme_prod.snowflakecomputing.com:443/?db=X", "analytics.PUBLIC.orders"),
        ("a private link", "snowflake://acme-prod.privatelink.snowflakecomputing.com", "analytics.public.orders"),
        ("a connection string", "snowflake://acme-prod/ANALYTICS/PUBLIC", "ORDERS"),
    ],
    ("snowflake://xy12345.us-west-1.aws", "DB.S.T"): [
        ("openlineage-dbt, a bare locator", "snowflake://xy12345", "db.s.t"),
        ("Airflow", "snowflake://xy12345.us-west-1.aws", "DB.S.T"),
        ("Snowflake's own name of the region", "snowflake://xy12345.us-west-2.aws", "DB.S.T"),
    ],
    ("snowflake://xy12345.europe-west3.gcp", "DB.S.T"): [
        ("a driver that says the region twice", "snowflake://xy12345.europe-west3.gcp.europe-west3.gcp", "DB.S.T"),
    ],
    ("snowflake://xy12345.us-east-1.aws", "DB.S.T"): [("openlineage-dbt", "snowflake://xy12345.us-east-1", "db.s.t")],
    ("postgres://warehouse:5432", "shop.public.orders"): [
        ("openlineage-dbt", "postgres://warehouse:5432", "shop.public.orders"),
        ("openlineage-spark, JDBC", "postgresql://warehouse:5432", "shop.public.orders"),
        ("Airflow, no port in the connection", "postgres://warehouse", "shop.public.ORDERS"),
        ("SQLAlchemy", "postgresql+psycopg2://u:p@Warehouse:5432?sslmode=require", '"shop"."public"."orders"'),
        ("a connection string", "postgres://warehouse:5432/shop", "public.orders"),
        ("a connection string and a full name", "postgres://warehouse:5432/shop", "shop.public.orders"),
        ("JDBC", "jdbc:postgresql://warehouse/shop?user=u&password=x", "public.orders"),
    ],
    ("postgres://localhost:5432", "shop.public.orders"): [
        ("a laptop", "postgres://127.0.0.1:5432", "shop.public.orders"),
        ("a laptop, IPv6", "postgres://[::1]:5432", "shop.public.orders"),
        ("a laptop, IPv6 without brackets", "postgres://::1:5432", "shop.public.orders"),
    ],
    ("redshift://cl.us-west-2:5439", "dev.public.orders"): [
        ("openlineage-dbt", "redshift://cl.abc123.us-west-2.redshift.amazonaws.com:5439", "DEV.public.orders"),
        ("Airflow", "redshift://cl.us-west-2:5439", "dev.public.orders"),
    ],
    ("redshift://wg.eu-west-1:5439", "dev.public.orders"): [
        ("serverless", "redshift://wg.123456789012.eu-west-1.redshift-serverless.amazonaws.com", "dev.public.orders"),
    ],
    ("bigquery", "my-proj.sales.Orders"): [
        ("openlineage-dbt", "bigquery", "my-proj.sales.Orders"),
        ("SQLAlchemy", "bigquery://my-proj", "sales.Orders"),
        ("SQLAlchemy, with the dataset", "bigquery://my-proj/sales", "Orders"),
        ("SQLAlchemy, and a full name", "bigquery://my-proj", "my-proj.sales.Orders"),
        ("legacy SQL", "bigquery", "my-proj:sales.Orders"),
        ("a quoted query", "bigquery", "`My-Proj.sales.Orders`"),
    ],
    ("mysql://db:3306", "shop.orders"): [
        ("Airflow", "mysql://db", "shop.orders"),
        ("openlineage-spark", "mysql://db:3306", "`shop`.`orders`"),
        ("MariaDB's driver", "mariadb+mysqlconnector://u:p@db:3306/shop", "orders"),
    ],
    ("mssql://db:1433", "shop.dbo.Orders"): [
        ("openlineage-dbt", "mssql://db:1433", "shop.dbo.Orders"),
        ("openlineage-spark", "sqlserver://db", "shop.dbo.Orders"),
        ("JDBC", "jdbc:sqlserver://db:1433;databaseName=shop;encrypt=true", "dbo.Orders"),
        ("T-SQL", "mssql://db", "[shop].[dbo].[Orders]"),
    ],
    ("sqlserver://db:1433", "dbo.Orders"): [("Synapse, by the conventions", "sqlserver://db", "dbo.Orders")],
    ("oracle://db:1521", "ORCL.HR.EMPLOYEES"): [
        ("openlineage-spark", "oracle://db", "orcl.hr.employees"),
        ("JDBC, a service", "jdbc:oracle:thin:@//db:1521/orcl", "HR.EMPLOYEES"),
        ("JDBC, a SID", "jdbc:oracle:thin:scott/tiger@db:1521:orcl", "hr.employees"),
    ],
    ("db2://db:50000", "SALES.APP.ORDERS"): [("ibm_db_sa", "ibm_db_sa://u:p@db", "sales.app.orders")],
    ("cockroachdb://db:26257", "shop.public.orders"): [("SQLAlchemy", "cockroachdb://root@db", "shop.public.ORDERS")],
    ("crate://db:4200", "crate.doc.orders"): [("SQLAlchemy", "crate://db", "crate.doc.orders")],
    ("cassandra://db:9042", "shop.orders"): [("Spark", "cassandra://db", "shop.ORDERS")],
    ("oceanbase://db:2881", "shop.orders"): [("Flink", "oceanbase://db", "shop.orders")],
    ("teradata://db:1025", "shop.orders"): [("Airflow", "teradata://db", "Shop.Orders")],
    ("trino://trino:8080", "hive.sales.orders"): [
        ("Trino", "trino://trino:8080", "hive.sales.orders"),
        ("SQLAlchemy", "trino://user@Trino:8080/hive", 'sales."Orders"'),
    ],
    ("awsathena://athena.eu-west-1.amazonaws.com", "awsdatacatalog.sales.orders"): [
        ("Airflow", "awsathena://athena.eu-west-1.amazonaws.com", "AwsDataCatalog.sales.orders"),
        ("SQLAlchemy", "awsathena+rest://k:s@athena.eu-west-1.amazonaws.com:443", "awsdatacatalog.sales.Orders"),
    ],
    ("arn:aws:glue:eu-west-1:123456789012", "table/sales/orders"): [
        ("openlineage-spark", "arn:aws:glue:eu-west-1:123456789012", "table/sales/orders"),
        ("openlineage-dbt", "arn:aws:glue:eu-west-1:123456789012", "Sales.Orders"),
    ],
    ("hive://metastore:9083", "sales.orders"): [
        ("openlineage-spark", "hive://metastore:9083", "sales.orders"),
        ("HiveQL", "hive://Metastore:9083", "`Sales`.`Orders`"),
    ],
    ("unitycatalog://acme.cloud.databricks.com", "main.sales.orders"): [
        ("openlineage-spark", "unitycatalog://ACME.cloud.databricks.com", "main.Sales.orders"),
    ],
    ("databricks://acme.cloud.databricks.com", "main.sales.orders"): [
        ("openlineage-dbt", "databricks://acme.cloud.databricks.com", "main.sales.Orders"),
    ],
    ("azurecosmos://acct.documents.azure.com/dbs/shop", "colls/Orders"): [
        ("openlineage-spark", "azurecosmos://Acct.documents.azure.com/dbs/shop/", "colls/Orders"),
    ],
    ("azurekusto://acct.kusto.windows.net", "shop/Orders"): [
        ("openlineage-spark", "azurekusto://Acct.kusto.windows.net", "/shop/Orders"),
    ],
    ("milvus://db:19530", "default.docs"): [("Milvus", "milvus://db", "default.docs")],
    ("mongodb://db:27017", "shop.Orders"): [("Debezium", "mongodb://u:p@db,db2:27018/?replicaSet=rs0", "shop.Orders")],
    ("spanner://proj:inst", "db.S.T"): [("the conventions", "spanner://proj:inst", "db.S.T")],
    ("s3://lake", "ratings/Daily"): [
        ("Airflow", "s3://lake", "ratings/Daily"),
        ("openlineage-spark", "s3a://lake", "/ratings/Daily/"),
        ("Flink", "s3n://lake/", "ratings/Daily"),
        ("a prefix in the namespace", "s3://lake/ratings", "Daily"),
        ("the whole URL as the name", "s3://lake", "s3a://lake/ratings/Daily"),
    ],
    ("gs://lake", "a/b"): [("gcsfs", "gcs://lake", "a/b/"), ("Airflow", "gs://lake", "/a/b")],
    ("abfss://raw@acme.dfs.core.windows.net", "A/b"): [
        ("openlineage-spark", "abfss://raw@acme.dfs.core.windows.net", "/A/b"),
        ("adlfs", "abfs://raw@Acme.dfs.core.windows.net/", "A/b/"),
    ],
    ("wasbs://raw@acme.blob.core.windows.net", "a"): [("hadoop-azure", "wasb://raw@acme.blob.core.windows.net", "/a")],
    ("hdfs://namenode:8020", "/data/a"): [
        ("openlineage-spark", "hdfs://NameNode:8020", "/data/a/"),
        ("Airflow", "hdfs://namenode:8020/data", "a"),
        ("the whole URL as the name", "hdfs://namenode:8020", "hdfs://namenode:8020/data/a"),
    ],
    ("dbfs", "/mnt/a"): [("Spark on Databricks", "dbfs", "/mnt/a/"), ("the whole URL as the name", "dbfs", "dbfs:/mnt/a")],
    ("file", "/data/a"): [
        ("openlineage-spark", "file", "/data/a"),
        ("Airflow", "file://", "/data/a/"),
        ("a URL", "file:///", "file:/data/a"),
        ("the machine by name", "file://localhost", "/data/a"),
    ],
    ("file://nas", "/data/a"): [("the conventions", "file://NAS", "/data/a/")],
    ("kafka://broker:9092", "Clicks"): [
        ("Flink", "kafka://broker:9092,broker2:9092", "Clicks"),
        ("Airflow", "kafka://Broker", "Clicks"),
    ],
    ("pubsub", "topic:proj:clicks"): [
        ("the conventions", "pubsub", "topic:proj:clicks"),
        ("Google's own name", "pubsub", "projects/proj/topics/clicks"),
    ],
    ("https://example.com", "data.csv"): [("a page", "https://u:p@Example.com/", "/data.csv")],
}
"""The spelling of each tool or form of address, by canonical name."""


@pytest.mark.parametrize(
    ("tool", "written", "canonical"),
    [(tool, (space, name), canonical) for canonical, forms in SPELLINGS.items() for tool, space, name in forms],
)
def test_spellings_of_one_dataset_have_one_canonical_name(tool: str, written: Name, canonical: Name) -> None:
    assert canonical_dataset(*written) == canonical, tool
    assert canonical_dataset(*canonical) == canonical


@pytest.mark.parametrize(
    ("location", "canonical"),
    [
        ("snowflake://u:p@ACME-prod/analytics/public/orders?warehouse=w", ("snowflake://acme-prod", "ANALYTICS.PUBLIC.ORDERS")),
        ("postgresql://warehouse/shop/public/orders", ("postgres://warehouse:5432", "shop.public.orders")),
        ("s3a://lake/ratings/Daily/", ("s3://lake", "ratings/Daily")),
        ("mssql+pyodbc://u:p@db/shop/dbo/Orders", ("mssql://db:1433", "shop.dbo.Orders")),
        ("dbfs:/mnt/a", ("dbfs", "/mnt/a")),
        ("projects/p/topics/t", None),
        ("pubsub://projects/p/topics/t", ("pubsub", "topic:p:t")),
        ("azurekusto://acct.kusto.windows.net/shop/Orders", ("azurekusto://acct.kusto.windows.net", "shop/Orders")),
        ("jdbc:oracle:thin:@//db:1521/orcl", None),
    ],
)
def test_a_location_gets_the_name_that_events_give_it(location: str, canonical: Name | None) -> None:
    found = dataset_uri_from_location(location)
    assert (found and (found.namespace, found.name)) == canonical


@pytest.mark.parametrize(
    ("namespace", "one", "other"),
    [
        ("snowflake://acme-prod", "DB.S.ORDERS", "DB.S.Orders"),
        ("snowflake://acme-prod", "DB.S.ORDERS", 'DB.S."orders"'),
        ("snowflake://acme-prod", "DB.S.MY_T", 'DB.S."my t"'),
        ("postgres://db:5432", "d.s.orders", "d.s.Orders"),
        ("postgres://db:5432", "d.s.orders", 'd.s."ORDERS"'),
        ("redshift://c.r:5439", "d.s.orders", "d.s.Orders"),
        ("bigquery", "p.d.orders", "p.d.ORDERS"),
        ("mysql://db:3306", "d.orders", "d.ORDERS"),
        ("mssql://db:1433", "d.s.orders", "d.s.ORDERS"),
        ("s3://lake", "orders", "ORDERS"),
        ("kafka://b:9092", "orders", "ORDERS"),
        ("postgres://db:5432", "d.s.t", "d.s\\.t"),
        ("hdfs://nn:8020", "/a//b", "/a/b"),
    ],
)
def test_different_tables_have_different_names(namespace: str, one: str, other: str) -> None:
    assert canonical_dataset(namespace, one) != canonical_dataset(namespace, other)


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("my-lake", "Orders"), ("box://h/1", "Key/"), ("inmemory://", "x"), ("spark://host:10001", "Db.T"), ("", "x"),
        ("postgres://", "d.s.t"), ("postgres://h:port", "d.s.t"), ("postgres://h:5432/other/schema", "d.s.t"),
        ("airflow-a:file", "/x/"), ("s3:default", "x/"), ("file:default", "/x/"), ("bigquery:default", "x"),
        ("file:///data", "a"), ("bigquery://one", "other.d.t"),
        ("mlflow:prod", "Ratings"), ("https://acme.example/wiki", "/Page/"), ("arn:aws:s3:::lake", "X/"),
    ],
)  # fmt: skip
def test_names_without_a_rule_are_unchanged(namespace: str, name: str) -> None:
    assert canonical_dataset(namespace, name) == (namespace, name)


def test_columns_fold_as_their_tables_do() -> None:
    cases = {
        ("snowflake://acme-prod", "order_id"): "ORDER_ID", ("postgres://db:5432", "ORDER_ID"): "order_id",
        ("postgres://db:5432", "OrderId"): "OrderId", ("bigquery", "OrderId"): "orderid", ("mysql://db:3306", "Id"): "id",
        ("s3://lake", "OrderId"): "OrderId", ("laptop:postgres://localhost:5432", "ID"): "id", ("hive://m:9083", "A.B"): "a.b",
        ("nowhere", "Id"): "Id",
    }  # fmt: skip
    assert {key: canonical_column(*key) for key in cases} == cases
    assert canonical_columns("snowflake://acme-prod", [{"name": "id", "type": "int"}]) == [{"name": "ID", "type": "int"}]
    assert canonical_columns("s3://lake", [{"name": "Id"}]) == [{"name": "Id"}]


def test_parts_of_a_name() -> None:
    assert split('a."b.c".`d`') == ["a", '"b.c"', "`d`"]
    assert split(r"svc\.example.s.t") == [r"svc\.example", "s", "t"]
    assert [split(name) for name in ('a"b', '"a"b.c', 'a."b', "`a")] == [None] * 4
    assert split("db..t") == ["db", "", "t"]
    assert fold('"a.b"', CaseFolding.LOWER) == r"a\.b"
    assert fold('"a""b"', CaseFolding.LOWER) == '"a""b"'
    assert fold_name('a"b.C', CaseFolding.UPPER) == 'a"b.C'


@pytest.mark.parametrize(
    "namespace",
    [
        "default", "Default", "file", "dbfs", " ", "-", "feast", "feast/offline_store/file", "dbt", "airflow", "duckdb://shop.duckdb",
        "sqlite:///x.db", "inmemory://", "postgres://localhost:5432", "http://127.0.0.1:8080", "kafka://[::1]:9092",
        "mysql://u:p@localhost", "postgres://host.docker.internal:5432", "mongodb://127.8.0.1", "postgres://0.0.0.0:5432",
        "http://app.localhost/x", "undefined", "localhost:5432", "127.0.0.1:9092", "[::1]:5432", "file:/tmp/warehouse",
        "file:///tmp/warehouse", "/data/warehouse", "C:\\warehouse", "hdfs:///", "postgres:///shop", "jdbc:derby:metastore_db",
    ],
)  # fmt: skip
def test_a_namespace_that_is_ambiguous_outside_its_source_is_scoped(namespace: str) -> None:
    assert scoped(namespace, "airflow-a") == f"airflow-a:{namespace}" != scoped(namespace, "airflow-b")
    assert scoped(namespace, None) == namespace
    assert not is_private(f"airflow-a:{namespace}")


@pytest.mark.parametrize(
    "namespace",
    [
        "airflow-prod", "s3://lake", "bigquery", "pubsub", "postgres://warehouse:5432", "file://nas", "defaults", "mlflow:prod",
        "postgres://localhost.example.com:5432", "kafka://10.0.0.1:9092", "acme/default", "https://docker.internal",
        "warehouse:5432", "file://nas/x", "arn:aws:glue:eu-west-1:1", "jdbc:foo://db/x", "spark://thrift:10000",
    ],
)  # fmt: skip
def test_an_unambiguous_namespace_is_not_scoped(namespace: str) -> None:
    assert scoped(namespace, "airflow-a") == namespace


def test_a_location_on_the_machine_itself_is_scoped() -> None:
    assert str(dataset_uri_from_location("/data/x", "laptop")) == "mlg://dataset/laptop%3Afile/%2Fdata%2Fx"
    assert str(dataset_uri_from_location("s3://lake/x", "laptop")) == "mlg://dataset/s3%3A%2F%2Flake/x"


SCHEMES = st.sampled_from([*DATABASES, *OBJECT_STORES, "hdfs", "dbfs", "file", "bigquery", "kafka", "pubsub", "http", "nowhere"])
HOSTS = st.one_of(
    st.sampled_from([
        "db", "DB.example.com", "u:p@db", "db:5432", "db,other:1", "[::1]:1", "::1:1", "localhost.",
        "c@acct.dfs.core.windows.net",
        "acme_Prod.snowflakecomputing.com", "xy.us-west-2.aws", "xy1", "cl.a.r.redshift.amazonaws.com", "", ".", ":", "a@b@c",
    ]),
    st.text("ab.@:[]-_%\u0130", max_size=8),
)  # fmt: skip
PATHS = st.one_of(st.just(""), st.text("aB./?#;:%=\\", max_size=8).map(lambda path: f"/{path}"), st.text("aB./:;=", max_size=5))
NAMESPACES = st.one_of(
    st.builds("{}://{}{}".format, SCHEMES, HOSTS, PATHS), st.builds("{}:{}".format, SCHEMES, PATHS), SCHEMES, st.text(max_size=12)
)
NAMES = st.one_of(
    st.lists(st.one_of(st.sampled_from(["orders", "ORDERS", "Orders", '"orders"', '"a.b"', "`x`", "[y]", "a\\.b"]),
                       st.text('aB"`[]\\/:. ', max_size=4)), min_size=1, max_size=4).map(".".join),
    st.builds("{}://{}/{}".format, SCHEMES, HOSTS, st.text("aB/.:", max_size=6)),
    st.text(max_size=12),
)  # fmt: skip


@given(NAMESPACES, NAMES)
@example("s3://lake", "/s3://lake//s3a://lake/x")
@example("snowflake://a.snowflakecomputing.com.snowflakecomputing.com", "x")
@example("snowflake://a.us-west-2.aws.us-west-1", "x")
def test_naming_is_idempotent_and_refuses_no_text(namespace: str, name: str) -> None:
    once = canonical_dataset(namespace, name)
    assert canonical_dataset(*once) == once
    assert all(once) or once == (namespace, name)


PLAIN = st.from_regex(r"[a-z_][a-z0-9_]{0,6}", fullmatch=True)
FOLDING = [system for system in DATABASES.values() if system.case is not CaseFolding.AS_WRITTEN]


@given(st.sampled_from(FOLDING), st.lists(PLAIN, min_size=3, max_size=3), st.data())
def test_unquoted_names_are_equal_in_either_case(system: object, parts: list[str], data: st.DataObject) -> None:
    assert isinstance(system, type(FOLDING[0]))
    spelled = [data.draw(st.sampled_from([part, part.upper()])) for part in parts[: system.parts]]
    namespace = f"{system.scheme}://host"
    assert canonical_dataset(namespace, ".".join(spelled)) == canonical_dataset(namespace, ".".join(parts[: system.parts]))


@given(
    st.sampled_from([CaseFolding.UPPER, CaseFolding.LOWER]),
    st.text("aB_1 .", min_size=1, max_size=5),
    st.text("aB_1 .", min_size=1, max_size=5),
)
def test_quoted_names_are_equal_only_if_their_text_is(case: CaseFolding, one: str, other: str) -> None:
    assert (fold(f'"{one}"', case) == fold(f'"{other}"', case)) == (one == other)


@pytest.mark.parametrize(
    ("namespace", "column"),
    [
        ("snowflake:file", "user_id"),
        ("bigquery:duckdb", "User_Id"),
        ("postgres", "User_Id"),
        ("mlflow:prod", "User_Id"),
    ],
)
def test_a_scope_with_the_name_of_a_system_is_not_a_system(namespace: str, column: str) -> None:
    assert canonical_column(namespace, column) == column


@pytest.mark.parametrize("scope", ["lab:", "snowflake:", "127.0.0.1:5000:", ""])
def test_columns_follow_their_system_behind_any_scope(scope: str) -> None:
    assert canonical_column(f"{scope}postgres://localhost:5432", "ORDERS") == "orders"
    assert canonical_column(f"{scope}databricks://localhost", "ORDERS") == "orders"
