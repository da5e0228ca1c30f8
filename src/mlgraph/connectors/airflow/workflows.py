"""DAGs and tasks, which are workflows, and the assets that they declare to read and write."""

from __future__ import annotations

from mlgraph.connectors.airflow.airflow_instance import (
    AirflowInstance,
    optional_flag,
    optional_text,
    optional_time,
    without_empty,
)
from mlgraph.domain.facts import Contact, Statement
from mlgraph.domain.owners import owner_of
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.redaction.sanitizing import sanitize_text
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri


def dag_statements(instance: AirflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `airflow.dag`: {dag, import_error?, reads, writes}."""
    dag = data.need("dag")
    uri = instance.workflow(dag.need("dag_id").name())
    version = dag.get("latest_dag_version")
    next_run = optional_time(dag, "next_dagrun_run_after")
    links = dag.get("owner_links")
    properties = without_empty(
        paused=optional_flag(dag, "is_paused"),
        stale=optional_flag(dag, "is_stale"),
        next_run=None if next_run is None else format_time(next_run),
        schedule=optional_text(dag, "timetable_summary"),
        file=optional_text(dag, "relative_fileloc"),
        dag_version=_integer(version, "version_number") if version else None,
        bundle_version=optional_text(version, "bundle_version") if version else None,
        import_error=optional_text(data, "import_error"),
        owner_links=sorted(redact_text(link.text()) for _, link in links.members()) if links else None,
    )
    tags = dag.get("tags")
    owners, contacts = _owners(list(_items(dag, "owners")))
    state = without_empty(
        description=optional_text(dag, "description") or optional_text(dag, "doc_md"),
        tags=sorted(_public(tag.need("name")) for tag in tags.items()) if tags else None,
        owners=owners,
    )
    first = version.need("created_at").time() if version else None
    return [
        instance.state(uri, {**state, "properties": properties}, first),
        *_assets(instance, uri, data, first),
        *contacts,
    ]


def task_statements(instance: AirflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `airflow.task`: {dag_id, since?, task, reads, writes}; `since` is that of the DAG's version."""
    task, dag = data.need("task"), data.need("dag_id").name()
    uri = instance.workflow(dag, task.need("task_id").name())
    group, _, _ = task.need("task_id").text().rpartition(".")
    properties = without_empty(
        operator=optional_text(task, "operator_name"),
        trigger_rule=optional_text(task, "trigger_rule"),
        task_group=group,
        mapped=optional_flag(task, "is_mapped"),
        downstream=sorted(each.text() for each in _items(task, "downstream_task_ids")),
    )
    owner = task.get("owner")
    owners, contacts = _owners([owner] if owner else [])
    state = without_empty(description=optional_text(task, "doc_md"), owners=owners)
    first = optional_time(data, "since")
    return [
        instance.state(uri, {**state, "properties": properties}, first),
        instance.edge(uri, "part_of", instance.workflow(dag), first),
        *_assets(instance, uri, data, first),
        *contacts,
    ]


def _assets(instance: AirflowInstance, workflow: AssetUri, data: Located, first: int | None) -> list[Statement]:
    """Return the edges to the assets that a workflow declares; none if Airflow refused to list assets."""
    reads = {instance.dataset(each) for each in _items(data, "reads")}
    writes = {instance.dataset(each) for each in _items(data, "writes")}
    return [
        *(instance.edge(dataset, "input_to", workflow, first) for dataset in sorted(reads)),
        *(instance.edge(workflow, "outputs", dataset, first) for dataset in sorted(writes)),
    ]


def _items(parent: Located, key: str) -> list[Located]:
    found = parent.get(key)
    return list(found.items()) if found else []


def _integer(parent: Located, key: str) -> int | None:
    found = parent.get(key)
    if found is not None and type(found.value) is not int:
        found.fail("must be an integer")
    return found.value if found else None


def _public(text: Located) -> str:
    return sanitize_text(Located(redact_text(text.text()), text.pointer))


def _owners(found: list[Located]) -> tuple[list[str], list[Contact]]:
    """Return URIs and contacts of owners. A bare word is an opaque person: only a directory knows whom it denotes."""
    owners: dict[str, Contact | None] = {}
    for each in found:
        if each.text().strip():
            uri, contact = owner_of(each.name())
            owners[str(uri)] = contact
    return sorted(owners), [contact for contact in owners.values() if contact]
