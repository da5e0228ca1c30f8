"""One thing is one node, two things are two: what real tools report, case by case, without tokens and with one for each tool.

The documents were recorded from dbt, Feast and Airflow (tests/connectors/*/recorded); MLflow's are as its REST API has them. Each
test is one case and asserts the set of nodes that all names of the case mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from mlgraph.connectors import mlflow
from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.naming.dataset_naming import dataset_uri_from_location
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.naming.relative_places import resolved
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from tests.contract.serving import Api, Process

Json = dict[str, Any]
CONNECTORS: Final = Path(__file__).parents[1] / "connectors"
DBT: Final = CONNECTORS / "dbt" / "recorded"
RECORDED: Final = CONNECTORS / "openlineage" / "recorded"
PARQUET: Final = "/srv/shop/lake/customer_features.parquet"
BUCKET: Final = "s3://shop-lake/customer_features.parquet"
RELATIVE: Final = "duckdb://shop.duckdb"
TABLE: Final = "shop.main.customers"
SCOPE: Final = "acme"
TOOLS: Final = ("airflow", "dbt", "feast", "spark")
START_MS: Final = 1_767_225_600_000


def recorded(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def changed(events: list[Json], *replaced: tuple[str, str]) -> list[Json]:
    """The events with texts replaced, as another installation would have sent them."""
    text = json.dumps(events)
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    changed_events: list[Json] = json.loads(text)
    return changed_events


@dataclass
class Company:
    """All tools of a company, reporting to one server, and what their names mean there."""

    clients: dict[str, Api]
    reader: Api
    scope: str | None

    @property
    def second(self) -> str:
        """The namespace that the other Feast of the company configures."""
        return f"feast-of-{self.scope}"

    @property
    def airflow(self) -> str:
        """The namespace of the company's Airflow."""
        return f"airflow-{self.scope}"

    def send(self, tool: str, events: list[Json]) -> None:
        api = self.clients[tool]
        api.events(events)
        self.reader.written = max(self.reader.written, api.written)

    def private(self, kind: str, namespace: str, name: str) -> str:
        """The URI of something whose namespace means something within the company only."""
        return str(AssetUri(kind, f"{self.scope}:{namespace}" if self.scope else namespace, name))

    def of_feast(self, kind: str, name: str, instance: str | None = None) -> str:
        known = instance or self.scope
        return str(AssetUri(kind, f"feast:{known}" if known else "feast", f"shop/{name}"))

    def of_dbt(self, name: str, place: str = f"dbt:shop:{RELATIVE}") -> str:
        return self.private("dataset", place, name)

    def nodes(self, *names: str) -> set[str]:
        """The nodes that these names mean. Each of them has to be known."""
        return {self.reader.ask("asset", uri=name)["uri"] for name in names}

    def unknown(self, *names: str) -> bool:
        return all(self.reader.get("asset", uri=name).status_code == 404 for name in names)

    def lineage(self, name: str, direction: str, level: str = "asset") -> dict[str, str]:
        """The certainty of each node that is reached, the root aside."""
        nodes = self.reader.lineage(name, direction=direction, level=level)["nodes"]
        return {node["uri"]: node["certainty"] for node in nodes if node["distance"]}


def runs_of_mlflow() -> list[Json]:
    """Runs that train on the parquet file, by several sources, and on data frames without a name or a source."""
    sources = [{"uri": PARQUET}, {"uri": f"file://{PARQUET}"}, {"path": PARQUET}]
    named: list[tuple[str, str, object]] = [("dataset", f"d{index}", source) for index, source in enumerate(sources)]
    named += [
        ("dataset", "fraud", None),
        ("dataset", "churn", None),
        ("feast_training_data", "churn", "feast.get_historical_features"),
    ]
    runs = []
    for index, (name, digest, source) in enumerate(named):
        written = source if isinstance(source, str) else json.dumps(source or {"tags": {"mlflow.source.name": "train.py"}})
        dataset = {"name": name, "digest": digest, "source": written}
        info = {
            "run_id": f"r{index}",
            "experiment_id": "1",
            "status": "FINISHED",
            "start_time": START_MS,
            "end_time": START_MS + 1,
        }
        runs.append({"info": info, "inputs": {"dataset_inputs": [{"dataset": dataset}]}})
    return runs


