"""A repository on warehouses and streams, which are declared only: `feast apply --skip-source-validation` needs none of them."""

# mypy: disable-error-code="import-not-found, untyped-decorator"
from datetime import timedelta

import pandas as pd
from feast import BigQuerySource, Entity, FeatureView, Field, KafkaSource, RedshiftSource, SnowflakeSource, ValueType
from feast.data_format import JsonFormat
from feast.infra.offline_stores.contrib.athena_offline_store.athena_source import AthenaSource
from feast.infra.offline_stores.contrib.spark_offline_store.spark_source import SparkSource
from feast.stream_feature_view import stream_feature_view
from feast.types import Float64, Int64

account = Entity(name="account", join_keys=["account_id"], value_type=ValueType.INT64)

snowflake = SnowflakeSource(
    name="customers_sf", database="SHOP", schema="MARTS", table="CUSTOMER_FEATURES", timestamp_field="TS", warehouse="WH"
)
snowflake_query = SnowflakeSource(
    name="query_sf",
    query="SELECT * FROM SHOP.MARTS.CUSTOMER_FEATURES WHERE TOKEN = 's3cret'",
    database="SHOP",
    timestamp_field="TS",
)
bigquery = BigQuerySource(name="orders_bq", table="acme-prod.marts.orders", timestamp_field="ts")
redshift = RedshiftSource(name="visits_rs", table="visits", schema="web", database="dev", timestamp_field="ts")
spark_path = SparkSource(name="events_spark", path="s3a://lake/events", file_format="parquet", timestamp_field="ts")
spark_table = SparkSource(name="table_spark", table="lakehouse.events", timestamp_field="ts")
athena = AthenaSource(
    name="sessions_athena", data_source="AwsDataCatalog", database="web", table="sessions", timestamp_field="ts"
)
kafka = KafkaSource(
    name="clicks_kafka",
    kafka_bootstrap_servers="broker-1.example.com:9092,broker-2.example.com:9092",
    topic="clicks",
    timestamp_field="ts",
    message_format=JsonFormat(schema_json="account_id integer, clicks integer, ts timestamp"),
    batch_source=spark_path,
    watermark_delay_threshold=timedelta(minutes=5),
)


def view(name: str, source: object) -> FeatureView:
    return FeatureView(name=name, entities=[account], schema=[Field(name="value", dtype=Float64)], source=source)


views = [
    view("from_snowflake", snowflake),
    view("from_query", snowflake_query),
    view("from_bigquery", bigquery),
    view("from_redshift", redshift),
    view("from_spark_path", spark_path),
    view("from_spark_table", spark_table),
    view("from_athena", athena),
]
(v1, v2, v3, v4, v5, v6, v7) = views


@stream_feature_view(
    entities=[account],
    ttl=timedelta(hours=1),
    mode="pandas",
    schema=[Field(name="clicks", dtype=Int64)],
    timestamp_field="ts",
    online=True,
    source=kafka,
)
def live_clicks(frame: pd.DataFrame) -> pd.DataFrame:
    return frame
