"""Registered models of MLflow."""

from __future__ import annotations

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, micros, optional, table, tags_of, without_empty
from mlgraph.connectors.mlflow.registry.aliases import alias_statements
from mlgraph.domain.facts import AssetFact, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.timestamps import format_time


def model_statements(instance: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.registered_model`: {registered_model}.

    Prompts, which MLflow stores as registered models, have no facts.
    """
    model = data.need("registered_model")
    tags = table(model, "tags")
    name = model.need("name").name()
    if tags.get("mlflow.prompt.is_prompt", "").lower() == "true":
        return []
    uri = instance.uri("model", name)
    created = micros(model.need("creation_timestamp"))
    changed = micros(model.get("last_updated_timestamp") or model.need("creation_timestamp"))
    instance, former = instance.of_creation(uri, created)
    state = without_empty(
        name=name,
        description=redact_text(optional(model, "description") or ""),
        tags=tags_of(tags),
        properties={"created_at": format_time(created), "updated_at": format_time(changed)},
    )
    model_fact = AssetFact(uri, ORIGIN, instance.since(changed), state)
    return [*former, model_fact, *alias_statements(instance, data, uri, changed)]
