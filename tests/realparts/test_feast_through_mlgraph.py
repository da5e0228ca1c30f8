"""A real Feast and a real mlgraph: backfill, kill, changes, removals, failures. The tests depend on each other, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.feast.record import REMOVED_VIEW, make_projects, remove_view
from tests.contract.serving import Api, Json, Process
from tests.realparts.feast_registry import FeastRegistry, FeastRepository, feast_registry, make_repository

pytestmark = pytest.mark.slow

PATIENCE_S = 180.0
CONFIGURATION = """\
sources:
  - name: fs
    kind: feast
    url: {url}
    place: snowflake://acme-eu
    schedule: {{poll: 1s}}
    limits: {{requests_per_s: {rate}}}
"""


def uri(kind: str, name: str, instance: str = "fs") -> str:
    return f"mlg://{kind}/feast%3A{instance}/{name.replace('/', '%2F').replace(':', '%3A')}"


SERVICE = uri("feature_service", "shop/ranker_v1")
STATS = uri("feature_view", "shop/customer_stats")
TOTALS = uri("feature_view", f"shop/{REMOVED_VIEW}")


@dataclass
class Scene:
    shop: FeastRepository
    lake: FeastRepository
    registry: FeastRegistry
    folder: Path
    process: Process
    api: Api

    def start(self, rate: float) -> None:
        """Start mlgraph (again), with this limit of requests to Feast in a second."""
        configuration = self.folder / "mlgraph.yaml"
        configuration.write_text(CONFIGURATION.format(url=self.registry.url, rate=rate))
        self.process = Process("--data", str(self.folder / "data"), "--config", str(configuration))
        self.api = Api(self.process.url)

    def until(self, condition: Callable[[], bool], expected: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{expected}: {self.api.ask('sources')}"
            time.sleep(0.2)
        self.api.written = self.api.ask("sources")["watermark"]

    def source(self, name: str = "fs") -> Json:
        found: Json = next(each for each in self.api.ask("sources")["sources"] if each["name"] == name)
        return found

    def asset(self, name: str) -> Json:
        self.api.written = self.api.ask("sources")["watermark"]
        return self.api.ask("asset", uri=name)

    def exists(self, name: str) -> bool:
        self.api.written = self.api.ask("sources")["watermark"]
        found = self.api.get("asset", uri=name)
        return found.status_code == 200 and not found.json()["deleted_at"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("feast")
    shop, lake = make_projects(folder / "registry")
    with feast_registry(shop) as registry:
        scene = Scene.__new__(Scene)
        scene.shop, scene.lake, scene.registry, scene.folder = shop, lake, registry, folder
        scene.start(rate=1)
        try:
            yield scene
        finally:
            scene.api.http.close()
            scene.process.stop()


def test_a_backfill_that_is_killed_in_the_middle_is_resumed(scene: Scene) -> None:
    scene.until(lambda: 0 < scene.source()["done"] < 30, "the backfill is under way")
    scene.process.kill()
    scene.api.close()
    scene.start(rate=500)
    scene.until(lambda: scene.source()["state"] == "following", "the backfill ends")
    assert scene.source()["error"] is None
    for view in ("shop/customer_stats", "shop/order_totals", "shop/visitor_clicks", "shop/basket_share", "lake/live_clicks"):
        assert scene.exists(uri("feature_view", view)), view
    data = f"mlg://dataset/fs%3Afile/{str(scene.shop.data).replace('/', '%2F')}%2F"
    upstream = scene.api.edges(SERVICE, direction="upstream")
    assert {source for source, _, target in upstream if target == SERVICE} == {
        STATS,
        uri("feature_view", "shop/basket_share"),
        uri("feature", "shop/customer_stats:lifetime_value"),
        uri("feature", "shop/customer_stats:orders_30d"),
        uri("feature", "shop/basket_share:basket_share"),
    }
    assert (f"{data}customer_features.parquet", "feeds", uri("feature", "shop/customer_stats:orders_30d")) in upstream
    assert (f"{data}clicks.parquet", "feeds", uri("feature_view", "shop/visitor_clicks")) in scene.api.edges(
        f"{data}clicks.parquet"
    )
    assert scene.asset(STATS)["properties"]["materialized_until"]
    table = "mlg://dataset/snowflake%3A%2F%2Facme-eu/SHOP.MARTS.CUSTOMER_FEATURES"  # Feast does not know the account
    assert (table, "feeds", uri("feature_view", "lake/from_snowflake")) in scene.api.edges(table)


def test_what_is_read_has_the_times_of_feast(scene: Scene) -> None:
    created = scene.asset(STATS)["properties"]["created_at"]
    assert scene.asset(STATS)["valid_from"] == created


def test_a_change_is_found_by_the_next_poll_and_the_former_definition_is_history(scene: Scene) -> None:
    before = datetime.now(UTC).isoformat()
    scene.shop.edit('Field(name="segment", dtype=String),', 'Field(name="age", dtype=Int64),')
    scene.shop.edit('description="What a customer bought"', 'description="All purchases"')
    scene.shop.apply()
    scene.until(lambda: scene.exists(uri("feature", "shop/customer_stats:age")), "the new feature is there")
    scene.until(lambda: not scene.exists(uri("feature", "shop/customer_stats:segment")), "the former feature ended")
    assert scene.asset(STATS)["description"] == "All purchases"
    parts = {each["source"] for each in scene.asset(STATS)["relations"] if each["relation"] == "part_of"}
    assert uri("feature", "shop/customer_stats:age") in parts
    assert uri("feature", "shop/customer_stats:segment") not in parts
    former = scene.api.ask("asset", uri=STATS, as_of=before)
    assert former["description"] == "What a customer bought"
    assert uri("feature", "shop/customer_stats:segment") in {each["source"] for each in former["relations"]}


def test_a_removed_view_ends_and_so_do_its_features(scene: Scene) -> None:
    before = datetime.now(UTC).isoformat()
    remove_view(scene.shop)
    scene.shop.apply()
    scene.until(lambda: not scene.exists(TOTALS), "the view ended")
    assert not scene.exists(uri("feature", f"shop/{REMOVED_VIEW}:total"))
    assert scene.exists(STATS)
    assert scene.api.get("asset", uri=TOTALS, as_of=before).json()["deleted_at"] is None
    churn = uri("feature_service", "shop/churn_v1")
    scene.until(
        lambda: TOTALS not in {each["source"] for each in scene.asset(churn)["relations"]}, "the service does not use it any more"
    )


def test_a_sync_changes_nothing_more(scene: Scene) -> None:
    before = set(scene.api.export().splitlines())
    answer = scene.api.http.post("/api/v1/sources/fs/sync")
    assert answer.status_code == 202, answer.text
    scene.api.written = answer.json()["watermark"]
    assert set(scene.api.export().splitlines()) == before


def test_projects_of_the_same_name_in_two_registries_remain_two(scene: Scene) -> None:
    second = make_repository(scene.folder / "second" / "shop")
    second.apply()
    with feast_registry(second) as other:
        answer = scene.api.http.post("/api/v1/sources", json={"kind": "feast", "url": other.url, "name": "second"})
        assert answer.status_code == 202, answer.text
        scene.until(lambda: scene.source("second")["state"] == "following", "the second registry is read")
        theirs = uri("feature_view", f"shop/{REMOVED_VIEW}", "second")
        assert scene.exists(theirs)
        assert not scene.exists(TOTALS)
        nodes = scene.api.reached(uri("feature_service", "shop/ranker_v1", "second"), direction="upstream")
        assert not [each for each in nodes if "feast%3Afs/" in each]
    scene.until(lambda: scene.source("second")["error"] is not None, "the registry that stopped is reported")
    assert scene.exists(theirs)


def test_a_registry_that_was_torn_down_loses_nothing(scene: Scene) -> None:
    saved = scene.shop.registry.read_bytes()
    scene.shop.feast("teardown")
    scene.until(lambda: "lists no project" in (scene.source()["error"] or ""), "the empty registry is an error")
    assert scene.exists(STATS)
    assert scene.exists(SERVICE)
    scene.shop.registry.write_bytes(saved)  # restored from the backup, with its old times
    scene.until(lambda: scene.source()["error"] is None, "the restored registry is read")
    assert scene.exists(STATS)
    scene.registry.stop()
    scene.until(lambda: scene.source()["error"] is not None, "the registry that stopped is reported")
    assert scene.exists(STATS)
