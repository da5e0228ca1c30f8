"""Deployments and StatefulSets whose annotation names a model version."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.kubernetes.cluster import ORIGIN, Cluster, edges
from mlgraph.connectors.kubernetes.objects import (
    DEPLOYMENT,
    INFERENCE_SERVICE,
    NAME,
    PART_OF,
    ApiType,
    integer_member,
    is_running,
    type_of,
)
from mlgraph.connectors.kubernetes.references import annotated_model, annotation_of
from mlgraph.domain.facts import AssetFact, Mode, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.uri import AssetUri

_COMPLETE: Final = "NewReplicaSetAvailable"
"""The reason of the condition Progressing once a rollout is complete; its time is that of the last rollout."""


def workload_type(item: Located) -> ApiType:
    """Return the type of an object. Raises `InvalidInput` for one that the connector does not read."""
    found = type_of(item.mapping())
    if found is None:
        item.need("kind").fail(
            "must be a Deployment or StatefulSet of apps/v1, or an InferenceService of serving.kserve.io/v1beta1"
        )
    return found


def place_of(item: Located) -> tuple[str, str]:
    """Return namespace and name of an object."""
    metadata = item.need("metadata")
    return metadata.need("namespace").name(), metadata.need("name").name()


def workload_uri(cluster: Cluster, item: Located) -> AssetUri:
    """Return the deployment of a workload."""
    return cluster.deployment(workload_type(item), *place_of(item))


def workload_statements(cluster: Cluster, item: Located) -> list[Statement]:
    """Return the facts of a workload: the deployment with its health, what it runs, and the service that it answers for.

    One without pods runs nothing and answers for nothing.
    """
    uri, running = workload_uri(cluster, item), is_running(item)
    since = workload_since(cluster, item)
    annotation = annotation_of(item)
    model = annotated_model(annotation, cluster.context) if annotation is not None else None
    properties = {"health": _health(item) if running else None, "state": None if running else "stopped", **_replicas(item)}
    return [
        cluster.state(uri, deployment_state(cluster, item, properties), since),
        *(edges([model], "deployed_as", uri, cluster.start(since)) if model and running else ()),
        *(serving(cluster, item, uri, since) if running else ()),
    ]


def workload_since(cluster: Cluster, item: Located) -> int:
    """Return since when the present pods of a workload run: the time of its reading, if the cluster does not tell."""
    since = rolled_out_at(item)
    return cluster.at if since is None else since


def service_uri(cluster: Cluster, item: Located) -> AssetUri | None:
    """Return the service that a workload answers for: its labels name it, and an InferenceService without them is one itself."""
    namespace, own = place_of(item)
    name = _label(item) or (own if workload_type(item) is INFERENCE_SERVICE else None)
    return None if name is None else cluster.service(namespace, name)


def serving(cluster: Cluster, item: Located, deployment: AssetUri, since: int) -> list[Statement]:
    """Return the service that a deployment answers for, and the edge to it; nothing where nothing names one."""
    service = service_uri(cluster, item)
    if service is None:
        return []
    namespace, _, name = service.name.partition("/")
    state = {"name": name, "properties": {"cluster": cluster.name, "namespace": namespace}}
    return [
        AssetFact(service, ORIGIN, since, state, Mode.PATCH),
        *edges([deployment], "serves", service, cluster.start(since)),
    ]


def deployment_state(cluster: Cluster, item: Located, properties: dict[str, Any]) -> dict[str, Any]:
    """Return the state of a deployment: its name, and where it runs."""
    namespace, name = place_of(item)
    annotation = annotation_of(item)
    reference = annotation.attempt(Located.text) if annotation is not None else None
    known = {
        "cluster": cluster.name,
        "namespace": namespace,
        "workload": workload_type(item).kind,
        "reference": redact_text(reference) if reference else None,
        **properties,
    }
    return {"name": name, "properties": {key: value for key, value in known.items() if value is not None}}


def created_at(item: Located) -> int:
    """Return the time of the creation of an object, in microseconds."""
    return item.need("metadata").need("creationTimestamp").time()


def rolled_out_at(item: Located) -> int | None:
    """Return since when the present pods of a workload run; None if the cluster does not tell.

    That is the end of the last rollout of a Deployment, else the time from which it was available. A StatefulSet
    has no such times; one that never changed runs since its creation.
    """
    if workload_type(item) is DEPLOYMENT:
        progressing, available = condition(item, "Progressing"), condition(item, "Available")
        if progressing is not None and progressing.value.get("reason") == _COMPLETE:
            moment = progressing.get("lastUpdateTime") or progressing.get("lastTransitionTime")
            if moment is not None and (read := moment.attempt(Located.time)) is not None:
                return read
        moment = available.get("lastTransitionTime") if available is not None and _is(available, "True") else None
        read = moment.attempt(Located.time) if moment is not None else None
        return read if read is not None else created_at(item)
    generation = item.need("metadata").attempt(lambda metadata: integer_member(metadata, "generation"))
    return created_at(item) if generation == 1 else None


def condition(item: Located, name: str) -> Located | None:
    """Return the condition of an object with this type."""
    status = item.typed("status", dict)
    listed = status.objects("conditions") if status else None
    return next((one for one in listed or () if one.value.get("type") == name), None)


def _is(found: Located, status: str) -> bool:
    return bool(found.value.get("status") == status)


def _label(item: Located) -> str | None:
    """Return the label that names the service of a workload: what it is a part of, else its name."""
    spec = item.typed("spec", dict)
    template = spec.typed("template", dict) if spec else None
    inner = template.typed("metadata", dict) if template else None
    for key in (PART_OF, NAME):
        for metadata in (item.need("metadata"), inner):
            labels = metadata.typed("labels", dict) if metadata else None
            value = labels.typed(key, str) if labels else None
            text = value.attempt(Located.name) if value is not None and value.value else None
            if text:
                return text
    return None


def _replicas(item: Located) -> dict[str, Any]:
    spec, status = item.typed("spec", dict), item.typed("status", dict)
    desired = spec.attempt(lambda found: integer_member(found, "replicas")) if spec else None
    ready = status.attempt(lambda found: integer_member(found, "readyReplicas")) if status else None
    return {"replicas": desired, "ready_replicas": ready or 0} if desired is not None else {}


def _health(item: Located) -> str | None:
    """Return healthy, degraded (not all replicas are ready) or unhealthy (none is); None if the cluster does not tell."""
    counts = _replicas(item)
    available = condition(item, "Available")
    if available is not None and _is(available, "False"):
        return "unhealthy"
    if not counts or item.typed("status", dict) is None:
        return None
    if counts["ready_replicas"] >= counts["replicas"]:
        return "healthy"
    return "degraded" if counts["ready_replicas"] else "unhealthy"
