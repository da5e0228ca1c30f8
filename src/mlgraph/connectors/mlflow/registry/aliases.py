"""Aliases of registered models: edges `points_to`, although MLflow stores no time of an alias."""

from __future__ import annotations

from collections import defaultdict

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, entries
from mlgraph.domain.facts import EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


def alias_statements(instance: MlflowInstance, data: Located, model: AssetUri, changed: int) -> list[Statement]:
    """Return one edge for each version with aliases, and a retraction for each version that lost its last alias.

    Without a known state, the time of an edge is the model's last change (`changed`, microseconds). A difference to the known
    state has the time of the event, or that of the fetch that showed it. An edge that is known has no time: nothing changes.
    """
    current: dict[AssetUri, set[str]] = defaultdict(set)
    for each in entries(data.need("registered_model"), "aliases"):
        current[instance.uri("model_version", f"{model.name}/{each.need('version').name()}")].add(each.need("alias").text())
    before = instance.known_points_to or {}
    start = changed if instance.known_points_to is None else instance.at
    statements: list[Statement] = [
        EdgeFact(
            model,
            "points_to",
            version,
            ORIGIN,
            None if before.get(version) == frozenset(aliases) else start,
            properties={"aliases": sorted(aliases)},
        )
        for version, aliases in sorted(current.items())
    ]
    ended = sorted(set(before) - set(current))
    return statements + [EdgeRetraction(model, "points_to", version, ORIGIN, instance.at) for version in ended]
