"""The freshness rules of docs/hydration.md, each on a real store."""

from __future__ import annotations

from typing import Any

import pytest

from mlgraph.connectors import mlflow
from mlgraph.domain.facts import AssetFact
from mlgraph.domain.timestamps import FOREVER, format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.connections import Connection
from mlgraph.ports.source_adapter import Departure
from mlgraph.ports.store import Item
from mlgraph.services.common.identity import Caller
from mlgraph.services.history.asserted_facts import asserted_intervals
from mlgraph.services.sources.freshness import Freshness, RequestTime
from mlgraph.services.sources.interpretation import Hydrator, Interpretation, SourceResponse
from mlgraph.services.sources.source_writer import SourceDependencies, SourceWriter
from mlgraph.sources.mlflow.factory import MlflowSources
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.events import PostgresEvents
from tests.services.parts import TESTER, Store

MLFLOW = mlflow.connector(MlflowSources())
MODEL = AssetUri("model", "mlflow:prod", "m")
RUN = AssetUri("run", "mlflow:prod", "r")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """A `SourceWriter` over a store, with a manual clock."""

    def __init__(self, store: Store) -> None:
        self.clock = Clock()
        connections = PostgresConnections(store.database)
        connections.save(Connection("prod", "mlflow", "http://mlflow", "secret"))
        dependencies = SourceDependencies(
            connections,
            store.reader,
            lambda items, _: store.writer.append(items, TESTER),
            store.dead_letters,
            PostgresEvents(store.database),
            store.event_warnings,
        )
        self.recorder = SourceWriter(dependencies, MLFLOW, "prod", Caller("mlgraph", "mlflow"))
        self.recorder.freshness = Freshness(MLFLOW.settles_s, self.clock)
        self.recorder._hydrator = Hydrator(store.reader, MLFLOW, self.recorder.freshness)
        self.store = store

    def begin_request(self) -> RequestTime:
        return self.recorder.freshness.begin_request()

    def wait_until_consistent(self) -> None:
        self.clock.now += MLFLOW.settles_s

    def take(self, payload: dict[str, Any], requested: RequestTime | None = None) -> Interpretation:
        (found,) = self.recorder.record([SourceResponse(payload, requested or self.begin_request())])
        return found

    def gone(self, uri: AssetUri, requested: RequestTime | None = None, *, deleted: bool = True) -> Interpretation:
        (found,) = self.recorder.record([SourceResponse({}, requested or self.begin_request(), uri, deleted)])
        return found

    def description(self, uri: AssetUri = MODEL) -> str | None:
        state = self.recorder.states().get(uri)
        return None if state is None else state.get("description", "")


@pytest.fixture
def scene(store: Store) -> Scene:
    return Scene(store)


def model(updated: int, description: str, created: int = 1000, at: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"name": "m", "creation_timestamp": created, "last_updated_timestamp": updated, "description": description, **more}
    payload = {"type": "mlflow.registered_model", "instance": "prod", "data": {"registered_model": body}}
    return payload if at is None else {**payload, "at": at}


def run(status: str, end: int | None = None) -> dict[str, Any]:
    info = {"run_id": "r", "experiment_id": "1", "status": status, "start_time": 1000, "end_time": end}
    return {"type": "mlflow.run", "instance": "prod", "data": {"run": {"info": info, "data": {}}}}


def test_a_smaller_version_of_the_source_is_always_older(scene: Scene) -> None:
    scene.take(model(2000, "two"))
    scene.wait_until_consistent()
    assert scene.take(model(1500, "one")).retry_in_s == MLFLOW.settles_s
    assert scene.description() == "two"
    assert scene.take(model(3000, "three")).retry_in_s is None
    assert scene.description() == "three"


def test_of_equal_versions_the_answer_requested_later_is_newer(scene: Scene) -> None:
    scene.take(model(2000, "first"))
    early, late = scene.begin_request(), scene.begin_request()
    assert scene.take(model(2000, "late"), late).retry_in_s is None
    assert scene.take(model(2000, "early"), early).retry_in_s is not None
    assert scene.description() == "late"
    assert scene.take(model(2500, "newer all the same"), early).retry_in_s is None


def test_a_missing_object_is_deleted_only_once_replicas_agree(scene: Scene) -> None:
    scene.take(model(2000, "there"))
    soon = scene.gone(MODEL)
    assert soon.retry_in_s == pytest.approx(MLFLOW.settles_s)
    assert scene.description() == "there"
    scene.wait_until_consistent()
    assert scene.gone(MODEL).retry_in_s is None
    assert scene.description() is None


def test_an_event_does_not_distinguish_a_deletion_from_a_rename(scene: Scene) -> None:
    scene.take(model(2000, "there"))
    scene.wait_until_consistent()
    found = scene.gone(MODEL, deleted=False)
    assert found.missing
    assert scene.description() == "there"


