"""Aliases of registered models, for which MLflow keeps no time."""

from __future__ import annotations

from collections import defaultdict

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, entries
from mlgraph.domain.facts import EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.payload import Located
from mlgraph.domain.uri import AssetUri


def alias_statements(registry: MlflowInstance, data: Located, model: AssetUri, changed: int) -> list[Statement]:
    """Return what the aliases point to, one edge a version, and an end for each version that none points to any longer.

    MLflow keeps no time of an alias. At first sight the model's last change is the best it can say; what differs from
    what the graph holds changed when the event said so, or when the model was fetched and seen to have changed.
    """
    now: dict[AssetUri, set[str]] = defaultdict(set)
    for each in entries(data.need("registered_model"), "aliases"):
        now[registry.uri("model_version", f"{model.name}/{each.need('version').name()}")].add(each.need("alias").text())
    before = registry.known_points_to or {}
    start = changed if registry.known_points_to is None else registry.at
    statements: list[Statement] = [
        EdgeFact(model, "points_to", version, ORIGIN, start, properties={"aliases": sorted(aliases)})
        for version, aliases in sorted(now.items())
        if before.get(version) != frozenset(aliases)
    ]
    ended = sorted(set(before) - set(now))
    return statements + [EdgeRetraction(model, "points_to", version, ORIGIN, registry.at) for version in ended]
