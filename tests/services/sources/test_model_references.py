"""References of other tools to versions of a model registry, in a graph: whatever arrives first, and at each moment."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mlgraph.connectors import mlflow
from mlgraph.domain.errors import UnknownAsset
from mlgraph.domain.facts import EdgeFact, Statement, split_contacts
from mlgraph.domain.naming.naming_context import NO_REGISTRY, NamingContext
from mlgraph.domain.payloads.payload import EventDocument
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connections import STOPPED, Connection
from mlgraph.ports.connector import Connector, ConnectorRegistry, PulledConnector
from mlgraph.ports.store import Item
from mlgraph.services.common.identity import LOCAL
from mlgraph.services.common.registries import ModelRegistries
from mlgraph.services.queries.asset_names import AssetNames
from mlgraph.sources.mlflow.factory import MlflowSources
from mlgraph.stores.postgres.connection_table import PostgresConnections
from tests.services.parts import Serving, Store

M = "m-" + "a1" * 16
RUN = "0b" * 16
SERVING = AssetUri("deployment", "k", "home")
SERVED = str(SERVING)


def shelf(payload: object, context: NamingContext) -> Sequence[Statement]:
    """Read {model, at}: a deployment that runs a model."""
    event = EventDocument(payload)
    version = context.model_version(event.need("model"), at_location=True)
    at = event.need("at").time()
    facts = [EdgeFact(version, "deployed_as", SERVING, "shelf", at)] if version else []
    return [*facts, *event.collector.all()]


SHELF = Connector(
    name="shelf",
    event_types=("deployment",),
    kinds=("model_version", "deployment"),
    relations=("deployed_as",),
    normalise=shelf,
    refers_to_models=True,
)
CONNECTORS = ConnectorRegistry([SHELF, mlflow.connector(MlflowSources())])


def at(day: int) -> str:
    return f"2026-01-{day:02}T00:00:00Z"


def ms(day: int) -> int:
    return 1_767_225_600_000 + (day - 1) * 86_400_000


def version_payload(number: int, source: str, day: int = 1) -> dict[str, Any]:
    version = {"name": "ranker", "version": str(number), "creation_timestamp": ms(day), "source": source}
    return {"type": "mlflow.model_version", "instance": "prod", "at": at(day), "data": {"model_version": version}}


def model_payload(day: int, champion: int, before: int | None = None) -> dict[str, Any]:
    """The registered model, whose alias `champion` points to a version from that day on."""
    model = {
        "name": "ranker",
        "creation_timestamp": ms(1),
        "last_updated_timestamp": ms(1),
        "aliases": [{"alias": "champion", "version": str(champion)}],
    }
    payload: dict[str, Any] = {"type": "mlflow.registered_model", "instance": "prod", "at": at(day)}
    payload["data"] = {"registered_model": model}
    if before is not None:
        known = {f"mlg://model_version/mlflow%3Aprod/ranker%2F{before}": ["champion"]}
        payload["held"] = {"since": at(1), "state": {"properties": {"created_at": at(1)}}, "points_to": known}
    return payload


class Scene:
    """A server with an MLflow named prod, and the connector of a tool that refers to its models."""

    def __init__(self, store: Store, *registries: str) -> None:
        self.connections = PostgresConnections(store.database)
        for name in registries:
            self.connections.save(Connection(name, "mlflow", f"http://{name}", "secret", state="following"))
        self.serving = Serving(store, CONNECTORS)

    def read(self, *payloads: dict[str, Any]) -> None:
        for payload in payloads:
            self.serving.intake.append([Item(*split_contacts(mlflow.normalise(payload)))], LOCAL)

    def deployed(self, model: str, day: int) -> dict[str, Any]:
        return self.serving.intake.ingest("shelf", f'{{"model": "{model}", "at": "{at(day)}"}}'.encode(), LOCAL)

    def served_by(self, day: int) -> dict[str, str]:
        """The versions that the deployment runs on that day, with their certainty."""
        self.serving.follow()
        answer = self.serving.lineage(SERVED, direction="upstream", as_of=at(day), depth=1)
        return {
            AssetUri.parse(node["uri"]).name: node["certainty"]
            for node in answer["nodes"]
            if node["uri"].startswith("mlg://model_v")
        }

    def reached(self, version: str, day: int) -> set[str]:
        """What is downstream of a version on that day."""
        root = str(AssetUri("model_version", "mlflow:prod", version))
        return {node["uri"] for node in self.serving.lineage(root, as_of=at(day))["nodes"]}


@pytest.mark.parametrize("last", ["version", "deployment"])
@pytest.mark.parametrize(
    ("source", "reference"),
    [
        (f"models:/{M}", f"models:/{M}"),
        (f"models:/{M}", f"mlflow-artifacts:/2/models/{M}/artifacts"),
        (f"mlflow-artifacts:/2/{RUN}/artifacts/model", f"runs:/{RUN}/model"),
        (f"mlflow-artifacts:/2/{RUN}/artifacts/model", f"s3://bucket/2/{RUN}/artifacts/model/"),
        ("s3://models/ranker", "s3a://models/ranker/"),
        ("anything", "models:/ranker/1"),
    ],
)
def test_a_reference_is_the_version_whatever_arrives_first(store: Store, source: str, reference: str, last: str) -> None:
    scene = Scene(store, "prod")
    steps: list[Callable[[], object]] = [lambda: scene.read(version_payload(1, source)), lambda: scene.deployed(reference, 3)]
    if last == "version":
        steps.reverse()
    for step in steps:
        step()
        scene.serving.follow()
    assert scene.served_by(4) == {"ranker/1": "certain"}
    assert SERVED in scene.reached("ranker/1", 4)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_alias_is_another_version_once_it_moved(store: Store, order: tuple[int, ...]) -> None:
    scene = Scene(store, "prod")
    steps: list[Callable[[], object]] = [
        lambda: scene.read(version_payload(1, "a"), version_payload(2, "b")),
        lambda: scene.read(model_payload(1, 1), model_payload(10, 2, before=1)),
        lambda: scene.deployed("models:/ranker@champion", 5),
    ]
    for place in order:
        steps[place]()
        scene.serving.follow()
    assert scene.served_by(4) == {}
    assert scene.served_by(9) == {"ranker/1": "certain"}
    assert scene.served_by(10) == {"ranker/2": "certain"}
    assert SERVED in scene.reached("ranker/1", 9)
    assert SERVED not in scene.reached("ranker/1", 11)
    resolved = scene.serving.lineage("mlg://model_version/mlflow%3Aprod/ranker%40champion", as_of=at(11))
    assert resolved["root"] == "mlg://model_version/mlflow%3Aprod/ranker%2F2"
    found = AssetNames(store.reader, scene.serving.follower).matches("ranker@champion")
    assert found["uri"] == "mlg://model_version/mlflow%3Aprod/ranker%2F2"


def test_with_several_registries_nothing_is_linked_but_a_warning_is_given(store: Store) -> None:
    scene = Scene(store, "prod", "research")
    answer = scene.deployed("models:/ranker/1", 3)
    assert answer["warnings"] == [{"pointer": "/model", "message": NO_REGISTRY}]
    with pytest.raises(UnknownAsset):
        scene.served_by(4)
    assert scene.deployed("not a model", 3)["warnings"] == [], "what is no reference needs no registry"


def test_the_registry_is_the_configured_one_else_the_only_one_that_is_read(store: Store) -> None:
    connections = PostgresConnections(store.database)
    registries = ModelRegistries(connections, CONNECTORS)
    (tool,) = (each for each in CONNECTORS if isinstance(each, PulledConnector))
    own = NamingContext("lab", registry="mlflow:other")
    assert registries.completed(NamingContext(), SHELF).registry is None, "no registry is connected"
    connections.save(Connection("prod", "mlflow", "http://prod", "secret"))
    connections.save(Connection("old", "mlflow", "http://old", "secret", state=STOPPED))
    registries = ModelRegistries(connections, CONNECTORS)
    assert registries.completed(NamingContext("lab"), SHELF) == NamingContext("lab", registry="mlflow:prod")
    assert registries.completed(own, SHELF) == own
    assert registries.completed(NamingContext("lab"), tool) == NamingContext("lab"), "it does not refer to models"
