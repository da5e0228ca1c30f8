"""What `kubectl get -o json` prints, sent to mlgraph: a list of objects, or one."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mlgraph.connectors.kubernetes.cluster import ORIGIN, Cluster, cluster_of
from mlgraph.connectors.kubernetes.inference_services import (
    previous_revision,
    ready_since,
    revision_statements,
    revision_uri,
    revisions_of,
)
from mlgraph.connectors.kubernetes.objects import INFERENCE_SERVICE, names_model, type_of
from mlgraph.connectors.kubernetes.workloads import deployment_state, workload_since, workload_statements, workload_uri
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

_HOW: Final = (
    """add it: kubectl get ... -o json | jq -c '{cluster: "prod", at: (now | todate)} + .' """
    "| mlgraph ingest - --format kubernetes"
)


def snapshot_statements(payload: Located, context: NamingContext) -> list[Statement]:
    """Return the facts of a snapshot: {cluster, at, kind, items}, or an object with `cluster` and `at`.

    A broken object costs only itself; those of other types, and workloads without the annotation, are ignored.
    """
    for member in ("cluster", "at"):
        if payload.get(member) is None:
            raise InvalidInput(f"does not tell its {member!r}, which kubectl does not print; {_HOW}", pointer=f"/{member}")
    cluster = replace(cluster_of(payload.without(["held"]), "cluster", context), is_snapshot=True)
    if "items" not in payload.mapping():
        return _object_statements(cluster, payload)
    found: list[Statement] = []
    for item in payload.objects("items") or ():
        found += item.attempt(lambda one: _object_statements(cluster, one)) or []
    return found


def _object_statements(cluster: Cluster, item: Located) -> list[Statement]:
    found = type_of(item.mapping())
    if found is None or not names_model(item.mapping()):
        return []
    if found is INFERENCE_SERVICE:
        return _service_statements(cluster, item)
    return [
        *_succession(cluster, item, workload_uri(cluster, item), workload_since(cluster, item)),
        *workload_statements(cluster, item),
    ]


def _succession(cluster: Cluster, item: Located, uri: AssetUri, since: int) -> list[Statement]:
    """Return the end of all that earlier snapshots said of a deployment, where its present pods begin, and its name from there.

    A snapshot does not know what an earlier one said. The microsecond is needed because a retraction also closes what opened at
    its time.
    """
    named = AssetFact(uri, ORIGIN, since, deployment_state(cluster, item, {}))
    return [AssetRetraction(uri, ORIGIN, since - 1), *([named] if since < cluster.at else [])]


def _service_statements(cluster: Cluster, item: Located) -> list[Statement]:
    found: list[Statement] = []
    for revision in revisions_of(item):
        if revision.name is None:
            found += _succession(cluster, item, revision_uri(cluster, item, None), ready_since(item))
        found += revision_statements(cluster, item, revision.name)
    previous = previous_revision(item)
    if previous is not None:
        found.append(AssetRetraction(revision_uri(cluster, item, previous), ORIGIN, cluster.at))
    return found
