"""The bulk of a search catalogue: any number of assets about many topics, with the names, gaps and repetitions of real ones."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from benchmarks.discovery.fact_builder import SINCE, Fact, team_uri
from benchmarks.discovery.planting.asset_names import STYLES
from benchmarks.discovery.planting.implementations import REGION_TEXT, REMARKS
from benchmarks.discovery.vocabulary import Topic
from mlgraph.domain.uri import AssetUri

_KINDS: Final = (
    ("dataset",) * 45 + ("feature",) * 15 + ("feature_view",) * 8 + ("model",) * 6 + ("model_version",) * 10 + ("workflow",) * 16
)
_GRAINS: Final = ("", "daily", "weekly", "hourly", "snapshot", "backfill", "export", "tmp", "agg", "v2", "v3", "current")
_PLACES: Final = (
    "s3://lake-{0}",
    "bigquery",
    "snowflake://acme.eu-west-1",
    "postgres://dwh{1}.acme.example:5432",
    "kafka://events{1}",
)
_OTHER_PLACES: Final = {
    "feature": "feast:{0}",
    "feature_view": "feast:{0}",
    "model": "mlflow:team{1}",
    "model_version": "mlflow:team{1}",
    "workflow": "airflow-{0}{1}",
}
_TAGS: Final = ("gold", "pii", "tier1", "experimental", "finance", "gdpr")
_DESCRIBED, _WITH_COLUMNS, _OWNED, _LINKED = 0.6, 0.35, 0.8, 0.5
_PER_PROJECT: Final = 5_000
"""Assets of one project; a project has names and namespaces of its own."""


def filler(rng: random.Random, topics: Sequence[Topic], count: int) -> Iterator[Fact]:
    """Yield facts with `count` assets about `topics`; half of them have an edge from an earlier dataset."""
    regions = tuple(REGION_TEXT)
    recent: list[str] = []
    seen: set[int] = set()
    for number in range(count):
        topic = topics[rng.randrange(len(topics))]
        kind = _KINDS[rng.randrange(len(_KINDS))]
        side = rng.randrange(2)
        project = number // _PER_PROJECT
        uri, name = _named(rng, topic, kind, side, (project, number), regions)
        if hash(uri) in seen:
            uri += f".{number}"
        seen.add(hash(uri))
        state = _state(rng, topic, kind, side, name, project)
        yield {"asset": {"uri": uri, **state, "valid_from": SINCE}}
        if recent and rng.random() < _LINKED:
            yield from _edges(rng.choice(recent), kind, uri)
        if kind == "dataset":
            recent = [*recent[-20:], uri]


def _named(
    rng: random.Random, topic: Topic, kind: str, side: int, numbers: tuple[int, int], regions: Sequence[str]
) -> tuple[str, str]:
    """Return the URI and the short name of an asset."""
    project, number = numbers
    line = topic.line.names[side]
    stem = rng.choice(topic.concept.names[side])
    grain, region = rng.choice(_GRAINS), rng.choice(regions)
    parts = [line, *stem.split("_"), *([region] if region != "eu" else []), *([grain] if grain else [])]
    name = rng.choice(STYLES[side])(parts)
    if rng.random() < 0.5:
        name += f"_{number % 1000}"
    if kind == "dataset":
        namespace = rng.choice(_PLACES).format(line, project)
        path = f"acme-{project}.{line}.{name}" if "s3" not in namespace else f"project{project}/{name}"
    else:
        namespace = _OTHER_PLACES[kind].format(line, project)
        path = f"p{project}_{name}" if rng.random() < 0.5 else name
    path += "" if kind != "model_version" else f"/{rng.randrange(1, 9)}"
    return str(AssetUri(kind, namespace, f"{path}.{number}" if rng.random() < 0.2 else path)), name


def _state(rng: random.Random, topic: Topic, kind: str, side: int, name: str, project: int) -> dict[str, Any]:
    state: dict[str, Any] = {"name": name} if rng.random() < 0.7 else {}
    concept = topic.concept
    if rng.random() < _DESCRIBED:
        text = topic.worded(rng.choice(concept.texts[:2]), side)
        state["description"] = f"{text[:1].upper()}{text[1:]}. {rng.choice(REMARKS[side])}"
    if rng.random() < _OWNED:
        state["owners"] = [team_uri(f"{topic.line.names[side]}-{project % 20}")]
    if rng.random() < 0.3:
        state["tags"] = sorted({rng.choice(_TAGS), rng.choice(_TAGS)})
    properties: dict[str, Any] = {}
    if kind == "dataset" and rng.random() < _WITH_COLUMNS:
        meanings = (*topic.line.keys, *rng.sample(concept.columns, 3))
        properties["schema"] = [{"name": meaning.names[side], "type": meaning.type} for meaning in meanings]
    if kind == "model_version":
        properties["metrics"] = {concept.metric: round(rng.random(), 3)}
    if rng.random() < 0.1:
        properties["environment"] = rng.choice(("staging", "production"))
    return state | ({"properties": properties} if properties else {})


def _edges(dataset: str, kind: str, uri: str) -> Iterator[Fact]:
    relation = {"dataset": "derives", "feature": "feeds", "feature_view": "feeds", "workflow": "input_to"}.get(kind)
    if relation is not None and dataset != uri:
        yield {"edge": {"source": dataset, "relation": relation, "target": uri, "valid_from": SINCE}}
