"""What a run is part of: its experiment, its parent, the workflow that a tag names."""

from __future__ import annotations

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance, table
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.payload import Located
from mlgraph.domain.scoping import scoped
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri


def run_parents(registry: MlflowInstance, run: Located, experiment: Located | None) -> list[tuple[str, AssetUri]]:
    """Return relation and target: what the run is part of, and the workflow that a tag says it executed."""
    data = run.get("data")
    tags = table(data, "tags") if data else {}
    found: list[tuple[str, AssetUri]] = []
    if parent := tags.get("mlflow.parentRunId"):
        found.append(("part_of", registry.uri("run", parent)))
    elif experiment and (name := experiment.get("name")):
        found.append(("part_of", registry.uri("workflow", name.name())))
    if workflow := _workflow(registry, tags):
        found.append(("run_of", workflow))
    return found


def _workflow(registry: MlflowInstance, tags: dict[str, str]) -> AssetUri | None:
    """Return what OpenLineage's tags say, as a tool writes them, or mlgraph's own, which means what it says; None if nothing."""
    namespace, job = tags.get("openlineage.job.namespace", ""), tags.get("openlineage.job.name", "")
    if namespace and job:
        namespace = scoped(namespace, registry.scope)
    else:
        namespace, _, job = tags.get("mlgraph.workflow", "").rpartition("/")
    try:
        uri = AssetUri("workflow", namespace, job)
    except InvalidInput:
        return None
    return uri if len(str(uri)) <= MAX_URI_CHARS else None
