"""Model versions: their model, the run and inputs that produced them, and their evaluations."""

from __future__ import annotations

from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, micros, optional, table, tags_of, without_empty
from mlgraph.connectors.mlflow.registry.references import source_names
from mlgraph.connectors.mlflow.registry.registered import made_by, measured_by
from mlgraph.connectors.mlflow.tracking.logged_models import LoggedModels
from mlgraph.domain.facts import AssetFact, Contact, EdgeFact, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri, person_uri

_NO_STAGE: Final = "None"


def version_statements(instance: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.model_version`: {model_version, logged_models?, runs?, source_run_id?, copied_from?}."""
    version = data.need("model_version")
    name, number = version.need("name").name(), version.need("version").name()
    uri = instance.uri("model_version", f"{name}/{number}")
    created = micros(version.need("creation_timestamp"))
    changed = micros(version.get("last_updated_timestamp") or version.need("creation_timestamp"))
    instance, former = instance.of_creation(uri, created)
    source = optional(version, "source")
    behind = next((each for each in LoggedModels(instance, data).known() if uri in each.versions), None)
    run_id = optional(version, "run_id") or (behind.source_run_id if behind else None) or optional(data, "source_run_id")
    stage = optional(version, "current_stage")
    user = optional(version, "user_id")
    properties = without_empty(
        version=number,
        status=optional(version, "status"),
        stage=None if stage == _NO_STAGE else stage,
        status_message=optional(version, "status_message"),
        source=redact_text(source) if source else None,
        run_id=run_id,
        created_at=format_time(created),
        updated_at=format_time(changed),
        logged_model=behind.summary() if behind else None,
    )
    state = without_empty(
        name=f"{name}/{number}",
        description=redact_text(optional(version, "description") or ""),
        owners=[str(person_uri(user))] if user else None,
        tags=tags_of(table(version, "tags")),
        properties=properties,
    )
    return [
        *former,
        AssetFact(uri, ORIGIN, instance.since(changed), state),
        *([Contact(person_uri(user), user, user if "@" in user else None)] if user else []),
        EdgeFact(uri, "version_of", instance.uri("model", name), ORIGIN, created),
        *_copied(instance, data, uri, created),
        *source_names(instance, data, uri, behind, created),
        *made_by(instance, data, run_id, uri, created),
        *measured_by(instance, data),
    ]


def _copied(instance: MlflowInstance, data: Located, uri: AssetUri, created: int) -> list[Statement]:
    """Return the edge from the version of which this one is a copy."""
    original = data.get("copied_from")
    if original is None:
        return []
    name, number = original.need("name").name(), original.need("version").name()
    return [EdgeFact(instance.uri("model_version", f"{name}/{number}"), "derives", uri, ORIGIN, created)]
