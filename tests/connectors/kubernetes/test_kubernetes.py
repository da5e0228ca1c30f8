import json
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors import kubernetes
from mlgraph.connectors.kubernetes import normalise
from mlgraph.connectors.kubernetes.payloads import sanitized
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.sources.kubernetes.factory import KubernetesSources
from tests.connectors import suite
from tests.connectors.kubernetes.objects import (
    CANARY,
    CREATED,
    DIGEST,
    DOCUMENTED,
    READ,
    ROLLED_OUT,
    SEVERAL,
    Json,
    answer,
    deployment,
    inference_service,
    snapshot,
    stateful_set,
    target,
)

FOLDER = Path(__file__).parent / "documented"
PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "kubernetes.md"
CONTEXT = NamingContext(registry="mlflow:prod")
SECRETS = ("hunter2", "tok-999", "ada@example.org", "s3cr3t-key")
VERSION = "mlflow:prod ranker/9"


def in_registry(payload: object) -> list[Statement]:
    return normalise(payload, CONTEXT)


def secretive() -> Json:
    item = deployment()
    item["metadata"]["annotations"] |= {
        "kubectl.kubernetes.io/last-applied-configuration": '{"env": "hunter2"}',
        "mlgraph.dev/owner": "ada@example.org",
    }
    container = item["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "DATABASE", "value": "postgres://ci:hunter2@db/x"}]
    container["args"] = ["--token", "tok-999"]
    item["metadata"]["managedFields"] = [{"manager": "ada@example.org"}]
    service = inference_service(storage="https://store.example.org/churn?token=tok-999")
    service["spec"]["predictor"]["model"]["env"] = [{"name": "AWS_SECRET_ACCESS_KEY", "value": "s3cr3t-key"}]
    return snapshot(item, service)


def edges(statements: list[Statement], relation: str) -> list[tuple[str, str, str]]:
    """Source, target and start of each edge of a relation."""
    return [
        (f"{each.source.namespace} {each.source.name}", each.target.name, format_time(each.valid_from or 0))
        for each in statements
        if isinstance(each, EdgeFact) and each.relation == relation
    ]


def models(statements: list[Statement]) -> list[str]:
    return [source for source, _, _ in edges(statements, "deployed_as")]


def state(statements: list[Statement]) -> dict[str, Any]:
    """The properties of the last reported state of the deployment."""
    found = [each for each in statements if isinstance(each, AssetFact) and each.uri.kind == "deployment"]
    return dict(found[-1].state["properties"])


def test_the_files_are_the_documented_objects() -> None:
    written = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
    assert {name: (each["tool"], each["payload"]) for name, each in written.items()} == DOCUMENTED


@pytest.mark.slow
def test_contract_suite() -> None:
    """Every single mutation; tests/connectors/test_registered.py makes random ones of all files."""
    connector = kubernetes.connector(KubernetesSources())
    suite.check_all(suite.Subject(connector, in_registry, suite.load_recordings(FOLDER), PAGE, secretive(), SECRETS))


def test_a_workload_runs_the_version_of_its_annotation_since_the_end_of_its_rollout() -> None:
    for on_pods in (True, False):
        statements = in_registry(answer(deployment(on_pods=on_pods)))
        assert edges(statements, "deployed_as") == [(VERSION, "recs/deployment/ranker", ROLLED_OUT)]
        assert edges(statements, "serves") == [("kubernetes:prod recs/deployment/ranker", "recs/shop", ROLLED_OUT)]


def test_the_annotation_of_the_pods_counts_before_that_of_the_workload() -> None:
    item = deployment(model="models:/ranker/9")
    item["metadata"]["annotations"]["mlgraph.dev/model"] = "models:/ranker/8"
    assert models(in_registry(answer(item))) == [VERSION]


def test_the_version_of_the_application_is_never_that_of_a_model() -> None:
    item = deployment(model=None)
    item["metadata"]["labels"]["app.kubernetes.io/version"] = "models:/ranker/4"
    assert in_registry(snapshot(item)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("models:/ranker@champion", "mlflow:prod ranker@champion"),
        ("models:/m-4f1", "mlflow:prod models:/m-4f1"),
        ("mlg://model_version/sagemaker%3Aeu/ranker%2F9", "sagemaker:eu ranker/9"),
        ("ranker:9", None),
        ("mlg://dataset/s3%3A%2F%2Flake/x", None),
        ("models:/ranker/Production", None),
        ("s3://models/ranker/9", None),
    ],
)
def test_an_annotation_is_wholly_a_reference_or_a_warning(text: str, expected: str | None) -> None:
    statements = in_registry(answer(deployment(model=text)))
    assert models(statements) == ([expected] if expected else [])
    warnings = suite.warnings_of(statements)
    pointers = ["/data/object/spec/template/metadata/annotations/mlgraph.dev~1model"]
    assert [each.pointer for each in warnings] == ([] if expected else pointers)


