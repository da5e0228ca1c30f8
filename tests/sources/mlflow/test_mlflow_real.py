"""The MLflow adapter with a real server, real clients and real webhooks. Tests run in order and build on one another."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors.mlflow import normalise, subject
from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.connectors.mlflow.reconciliation import departures, identities_of
from mlgraph.connectors.mlflow.removals import vanished
from mlgraph.connectors.mlflow.webhooks import occurred_at, thin, verify_webhook
from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.errors import Unauthorized
from mlgraph.domain.fact_json import check_edge
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Mode, Statement
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, Cursor, Gone, Identity
from mlgraph.sources.mlflow.source import MlflowSource
from tests.realparts.mlflow_server import MlflowServer, mlflow_server
from tests.sources.flaky_server import Double, flaky_server, respond_with

HERE = Path(__file__).parent
SECRET = "whsec-of-this-test"  # noqa: S105 - of this test only
STARTED_US = 1_750_000_000_000_000


@dataclass
class Company:
    server: MlflowServer
    source: MlflowSource
    listener: Double
    made: dict[str, Any]
    statements: list[Statement] = field(default_factory=list)
    cursor: Cursor = field(default_factory=dict)
    before: dict[str, Identity] = field(default_factory=dict)
    known: set[AssetUri] = field(default_factory=set)

    def run(self, name: str) -> AssetUri:
        return AssetUri("run", "mlflow:prod", self.made[name])

    def edges(self, relation: str, *, source: AssetUri | None = None, target: AssetUri | None = None) -> list[EdgeFact]:
        return [
            each
            for each in self.statements
            if isinstance(each, EdgeFact)
            and each.relation == relation
            and source in (None, each.source)
            and target in (None, each.target)
        ]

    def state(self, uri: AssetUri) -> AssetFact:
        (found,) = {each.valid_from: each for each in self.statements if isinstance(each, AssetFact) and each.uri == uri}.values()
        return found


def version(number: int) -> AssetUri:
    return AssetUri("model_version", "mlflow:prod", f"ranker/{number}")


def dataset(name: str) -> AssetUri:
    return AssetUri("dataset", "s3://lake", f"ratings/{name}")


def backfill(source: MlflowSource) -> tuple[list[Statement], Cursor]:
    statements: list[Statement] = []
    cursor: Cursor = {}
    for page in source.pages():
        cursor = page.cursor
        for payload in page.payloads:
            statements += normalise(payload)
    return statements, cursor


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with (
        flaky_server(lambda _path, _body: respond_with({})) as listener,
        mlflow_server(tmp_path_factory.mktemp("mlflow")) as server,
        contextlib.closing(MlflowSource(Access(server.url, "prod", limits=RequestLimits(requests_per_s=500)))) as source,
    ):
        hook = source.subscribe(f"{listener.url}/hook", "of a store of before")
        assert source.subscribe(f"{listener.url}/hook", SECRET) == hook, "one webhook is enough, with the secret of today"
        made = json.loads(server.run(HERE / "company.py", "120").splitlines()[-1])
        found = Company(server, source, listener, made)
        found.statements, found.cursor = backfill(source)
        deleted = {each.uri for each in found.statements if isinstance(each, AssetRetraction)}
        found.known = {each.uri for each in found.statements if isinstance(each, AssetFact)} - deleted
        found.before = source.identities()
        yield found


def test_every_edge_is_one_of_the_vocabulary(company: Company) -> None:
    for each in company.statements:
        if isinstance(each, EdgeFact):
            check_edge(each.source, each.relation, each.target)
            assert each.valid_from is not None


def test_a_run_has_its_own_times_state_and_code(company: Company) -> None:
    fact = company.state(company.run("child"))
    properties = fact.state["properties"]
    assert fact.valid_from == STARTED_US + 60_000_000
    assert (properties["started_at"], properties["ended_at"]) == ("2025-06-15T15:06:41Z", "2025-06-15T15:07:40Z")
    assert (properties["state"], properties["code_version"]) == ("COMPLETE", "0123abcd")
    assert (properties["params"], properties["metrics"]) == ({"C": "0.5", "solver": "lbfgs"}, {"auc": 0.8})
    states = [company.state(company.run(name)).state["properties"]["state"] for name in ("failed", "killed", "running")]
    assert states == ["FAIL", "ABORT", "RUNNING"]


def test_a_run_is_part_of_its_parent_or_experiment_and_of_the_workflow_named(company: Company) -> None:
    ranking = AssetUri("workflow", "mlflow:prod", "ranking")
    assert [each.target for each in company.edges("part_of", source=company.run("child"))] == [company.run("parent")]
    assert [each.target for each in company.edges("part_of", source=company.run("parent"))] == [ranking]
    executed = [each.target for each in company.edges("run_of", source=company.run("child"))]
    assert executed == [AssetUri("workflow", "airflow", "train_ranker")]
    assert company.state(ranking).state["description"] == "Rankers of the home page"


def test_datasets_go_into_runs_in_their_roles(company: Company) -> None:
    taken = {each.source: each for each in company.edges("input_to", target=company.run("child"))}
    in_memory = AssetUri("dataset", "mlflow:prod", "in_memory@ff1c50fe")
    assert {uri: each.properties.get("role") for uri, each in taken.items()} == {
        dataset("daily"): "training",
        dataset("held-out"): "validation",
        in_memory: None,
    }
    assert all(each.properties["version"] and each.valid_from == STARTED_US + 1_000_000 for each in taken.values())
    schema = company.state(in_memory).state["properties"]["schema"]
    assert schema[0] == {"name": "user_id", "type": "long"}


def test_versions_come_from_the_run_whose_inputs_made_them(company: Company) -> None:
    for number in (1, 2):
        made = company.edges("outputs", target=version(number))
        assert {each.source for each in made} == {company.run("child")}
        expected = {"mlg://dataset/mlflow%3Aprod/in_memory%40ff1c50fe", str(dataset("daily"))}
        assert {uri for each in made for uri in each.properties["from"]} == expected
        assert [each.target.name for each in company.edges("version_of", source=version(number))] == ["ranker"]
    state = company.state(version(1)).state
    assert (state["description"], state["tags"]) == ("first", ["stage:ok"])
    assert state["properties"]["logged_model"]["model_id"] == company.made["logged"]


def test_aliases_point_to_versions(company: Company) -> None:
    pointed = {each.target: each.properties["aliases"] for each in company.edges("points_to")}
    assert pointed == {version(1): ["champion", "stable"], version(2): ["challenger"]}


def test_evaluations_are_of_a_version_on_a_dataset(company: Company) -> None:
    for name, metric in (("evaluation", "roc_auc"), ("measured", "ndcg")):
        found = company.edges("outputs", source=company.run(name))
        (uri,) = {each.target for each in found}
        assert metric in company.state(uri).state["properties"]["metrics"]
        assert all(str(dataset("held-out")) in each.properties["from"] for each in found)
        both = {version(1), version(2)}  # one logged model, by its id and by the run that made it
        assert {each.source for each in company.edges("evaluated_by", target=uri)} == both
        taken = company.edges("input_to", source=dataset("held-out"), target=company.run(name))
        assert {each.properties["role"] for each in taken} == {"test"}


def test_a_model_that_nobody_registered_is_an_artifact_of_its_run(company: Company) -> None:
    artifact = AssetUri("artifact", "mlflow:prod", company.made["unregistered"])
    assert [each.target for each in company.edges("outputs", source=company.run("embed"))] == [artifact]
    assert not [each for each in company.statements if isinstance(each, AssetFact) and each.uri.name == company.made["logged"]]


def test_what_was_deleted_before_is_reported_as_deleted_if_it_is_a_run(company: Company) -> None:
    gone = company.run("gone")
    (ended,) = (each for each in company.statements if isinstance(each, AssetRetraction) and each.uri.kind == "run")
    assert ended.uri == gone
    assert company.state(gone).valid_from == STARTED_US + 9_500_000
    assert isinstance(company.source.fetch("run", company.made["gone"]), dict)
    assert isinstance(company.source.fetch("model_version", "ranker/99"), Gone)


def test_no_two_payloads_contradict_each_other(company: Company) -> None:
    """The same thing comes with several payloads: whichever is read last must not matter."""
    payloads: dict[str, set[str]] = {}
    for each in company.statements:
        if isinstance(each, AssetFact) and each.mode == Mode.REPLACE:
            payloads.setdefault(f"{each.uri} {each.valid_from}", set()).add(canonical_json(dict(each.state)))
        elif isinstance(each, EdgeFact):
            key = [
                str(each.source),
                each.relation,
                str(each.target),
                each.properties.get("role"),
                each.properties.get("version"),
            ]
            payloads.setdefault(f"{key} {each.valid_from}", set()).add(canonical_json(dict(each.properties)))
    assert {key: message for key, message in payloads.items() if len(message) > 1} == {}


def test_reading_the_same_truth_again_reports_the_same(company: Company) -> None:
    with contextlib.closing(MlflowSource(Access(company.server.url, "prod", limits=RequestLimits(requests_per_s=500)))) as fresh:
        again, _ = backfill(fresh)
    expected, found = (
        {repr(each._replace(valid_to=0) if isinstance(each, AssetRetraction) else each) for each in statements}
        for statements in (company.statements, again)
    )
    assert found == expected, "apart from the time at which a deletion was noticed"


def test_the_inventory_is_what_was_reported(company: Company) -> None:
    inventory = set(company.source.inventory())
    assert inventory == {uri for uri in company.known if uri.kind not in ("dataset", "evaluation")}
    assert vanished(MlflowInstance("prod"), company.known, inventory) == []


def received(company: Company, count: int) -> list[dict[str, Any]]:
    limit = time.monotonic() + 120
    while len(company.listener.asked) < count and time.monotonic() < limit:
        time.sleep(0.05)
    return [verify_webhook(each.headers, each.raw, SECRET, time.time()) for each in company.listener.asked]


def test_mlflow_signs_its_webhooks(company: Company) -> None:
    events = received(company, 6)
    payloads = sorted({f"{each['entity']}.{each['action']} {thin(each)}" for each in events})
    assert payloads == [
        "model_version.created ('model_version', 'ranker/1')",
        "model_version.created ('model_version', 'ranker/2')",
        "model_version_alias.created ('registered_model', 'ranker')",
        "registered_model.created ('registered_model', 'ranker')",
    ]
    assert all(abs(occurred_at(each) / 1e6 - time.time()) < 300 for each in events)
    first = company.listener.asked[0]
    with pytest.raises(Unauthorized):
        verify_webhook(first.headers, first.raw, "another secret", time.time())
    with pytest.raises(Unauthorized):
        verify_webhook(first.headers, first.raw + b" ", SECRET, time.time())


def test_a_moved_alias_is_announced_and_polled_and_ends_where_it_was(company: Company) -> None:
    received_event = len(company.listener.asked)
    company.server.run(HERE / "changes.py", "move")
    events = received(company, received_event + 2)[received_event:]
    assert sorted(str(thin(each)) for each in events) == [
        "('model_version', 'ranker/2')",
        "('registered_model', 'ranker')",
    ]

    changed = [payload for page in company.source.changed_since(company.cursor) for payload in page.payloads]
    models = [each for each in changed if each["type"] == "mlflow.registered_model"]
    versions = [each for each in changed if each["type"] == "mlflow.model_version"]
    assert [str(subject(each)) for each in models] == ["mlg://model/mlflow%3Aprod/ranker"]
    assert [subject(each) for each in versions] == [version(2)]

    event = next(each for each in events if each["entity"] == "model_version_alias")
    fetched = company.source.fetch("registered_model", "ranker")
    assert not isinstance(fetched, Gone)
    model = company.state(AssetUri("model", "mlflow:prod", "ranker"))
    assert model.valid_from is not None
    known_states = {str(each.target): each.properties["aliases"] for each in company.edges("points_to")}
    payload = fetched | {
        "at": format_time(occurred_at(event)),
        "held": {"since": format_time(model.valid_from), "points_to": known_states},
    }
    edges = [each for each in normalise(payload) if isinstance(each, EdgeFact) and each.relation == "points_to"]
    assert {each.target: each.properties["aliases"] for each in edges} == {
        version(1): ["stable"],
        version(2): ["challenger", "champion"],
    }
    assert {each.valid_from for each in edges} == {occurred_at(event)}

    payload["held"] = {"points_to": known_states | {"mlg://model_version/mlflow%3Aprod/ranker%2F9": ["champion"]}}
    ended = [each for each in normalise(payload) if isinstance(each, EdgeRetraction) and each.relation == "points_to"]
    assert [(each.target, each.valid_to) for each in ended] == [(version(9), occurred_at(event))]


def test_a_run_that_nobody_announces_is_polled(company: Company) -> None:
    later = json.loads(company.server.run(HERE / "changes.py", "train").splitlines()[-1])
    changed = [payload for page in company.source.changed_since(company.cursor) for payload in page.payloads]
    assert AssetUri("run", "mlflow:prod", later) in {subject(each) for each in changed}
    company.known |= {AssetUri("run", "mlflow:prod", later)}


def test_deletions_and_renames_are_noticed(company: Company) -> None:
    company.server.run(HERE / "changes.py", "remove", company.made["experiments"]["retrieval"])
    states = {each.uri: each.state for each in company.statements if isinstance(each, AssetFact)}
    known_states = {uri: state for uri, state in states.items() if uri in company.known}
    assert identities_of(known_states) == company.before
    known = known_states | {uri: {} for uri in company.known - set(known_states)}
    now = parse_time("2030-01-01T00:00:00Z")
    payloads = departures("prod", known, set(company.source.inventory()), company.source.identities(), now)
    renamed, *deleted = [each["data"] for each in payloads]
    assert (renamed["from"], renamed["to"], renamed["versions"]) == ("ranker", "home-ranker", ["1"])
    assert [AssetUri.parse(each["uri"]).kind for each in deleted] == ["model_version", "run"]
    assert deleted[0]["uri"] == str(version(2))
    ended = [each for payload in payloads for each in normalise(payload) if isinstance(each, AssetRetraction)]
    assert {each.uri.name for each in ended} >= {"ranker", "ranker/1", "ranker/2"}
    assert isinstance(company.source.fetch("registered_model", "ranker"), Gone)
