"""Deletions, which MLflow does not report: known objects that its inventory lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance
from mlgraph.domain.facts import AssetRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

INVENTORIED: Final = ("workflow", "run", "artifact", "model", "model_version")
"""The kinds in the inventory of an MLflow instance, in the namespace of the instance."""


def vanished(instance: MlflowInstance, known: Iterable[AssetUri], existing: Collection[AssetUri]) -> list[AssetUri]:
    """Return the assets of `known` that belong to this instance and are not in its inventory, `existing`.

    Evaluations are not listed: what a run made, and measured, does not end with the run.
    """
    namespace = f"mlflow:{instance.name}"
    return sorted(uri for uri in known if uri.namespace == namespace and uri.kind in INVENTORIED and uri not in existing)


def deletion_statements(_instance: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.deleted`: {uri, at}."""
    return [AssetRetraction(data.need("uri").uri(), ORIGIN, data.need("at").time())]
