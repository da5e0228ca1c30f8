"""The payloads of the connector: their subject, and what of them may be stored."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.kubernetes.cluster import cluster_of
from mlgraph.connectors.kubernetes.inference_services import revision_uri
from mlgraph.connectors.kubernetes.objects import reduced
from mlgraph.connectors.kubernetes.workloads import workload_uri
from mlgraph.domain.naming.naming_context import NO_CONTEXT
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize
from mlgraph.domain.uri import AssetUri

WORKLOAD: Final = "kubernetes.workload"
REVISION: Final = "kubernetes.revision"
DELETED: Final = "kubernetes.deleted"
REFUSED: Final = "kubernetes.refused"
_OF_SNAPSHOT: Final[tuple[str, ...]] = ("cluster", "at")
_OF_LIST: Final[tuple[str, ...]] = (*_OF_SNAPSHOT, "apiVersion", "kind")


def subject(payload: object) -> AssetUri | None:
    """Return the deployment that a payload is about; None for a deletion. Raises `InvalidInput` for a refusal, its reason."""
    found = Located(payload)
    kind, data = found.need("type").text(), found.need("data")
    if kind == REFUSED:
        error = data.need("error")
        error.fail(error.text() or "Kubernetes refuses a part of its API")
    if kind == DELETED:
        return None
    cluster, item = cluster_of(found, "instance", NO_CONTEXT), data.need("object")
    if kind == WORKLOAD:
        return workload_uri(cluster, item)
    revision = data.get("revision")
    return revision_uri(cluster, item, revision.name() if revision else None)


def sanitized(payload: Located) -> object:
    """Return the copy of a payload that may be stored: of each object only what the connector reads."""
    return sanitize(Located(_without_secrets(payload.mapping()), payload.pointer))


def _without_secrets(payload: dict[str, Any]) -> dict[str, Any]:
    if isinstance(data := payload.get("data"), dict) and "type" in payload:
        item = data.get("object")
        copied = {**data, "object": reduced(item)} if isinstance(item, dict) else data
        return {**payload, "data": copied}
    if "items" not in payload:
        return {**{key: payload[key] for key in _OF_SNAPSHOT if key in payload}, **reduced(payload)}
    items = payload["items"]
    known = {key: payload[key] for key in _OF_LIST if key in payload}
    listed = [reduced(one) for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    return {**known, "items": listed}
