"""The first DAG of the recording: writes two assets, one of them in two attempts, and maps a task."""

# mypy: disable-error-code="import-not-found, untyped-decorator, attr-defined"
from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset, task

RAW = Asset(uri="s3://lake/raw/orders", name="raw orders", group="lake")
FEATURES = Asset(uri="file:///srv/shop/features.parquet", name="features")

with DAG(
    "lake",
    schedule="0 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["daily", "team:data"],
    description="Loads the orders and computes features",
    default_args={"owner": "ana"},
    owner_links={"ana": "https://people.example.org/ana"},
    is_paused_upon_creation=True,
):

    @task(outlets=[RAW], retries=1, retry_delay=timedelta(seconds=1))
    def load(ti: object = None) -> list[int]:
        if ti.try_number == 1:
            raise RuntimeError("the first attempt fails")
        return [1, 2]

    @task
    def check(part: int) -> int:
        return part

    @task(inlets=[RAW], outlets=[FEATURES])
    def features(parts: list[int]) -> None:
        assert len(list(parts)) == 2

    features(check.expand(part=load()))
