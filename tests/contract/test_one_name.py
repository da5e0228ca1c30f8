"""A table reported by several tools is one node; equal names of two unrelated sources are two nodes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors import mlflow
from mlgraph.domain.facts import EdgeFact
from tests.contract.producing import at
from tests.contract.serving import Api, Process

Json = dict[str, Any]
ORDERS = "mlg://dataset/snowflake%3A%2F%2Facme-prod/DB.S.ORDERS"


@pytest.fixture
def apis(start: Callable[..., Process], tmp_path: Path) -> Iterator[dict[str, Api]]:
    """Clients of one server: two schedulers with tokens of their own, and one that may report for any source and import facts."""
    tokens = tmp_path / "tokens.json"
    entries = [{"token": name, "actor": name, "source": name} for name in ("airflow-a", "airflow-b")]
    tokens.write_text(json.dumps([*entries, {"token": "any", "actor": "any", "admin": True}]))
    tokens.chmod(0o600)
    process = start("--data", str(tmp_path / "data"), "--tokens", str(tokens))
    callers = {name: Api(process.url, name) for name in ("airflow-a", "airflow-b", "any")}
    yield callers
    for api in callers.values():
        api.close()


def event(namespace: str, job: str, **answer: Any) -> Json:
    return {
        "eventTime": at(1),
        "eventType": "COMPLETE",
        "run": {"runId": f"run-of-{job}"},
        "job": {"namespace": namespace, "name": job},
        **answer,
    }


def test_two_schedulers_with_the_namespace_default_are_two(apis: dict[str, Api]) -> None:
    laptop = {"namespace": "postgres://localhost:5432", "name": "shop.public.orders"}
    reported = event("default", "daily", inputs=[laptop], outputs=[{"namespace": "s3://lake", "name": "orders"}])
    a, b, reader = apis["airflow-a"], apis["airflow-b"], apis["any"]
    a.event(reported)
    cloudevent = {"specversion": "1.0", "id": "1", "source": "/b", "type": "io.openlineage.RunEvent", "data": reported}
    assert b.cloudevents(cloudevent).json()["accepted"] == 1
    b.event({**reported, "eventTime": at(2)})
    reader.written = max(a.written, b.written)
    jobs = {f"mlg://workflow/airflow-{which}%3Adefault/daily" for which in "ab"}
    tables = {f"mlg://dataset/airflow-{which}%3Apostgres%3A%2F%2Flocalhost%3A5432/shop.public.orders" for which in "ab"}
    lake = "mlg://dataset/s3%3A%2F%2Flake/orders"
    assert reader.reached(lake, direction="upstream").keys() == {lake, *jobs, *tables}
    assert reader.get("asset", uri="mlg://workflow/default/daily").status_code == 404
    runs = reader.edges(lake, level="run", direction="upstream")
    assert {edge[0] for edge in runs if edge[1] == "outputs"} == {f"mlg://run/airflow-{w}%3Adefault/run-of-daily" for w in "ab"}


def test_the_same_event_of_two_sources_is_no_repetition(apis: dict[str, Api]) -> None:
    reported = event("default", "hourly")
    first, second = (apis[name].event(reported) for name in ("airflow-a", "airflow-b"))
    assert second > first
    assert apis["airflow-b"].event(reported) == second
    for name in ("airflow-a", "airflow-b"):
        assert apis[name].ask("asset", uri=f"mlg://workflow/{name}%3Adefault/hourly")["kind"] == "workflow"


def test_one_table_in_the_spellings_of_four_tools_is_one_node(apis: dict[str, Api]) -> None:
    spellings = {
        "dbt": ("snowflake://acme-prod", "db.s.orders"),
        "spark": ("snowflake://ACME-PROD.snowflakecomputing.com", '"DB"."S"."ORDERS"'),
        "airflow": ("snowflake://loader:pw@acme_prod", "DB.S.orders"),
    }
    api = apis["any"]
    for tool, (namespace, name) in spellings.items():
        api.event(event(f"{tool}-prod", tool, inputs=[{"namespace": namespace, "name": name}]))
    source = {"uri": "snowflake://reader:pw@ACME-prod/db/s/orders?warehouse=w"}
    dataset = {"name": "orders", "digest": "1", "source": json.dumps(source)}
    run = {
        "info": {"run_id": "7", "status": "FINISHED", "start_time": 1_767_225_600_000},
        "inputs": {"dataset_inputs": [{"dataset": dataset}]},
    }
    answer = mlflow.normalise({"type": "mlflow.run", "instance": "prod", "data": {"run": run}})
    edges = [fact for fact in answer if isinstance(fact, EdgeFact) and fact.relation == "input_to"]
    api.taken(
        *(
            {
                "edge": {
                    "source": str(e.source),
                    "relation": e.relation,
                    "target": str(e.target),
                    "origin": "mlflow",
                    "valid_from": at(1),
                }
            }
            for e in edges
        )
    )
    read_by = {edge[2] for edge in api.edges(ORDERS, level="run", depth=1)}
    assert read_by == {*(f"mlg://run/{tool}-prod/run-of-{tool}" for tool in spellings), "mlg://run/mlflow%3Aprod/7"}
    known = [line for line in api.export().splitlines() if b"orders" in line.lower() and b'"asset"' in line[:9]]
    assert {json.loads(line)["asset"]["uri"] for line in known} <= {ORDERS}