def test_without_a_registry_the_deployment_stays_and_the_warning_names_what_is_missing() -> None:
    statements = normalise(answer(deployment()))
    assert models(statements) == []
    assert state(statements)["reference"] == "models:/ranker/9"
    assert ["names a model version, but not its registry" in each.message for each in suite.warnings_of(statements)] == [True]


@pytest.mark.parametrize(("ready", "health"), [(3, "healthy"), (1, "degraded"), (0, "unhealthy")])
def test_health_follows_from_the_ready_replicas(ready: int, health: str) -> None:
    assert state(in_registry(answer(deployment(ready=ready))))["health"] == health


def test_an_unavailable_workload_is_unhealthy() -> None:
    item = deployment()
    item["status"]["conditions"][0]["status"] = "False"
    assert state(in_registry(answer(item)))["health"] == "unhealthy"


def test_a_workload_without_replicas_runs_and_serves_nothing() -> None:
    statements = in_registry(answer(deployment(replicas=0, ready=0)))
    assert [each for each in statements if isinstance(each, EdgeFact)] == []
    assert state(statements)["state"] == "stopped"


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"app.kubernetes.io/name": "ranker"}, ["recs/ranker"]),
        ({"app.kubernetes.io/name": "ranker", "app.kubernetes.io/part-of": ""}, ["recs/ranker"]),
        ({"app": "ranker"}, []),
    ],
)
def test_labels_name_the_service(labels: dict[str, str], service: list[str]) -> None:
    found = edges(in_registry(answer(deployment(labels=labels))), "serves")
    assert [name for _, name, _ in found] == service


def test_a_stateful_set_that_changed_runs_its_pods_since_its_reading() -> None:
    starts = [edges(in_registry(answer(stateful_set(generation=each))), "deployed_as")[0][2] for each in (1, 2)]
    assert starts == [CREATED, READ]


def test_a_change_that_the_cluster_gives_no_time_holds_from_its_reading() -> None:
    known = {"since": "2026-11-25T00:00:00Z", "state": {"name": "ranker", "properties": {}}}
    assert edges(in_registry(answer(deployment(), known=known)), "deployed_as")[0][2] == READ


def test_workloads_that_an_inference_service_made_are_not_counted_twice() -> None:
    for group in ("serving.kserve.io/v1beta1", "serving.knative.dev/v1"):
        item = deployment()
        item["metadata"]["ownerReferences"] = [{"apiVersion": group, "kind": "Owner", "controller": True}]
        assert in_registry(snapshot(item)) == []


def test_each_revision_with_requests_is_a_deployment_with_its_weight() -> None:
    item = inference_service(traffic=CANARY)
    latest, previous = (in_registry(answer(item, f"churn-predictor-0000{number}")) for number in (2, 1))
    assert (state(latest)["weight"], state(previous)["weight"]) == (0.1, 0.9)
    assert models(latest) == ["mlflow:prod s3://models/churn/7"]
    assert models(previous) == []
    assert edges(latest, "serves") == [
        ("kubernetes:prod ml/inferenceservice/churn/churn-predictor-00002", "ml/churn", ROLLED_OUT)
    ]


def test_a_former_revision_keeps_what_it_was_seen_to_load() -> None:
    first = in_registry(
        answer(
            inference_service(
                storage="s3://models/churn/6",
                traffic=[target("r1", 100, latest=True)],
                status={"latestCreatedRevision": "r1", "latestReadyRevision": "r1"},
            ),
            "r1",
        )
    )
    (before,) = [each for each in first if isinstance(each, AssetFact) and each.uri.kind == "deployment"]
    known = {"since": ROLLED_OUT, "state": json.loads(json.dumps(before.state))}
    traffic = [target("r2", 10, latest=True), target("r1", 90, latest=False)]
    item = inference_service(traffic=traffic, status={"latestCreatedRevision": "r2", "latestReadyRevision": "r2"})
    after = in_registry(answer(item, "r1", known=known))
    assert models(after) == models(first) == ["mlflow:prod s3://models/churn/6"]
    assert state(after)["weight"] == 0.9


def test_a_revision_that_is_not_ready_does_not_lend_its_place_to_the_one_before() -> None:
    status = {"latestCreatedRevision": "churn-predictor-00003"}
    item = inference_service(traffic=[target("churn-predictor-00002", 100, latest=True)], status=status)
    assert models(in_registry(answer(item, "churn-predictor-00002"))) == []


