"""The Kubernetes connector: converts workloads, and InferenceServices of KServe, to facts (docs/connectors/kubernetes.md)."""

from __future__ import annotations

from typing import Final

from mlgraph.connectors.kubernetes.cluster import cluster_of
from mlgraph.connectors.kubernetes.inference_services import revision_statements
from mlgraph.connectors.kubernetes.payloads import DELETED, REFUSED, REVISION, WORKLOAD, sanitized, subject
from mlgraph.connectors.kubernetes.snapshots import snapshot_statements
from mlgraph.connectors.kubernetes.tool import KubernetesTool, deletion_statements
from mlgraph.connectors.kubernetes.workloads import workload_statements
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import EventDocument, Located
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.source_adapter import SourceFactory

__all__ = ["connector", "normalise", "subject"]

_TYPES: Final = (WORKLOAD, REVISION, DELETED, REFUSED)


def normalise(payload: object, context: NamingContext = NO_CONTEXT) -> list[Statement]:
    """Return the statements of `payload`: {type, instance, at, data, held?} of an answer, or a snapshot as kubectl prints it.

    References such as `models:/ranker/9` are looked up in the registry of `context`; without one no version is linked. Raises
    `InvalidInput` with the pointer of the invalid value.
    """
    found = EventDocument(payload)
    statements = _answer_statements(found, context) if "type" in found.mapping() else snapshot_statements(found, context)
    return [*statements, *found.collector.all()]


def _answer_statements(found: Located, context: NamingContext) -> list[Statement]:
    kind, data = found.need("type").text(), found.need("data")
    if kind == REFUSED:
        error = data.need("error")
        error.fail(error.text() or "Kubernetes refuses a part of its API")
    if kind == DELETED:
        return deletion_statements(data)
    if kind not in _TYPES:
        raise InvalidInput(f"unknown type {kind[:60]!r}: the types are {', '.join(_TYPES)}", pointer="/type")
    cluster, item = cluster_of(found, "instance", context), data.need("object")
    item.mapping()
    if kind == WORKLOAD:
        return workload_statements(cluster, item)
    revision = data.get("revision")
    return revision_statements(cluster, item, revision.name() if revision else None)


def connector(sources: SourceFactory) -> PulledConnector:
    """Return the connector; `sources` opens connections to the APIs of clusters."""
    return PulledConnector(
        name="kubernetes",
        event_types=(*_TYPES, "List"),
        kinds=("deployment", "image", "model_version", "service"),
        relations=("deployed_as", "serves"),
        redacted=(
            "/data/object/spec/predictor/*/storageUri",
            "/items/*/metadata/annotations",
            "/items/*/spec/template/spec/containers/*/env",
        ),
        normalise=normalise,
        sanitize=sanitized,
        refers_to_models=True,
        complete_edges={"deployment": (("serves",), ("deployed_as",))},
        tool=KubernetesTool(),
        sources=sources,
    )
