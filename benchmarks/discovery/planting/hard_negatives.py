"""Copies of an asset that look like duplicates and are none: other regions, versions, environments, children."""

from __future__ import annotations

import random
from typing import Any, Final

from benchmarks.discovery.fact_builder import Fact, FactBuilder
from benchmarks.discovery.planting.implementations import Built, Recipe, implement
from benchmarks.discovery.vocabulary import Topic
from mlgraph.domain.uri import AssetUri

RELATED: Final = frozenset({"version", "environment", "parent"})
"""Ways in which a pair is related by lineage or identity: no such pair may ever be suggested."""
REGIONS: Final = ("us", "apac", "latam", "africa", "nordics", "india", "japan")
_CHILD_SUFFIXES: Final = ("daily", "weekly", "latest", "agg")


class Copies:
    """Adds copies of an asset of team 0 to the catalogue; each method returns the pair of URIs that look alike."""

    def __init__(self, facts: FactBuilder, rng: random.Random, seed: int) -> None:
        self._facts = facts
        self._rng = rng
        self._seed = seed

    def first(self, topic: Topic, kind: str, region: str = "eu", *, broad: bool = False) -> Built:
        """Build a topic as team 0 does; in every region with the same choices, that is, from one template."""
        rng = random.Random(f"first {self._seed} {topic.key}")
        return implement(self._facts, rng, topic, Recipe(0, kind, region=region, broad=broad))

    def version(self, built: Built) -> tuple[str, str]:
        """Return two versions of a model, else add a second version that supersedes the asset."""
        if "version2" in built.helpers:
            return built.helpers["version1"], built.helpers["version2"]
        copy = self._copy(built, built.namespace, f"{built.path}_v2", f"{built.name}_v2", {})
        self._facts.edge(copy, "supersedes", built.uri)
        self._attach(built, copy)
        return built.uri, copy

    def environment(self, built: Built) -> tuple[str, str]:
        """Add the same asset in a staging environment, from which it is promoted."""
        apart = built.namespace.startswith(("s3:", "feast:", "mlflow:"))
        namespace, path = (f"{built.namespace}-staging", built.path) if apart else (built.namespace, f"staging.{built.path}")
        copy = self._copy(built, namespace, path, built.name, {"environment": "staging"})
        self._facts.edge(copy, "promoted_to", built.uri)
        self._attach(built, copy)
        return copy, built.uri

    def child(self, built: Built) -> tuple[str, str]:
        """Add an asset of the same kind that is made from the asset and has most of its columns."""
        kind = AssetUri.parse(built.uri).kind
        suffix = self._rng.choice(_CHILD_SUFFIXES)
        copy = self._copy(built, built.namespace, f"{built.path}_{suffix}", f"{built.name}_{suffix}", {})
        if kind == "dataset":
            self._facts.job("airflow-aggregates", f"{suffix}_{built.name}", [built.uri], [copy])
        elif kind == "feature_view":
            self._facts.edge(built.uri, "feeds", copy)
        elif kind == "feature":
            self._facts.edge(built.uri, "part_of", copy)
        else:
            version = self._facts.asset(
                "model_version", built.namespace, f"{built.path}_{suffix}/1", name=f"{built.name}_{suffix}/1"
            )
            self._facts.edge(version, "version_of", copy)
            self._facts.edge(built.helpers["version1"], "derives", version)
        return built.uri, copy

    def _copy(self, built: Built, namespace: str, path: str, name: str, properties: dict[str, Any]) -> str:
        """Add an asset with the state of another one."""
        uri = AssetUri.parse(built.uri)
        state = dict(self._state(built.uri))
        state["name"] = name
        state["properties"] = {**state.get("properties", {}), **properties}
        return self._facts.asset(uri.kind, namespace, path, **state)

    def _state(self, uri: str) -> Fact:
        asset: Fact = self._facts.states[uri]
        return {key: value for key, value in asset.items() if key not in {"uri", "valid_from"}}

    def _attach(self, built: Built, copy: str) -> None:
        """Give a copy the same raw tables as the asset."""
        kind = AssetUri.parse(copy).kind
        if kind == "dataset":
            self._facts.job("airflow-copies", f"build_{AssetUri.parse(copy).name}", built.raw, [copy])
        elif kind in {"feature_view", "feature"}:
            for source in built.raw:
                self._facts.edge(source, "feeds", copy)
        else:
            uri = AssetUri.parse(copy)
            version = self._facts.asset("model_version", uri.namespace, f"{uri.name}/1", name=f"{uri.name}/1")
            self._facts.edge(version, "version_of", copy)
            self._facts.job("airflow-copies", f"train_{uri.name}", built.raw, [version], role="training")
