import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors import mlflow
from mlgraph.connectors.mlflow import normalise, subject
from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.connectors.mlflow.reconciliation import departure_payloads, departures
from mlgraph.connectors.mlflow.removals import vanished
from mlgraph.connectors.mlflow.renames import renames
from mlgraph.connectors.mlflow.webhooks import TOLERANCE_S, occurred_at, thin, verify_webhook
from mlgraph.domain.errors import InvalidInput, NotJson, Unauthorized
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Identity
from mlgraph.sources.mlflow.factory import MlflowSources
from tests.connectors import suite

FOLDER = Path(__file__).parent / "payloads"
PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "mlflow.md"
SECRETS = ("hunter2", "sk-12345", "tok-999", "s3cr3t")


def recorded(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["payload"]
    return payload


def secretive() -> dict[str, Any]:
    payload = recorded("run_that_trains")
    run = payload["data"]["run"]
    run["data"]["params"] = [{"key": "api_key", "value": "sk-12345"}, {"key": "C", "value": "1"}]
    run["data"]["tags"] += [
        {"key": "db_password", "value": "hunter2"},
        {"key": "mlflow.source.git.repoURL", "value": "https://ci:hunter2@git.example.org/x.git"},
        {"key": "mlflow.note.content", "value": "see https://example.org/?token=tok-999"},
        {"key": "link", "value": "https://example.org/?token=tok-999"},
    ]
    source = json.dumps({"uri": "postgresql://reader:s3cr3t@db.example.org:5432/shop.public.orders"})
    run["inputs"]["dataset_inputs"][0]["dataset"]["source"] = source
    return payload


def test_contract_suite() -> None:
    recordings = suite.load_recordings(FOLDER)
    suite.check_all(suite.Subject(mlflow.connector(MlflowSources()), normalise, recordings, PAGE, secretive(), SECRETS))


def edges(statements: list[Statement], relation: str) -> list[EdgeFact]:
    return [each for each in statements if isinstance(each, EdgeFact) and each.relation == relation]


def test_outputs_of_a_run_are_fed_by_all_inputs_but_held_out_ones() -> None:
    made = edges(normalise(recorded("model_version")), "outputs")[0]
    assert made.target.name == "ranker/1"
    assert made.properties["from"] == [
        "mlg://dataset/mlflow%3Aprod/in_memory%40ff1c50fe",
        "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily",
    ]


@pytest.mark.parametrize(
    ("context", "role"),
    [("Train", "training"), ("eval", "validation"), ("val", "validation"), ("TEST", "test"), ("nightly", None)],
)
def test_roles_come_from_the_context_that_a_dataset_was_logged_with(context: str, role: str | None) -> None:
    payload = recorded("run_that_trains")
    payload["data"]["run"]["inputs"]["dataset_inputs"][0]["tags"][0]["value"] = context
    assert edges(normalise(payload), "input_to")[0].properties.get("role") == role


def test_a_file_of_some_machine_is_scoped_where_a_scope_is_given() -> None:
    payload = recorded("run_that_trains")
    payload["data"]["run"]["inputs"]["dataset_inputs"][0]["dataset"]["source"] = '{"path": "/data/x.csv"}'
    assert (
        str(edges(normalise(payload, NamingContext("team-a")), "input_to")[0].source)
        == "mlg://dataset/team-a%3Afile/%2Fdata%2Fx.csv"
    )
    assert (
        edges(normalise(payload, NamingContext("team-a")), "input_to")[0].target
        == edges(normalise(payload), "input_to")[0].target
    )


@pytest.mark.parametrize(
    ("tags", "workflow"),
    [
        ({"openlineage.job.namespace": "default", "openlineage.job.name": "etl"}, "mlg://workflow/team-a%3Adefault/etl"),
        ({"openlineage.job.namespace": "prod-east", "openlineage.job.name": "etl"}, "mlg://workflow/prod-east/etl"),
        ({"openlineage.job.namespace": "default", "mlgraph.workflow": "default/other"}, "mlg://workflow/default/other"),
        ({"openlineage.job.namespace": "default"}, None),
        ({"mlgraph.workflow": "airflow/" + "\u00e9" * 2400}, None),
    ],
)
def test_a_job_in_the_tags_of_a_tool_is_scoped_and_one_in_the_tag_of_mlgraph_is_not(
    tags: dict[str, str], workflow: str | None
) -> None:
    payload = recorded("run_that_trains")
    payload["data"]["run"]["data"]["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
    assert [str(each.target) for each in edges(normalise(payload, NamingContext("team-a")), "run_of")] == (
        [workflow] if workflow else []
    )


def test_a_run_without_a_start_does_not_begin_in_1970() -> None:
    payload = recorded("run_that_trains")
    info = payload["data"]["run"]["info"]
    info["start_time"] = 0
    end = info["end_time"] * 1000
    payloads = normalise(payload)
    assert {each.valid_from for each in payloads if isinstance(each, EdgeFact) and each.relation != "outputs"} >= {end}
    assert min(each.valid_from for each in payloads if isinstance(each, AssetFact | EdgeFact) and each.valid_from is not None) > 0
    del info["start_time"], info["end_time"]
    info["status"] = "RUNNING"
    payloads = normalise(payload)
    state = next(each for each in payloads if isinstance(each, AssetFact) and each.uri.kind == "run")
    assert (state.valid_from, "started_at" in state.state["properties"]) == (None, False)


def test_a_name_that_a_uri_cannot_contain_is_refused() -> None:
    payload = recorded("registered_model")
    payload["data"]["registered_model"]["name"] = "\u00e9" * 2000
    with pytest.raises(InvalidInput, match="over the limit of 8192"):
        normalise(payload)


def test_a_run_that_made_a_model_from_another_takes_it_as_its_base() -> None:
    payload = recorded("run_that_trains")
    used = payload["data"]["run"]["outputs"]["model_outputs"][0]["model_id"]
    payload["data"]["run"]["inputs"]["model_inputs"] = [{"model_id": "m-old"}, {"model_id": "m-deleted"}]
    old = {"info": {"model_id": "m-old", "creation_timestamp_ms": 1}}
    payload["data"]["logged_models"] = {"m-old": {"model": old, "model_versions": []}}
    (taken,) = (each for each in edges(normalise(payload), "input_to") if each.source.kind == "artifact")
    assert (taken.source.name, taken.properties) == ("m-old", {"role": "base"})
    assert used != "m-old"


@pytest.mark.parametrize("kind", ["registered_model", "model_version"])
def test_an_object_with_a_reused_name_ends_the_older_one_first(kind: str) -> None:
    payload = recorded(kind)
    created = payload["data"][kind]["creation_timestamp"] * 1000
    uri, plain = subject(payload), normalise(payload)
    assert uri is not None
    known_state = {"since": format_time(created + 1), "points_to": {"mlg://model_version/mlflow%3Aprod/ranker%2F1": ["champion"]}}
    former = {"properties": {"created_at": format_time(created - 1_000)}}
    again = normalise({**payload, "held": {**known_state, "state": former}})
    assert again == [AssetRetraction(uri, "mlflow", created - 1), *plain], "as if it had never been held"
    same = {"properties": {"created_at": format_time(created)}}
    again = normalise({**payload, "held": {**known_state, "state": same}})
    assert not any(isinstance(each, AssetRetraction) and each.uri == uri for each in again)


def test_what_mlflow_dates_before_the_known_state_is_valid_from_its_recording() -> None:
    payload = recorded("registered_model")
    changed = payload["data"]["registered_model"]["last_updated_timestamp"] * 1000
    for since, expected in ((changed - 1, changed), (changed, None), (changed + 1, None)):
        payload["held"] = {"since": format_time(since)}
        fact = normalise(payload)[0]
        assert isinstance(fact, AssetFact)
        assert fact.valid_from == expected


def test_a_known_artifact_ends_when_its_model_is_registered() -> None:
    payload = recorded("logged_model_unregistered")
    (model,) = payload["data"]["logged_models"].values()
    model["model_versions"] = [
        {"name": "embedding", "version": "2", "creation_timestamp": 6},
        {"name": "embedding", "version": "1", "creation_timestamp": 5},
    ]
    assert normalise(payload) == []
    payload["held"] = {"since": "1970-01-01T00:00:00Z"}
    uri = subject(payload)
    assert uri is not None
    assert normalise(payload) == [AssetRetraction(uri, "mlflow", at) for at in (5000, parse_time(payload["at"]))]
    payload["held"]["ended"] = True
    assert normalise(payload) == []


def test_prompts_are_not_models() -> None:
    payload = recorded("registered_model")
    payload["data"]["registered_model"]["tags"] = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    assert normalise(payload) == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_subject_is_the_first_asset_reported(path: Path) -> None:
    payload = recorded(path.stem)
    first = normalise(payload)[0]
    assert isinstance(first, AssetFact)
    assert subject(payload) == first.uri


def test_an_unknown_type_is_refused_at_its_place() -> None:
    with pytest.raises(InvalidInput, match=r"unknown type 'mlflow.trace'") as caught:
        normalise({"type": "mlflow.trace", "instance": "prod", "data": {}})
    assert caught.value.pointer == "/type"


def test_a_deletion_ends_the_asset() -> None:
    uri = AssetUri("run", "mlflow:prod", "r1")
    data = {"uri": str(uri), "at": "2026-11-22T00:00:00Z"}
    payload = {"type": "mlflow.deleted", "instance": "prod", "data": data}
    assert normalise(payload) == [AssetRetraction(uri, "mlflow", parse_time("2026-11-22T00:00:00Z"))]


def identity(created: int, **versions: int) -> Identity:
    return Identity(created, frozenset((number, at) for number, at in versions.items()))


def test_a_rename_is_a_new_name_with_the_same_creation_time_and_versions() -> None:
    before = {"old": identity(1, v1=5, v2=6), "kept": identity(2), "deleted": identity(3, v1=9)}
    after = {"new": identity(1, v1=5, v2=6, v3=7), "kept": identity(2), "other": identity(3, v1=10)}
    assert renames(before, after) == [("old", "new")]
    assert renames(after, before) == [("new", "old")]


def test_two_candidates_are_not_a_rename() -> None:
    assert renames({"old": identity(1)}, {"a": identity(1), "b": identity(1)}) == []


def test_a_renamed_model_ends_and_becomes_an_alias_of_its_new_name_with_its_versions() -> None:
    data = {"from": "old", "to": "new", "versions": ["1"], "at": "2026-11-22T00:00:00Z"}
    statements = normalise({"type": "mlflow.renamed", "instance": "prod", "data": data})
    at = parse_time("2026-11-22T00:00:00Z")
    ended = [(each.uri.name, each.valid_to) for each in statements if isinstance(each, AssetRetraction)]
    assert ended == [("old", at), ("old/1", at)]
    leading = [(each.source.name, each.target.name, each.valid_from) for each in edges(statements, "alias_of")]
    assert leading == [("old", "new", at + 1), ("old/1", "new/1", at + 1)]


def test_until_the_rename_the_new_name_is_an_alias_of_the_old_one() -> None:
    data = {"from": "old", "to": "new", "versions": ["1"], "at": "2026-11-22T00:00:00Z", "since": "2026-11-01T00:00:00Z"}
    payload = {"type": "mlflow.renamed", "instance": "prod", "data": data}
    since, at = parse_time("2026-11-01T00:00:00Z"), parse_time("2026-11-22T00:00:00Z")
    back = [each for each in edges(normalise(payload), "alias_of") if each.valid_to is not None]
    assert [(e.source.name, e.target.name, e.valid_from, e.valid_to) for e in back] == [
        ("new", "old", since, at),
        ("new/1", "old/1", since, at),
    ]
    missing, renamed, again, now = departure_payloads(payload)
    assert (missing.name, now and now.name, renamed) == ("old", "new", payload)
    assert again is not None
    assert all(each.valid_to is None for each in edges(normalise(again), "alias_of")), "the name was another model's before"


def test_deleted_objects_are_those_of_its_kinds_and_namespace_that_the_inventory_lacks() -> None:
    instance = MlflowInstance("prod")
    run, other = instance.uri("run", "r1"), instance.uri("run", "r2")
    evaluation, remaining = instance.uri("evaluation", "r1/m-1"), instance.uri("evaluation", "r2/m-1")
    dataset, foreign = instance.uri("dataset", "d"), MlflowInstance("staging").uri("run", "r1")
    known = [run, other, evaluation, remaining, dataset, foreign]
    assert vanished(instance, known, {other}) == [run], "what a deleted run measured was measured"


def test_a_sweep_distinguishes_renames_from_deletions() -> None:
    instance = MlflowInstance("prod")
    model, one, two = (instance.uri(*each) for each in (("model", "old"), ("model_version", "old/1"), ("model_version", "old/2")))
    run = instance.uri("run", "r1")
    made = {"properties": {"created_at": "2026-01-01T00:00:00Z"}}
    known_state = {model: made, one: made, two: made, run: {}, instance.uri("dataset", "d"): {}}
    created = parse_time("2026-01-01T00:00:00Z")
    now = {"new": Identity(created, frozenset({("1", created)}))}
    payloads = departures("prod", known_state, {instance.uri("model", "new")}, now, created)
    since = "2026-01-01T00:00:00Z"
    assert payloads[0]["data"] == {"from": "old", "to": "new", "versions": ["1"], "at": since, "since": since}
    assert [(each["type"], each["data"]["uri"]) for each in payloads[1:]] == [
        ("mlflow.deleted", str(two)),
        ("mlflow.deleted", str(run)),
    ]


SECRET = "whsec-for-tests"  # noqa: S105 - of these tests only
NOW = 1_795_261_200


def signed(body: bytes, sent: int = NOW, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"d-1.{sent}.".encode() + body, hashlib.sha256).digest()
    return {
        "X-MLflow-Delivery-Id": "d-1",
        "X-MLflow-Timestamp": str(sent),
        "X-MLflow-Signature": "v1," + base64.b64encode(digest).decode(),
    }


def test_a_signed_webhook_is_its_event() -> None:
    body = b'{"entity": "registered_model", "action": "created"}'
    assert verify_webhook(signed(body), body, SECRET, NOW + 5.5) == json.loads(body)
    lowered = {key.lower(): value for key, value in signed(body).items()}
    assert verify_webhook(lowered, body, SECRET, NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"X-MLflow-Signature": ""}, "not signed"),
        ({"X-MLflow-Delivery-Id": ""}, "not signed"),
        ({"X-MLflow-Timestamp": ""}, "not signed"),
        ({"X-MLflow-Signature": "v1,AAAA"}, "wrong"),
        ({"X-MLflow-Signature": "v1,\u00fc"}, "wrong"),
        ({"X-MLflow-Delivery-Id": "d-2"}, "wrong"),
        ({"X-MLflow-Timestamp": str(NOW - 1)}, "wrong"),
    ],
)
def test_a_webhook_without_its_signature_is_refused(change: dict[str, str], reason: str) -> None:
    with pytest.raises(Unauthorized, match=reason):
        verify_webhook(signed(b"{}") | change, b"{}", SECRET, NOW)