def read_from_mlflow(api: Api, scope: str | None) -> None:
    """Store what the connector makes of the runs."""
    lines = []
    for run in runs_of_mlflow():
        payload = {"type": "mlflow.run", "instance": scope or "prod", "data": {"run": run}}
        for fact in mlflow.normalise(payload, NamingContext(scope)):
            if isinstance(fact, EdgeFact) and fact.valid_from is not None:
                ends = {"source": str(fact.source), "relation": fact.relation, "target": str(fact.target)}
                lines.append({"edge": {**ends, "origin": "mlflow", "valid_from": format_time(fact.valid_from)}})
    api.taken(*lines)


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Company]]:
    """One company whose tools have no source, and one whose tools have a token each."""
    folder = tmp_path_factory.mktemp("identity")
    entries: list[Json] = [{"token": f"{tool}-secret", "actor": tool, "source": f"{tool}-prod", "scope": SCOPE} for tool in TOOLS]
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps([*entries, {"token": "any-secret", "actor": "any", "admin": True}]))
    tokens.chmod(0o600)
    process = Process("--data", str(folder / "data"), "--tokens", str(tokens))
    reader = Api(process.url, "any-secret")
    clients = {tool: Api(process.url, f"{tool}-secret") for tool in TOOLS}
    found = {
        "no tokens": Company(dict.fromkeys(TOOLS, reader), reader, None),
        "tokens": Company(clients, reader, SCOPE),
    }
    for company in found.values():
        for command in ("run", "run_in_airflow", "build", "build_structured_logs", "run_absolute"):
            in_airflow = [("airflow-prod", company.airflow)] if command == "run_in_airflow" else []
            company.send("dbt", changed(recorded(DBT / "events" / f"{command}.ndjson"), *in_airflow))
        bank = changed(recorded(DBT / "events" / "run.ndjson"), ('"project_name": "shop"', '"project_name": "bank"'))
        company.send(
            "dbt", changed(bank, ("model.shop.", "model.bank."), ("dbt-run-shop", "dbt-run-bank"), ("01a22bd2", "02a22bd2"))
        )
        company.send("feast", recorded(RECORDED / "feast.ndjson"))
        company.send(
            "feast",
            changed(recorded(RECORDED / "feast.ndjson"), ('"namespace": "shop"', f'"namespace": "{company.second}/shop"')),
        )
        company.send("airflow", changed(recorded(RECORDED / "airflow.ndjson"), ("airflow-prod", company.airflow)))
        read_from_mlflow(reader, company.scope)
    yield found
    for api in (reader, *clients.values()):
        api.close()
    assert process.stop() == 0


@pytest.fixture(params=["no tokens", "tokens"])
def company(companies: dict[str, Company], request: pytest.FixtureRequest) -> Company:
    return companies[request.param]


def test_01_a_parquet_file_of_three_tools_is_one(company: Company) -> None:
    file = company.private("dataset", "file", PARQUET)
    assert company.nodes(file, company.of_feast("dataset", "customer_stats")) == {file}
    around = set(company.lineage(file, "downstream", "run")) | set(company.lineage(file, "upstream", "run"))
    instance = f"mlflow:{company.scope or 'prod'}"
    assert {str(AssetUri("run", instance, f"r{index}")) for index in range(3)} <= around
    assert f"mlg://workflow/{company.airflow}/nightly.export" in company.lineage(file, "upstream")
    assert f"mlg://workflow/{company.airflow}/nightly.train" in company.lineage(file, "downstream")


def test_02_local_files_and_databases_of_tools_with_different_tokens_are_one(companies: dict[str, Company]) -> None:
    company = companies["tokens"]
    file = str(AssetUri("dataset", f"{SCOPE}:file", PARQUET))
    assert company.nodes(file, company.of_feast("dataset", "customer_stats")) == {file}
    assert company.unknown(*(str(AssetUri("dataset", f"{tool}-prod:file", PARQUET)) for tool in TOOLS))
    database = "duckdb:///srv/shop/shop.duckdb"
    assert company.nodes(company.private("dataset", database, TABLE)) == {str(AssetUri("dataset", f"{SCOPE}:{database}", TABLE))}


def test_03_a_relative_database_belongs_to_its_project_until_its_directory_is_known(company: Company) -> None:
    results = json.loads((DBT / "run_results.json").read_text("utf-8"))
    place = resolved(RELATIVE, results["args"]["project_dir"])
    assert place is not None
    relative, bank = company.of_dbt(TABLE), company.of_dbt(TABLE, f"dbt:bank:{RELATIVE}")
    absolute = company.private("dataset", place, TABLE)
    assert company.nodes(relative, bank, absolute) == {relative, bank, absolute}
    assert company.unknown(company.private("dataset", RELATIVE, TABLE))
    alias = {"source": relative, "relation": "alias_of", "target": absolute, "origin": "dbt"}
    company.reader.taken({"edge": alias})
    assert company.nodes(relative, absolute) == {absolute}
    assert company.nodes(bank) == {bank}


def test_04_a_dbt_model_is_one_workflow_whatever_command_runs_it(company: Company) -> None:
    model = company.private("workflow", "dbt", "model.shop.customers")
    written = ("shop.main.shop.customers.build.run", "model.shop.customers")
    assert company.nodes(*(company.private("workflow", "dbt", name) for name in written)) == {model}
    other = company.private("workflow", "dbt", "model.bank.customers")
    assert company.nodes(model, other) == {model, other}
    assert company.unknown(*(company.private("workflow", "dbt", f"model.shop.customers.sql.{number}") for number in (1, 2)))


