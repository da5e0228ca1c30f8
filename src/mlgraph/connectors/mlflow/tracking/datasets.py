"""Dataset inputs of runs: identity, role and version (MLflow's dataset tracking)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, entries, optional, table, without_empty
from mlgraph.connectors.mlflow.tracking.dataset_documents import document, fields
from mlgraph.connectors.mlflow.tracking.dataset_identity import ReportedDataset, dataset_uri
from mlgraph.domain.facts import AssetFact, EdgeFact, Mode, Statement
from mlgraph.domain.naming.dataset_naming import canonical_columns
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import HELD_OUT_ROLES

_DEFAULT_NAME: Final = "dataset"
"""The name in MLflow of a dataset that its client did not name."""
_ROLES: Final = {
    **dict.fromkeys(("train", "training"), "training"),
    **dict.fromkeys(("validation", "val", "valid", "eval", "evaluation"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """One dataset input of a run. Metrics refer to it by `name` and `digest`."""

    uri: AssetUri
    name: str
    digest: str | None
    role: str | None
    state: dict[str, Any]

    @property
    def trains(self) -> bool:
        """Whether models are trained on it, rather than measured on it."""
        return self.role not in HELD_OUT_ROLES


def dataset_inputs(instance: MlflowInstance, run: Located) -> list[DatasetInput]:
    """Return the dataset inputs of a run (REST `Run.inputs.dataset_inputs`)."""
    inputs = run.get("inputs")
    scored = scored_datasets(run)
    experiment_id = optional(run.need("info"), "experiment_id")
    return [_read(instance, each, scored, experiment_id) for each in entries(inputs, "dataset_inputs")] if inputs else []


def scored_datasets(run: Located) -> dict[str, str]:
    """Return the model id with which each dataset was scored, by dataset name (a tag of `mlflow.models.evaluate`)."""
    listed = document(_tags(run).get("mlflow.datasets"))
    pairs = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {
        each["name"]: each["model"] for each in pairs if isinstance(each.get("name"), str) and isinstance(each.get("model"), str)
    }


def dataset_statements(inputs: list[DatasetInput], run: AssetUri, start: int | None) -> list[Statement]:
    """Return the states of the datasets that a run reports, and their edges into it from `start` (None: time of recording).

    The states are patches: each run reports a part of a dataset's state, and a repetition changes nothing.
    """
    assets = {each.uri: AssetFact(each.uri, ORIGIN, start, each.state, Mode.PATCH) for each in reversed(inputs)}
    edges = {
        (each.uri, each.role, each.digest): EdgeFact(
            each.uri, "input_to", run, ORIGIN, start, properties=without_empty(role=each.role, version=each.digest)
        )
        for each in inputs
    }
    return [*assets.values(), *edges.values()]


def _read(instance: MlflowInstance, entry: Located, scored: dict[str, str], experiment_id: str | None) -> DatasetInput:
    dataset = entry.need("dataset")
    name, digest = dataset.need("name").name(), optional(dataset, "digest")
    context = table(entry, "tags").get("mlflow.data.context", "").strip().lower()
    role = _ROLES.get(context) or ("test" if not context and name in scored else None)
    written = optional(dataset, "source")
    source = document(written)
    schema = document(optional(dataset, "schema"))
    uri = dataset_uri(instance, ReportedDataset(name, digest, written if source is None else source, experiment_id))
    properties = without_empty(
        schema=canonical_columns(uri.namespace, fields(schema)),
        profile=document(optional(dataset, "profile")),
        source_type=optional(dataset, "source_type"),
    )
    state = without_empty(name=None if name == _DEFAULT_NAME else name, properties=redact(properties))
    return DatasetInput(uri, name, digest, role, state)


def _tags(run: Located) -> dict[str, str]:
    data = run.get("data")
    return table(data, "tags") if data else {}
