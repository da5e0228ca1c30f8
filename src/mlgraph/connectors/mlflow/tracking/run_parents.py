"""Parents of a run: its experiment, its parent run, and the workflow in a tag."""

from __future__ import annotations

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance, table
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.scoping import scoped
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri


def run_parents(instance: MlflowInstance, run: Located, payload: Located) -> list[tuple[str, AssetUri]]:
    """Return relation and target of each parent: the parent run or experiment, and the workflow in a tag.

    A nested run whose parent was deleted (`orphaned` in the payload) is a part of the experiment.
    """
    data, experiment, orphaned = run.get("data"), payload.get("experiment"), payload.get("orphaned")
    tags = table(data, "tags") if data else {}
    found: list[tuple[str, AssetUri]] = []
    if (parent := tags.get("mlflow.parentRunId")) and not (orphaned and orphaned.value is True):
        found.append(("part_of", instance.uri("run", parent)))
    elif experiment and (name := experiment.get("name")):
        found.append(("part_of", instance.uri("workflow", name.name())))
    if workflow := _workflow(instance, tags):
        found.append(("run_of", workflow))
    return found


def _workflow(instance: MlflowInstance, tags: dict[str, str]) -> AssetUri | None:
    """Return the workflow in the tags of OpenLineage (namespace scoped) or of mlgraph (namespace as written); None without."""
    namespace, job = tags.get("openlineage.job.namespace", ""), tags.get("openlineage.job.name", "")
    if namespace and job:
        namespace = scoped(namespace, instance.scope)
    else:
        namespace, _, job = tags.get("mlgraph.workflow", "").rpartition("/")
    try:
        uri = AssetUri("workflow", namespace, job)
    except InvalidInput:
        return None
    return uri if len(str(uri)) <= MAX_URI_CHARS else None
