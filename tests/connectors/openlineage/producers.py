"""Events in the shapes of ten producers, written for these tests, with the facets that mlgraph interprets and some others.

Each side and each list has at least two items, so that one of them can be broken.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_AT = "2026-04-01T02:30:00Z"


def _facet(producer: str, **members: Any) -> Json:
    return {"_producer": producer, "_schemaURL": "https://openlineage.io/spec/facets/1-0-0/Facet.json#/$defs/Facet", **members}


def _schema(producer: str, *fields: str) -> Json:
    listed = [dict(zip(("name", "type", "description"), field.split(":"), strict=False)) for field in fields]
    return _facet(producer, fields=listed)


def _event(producer: str, job: tuple[str, str], run_id: str, **members: Any) -> Json:
    event = {
        "eventType": "COMPLETE",
        "eventTime": _AT,
        "producer": producer,
        "schemaURL": _SPEC,
        "run": {"runId": run_id, "facets": members.pop("run_facets", {})},
        "job": {"namespace": job[0], "name": job[1], "facets": members.pop("job_facets", {})},
    }
    return {**event, **members}


def _columns(producer: str, *sources: tuple[str, Json, str]) -> Json:
    """Return a columnLineage facet from (field, dataset, field of the dataset)."""
    fields: Json = {}
    for field, dataset, column in sources:
        how = [
            {"type": "DIRECT", "subtype": "IDENTITY", "description": "", "masking": False},
            {"type": "INDIRECT", "subtype": "JOIN"},
        ]
        source = {"namespace": dataset["namespace"], "name": dataset["name"], "field": column, "transformations": how}
        fields.setdefault(field, {"inputFields": []})["inputFields"].append(source)
    return _facet(producer, fields=fields, dataset=[])


def spark() -> Json:
    tool = "https://github.com/OpenLineage/OpenLineage/tree/1.31.0/integration/spark"
    orders = {"namespace": "s3://lake", "name": "silver/orders"}
    rates = {"namespace": "s3://lake", "name": "silver/rates"}
    links = [{"namespace": "hive://meta:9083", "name": f"silver.{name}", "type": "TABLE"} for name in ("orders", "orders_v2")]
    parent = {"run": {"runId": "0195-parent"}, "job": {"namespace": "spark-prod", "name": "nightly"}}
    return _event(
        tool,
        ("spark-prod", "nightly.execute_insert.gold_revenue"),
        "0195-spark",
        run_facets={
            "parent": _facet(tool, **parent),
            "processing_engine": _facet(tool, version="3.5.1", name="spark", openlineageAdapterVersion="1.31.0"),
            "spark_properties": _facet(tool, properties={"spark.master": "yarn", "spark.app.name": "nightly"}),
        },
        job_facets={"jobType": _facet(tool, processingType="BATCH", integration="SPARK", jobType="SQL_JOB")},
        inputs=[
            {
                **orders,
                "facets": {"schema": _schema(tool, "id:long", "amount:double"), "symlinks": _facet(tool, identifiers=links)},
                "inputFacets": {"inputStatistics": _facet(tool, rowCount=120, size=3000)},
            },
            {
                **rates,
                "facets": {"schema": _schema(tool, "day:date", "rate:double"), "version": _facet(tool, datasetVersion="17")},
            },
        ],
        outputs=[
            {
                "namespace": "s3://lake",
                "name": "gold/revenue",
                "facets": {
                    "schema": _schema(tool, "id:long", "revenue:double"),
                    "columnLineage": _columns(
                        tool, ("id", orders, "id"), ("revenue", orders, "amount"), ("revenue", rates, "rate")
                    ),
                    "lifecycleStateChange": _facet(tool, lifecycleStateChange="OVERWRITE"),
                },
                "outputFacets": {"outputStatistics": _facet(tool, rowCount=110, size=2000)},
            },
            {"namespace": "s3://lake", "name": "gold/revenue_log", "facets": {}},
        ],
    )


def dbt() -> Json:
    tool = "https://github.com/OpenLineage/OpenLineage/tree/1.30.0/integration/dbt"
    account = "snowflake://acme-eu"
    names = ("ANALYTICS.STAGING.CUSTOMERS", "ANALYTICS.STAGING.PAYMENTS")
    checks = [
        {"assertion": "unique", "success": True, "column": "ID"},
        {"assertion": "not_null", "success": False, "column": "ID"},
    ]
    return _event(
        tool,
        ("dbt-prod", "shop.model.customer_value"),
        "0195-dbt",
        run_facets={
            "dbt_version": _facet(tool, version="1.9.2"),
            "tags": _facet(tool, tags=[{"key": "nightly", "value": "true"}, {"key": "env", "value": "prod"}]),
        },
        job_facets={
            "sql": _facet(tool, query="select id, sum(amount) from payments group by id", dialect="snowflake"),
            "documentation": _facet(tool, description="Value of each customer", contentType="text/markdown"),
            "ownership": _facet(
                tool, owners=[{"name": "team:growth", "type": "OWNER"}, {"name": "user:u17", "type": "MAINTAINER"}]
            ),
            "sourceCodeLocation": _facet(tool, type="git", url="https://git.example.org/shop", version="9f1c"),
        },
        inputs=[
            {"namespace": account, "name": name, "inputFacets": {"dataQualityAssertions": _facet(tool, assertions=checks)}}
            for name in names
        ],
        outputs=[
            {
                "namespace": account,
                "name": "ANALYTICS.MART.CUSTOMER_VALUE",
                "facets": {
                    "schema": _schema(tool, "ID:NUMBER:key", "VALUE:NUMBER:sum"),
                    "documentation": _facet(tool, description="One row a customer"),
                    "columnLineage": _columns(tool, ("VALUE", {"namespace": account, "name": names[1]}, "AMOUNT")),
                },
            },
            {"namespace": account, "name": "ANALYTICS.MART.CUSTOMER_DAYS"},
        ],
    )


def airflow() -> Json:
    tool = "https://github.com/apache/airflow/tree/providers-openlineage/2.7.0"
    parent = {
        "run": {"runId": "0195-dag"},
        "job": {"namespace": "airflow-prod", "name": "recs"},
        "root": {"run": {"runId": "0195-dag"}, "job": {"namespace": "airflow-prod", "name": "recs"}},
    }
    return _event(
        tool,
        ("airflow-prod", "recs.load"),
        "0195-airflow",
        run_facets={
            "parent": _facet(tool, **parent),
            "nominalTime": _facet(tool, nominalStartTime="2026-04-01T00:00:00+00:00", nominalEndTime="2026-04-02T00:00:00+00:00"),
            "airflow": _facet(tool, dag={"dag_id": "recs", "tags": "['recs']"}, task={"task_id": "load", "retries": 2}),
        },
        job_facets={
            "ownership": _facet(tool, owners=[{"name": "data-platform"}, {"name": "team:recs"}]),
            "jobType": _facet(tool, jobType="TASK", processingType="BATCH", integration="AIRFLOW"),
            "documentation": _facet(tool, description="Load of recommendations"),
        },
        inputs=[{"namespace": "postgres://warehouse:5432", "name": name} for name in ("shop.public.plays", "shop.public.users")],
        outputs=[
            {"namespace": "gs://recs", "name": name, "facets": {"schema": _schema(tool, "user:int", "item:int")}}
            for name in ("daily", "top")
        ],
    )


def flink() -> Json:
    tool = "https://github.com/OpenLineage/OpenLineage/tree/1.31.0/integration/flink"
    topics = [
        {
            "namespace": "kafka://broker:9092",
            "name": name,
            "facets": {
                "schema": _schema(tool, "id:BIGINT", "at:TIMESTAMP(3)"),
                "datasetType": _facet(tool, datasetType="TOPIC", subType=""),
            },
        }
        for name in ("plays", "clicks")
    ]
    event = _event(
        tool,
        ("flink-prod", "sessions"),
        "0195-flink",
        run_facets={"checkpoints": _facet(tool, completed=12, failed=1, in_progress=0, restored=0, total=13)},
        job_facets={"jobType": _facet(tool, processingType="STREAMING", integration="FLINK", jobType="JOB")},
        inputs=topics,
        outputs=[{"namespace": "kafka://broker:9092", "name": name} for name in ("sessions", "late")],
    )
    return {**event, "eventType": "RUNNING"}


def hive() -> Json:
    tool = "https://github.com/OpenLineage/OpenLineage/tree/1.31.0/integration/hive"
    tables = [{"namespace": "hive://meta:9083", "name": f"sales.{name}"} for name in ("orders", "items")]
    lineage = _columns(tool, ("total", tables[0], "amount"), ("items", tables[1], "n"))
    return _event(
        tool,
        ("hive-prod", "createtable_as_select.sales.totals"),
        "0195-hive",
        run_facets={
            "hive_properties": _facet(tool, properties={"hive.execution.engine": "tez"}),
            "errorMessage": _facet(tool, message="a warning", programmingLanguage="JAVA", stackTrace="at Main"),
        },
        inputs=[{**table, "facets": {"schema": _schema(tool, "id:int", "amount:decimal(9,2)")}} for table in tables],
        outputs=[
            {
                "namespace": "hive://meta:9083",
                "name": "sales.totals",
                "facets": {"schema": _schema(tool, "total:double", "items:int"), "columnLineage": lineage},
            },
            {"namespace": "hdfs://nn:8020", "name": "/warehouse/sales/totals"},
        ],
    )


def trino() -> Json:
    tool = "https://github.com/trinodb/trino/plugin/trino-openlineage"
    catalog = "trino://trino:8080"
    return _event(
        tool,
        (catalog, "20260401_0001"),
        "0195-trino",
        run_facets={
            "trino_metadata": _facet(tool, queryPlan="Fragment 0", transactionId="t1"),
            "trino_query_context": _facet(tool, serverVersion="470", environment="prod"),
        },
        job_facets={"sql": _facet(tool, query="insert into b select * from a")},
        inputs=[
            {"namespace": catalog, "name": f"lake.raw.{name}", "facets": {"schema": _schema(tool, "a:bigint", "b:varchar")}}
            for name in ("x", "y")
        ],
        outputs=[
            {
                "namespace": catalog,
                "name": f"lake.out.{name}",
                "facets": {"columnLineage": _columns(tool, ("a", {"namespace": catalog, "name": "lake.raw.x"}, "a"))},
            }
            for name in ("z", "w")
        ],
    )


def dagster() -> Json:
    tool = "https://github.com/dagster-io/dagster/openlineage"
    nested = [
        {"name": "user", "type": "struct", "fields": [{"name": "id", "type": "int"}, {"name": "tags", "type": "array"}]},
        {"name": "n", "type": "int", "ordinal_position": 2},
    ]
    return _event(
        tool,
        ("dagster-prod", "assets.features"),
        "0195-dagster",
        run_facets={"parent": _facet(tool, run={"runId": "0195-job"}, job={"namespace": "dagster-prod", "name": "assets"})},
        inputs=[
            {"namespace": "bigquery", "name": f"acme.raw.{name}", "facets": {"schema": _facet(tool, fields=nested)}}
            for name in ("users", "plays")
        ],
        outputs=[
            {
                "namespace": "bigquery",
                "name": f"acme.features.{name}",
                "facets": {"tags": _facet(tool, tags=[{"key": "pii", "field": "n", "value": "no"}, {"key": "gold"}])},
            }
            for name in ("user", "item")
        ],
    )


def great_expectations() -> Json:
    tool = "https://github.com/great-expectations/openlineage"
    metrics = _facet(
        tool,
        rowCount=1000,
        bytes=90_000,
        lastUpdated="2026-04-01T01:00:00Z",
        columnMetrics={
            "id": {"nullCount": 0, "distinctCount": 1000},
            "amount": {"min": 1.5, "max": 99.25, "quantiles": {"0.5": 12.0}},
        },
    )
    checks = [
        {"assertion": "expect_column_to_exist", "success": True, "column": "id"},
        {"assertion": "expect_unique", "success": False},
    ]
    facets = {"dataQualityMetrics": metrics, "dataQualityAssertions": _facet(tool, assertions=checks)}
    return _event(
        tool,
        ("ge-prod", "validate.orders"),
        "0195-ge",
        inputs=[
            {"namespace": "redshift://cl.eu:5439", "name": f"shop.public.{name}", "inputFacets": facets}
            for name in ("orders", "items")
        ],
        outputs=[],
    )


def dataproc() -> Json:
    tool = "https://cloud.google.com/dataproc"
    tables = [{"namespace": "bigquery", "name": f"acme.sales.{name}"} for name in ("a", "b")]
    lineage = _facet(
        tool,
        inputs=[{"namespace": table["namespace"], "name": table["name"], "type": "DATASET"} for table in tables],
        fields={"x": {"inputs": [{**table, "field": "x", "transformations": [{"type": "DIRECT"}]} for table in tables]}},
    )
    moved = _facet(tool, lifecycleStateChange="RENAME", previousIdentifier={"namespace": "gs://out", "name": "old"})
    return _event(
        tool,
        ("dataproc-eu", "job-7"),
        "0195-dataproc",
        run_facets={"gcp_dataproc_spark": _facet(tool, appId="application_1", clusterName="c1", jobUuid="u1")},
        inputs=[{**table, "facets": {"version": _facet(tool, datasetVersion="3")}} for table in tables],
        outputs=[
            {"namespace": "gs://out", "name": "new", "facets": {"lineage": lineage, "lifecycleStateChange": moved}},
            {
                "namespace": "gs://out",
                "name": "log",
                "facets": {"storage": _facet(tool, storageLayer="gcs", fileFormat="parquet")},
            },
        ],
    )


def access_history() -> Json:
    """Return a JobEvent, as exporters of the access history of Snowflake or StarRocks declare a view."""
    tool = "https://example.org/access-history"
    account = "starrocks://fe:9030"
    base = {"namespace": account, "name": "internal.shop.orders"}
    return {
        "eventTime": _AT,
        "producer": tool,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent",
        "job": {
            "namespace": account,
            "name": "view.revenue",
            "facets": {
                "sql": _facet(tool, query="create view revenue as select ..."),
                "lineage": _facet(
                    tool,
                    entries=[
                        {
                            "namespace": account,
                            "name": "internal.shop.revenue",
                            "type": "DATASET",
                            "inputs": [{**base, "type": "DATASET"}],
                        },
                        {
                            "namespace": account,
                            "name": "internal.shop.days",
                            "type": "DATASET",
                            "inputs": [{**base, "type": "DATASET"}],
                        },
                    ],
                ),
            },
        },
        "inputs": [base, {"namespace": account, "name": "internal.shop.items"}],
        "outputs": [
            {
                "namespace": account,
                "name": f"internal.shop.{name}",
                "facets": {
                    "symlinks": _facet(
                        tool,
                        identifiers=[{"namespace": "s3://lake", "name": f"{name}/{part}", "type": "LOCATION"} for part in "ab"],
                    )
                },
            }
            for name in ("revenue", "days")
        ],
    }


PRODUCERS = {
    build.__name__: build
    for build in (spark, dbt, airflow, flink, hive, trino, dagster, great_expectations, dataproc, access_history)
}