def test_a_deleted_object_is_not_restored_by_an_earlier_page(scene: Scene) -> None:
    scene.take(model(2000, "there"))
    scene.wait_until_consistent()
    scene.gone(MODEL)
    assert scene.take(model(2000, "there")).retry_in_s == pytest.approx(MLFLOW.settles_s)
    assert scene.description() is None
    assert scene.take(model(9000, "created again", created=9000)).retry_in_s is None
    assert scene.description() == "created again"


def test_an_unchanged_object_that_returns_is_restored_with_its_edges_once_replicas_agree(scene: Scene) -> None:
    version = {"name": "m", "version": "1", "creation_timestamp": 1000, "last_updated_timestamp": 1000}
    payload = {"type": "mlflow.model_version", "instance": "prod", "data": {"model_version": version}}
    uri = AssetUri("model_version", "mlflow:prod", "m/1")
    scene.take(model(2000, "there"))
    scene.take(payload)
    scene.wait_until_consistent()
    scene.gone(uri)
    assert uri not in scene.recorder.states()
    scene.wait_until_consistent()
    assert scene.take(payload).retry_in_s is None
    assert uri in scene.recorder.states()
    (number,) = scene.store.reader.ids([str(uri)]).values()
    records = scene.store.reader.edges_from([number], [RELATIONS["version_of"].code])
    assert [each for each in asserted_intervals(scene.store.reader, records) if each.end == FOREVER]


def test_an_ended_run_is_resumed_only_once_replicas_agree(scene: Scene) -> None:
    def state() -> str:
        return str(scene.recorder.states()[RUN]["properties"]["state"])

    scene.take(run("RUNNING"))
    scene.take(run("FINISHED", 5000))
    assert scene.take(run("RUNNING")).retry_in_s == pytest.approx(MLFLOW.settles_s)
    assert state() == "COMPLETE"
    scene.wait_until_consistent()
    assert scene.take(run("RUNNING")).retry_in_s is None
    assert state() == "RUNNING"


def test_a_deletion_ends_a_state_that_starts_in_the_future(scene: Scene) -> None:
    future = scene.begin_request().wall_us // 1000 + 3_600_000
    scene.take(model(future, "of tomorrow", created=future))
    scene.wait_until_consistent()
    scene.gone(MODEL)
    assert scene.description() is None


def test_an_old_event_does_not_end_an_alias_before_it_began(scene: Scene) -> None:
    now = scene.begin_request().wall_us
    early, late = format_time(now - 60_000_000), format_time(now - 1_000_000)
    aliased = [{"alias": "champion", "version": "1"}]
    scene.take(model(2000, "", at=late))
    scene.take(model(2000, "", at=late, aliases=aliased))
    scene.take(model(2000, "", at=early))
    known_state = scene.recorder._hydrator._known_states({str(MODEL)})[str(MODEL)]
    assert known_state.points_to == {}, "the removed alias ended after it began"


def test_an_asset_recorded_since_the_request_is_no_departure(scene: Scene) -> None:
    scene.take(model(2000, "there"))
    scene.wait_until_consistent()
    requested = scene.begin_request()
    scene.take(model(3000, "created again meanwhile"))
    scene.recorder.record_departures([Departure(MODEL)], requested)
    assert scene.description() == "created again meanwhile"


def test_one_uninterpretable_answer_does_not_block_the_others(scene: Scene) -> None:
    bad = model(2000, "bad")
    bad["data"]["registered_model"]["creation_timestamp"] = "never"
    requested = scene.begin_request()
    found = scene.recorder.record([SourceResponse(bad, requested), SourceResponse(run("RUNNING"), requested)])
    assert [each.error is None for each in found] == [False, True]
    assert RUN in scene.recorder.states()


def test_answers_for_pruned_assets_may_be_superseded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlgraph.services.sources.freshness._PRUNE_ABOVE", 1)
    clock = Clock()
    freshness = Freshness(5.0, clock)
    early = freshness.begin_request()
    freshness.recorded([MODEL], [True])
    between = freshness.begin_request()
    clock.now += 1_000
    freshness.recorded([RUN], [True])
    other = AssetUri("model", "mlflow:prod", "other")
    freshness.recorded([other], [True])
    assert freshness.may_be_superseded(MODEL, early)
    assert not freshness.may_be_superseded(MODEL, between)
    assert freshness.may_be_superseded(RUN, between)
    assert not freshness.may_be_superseded(AssetUri("run", "mlflow:prod", "unknown"), between)


def test_known_states_are_found_among_many_names_of_other_sources(scene: Scene) -> None:
    scene.take(model(2000, "there"))
    endless = AssetUri("workflow", "airflow", "x" * 9_000)
    scene.store.writer.append([Item([AssetFact(endless, "facts", 1, {})])], TESTER)
    assert scene.recorder.states().keys() == {MODEL}
