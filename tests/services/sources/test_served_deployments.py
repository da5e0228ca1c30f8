"""What `live` answers while a cluster rolls out, splits its traffic and deletes: readings of the double of its API server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from mlgraph.connectors import kubernetes, mlflow
from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.facts import Statement, split_contacts
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Access, Payload, SourcePage
from mlgraph.ports.store import Item
from mlgraph.services.sources.freshness import Freshness
from mlgraph.services.sources.interpretation import Hydrator, SourceResponse
from mlgraph.sources.http import RetryPolicy
from mlgraph.sources.kubernetes.factory import KubernetesSources
from mlgraph.sources.kubernetes.source import KubernetesSource
from tests.connectors.kubernetes.objects import CREATED, ROLLED_OUT, deployment, inference_service, stateful_set, target
from tests.services.parts import TESTER, Serving
from tests.sources.kubernetes.api_server import TOKEN, Cluster
from tests.sources.kubernetes.api_server import serving as in_cluster

CONNECTOR = kubernetes.connector(KubernetesSources())
LATER = "2026-11-28T12:00:00Z"


class Reading:
    """A cluster that is read into a store, as the worker of a source does it."""

    def __init__(self, cluster: Cluster, services: Serving) -> None:
        self.cluster, self._services = cluster, services
        access = Access(cluster.url, "prod", Credentials(TOKEN), RequestLimits(requests_per_s=10_000, concurrency=2))
        self.source = KubernetesSource(access, retries=RetryPolicy(attempts=1, timeout_s=5))
        self._freshness = Freshness(0.0)
        context = NamingContext(registry="mlflow:prod")
        self.hydrator = Hydrator(services.store.reader, CONNECTOR, self._freshness, lambda: context)

    def everything(self) -> None:
        self._record(list(self.source.pages()))

    def poll(self) -> None:
        self._record(list(self.source.changed_since(None)))

    def sweep(self) -> list[str]:
        """End what the inventory lacks; return the names."""
        known = self.hydrator.states_of("kubernetes:prod")
        requested = self._freshness.begin_request()
        gone = CONNECTOR.tool.departures("prod", known, set(self.source.inventory()), {}, requested.wall_us)
        self._append([CONNECTOR.tool.deleted(each.uri, requested.wall_us) for each in gone])
        return [each.uri.name for each in gone]

    def live(self, as_of: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """The deployments of each service: name, weight, health, and versions with the time since when."""
        self._services.follow()
        body = self._services.queries.live(None, as_of=as_of)
        return {
            AssetUri.parse(service["uri"]).name: [
                {
                    "name": AssetUri.parse(each["uri"]).name.rpartition("/")[2],
                    "weight": each["weight"],
                    "health": each["health"],
                    "versions": {AssetUri.parse(one["uri"]).name: one["since"] for one in each["versions"]},
                }
                for each in service["deployments"]
            ]
            for service in body["services"]
        }

    def append(self, statements: Sequence[Statement]) -> None:
        """Record what another tool reports."""
        self._services.store.writer.append([Item(*split_contacts(statements))], TESTER)

    def _record(self, pages: list[SourcePage]) -> None:
        self._append([payload for page in pages for payload in page.payloads])

    def _append(self, payloads: list[Payload]) -> None:
        answers = [SourceResponse(payload, self._freshness.begin_request()) for payload in payloads]
        found = self.hydrator.interpret(answers)
        assert [each.error for each in found if each.error] == []
        self._services.store.writer.append([each.item for each in found if each.item is not None], TESTER)


@pytest.fixture
def reading(serving: Serving) -> Iterator[Reading]:
    with in_cluster() as cluster:
        found = Reading(cluster, serving)
        with contextlib.closing(found.source):
            yield found


def revisions(*shares: tuple[str, int], latest: str, model: str) -> dict[str, Any]:
    traffic = [target(name, percent, latest=name == latest) for name, percent in shares]
    status = {"latestCreatedRevision": latest, "latestReadyRevision": latest}
    since = ROLLED_OUT if latest == "r1" else LATER
    return inference_service(storage=f"s3://models/churn/{model}", traffic=traffic, status=status, since=since)


def test_a_rollout_is_another_version_from_its_end(reading: Reading) -> None:
    reading.cluster.items = [deployment()]
    reading.everything()
    before = {"name": "ranker", "weight": None, "health": "healthy", "versions": {"ranker/9": ROLLED_OUT}}
    assert reading.live() == {"recs/shop": [before]}
    reading.cluster.items = [deployment(model="models:/ranker/10", rolled_out=LATER, ready=1)]
    reading.poll()
    after = {**before, "health": "degraded", "versions": {"ranker/10": LATER}}
    assert reading.live() == {"recs/shop": [after]}
    assert reading.live(as_of="2026-11-25T00:00:00Z") == {"recs/shop": [before]}
    reading.everything()
    assert reading.live() == {"recs/shop": [after]}


def test_a_canary_keeps_the_version_of_the_revision_before(reading: Reading) -> None:
    reading.cluster.items = [revisions(("r1", 100), latest="r1", model="6")]
    reading.everything()
    reading.cluster.items = [revisions(("r2", 10), ("r1", 90), latest="r2", model="7")]
    reading.poll()
    reading.everything()
    shares = {each["name"]: (each["weight"], each["versions"]) for each in reading.live()["ml/churn"]}
    assert shares == {
        "r1": (0.9, {"s3://models/churn/6": ROLLED_OUT}),
        "r2": (0.1, {"s3://models/churn/7": LATER}),
    }
    reading.cluster.items = [revisions(("r2", 100), latest="r2", model="7")]
    reading.poll()
    assert [(each["name"], each["weight"]) for each in reading.live()["ml/churn"]] == [("r2", 1.0)]


def test_a_place_is_the_version_that_the_registry_stored_there(reading: Reading) -> None:
    reading.cluster.items = [revisions(("r1", 100), latest="r1", model="6")]
    reading.everything()
    version = {"name": "churn", "version": "6", "creation_timestamp": 1_767_225_600_000, "source": "s3://models/churn/6"}
    registered = {"type": "mlflow.model_version", "instance": "prod", "at": CREATED, "data": {"model_version": version}}
    reading.append(mlflow.normalise(registered))
    (deployed,) = reading.live()["ml/churn"]
    assert deployed["versions"] == {"churn/6": ROLLED_OUT}


def test_what_is_scaled_to_none_or_deleted_serves_no_more(reading: Reading) -> None:
    reading.cluster.items = [deployment(), stateful_set()]
    reading.everything()
    assert reading.live()["recs/embedder"][0]["versions"] == {"title-embedding@champion": CREATED}
    reading.cluster.items = [deployment(replicas=0, ready=0)]
    reading.poll()
    assert reading.live()["recs/shop"] == []
    reading.sweep()
    assert reading.live() == {"recs/shop": []}  # the workload without replicas still names it
    reading.cluster.items = [deployment()]
    reading.poll()
    assert [list(each["versions"]) for each in reading.live()["recs/shop"]] == [["ranker/9"]]


def test_a_refused_type_ends_nothing(reading: Reading) -> None:
    reading.cluster.items = [deployment(), stateful_set()]
    reading.everything()
    reading.cluster.items, reading.cluster.refused = [deployment()], {"statefulsets"}
    assert reading.sweep() == []
    assert sorted(reading.live()) == ["recs/embedder", "recs/shop"]
    reading.cluster.refused = set()
    assert reading.sweep() == ["recs/statefulset/embedder", "recs/embedder"]