def test_a_webhook_is_refused_with_another_body_secret_or_time() -> None:
    with pytest.raises(Unauthorized, match="wrong"):
        verify_webhook(signed(b"{}"), b"{} ", SECRET, NOW)
    with pytest.raises(Unauthorized, match="wrong"):
        verify_webhook(signed(b"{}", secret="other"), b"{}", SECRET, NOW)  # noqa: S106 - of this test only
    for sent in (NOW - TOLERANCE_S - 1, NOW + TOLERANCE_S + 1):
        with pytest.raises(Unauthorized, match="clocks"):
            verify_webhook(signed(b"{}", sent), b"{}", SECRET, NOW)


def test_a_signed_body_that_is_not_an_event_is_refused() -> None:
    with pytest.raises(NotJson):
        verify_webhook(signed(b"{"), b"{", SECRET, NOW)
    with pytest.raises(InvalidInput):
        verify_webhook(signed(b"[]"), b"[]", SECRET, NOW)


@pytest.mark.parametrize(
    ("event", "data", "wanted"),
    [
        ("registered_model.created", {"name": "ranker"}, ("registered_model", "ranker")),
        ("model_version.created", {"name": "a/b", "version": "2"}, ("model_version", "a/b/2")),
        ("model_version_tag.deleted", {"name": "r", "version": "2", "key": "k"}, ("model_version", "r/2")),
        ("model_version_alias.created", {"name": "r", "alias": "a", "version": "2"}, ("registered_model", "r")),
        ("model_version_alias.deleted", {"name": "r", "alias": "a"}, ("registered_model", "r")),
        ("prompt.created", {"name": "r"}, None),
        ("budget_policy.exceeded", {}, None),
    ],
)
def test_an_event_names_what_to_fetch(event: str, data: dict[str, str], wanted: tuple[str, str] | None) -> None:
    entity, action = event.split(".")
    payloads = {"entity": entity, "action": action, "timestamp": "2026-11-21T11:40:00.5+00:00", "data": data}
    assert thin(payloads) == wanted
    assert occurred_at(payloads) == parse_time("2026-11-21T11:40:00.5Z")


def test_a_measurement_that_is_no_longer_one_is_retracted() -> None:
    payload = recorded("run_that_evaluates")
    measured = {each.target for each in edges(normalise(payload), "outputs")}
    ended = {each.uri for each in normalise(payload) if isinstance(each, AssetRetraction)}
    assert measured.isdisjoint(ended)
    for entry in payload["data"]["logged_models"].values():
        entry["model"]["data"]["metrics"] = []
    payload["data"]["run"]["data"]["metrics"] = []
    assert edges(normalise(payload), "outputs") == []
    assert {each.uri for each in normalise(payload) if isinstance(each, AssetRetraction)} >= measured
