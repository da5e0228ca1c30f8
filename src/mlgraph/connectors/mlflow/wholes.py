"""What a run is part of: its experiment, its parent, the workflow that a tag names."""

from __future__ import annotations

from mlgraph.connectors.mlflow.words import Registry, table
from mlgraph.domain.payload import Located
from mlgraph.domain.scoping import scoped
from mlgraph.domain.uri import AssetUri


def wholes(registry: Registry, run: Located, experiment: Located | None) -> list[tuple[str, AssetUri]]:
    """Return relation and target: what the run is part of, and the workflow that a tag says it executed."""
    data = run.get("data")
    tags = table(data, "tags") if data else {}
    found: list[tuple[str, AssetUri]] = []
    if parent := tags.get("mlflow.parentRunId"):
        found.append(("part_of", registry.uri("run", parent)))
    elif experiment and (name := experiment.get("name")):
        found.append(("part_of", registry.uri("workflow", name.name())))
    namespace, job = _workflow(registry, tags)
    if namespace and job:
        found.append(("run_of", AssetUri("workflow", namespace, job)))
    return found


def _workflow(registry: Registry, tags: dict[str, str]) -> tuple[str, str]:
    """Return namespace and name: OpenLineage's tags, as a tool writes them, or mlgraph's own, which means what it says."""
    told = tags.get("openlineage.job.namespace", ""), tags.get("openlineage.job.name", "")
    if all(told):
        return scoped(told[0], registry.scope), told[1]
    namespace, _, job = tags.get("mlgraph.workflow", "").rpartition("/")
    return namespace, job
