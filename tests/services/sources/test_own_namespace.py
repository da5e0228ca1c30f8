"""A tool whose assets have the namespace of its events: what it no longer lists is found there, and its edges end."""

from __future__ import annotations

import pytest

from mlgraph.connectors import airflow
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.connections import Connection
from mlgraph.ports.source_adapter import Payload
from mlgraph.services.common.identity import Caller
from mlgraph.services.history.asserted_facts import asserted_intervals
from mlgraph.services.sources.interpretation import SourceResponse
from mlgraph.services.sources.source_writer import SourceDependencies, SourceWriter
from mlgraph.sources.airflow.factory import AirflowSources
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.events import PostgresEvents
from tests.connectors.airflow.test_airflow import everything, recorded
from tests.services.parts import TESTER, Store

CONNECTOR = airflow.connector(AirflowSources())
TASK = AssetUri("workflow", "airflow-prod", "lake.features")
ALL = {"lake", "lake.check", "lake.features", "lake.load", "never_ran", "never_ran.nothing"} | {
    *("training", "training.fit", "training.release.publish")
}


def writer_of(store: Store, name: str, context: NamingContext) -> SourceWriter:
    connections = PostgresConnections(store.database)
    connections.save(Connection(name, "airflow", "http://airflow", "secret"))
    caller = Caller("mlgraph", "airflow")
    dependencies = SourceDependencies(
        connections,
        store.reader,
        lambda items, _: store.writer.append(items, TESTER),
        store.dead_letters,
        PostgresEvents(store.database),
        store.event_warnings,
    )
    return SourceWriter(dependencies, CONNECTOR, name, caller, context)


def record(writer: SourceWriter, payload: Payload) -> None:
    (found,) = writer.record([SourceResponse(payload, writer.freshness.begin_request())])
    assert found.error is None


@pytest.mark.parametrize(
    ("name", "scope", "namespace"), [("airflow-prod", None, "airflow-prod"), ("default", "lab", "lab:default")]
)
def test_known_states_are_those_of_the_namespace_of_the_events(
    store: Store, name: str, scope: str | None, namespace: str
) -> None:
    writer = writer_of(store, name, NamingContext(scope))
    for payload in everything():
        record(writer, {**payload, "instance": name, "namespace": namespace})
    known = writer.states()
    assert {uri.name for uri in known if uri.kind == "workflow"} == ALL
    left = {AssetUri("workflow", namespace, each) for each in ALL - {"never_ran", "never_ran.nothing"}}
    gone = CONNECTOR.tool.departures(name, known, left, {}, 0)
    assert [each.uri.name for each in gone] == ["never_ran", "never_ran.nothing"]


def test_an_asset_that_a_task_no_longer_declares_is_no_output_and_one_that_could_not_be_listed_stays(store: Store) -> None:
    writer = writer_of(store, "airflow-prod", NamingContext())
    payload = recorded("task_lake_features")

    def outputs() -> list[str]:
        (number,) = store.reader.ids({str(TASK)}).values()
        records = store.reader.edges_from([number], [RELATIONS["outputs"].code])
        is_open = [each.record.target for each in asserted_intervals(store.reader, records) if each.end == FOREVER]
        return [row.uri for row in store.reader.rows(set(is_open)).values()]

    record(writer, payload)
    assert outputs() == ["mlg://dataset/file/%2Fsrv%2Fshop%2Ffeatures.parquet"]
    unknown = {**payload, "data": {key: value for key, value in payload["data"].items() if key not in ("reads", "writes")}}
    record(writer, unknown)
    assert outputs() == ["mlg://dataset/file/%2Fsrv%2Fshop%2Ffeatures.parquet"]
    record(writer, {**payload, "data": {**payload["data"], "writes": []}})
    assert outputs() == []
