"""The MLflow connector: converts answers of the REST API to facts (docs/connectors/mlflow.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.connectors.mlflow.payloads import instance_of, subject
from mlgraph.connectors.mlflow.registry.models import model_statements
from mlgraph.connectors.mlflow.registry.registered import logged_model_statements
from mlgraph.connectors.mlflow.registry.versions import version_statements
from mlgraph.connectors.mlflow.removals import deletion_statements
from mlgraph.connectors.mlflow.renames import rename_statements
from mlgraph.connectors.mlflow.tool import MlflowTool
from mlgraph.connectors.mlflow.tracking.experiments import experiment_statements
from mlgraph.connectors.mlflow.tracking.runs import run_statements
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.source_adapter import SourceFactory

__all__ = ["connector", "normalise", "subject"]

_READERS: Final[Mapping[str, Callable[[MlflowInstance, Located], list[Statement]]]] = MappingProxyType(
    {
        "mlflow.experiment": experiment_statements,
        "mlflow.run": run_statements,
        "mlflow.logged_model": logged_model_statements,
        "mlflow.registered_model": model_statements,
        "mlflow.model_version": version_statements,
        "mlflow.deleted": deletion_statements,
        "mlflow.renamed": rename_statements,
    }
)


def normalise(payload: object, context: NamingContext = NO_CONTEXT) -> list[Statement]:
    """Return the statements of `payload`: {type, instance, data, at?, held?}.

    The scope of the source becomes the prefix of ambiguous namespaces (files, `localhost`); without one they are unchanged.
    `at` (RFC 3339) is when the event occurred or the state was fetched. `held` is the known state of the payload's subject from
    this origin, absent if there is none: {since: RFC 3339, state?, points_to?: {version URI: its aliases}}. Raises
    `InvalidInput` with the pointer of the invalid value.
    """
    found = Located(payload)
    kind = found.need("type").text()
    reader = _READERS.get(kind)
    if reader is None:
        raise InvalidInput(f"unknown type {kind[:60]!r}: the types are {', '.join(_READERS)}", pointer="/type")
    return reader(instance_of(found, context.scope), found.need("data"))


def connector(sources: SourceFactory) -> PulledConnector:
    """Return the connector; `sources` opens connections to MLflow servers."""
    return PulledConnector(
        name="mlflow",
        event_types=tuple(_READERS),
        kinds=(
            "artifact",
            "dataset",
            "evaluation",
            "feature",
            "feature_service",
            "feature_view",
            "model",
            "model_version",
            "run",
            "workflow",
        ),
        relations=("alias_of", "derives", "evaluated_by", "input_to", "outputs", "part_of", "points_to", "run_of", "version_of"),
        redacted=(
            "/data/run/info/user_id",
            "/data/run/data/tags",
            "/data/run/data/params",
            "/data/model_version/user_id",
            "/data/run/inputs/dataset_inputs/*/dataset/source",
            "/data/model_version/source",
        ),
        normalise=normalise,
        complete_edges={
            "run": (("part_of", "run_of"), ("input_to",)),
            "model_version": (("version_of",), ("outputs", "derives")),
            "artifact": ((), ("outputs",)),
            "model": (("points_to",), ()),
        },
        remedies={
            "dataset": 'mlflow.log_input(mlflow.data.from_pandas(<DATA>, source="<URL>"), context="training")',
            "commit": 'mlflow.set_tag("mlflow.source.git.commit", "<SHA>")',
        },
        registers_models=True,
        mentions_in_passing=True,
        accepts_events=False,
        tool=MlflowTool(),
        sources=sources,
    )
