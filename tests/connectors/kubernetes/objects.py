"""Objects of the Kubernetes API as its reference documents them (apps/v1, and serving.kserve.io/v1beta1 of KServe 0.16)."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

CREATED: Final = "2026-11-02T08:00:00Z"
ROLLED_OUT: Final = "2026-11-20T09:30:00Z"
READ: Final = "2026-11-30T10:00:00Z"
DIGEST: Final = "sha256:" + "0123456789abcdef" * 4


def deployment(
    name: str = "ranker",
    model: str | None = "models:/ranker/9",
    *,
    on_pods: bool = True,
    replicas: int = 3,
    ready: int = 3,
    rolled_out: str = ROLLED_OUT,
    labels: dict[str, str] | None = None,
) -> Json:
    """Return a Deployment whose last rollout is complete."""
    annotations = {"mlgraph.dev/model": model} if model is not None else {}
    known = {"app.kubernetes.io/name": "ranker", "app.kubernetes.io/part-of": "shop", "app.kubernetes.io/version": "4.2.0"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": "recs",
            "uid": "6a1c1a5e-5d0c-4a8e-9a59-0f8f6f1f4c11",
            "resourceVersion": "812345",
            "generation": 4,
            "creationTimestamp": CREATED,
            "labels": known if labels is None else labels,
            "annotations": {"deployment.kubernetes.io/revision": "4", **({} if on_pods else annotations)},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": annotations if on_pods else {}},
                "spec": {"containers": [{"name": "server", "image": "registry.example.org/ranker:4.2.0"}]},
            },
        },
        "status": {
            "observedGeneration": 4,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "conditions": _conditions(name, rolled_out),
        },
    }


def _conditions(name: str, rolled_out: str) -> list[Json]:
    return [
        {
            "type": "Available",
            "status": "True",
            "reason": "MinimumReplicasAvailable",
            "message": "Deployment has minimum availability.",
            "lastTransitionTime": "2026-11-02T08:00:40Z",
            "lastUpdateTime": "2026-11-02T08:00:40Z",
        },
        {
            "type": "Progressing",
            "status": "True",
            "reason": "NewReplicaSetAvailable",
            "message": f'ReplicaSet "{name}-6c9f8d7b5" has successfully progressed.',
            "lastTransitionTime": CREATED,
            "lastUpdateTime": rolled_out,
        },
    ]


def stateful_set(name: str = "embedder", model: str = "models:/title-embedding@champion", *, generation: int = 1) -> Json:
    """Return a StatefulSet; its status has no conditions."""
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": name,
            "namespace": "recs",
            "generation": generation,
            "creationTimestamp": CREATED,
            "labels": {"app.kubernetes.io/name": "embedder"},
            "annotations": {"mlgraph.dev/model": model},
        },
        "spec": {"replicas": 2, "serviceName": name, "template": {"metadata": {"labels": {"app": name}}}},
        "status": {"observedGeneration": generation, "replicas": 2, "readyReplicas": 1, "currentRevision": f"{name}-76c"},
    }


def target(revision: str, percent: int, *, latest: bool) -> Json:
    """Return a traffic target of Knative, as KServe copies it into its status."""
    return {"latestRevision": latest, "percent": percent, "revisionName": revision, **({} if latest else {"tag": "prev"})}


def inference_service(
    name: str = "churn",
    storage: str | None = "s3://models/churn/7",
    traffic: list[Json] | None = None,
    *,
    predictor: Json | None = None,
    ready: str = "True",
    since: str = ROLLED_OUT,
    status: Json | None = None,
    annotations: dict[str, str] | None = None,
) -> Json:
    """Return an InferenceService. Without `traffic` it is one of the deployment mode without Knative."""
    spec = predictor or {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": storage}}
    found: Json = {"latestCreatedRevision": "churn-predictor-00002", "latestReadyRevision": "churn-predictor-00002"}
    component = {**found, "traffic": traffic, **(status or {})} if traffic is not None else {}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": name,
            "namespace": "ml",
            "generation": 2,
            "creationTimestamp": CREATED,
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": {"predictor": spec},
        "status": {
            "url": f"http://{name}.ml.example.com",
            "components": {"predictor": {"url": f"http://{name}-predictor.ml.example.com", **component}},
            "conditions": [
                {"type": "PredictorReady", "status": ready, "lastTransitionTime": since},
                {"type": "Ready", "status": ready, "lastTransitionTime": since},
            ],
        },
    }


def answer(item: Json, revision: str | None = None, *, at: str = READ, known: Json | None = None) -> Json:
    """Return the payload of an object that the adapter read."""
    kind = "kubernetes.revision" if item["kind"] == "InferenceService" else "kubernetes.workload"
    data = {"object": item, **({"revision": revision} if revision else {})}
    return {"type": kind, "instance": "prod", "at": at, "data": data, **({"held": known} if known else {})}


def snapshot(*items: Json, at: str = READ) -> Json:
    """Return a list as `kubectl get -o json` prints it, with the two members that jq adds."""
    return {
        "cluster": "prod",
        "at": at,
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"resourceVersion": ""},
        "items": [*items],
    }


CANARY: Final = [target("churn-predictor-00002", 10, latest=True), target("churn-predictor-00001", 90, latest=False)]
SEVERAL: Final = {
    "model": {"modelFormat": {"name": "huggingface"}},
    "storageUris": [
        {"uri": f"oci://registry.example.org/models/llm@{DIGEST}", "mountPath": "/mnt/models/base"},
        {"uri": "s3://models/adapters/3", "mountPath": "/mnt/models/adapters"},
    ],
}
DOCUMENTED: Final[dict[str, tuple[str, Json]]] = {
    "deployment": ("Kubernetes 1.34 (documented)", answer(deployment())),
    "stateful_set": ("Kubernetes 1.34 (documented)", answer(stateful_set())),
    "canary": ("KServe 0.16 (documented)", answer(inference_service(traffic=CANARY), "churn-predictor-00002")),
    "several_places": ("KServe 0.16 (documented)", answer(inference_service("chat", predictor=SEVERAL))),
    "snapshot": ("kubectl 1.34 (documented)", snapshot(deployment(), inference_service(traffic=CANARY))),
    "deleted": (
        "Kubernetes 1.34 (documented)",
        {
            "type": "kubernetes.deleted",
            "instance": "prod",
            "at": READ,
            "data": {"uri": "mlg://deployment/kubernetes%3Aprod/recs%2Fdeployment%2Franker", "at": READ},
        },
    ),
}
"""By name: tool and payload of the files in `documented/`."""
