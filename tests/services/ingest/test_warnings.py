"""Warnings about details of events: in answers, in the counts of the store, for every connector and every way in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from mlgraph.connectors import openlineage
from mlgraph.domain.errors import Unavailable
from mlgraph.domain.facts import AssetFact, Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connector import Connector, ConnectorRegistry
from mlgraph.ports.event_warnings import WarningCount
from mlgraph.services.common.identity import LOCAL, Caller
from mlgraph.services.ingest import intake
from mlgraph.services.ingest.tally import MAX_WARNINGS, MAX_WARNINGS_OF_MANY
from tests.services.parts import Json, Serving, Store

AIRFLOW = Caller("bot", "airflow")
NAMELESS = {"pointer": "/inputs/1/name", "message": "left out: must not be empty"}


def event(run: str = "r", *inputs: Any) -> Json:
    return {
        "eventTime": "2026-01-01T00:00:00Z",
        "eventType": "COMPLETE",
        "run": {"runId": run},
        "job": {"namespace": "n", "name": "j"},
        "inputs": [{"namespace": "d", "name": "a"}, *inputs],
        "outputs": [{"namespace": "d", "name": "b"}],
    }


def encoded(*documents: Json) -> bytes:
    return b"\n".join(json.dumps(document).encode() for document in documents)


BLANK = {"namespace": "d", "name": ""}


def counts(store: Store) -> list[WarningCount]:
    return store.event_warnings.counts()


def test_a_good_event_has_an_empty_list(serving: Serving) -> None:
    answer = serving.intake.ingest("openlineage", encoded(event()), LOCAL)
    assert answer == {"watermark": 1, "warnings": [], "warnings_total": 0}
    assert counts(serving.store) == []


def test_a_repeated_event_has_the_same_warnings_and_stays_one(serving: Serving) -> None:
    first = serving.intake.ingest("openlineage", encoded(event("r", BLANK)), AIRFLOW)
    assert first == {"watermark": 1, "warnings": [NAMELESS], "warnings_total": 1}
    assert serving.intake.ingest("openlineage", encoded(event("r", BLANK)), AIRFLOW) == first
    assert serving.store.query("SELECT count(*) FROM event") == [(1,)]
    (count,) = counts(serving.store)
    assert (count.format, count.source, count.events, count.warnings) == ("openlineage", "airflow", 2, 2)
    assert count.last == DetailWarning(**NAMELESS)


def test_the_rest_of_the_event_counts(serving: Serving) -> None:
    serving.intake.ingest("openlineage", encoded(event("r", BLANK)), LOCAL)
    serving.follow()
    nodes = {node["uri"] for node in serving.lineage("mlg://dataset/d/a")["nodes"]}
    assert nodes == {"mlg://dataset/d/a", "mlg://workflow/n/j", "mlg://dataset/d/b"}


def test_an_event_with_warnings_is_not_stored_asynchronously(serving: Serving) -> None:
    interpreted = serving.intake.interpret("openlineage", encoded(event("r", BLANK)), LOCAL)
    assert not serving.intake.store_async(interpreted, lambda _: pytest.fail("the store was called"))
    assert serving.intake.store(interpreted)["warnings"] == [NAMELESS]


def test_many_events_have_warnings_with_their_index(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "CHUNK_LINES", 2)
    lines = encoded(event("r0"), event("r1", BLANK), {"run": {}}, event("r3", BLANK, 7)).split(b"\n")
    answer = serving.intake.ingest_lines("openlineage", [b"", *lines], AIRFLOW)
    assert (answer["accepted"], [each["index"] for each in answer["rejected"]]) == (3, [3])
    assert [(each["index"], each["pointer"]) for each in answer["warnings"]] == [
        (2, "/inputs/1/name"),
        (4, "/inputs/2"),
        (4, "/inputs/1/name"),
    ]
    assert answer["warnings_total"] == 3
    (count,) = counts(serving.store)
    assert (count.events, count.warnings) == (2, 3)


def test_lists_of_warnings_are_bounded_and_the_number_is_complete(serving: Serving) -> None:
    one = serving.intake.ingest("openlineage", encoded(event("r", *[7] * 250)), LOCAL)
    assert (len(one["warnings"]), one["warnings_total"]) == (MAX_WARNINGS, 250)
    lines = [encoded(event(f"r{number}", *[7] * 90)) for number in range(20)]
    many = serving.intake.ingest_lines("openlineage", lines, LOCAL)
    assert (len(many["warnings"]), many["warnings_total"]) == (MAX_WARNINGS_OF_MANY, 1800)
    (count,) = counts(serving.store)
    assert (count.source, count.events, count.warnings) == (None, 21, 2050)


def test_the_pointer_in_a_cloudevent_leads_into_its_data(serving: Serving) -> None:
    envelope = {"specversion": "1.0", "source": "/s", "type": "io.openlineage.RunEvent"}
    batch = [{**envelope, "id": "1", "data": event("r1")}, {**envelope, "id": "2", "data": event("r2", BLANK)}]
    answer = serving.intake.cloudevents({}, json.dumps(batch).encode(), AIRFLOW)
    assert answer["warnings"] == [{"index": 1, "pointer": "/data/inputs/1/name", "message": NAMELESS["message"]}]
    assert (answer["accepted"], answer["warnings_total"]) == (2, 1)
    assert [(each.format, each.warnings) for each in counts(serving.store)] == [("cloudevents", 1)]


def test_facts_have_no_warnings(serving: Serving) -> None:
    assert "warnings" not in serving.intake.facts([b'{"asset": {"uri": "mlg://dataset/n/a"}}'], LOCAL)


def test_a_replayed_dead_letter_is_counted(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(event: object, context: NamingContext) -> Any:
        raise RuntimeError("planted", type(event), context)

    with monkeypatch.context() as broken:
        faulty = ConnectorRegistry([replace(openlineage.CONNECTOR, normalise=fails)])
        broken.setattr(serving.intake, "_connectors", faulty)
        letter = serving.intake.ingest("openlineage", encoded(event("r", BLANK)), AIRFLOW)
    assert letter["warnings"] == []
    (waiting,) = serving.intake.dead_letters()["dead_letters"]
    assert serving.intake.replay(waiting["id"], LOCAL)["replayed"] is True
    assert [(each.source, each.warnings) for each in counts(serving.store)] == [("airflow", 1)]


@pytest.mark.parametrize(
    ("detail", "pointer"),
    [
        ('{"n": 1e999}', "/run/facets/x/n"),
        ('{"n": [1, -1e999]}', "/run/facets/x/n/1"),
        ("[" * 400 + "]" * 400, "/run/facets/x" + "/0" * 198),
        ("[" * 100_000 + "]" * 100_000, ""),
        ('{"a": ' * 5_000 + '"]\\"["' + "}" * 5_000, ""),
    ],
    ids=["infinite", "infinite in a list", "deep", "too deep for a decoder", "objects too deep for a decoder"],
)
def test_values_that_no_store_can_contain_are_left_out(serving: Serving, detail: str, pointer: str) -> None:
    text = json.dumps(event("r")).replace('{"runId": "r"}', f'{{"runId": "r", "facets": {{"x": {detail}}}}}')
    answer = serving.intake.ingest("openlineage", text.encode(), LOCAL)
    assert [each["pointer"] for each in answer["warnings"]] == [pointer]
    assert serving.store.query("SELECT count(*) FROM edge_fact") == [(3,)]


@pytest.mark.parametrize("detail", ["[" * 100_000, "[" * 5_000 + "}" * 5_000, '"' + '\\"' * 200_000])
def test_a_malformed_text_is_refused_in_little_time(serving: Serving, detail: str) -> None:
    answer = serving.intake.ingest_lines("openlineage", [f'{{"x": {detail}}}'.encode()], LOCAL)
    assert len(answer["rejected"]) == 1


def test_any_connector_can_warn(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    def normalise(payload: object, context: NamingContext) -> Sequence[Statement]:
        del payload, context
        asset = AssetFact(AssetUri("dataset", "d", "a"), "toy", 0)
        return [DetailWarning("/x\0", "no \ud800 colour"), asset, DetailWarning("/y", "no shape")]

    toy = Connector(name="toy", event_types=("toy",), kinds=("dataset",), relations=(), normalise=normalise)
    monkeypatch.setattr(serving.intake, "_connectors", ConnectorRegistry([toy]))
    answer = serving.intake.ingest("toy", b"{}", AIRFLOW)
    assert answer["warnings"] == [
        {"pointer": "/x\ufffd", "message": "no \ufffd colour"},
        {"pointer": "/y", "message": "no shape"},
    ]
    assert serving.store.query("SELECT count(*) FROM asset_fact") == [(1,)]
    assert [(each.format, each.warnings) for each in counts(serving.store)] == [("toy", 2)]


def test_two_processes_count_together(serving: Serving) -> None:
    other = Serving(serving.store)
    for services in (serving, other, serving):
        services.intake.ingest("openlineage", encoded(event("r", BLANK)), AIRFLOW)
    assert [each.warnings for each in counts(serving.store)] == [3]


def test_a_count_that_fails_fails_no_request(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(count: WarningCount) -> None:
        raise Unavailable(f"planted for {count.format}")

    monkeypatch.setattr(serving.store.event_warnings, "add", unavailable)
    assert serving.intake.ingest("openlineage", encoded(event("r", BLANK)), LOCAL)["warnings"] == [NAMELESS]
    assert serving.store.query("SELECT count(*) FROM event") == [(1,)]