def test_05_the_invocation_of_a_dbt_project_is_one_with_and_without_a_parent(company: Company) -> None:
    invocation = company.private("workflow", "dbt:shop", "dbt-run-shop")
    names = {company.private("workflow", "dbt", "dbt-run-shop"), f"mlg://workflow/{company.airflow}/dbt-run-shop"}
    assert company.nodes(*names, invocation) == {invocation}
    assert {each["name"] for each in company.reader.ask("asset", uri=invocation)["names"]} == names


def test_06_a_feast_view_and_its_source_of_one_name_are_two(company: Company) -> None:
    view, source = (company.of_feast(kind, "customer_stats") for kind in ("feature_view", "dataset"))
    assert company.nodes(view, source) == {view, company.private("dataset", "file", PARQUET)}
    assert company.unknown("mlg://dataset/shop/customer_stats", company.private("dataset", "shop", "customer_stats"))


def test_07_two_registries_with_one_project_are_two(company: Company) -> None:
    views = {company.of_feast("feature_view", "customer_stats", instance) for instance in (None, company.second)}
    assert len(views) == 2
    assert company.nodes(*views) == views


def test_08_an_apply_of_feast_makes_no_pairs(company: Company) -> None:
    orders = company.private("dataset", "file", "/srv/shop/lake/orders.parquet")
    assert company.nodes(orders, company.of_feast("dataset", "order_events")) == {orders}
    assert company.lineage(orders, "downstream") == {}
    online = company.of_feast("dataset", "online_store_customer_stats")
    reached = company.lineage(online, "upstream")
    assert {uri: how for uri, how in reached.items() if "/feature_view/" in uri} == {
        company.of_feast("feature_view", "customer_stats"): "certain"
    }


def test_09_entities_requests_and_pushes_of_feast_are_no_data(company: Company) -> None:
    for name in ("customer", "visitor", "basket", "clicks_push", "__dummy"):
        assert company.unknown(company.of_feast("dataset", name), str(AssetUri("dataset", "shop", name)))
    pushed_into = company.private("dataset", "file", "/srv/shop/lake/clicks.parquet")
    assert company.nodes(company.of_feast("dataset", "clicks")) == {pushed_into}


def test_10_data_frames_without_a_source_are_their_content(company: Company) -> None:
    instance = f"mlflow:{company.scope or 'prod'}"
    frames = {
        str(AssetUri("dataset", instance, name)) for name in ("dataset@fraud", "dataset@churn", "feast_training_data@churn")
    }
    assert company.nodes(*frames) == frames
    for name, run in (("dataset@fraud", "r3"), ("dataset@churn", "r4"), ("feast_training_data@churn", "r5")):
        assert set(company.lineage(str(AssetUri("dataset", instance, name)), "downstream", "run")) == {
            str(AssetUri("run", instance, run))
        }
    assert company.unknown(*(str(AssetUri("dataset", instance, name)) for name in ("dataset", "feast_training_data")))


def test_11_a_warehouse_source_of_feast_without_a_place_is_itself(company: Company) -> None:
    warehouse = [event for event in recorded(RECORDED / "feast.ndjson") if event["job"]["name"] == "feast_feature_views_shop"]
    path = "/srv/shop/lake/clicks.parquet"
    for uri, name in (("table://CUSTOMER_FEATURES", "sf"), ("query://1", "q"), ("query://2", "q")):
        here = [
            (f'"uri": "{path}"', f'"uri": "{uri}"'),
            (f'"path": "{path}"', '"path": null'),
            ('"name": "clicks"', f'"name": "{name}"'),
        ]
        company.send("feast", changed(warehouse, *here))
    sources = {company.of_feast("dataset", name) for name in ("sf", "q")}
    assert company.nodes(*sources) == sources


def test_12_a_function_in_a_query_of_dbt_is_no_table(company: Company) -> None:
    place = f"dbt:shop:{RELATIVE}"
    assert company.unknown(
        company.of_dbt("range"), company.private("column", place, "range#range"), company.of_dbt("range", RELATIVE)
    )
    seed = company.of_dbt("shop.main.orders")
    assert company.nodes(seed) == {seed}


def test_13_an_asset_of_airflow_is_named_by_its_uri(company: Company) -> None:
    bucket = dataset_uri_from_location(BUCKET, company.scope)
    written = {"namespace": "s3a://shop-lake", "name": "/customer_features.parquet"}
    job = {"namespace": f"spark-{company.scope}", "name": "export"}
    run = {"runId": "r"}
    event = {"eventType": "COMPLETE", "eventTime": "2026-11-30T09:00:00Z", "run": run, "job": job, "outputs": [written]}
    company.send("spark", [event])
    assert company.nodes("mlg://dataset/s3%3A%2F%2Fshop-lake/customer_features.parquet") == {str(bucket)}


def test_14_tags_of_airflow_are_their_keys(company: Company) -> None:
    assert company.reader.ask("asset", uri=f"mlg://workflow/{company.airflow}/nightly")["tags"] == ["daily"]
