"""The lines that make producers of OpenLineage send their events to mlgraph."""

from __future__ import annotations

from typing import Final

from mlgraph.ports.setup_lines import NAME, SERVER, TOKEN, SetupLines

_AIRFLOW: Final = f'AIRFLOW__OPENLINEAGE__TRANSPORT={{"type":"http","url":"{SERVER}","endpoint":"api/v1/lineage"'
_AIRFLOW_NAMESPACE: Final = f"AIRFLOW__OPENLINEAGE__NAMESPACE={NAME}"
_SPARK: Final = (
    "spark.extraListeners io.openlineage.spark.agent.OpenLineageSparkListener",
    "spark.openlineage.transport.type http",
    f"spark.openlineage.transport.url {SERVER}",
    f"spark.openlineage.namespace {NAME}",
)
_ENVIRONMENT: Final = (f"export OPENLINEAGE_URL={SERVER}",)
_API_KEY: Final = f"export OPENLINEAGE_API_KEY={TOKEN}"

SETUP: Final = (
    SetupLines(
        "openlineage",
        "the environment of any OpenLineage client",
        (*_ENVIRONMENT, f"export OPENLINEAGE_NAMESPACE={NAME}"),
        (*_ENVIRONMENT, _API_KEY, f"export OPENLINEAGE_NAMESPACE={NAME}"),
    ),
    SetupLines(
        "airflow",
        "the environment of every Airflow process, with apache-airflow-providers-openlineage installed",
        (f"{_AIRFLOW}}}", _AIRFLOW_NAMESPACE),
        (f'{_AIRFLOW},"auth":{{"type":"api_key","apiKey":"{TOKEN}"}}}}', _AIRFLOW_NAMESPACE),
    ),
    SetupLines(
        "dbt",
        "the shell that runs dbt, with openlineage-dbt installed; dbt-ol takes the place of dbt",
        (*_ENVIRONMENT, "dbt-ol build"),
        (*_ENVIRONMENT, _API_KEY, "dbt-ol build"),
    ),
    SetupLines(
        "spark",
        "spark-defaults.conf, with io.openlineage:openlineage-spark on the class path",
        _SPARK,
        (*_SPARK, "spark.openlineage.transport.auth.type api_key", f"spark.openlineage.transport.auth.apiKey {TOKEN}"),
    ),
)
