"""Planted pairs whose order is known: twins of which one serves production, and deprecated assets beside their successors."""

from __future__ import annotations

import random
from typing import Any, Final

from benchmarks.discovery.fact_builder import FactBuilder, team_uri
from benchmarks.discovery.search_queries import LabelledQuery
from benchmarks.discovery.vocabulary import Topic
from mlgraph.domain.uri import AssetUri

_PLACES: Final = (("s3://lake-core", "shared/"), ("s3://lake-sandbox", "scratch/"))
_MOST_CONSUMERS: Final = 12


def twins(facts: FactBuilder, rng: random.Random, topics: list[Topic], count: int) -> list[LabelledQuery]:
    """Plant pairs of one name and one description, of which one serves production and has more consumers."""
    found = []
    for number in range(count):
        topic = topics[number % len(topics)]
        name = f"{topic.line.names[0]}_{topic.concept.names[0][0]}_{_code(number)}"
        state = _state(rng, topic, name)
        places = list(_PLACES)
        rng.shuffle(places)
        pair = [facts.asset("dataset", namespace, head + name, **state) for namespace, head in places]
        used, idle = rng.sample(pair, 2)  # the order in which they were recorded says nothing
        _consume(facts, used, name, rng.randrange(5, _MOST_CONSUMERS), serving=True)
        _consume(facts, idle, f"{name}_trial", rng.randrange(2), serving=False)
        text = name if number % 2 else name.replace("_", " ")
        found.append(LabelledQuery("twin", text, frozenset([used]), number % 2, below=idle, note="serves production"))
    return found


def deprecated(facts: FactBuilder, rng: random.Random, topics: list[Topic], count: int) -> list[LabelledQuery]:
    """Plant deprecated assets with a successor of nearly the same name; the deprecated one often has more consumers."""
    found = []
    for number in range(count):
        topic = topics[-1 - number % len(topics)]
        stem = f"{topic.line.names[1]}_{topic.concept.names[1][0]}_{_code(number + 10_000)}"
        state = _state(rng, topic, f"{stem}_v2")
        path = f"acme-prod.core.{stem}"
        successor = str(AssetUri.of("dataset", "bigquery", f"{path}_v2"))
        properties = {**state["properties"], "deprecated": True, "successor": successor}
        older = {**state, "name": f"{stem}_v1", "properties": properties}
        versions = [("v1", older), ("v2", state)]
        rng.shuffle(versions)  # the order in which they were recorded says nothing
        uris = {version: facts.asset("dataset", "bigquery", f"{path}_{version}", **each) for version, each in versions}
        old = uris["v1"]
        facts.edge(successor, "supersedes", old)
        _consume(facts, old, f"{stem}_v1", rng.randrange(6), serving=bool(number % 2))
        _consume(facts, successor, f"{stem}_v2", rng.randrange(3), serving=False)
        text = stem.replace("_", " ") if number % 2 else stem
        found.append(LabelledQuery("deprecated", text, frozenset([successor]), number % 2, below=old, note="successor"))
    return found


def _code(number: int) -> str:
    """Return a word of letters for a number, different for each."""
    letters = ""
    for _ in range(4):
        number, rest = divmod(number * 7 + 3, 20)
        letters += "bcdfghjklmnpqrstvwxz"[rest] + "aeiou"[rest % 5]
    return letters


def _state(rng: random.Random, topic: Topic, name: str) -> dict[str, Any]:
    concept = topic.concept
    schema = [{"name": column.names[0], "type": column.type} for column in concept.columns]
    return {
        "name": name,
        "description": topic.worded(concept.texts[0], 0).capitalize() + ".",
        "owners": [team_uri(f"{topic.line.names[0]}-core")] if rng.random() < 0.5 else [],
        "properties": {"schema": schema},
    }


def _consume(facts: FactBuilder, dataset: str, name: str, consumers: int, *, serving: bool) -> None:
    """Add workflows that read a dataset; the first trains a model that serves production, where `serving`."""
    for number in range(max(consumers, int(serving))):
        job = facts.job("airflow-core", f"read_{name}_{number}", [dataset], [])
        if serving and number == 0:
            version = facts.asset("model_version", "mlflow:core", f"m_{name}/1", name=f"m_{name}/1")
            facts.edge(job, "outputs", version)
            deployment = facts.asset("deployment", "kubernetes", f"core/d-{name}", name=f"d-{name}")
            service = facts.asset("service", "kubernetes", f"core/s-{name}", name=f"s-{name}")
            facts.edge(version, "deployed_as", deployment)
            facts.edge(deployment, "serves", service)