def test_without_knative_an_inference_service_is_one_deployment_with_all_requests() -> None:
    statements = in_registry(answer(inference_service()))
    assert state(statements)["weight"] == 1.0
    assert edges(statements, "deployed_as") == [("mlflow:prod s3://models/churn/7", "ml/inferenceservice/churn", ROLLED_OUT)]


def test_several_places_are_several_models_and_an_image_is_known_by_its_digest() -> None:
    found = models(in_registry(answer(inference_service("chat", predictor=SEVERAL))))
    assert found == [f"oci://registry.example.org models/llm@{DIGEST}", "mlflow:prod s3://models/adapters/3"]


@pytest.mark.parametrize("place", ["oci://registry.example.org/llm:latest", "pvc://models/churn", "hf://org/churn", ""])
def test_a_place_that_identifies_no_version_stays_a_property(place: str) -> None:
    statements = in_registry(answer(inference_service(storage=place)))
    assert models(statements) == []
    assert suite.warnings_of(statements) == []
    assert state(statements)["storage_uris"] == [place]


def test_an_older_specification_names_its_framework() -> None:
    statements = in_registry(answer(inference_service(predictor={"sklearn": {"storageUri": "models:/churn/7"}})))
    assert models(statements) == ["mlflow:prod churn/7"]


def test_the_annotation_of_an_inference_service_counts_before_its_place() -> None:
    item = inference_service(annotations={"mlgraph.dev/model": "models:/churn/7"})
    assert models(in_registry(answer(item))) == ["mlflow:prod churn/7"]


def test_before_its_first_revision_is_ready_an_inference_service_serves_nothing() -> None:
    without_status = inference_service()
    del without_status["status"]
    created = inference_service(traffic=[], status={"latestReadyRevision": None})
    for item in (without_status, created):
        assert in_registry(snapshot(item)) == []
        assert in_registry(sanitized(Located(snapshot(item)))) == []
    assert models(in_registry(sanitized(Located(snapshot(inference_service()))))) == ["mlflow:prod s3://models/churn/7"]


def test_a_stopped_inference_service_gets_no_requests() -> None:
    item = inference_service()
    item["status"]["conditions"].append({"type": "Stopped", "status": "True"})
    assert in_registry(snapshot(item)) == []


def test_a_snapshot_names_its_cluster_and_its_time() -> None:
    for member in ("cluster", "at"):
        with pytest.raises(InvalidInput, match="jq -c") as caught:
            in_registry({key: value for key, value in snapshot(deployment()).items() if key != member})
        assert caught.value.pointer == f"/{member}"


def test_a_snapshot_ends_what_ran_before_the_rollout_and_the_former_revision() -> None:
    item = inference_service(
        traffic=[target("r2", 100, latest=True)],
        status={"latestCreatedRevision": "r2", "latestReadyRevision": "r2", "previousRolledoutRevision": "r1"},
    )
    ends = [
        (each.uri.name, format_time(each.valid_to or 0))
        for each in in_registry(snapshot(deployment(), item))
        if isinstance(each, AssetRetraction)
    ]
    assert ends == [
        ("recs/deployment/ranker", "2026-11-20T09:29:59.999999Z"),
        ("ml/inferenceservice/churn/r1", READ),
    ]


def test_one_object_is_a_snapshot_too_and_a_broken_one_costs_only_itself() -> None:
    alone = in_registry({"cluster": "prod", "at": READ, **deployment()})
    broken = deployment("broken")
    del broken["metadata"]["creationTimestamp"], broken["status"]
    listed = in_registry(snapshot(broken, deployment()))
    assert models(alone) == models(listed) == [VERSION]
    assert [each.pointer for each in suite.warnings_of(listed)] == ["/items/0/metadata/creationTimestamp"]


def test_the_stored_copy_has_only_what_is_read() -> None:
    stored = json.dumps(sanitized(Located(secretive())))
    for unread in ("containers", "env", "managedFields", "last-applied", "selector", "message"):
        assert unread not in stored
    assert models(in_registry(sanitized(Located(secretive())))) == models(in_registry(secretive()))


def test_a_refused_type_is_an_error_with_its_reason() -> None:
    payload = {"type": "kubernetes.refused", "instance": "prod", "data": {"error": "Kubernetes refuses to list deployments"}}
    with pytest.raises(InvalidInput, match="refuses to list deployments") as caught:
        normalise(payload)
    assert caught.value.pointer == "/data/error"
