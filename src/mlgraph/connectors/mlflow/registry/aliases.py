"""Aliases of registered models: edges `points_to`, and names of versions, although MLflow stores no time of an alias."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from mlgraph.connectors.mlflow.mlflow_instance import ORIGIN, MlflowInstance, entries
from mlgraph.connectors.mlflow.registry.references import alias_names
from mlgraph.domain.facts import EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


def alias_statements(instance: MlflowInstance, data: Located, model: AssetUri, changed: int) -> list[Statement]:
    """Return one edge for each version with aliases, and a retraction for each version that lost its last alias.

    Each alias is also a name of the version that it points to, `MODEL@ALIAS`.

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
    statements += [EdgeRetraction(model, "points_to", version, ORIGIN, instance.at) for version in ended]
    return [*statements, *alias_names(instance, model.name, _by_alias(before), _by_alias(current), start)]


def _by_alias(pointed: Mapping[AssetUri, Collection[str]]) -> dict[str, AssetUri]:
    return {alias: version for version, aliases in pointed.items() for alias in aliases}
