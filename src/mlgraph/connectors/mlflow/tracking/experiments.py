"""Experiments of MLflow: groups of runs, so they are workflows and not A/B experiments."""

from __future__ import annotations

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, micros, optional, table, tags_of, without_empty
from mlgraph.domain.facts import AssetFact, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.timestamps import format_time


def experiment_statements(instance: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.experiment`: {experiment}. The experiment is a workflow, with its runs as parts."""
    experiment = data.need("experiment")
    name = experiment.need("name").name()
    tags = table(experiment, "tags")
    created = experiment.get("creation_time")
    changed = experiment.get("last_update_time") or experiment.need("creation_time")
    properties = without_empty(
        type="mlflow_experiment",
        experiment_id=optional(experiment, "experiment_id"),
        created_at=format_time(micros(created)) if created else None,
        updated_at=format_time(micros(changed)),
    )
    state = without_empty(
        name=name,
        description=redact_text(tags.get("mlflow.note.content", "")),
        tags=tags_of(tags),
        properties=properties,
    )
    return [AssetFact(instance.uri("workflow", name), ORIGIN, instance.since(micros(changed)), state)]
