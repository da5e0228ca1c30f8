"""What no event tells: things that are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance
from mlgraph.domain.facts import AssetRetraction, Statement
from mlgraph.domain.payload import Located
from mlgraph.domain.uri import AssetUri

INVENTORIED: Final = ("workflow", "run", "artifact", "model", "model_version")
"""The kinds that an inventory of an MLflow instance lists, in its own namespace."""


def vanished(registry: MlflowInstance, known: Iterable[AssetUri], existing: Collection[AssetUri]) -> list[AssetUri]:
    """Return what of `known` is of this instance and not in its inventory, `existing`; evaluations go with runs."""
    namespace = f"mlflow:{registry.instance}"
    gone: list[AssetUri] = []
    for uri in known:
        stands_for = registry.uri("run", uri.name.partition("/")[0]) if uri.kind == "evaluation" else uri
        if uri.namespace == namespace and stands_for.kind in INVENTORIED and stands_for not in existing:
            gone.append(uri)
    return sorted(gone)


def deletion_statements(_registry: MlflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `mlflow.deleted`: {uri, at}."""
    return [AssetRetraction(data.need("uri").uri(), ORIGIN, data.need("at").time())]
