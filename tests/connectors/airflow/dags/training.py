"""The second DAG: scheduled by an asset of the first one."""

# mypy: disable-error-code="import-not-found, untyped-decorator, attr-defined"
from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG, Asset, task, task_group

FEATURES = Asset(uri="file:///srv/shop/features.parquet", name="features")

with DAG(
    "training",
    schedule=[FEATURES],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={"owner": "ml-team"},
    is_paused_upon_creation=False,
):

    @task(inlets=[FEATURES], outlets=[Asset("ranker report")])
    def fit() -> None:
        """Train nothing."""

    @task
    def publish() -> None:
        raise ValueError("no such registry")

    @task_group
    def release() -> None:
        publish()

    fit() >> release()

with DAG("never_ran", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), is_paused_upon_creation=True):

    @task
    def nothing() -> None:
        """Do nothing."""

    nothing()
