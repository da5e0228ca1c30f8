"""Intake over a real store: accepted, duplicate and rejected entries, and dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest

from mlgraph.connectors import openlineage
from mlgraph.domain.errors import InvalidInput, NotFound, NotJson, UnknownAsset
from mlgraph.domain.fact_row import keyed_digest
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.ports.connector import ConnectorRegistry
from mlgraph.services.common.identity import LOCAL, Caller
from mlgraph.services.ingest import intake
from tests.services.parts import Json, Serving

EVENT: Json = {
    "eventTime": "2026-01-01T00:00:00Z",
    "eventType": "COMPLETE",
    "run": {"runId": "r"},
    "job": {"namespace": "n", "name": "j"},
    "inputs": [{"namespace": "d", "name": "a"}],
}


def line(name: str, **state: Any) -> bytes:
    return json.dumps({"asset": {"uri": f"mlg://dataset/n/{name}", **state}}).encode()


def cloudevent(**changes: Any) -> bytes:
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "io.openlineage.RunEvent", "data": EVENT, **changes}
    return json.dumps(event).encode()


def planted_fault(event: object, context: NamingContext = NO_CONTEXT) -> Any:
    raise RuntimeError("planted", type(event), context)


DIGESTS_OF_0_1_0 = [
    ("COMPLETE r", "700dd162d91cf2f4beb3af89fd57f52a"),
    ("COMPLETE r", "3c12a368e9ed985063481f5ccd2c2a2e"),
]
FAULTY = ConnectorRegistry([replace(openlineage.CONNECTOR, normalise=planted_fault)])


def test_lines_are_committed_chunk_by_chunk(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "CHUNK_LINES", 10)

    def lines() -> Iterator[bytes]:
        for number in range(25):
            yield line(f"a{number}", valid_from="2026-01-01T00:00:00Z")
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        serving.intake.facts(lines(), LOCAL)
    assert serving.store.query("SELECT count(*) FROM asset_fact") == [(20,)]
    assert serving.store.query("SELECT max(tx) FROM tx") == [(2,)]


def test_counts_add_up_and_the_watermark_is_the_last_write(serving: Serving) -> None:
    lines = [line("a"), b"", line("a"), b"x", b"  ", line("b")]
    assert serving.intake.facts(iter(lines), LOCAL) == {
        "accepted": 2,
        "duplicates": 1,
        "watermark": 1,
        "rejected": [{"index": 3, "pointer": "", "message": "not JSON: Expecting value at line 1 column 1"}],
    }
    assert serving.intake.facts(iter(lines[:1]), LOCAL)["watermark"] == 1
    assert serving.intake.facts(iter([]), LOCAL) == {"accepted": 0, "duplicates": 0, "rejected": [], "watermark": 1}


def test_an_event_is_identified_by_its_content(serving: Serving) -> None:
    body = json.dumps(EVENT).encode()
    mark = serving.intake.ingest("openlineage", body, LOCAL)["watermark"]
    assert serving.intake.ingest("openlineage", json.dumps(EVENT, indent=2, sort_keys=True).encode(), LOCAL)["watermark"] == mark
    assert serving.store.query("SELECT count(*) FROM event") == [(1,)]
    other = {**EVENT, "eventTime": "2026-01-01T00:00:01Z"}
    assert serving.intake.ingest("openlineage", json.dumps(other).encode(), LOCAL)["watermark"] == mark + 1
    with pytest.raises(NotJson):
        serving.intake.ingest("openlineage", b"{", LOCAL)


def test_cloudevents_are_identified_by_source_and_id(serving: Serving) -> None:
    def take(**changes: Any) -> tuple[int, int]:
        answer = serving.intake.cloudevents({}, cloudevent(**changes), LOCAL)
        assert answer["rejected"] == []
        return answer["accepted"], answer["duplicates"]

    assert take() == (1, 0)
    assert take() == (0, 1)
    assert take(data={**EVENT, "eventType": "START"}) == (0, 1)  # the same event, whatever its data
    assert take(id="2") == (1, 0)
    assert take(source="/t", data={**EVENT, "eventType": "START"}) == (1, 0)


def test_a_binary_cloudevent(serving: Serving) -> None:
    attributes = {"specversion": "1.0", "id": "7", "source": "/s", "type": "io.mlgraph.fact"}
    headers = {"content-type": "application/json", **{f"ce-{key}": value for key, value in attributes.items()}}
    assert serving.intake.cloudevents(headers, line("a"), LOCAL)["accepted"] == 1
    structured = json.dumps({**attributes, "data": json.loads(line("a"))}).encode()
    assert serving.intake.cloudevents({"content-type": "application/cloudevents+json"}, structured, LOCAL)["accepted"] == 0


def test_secrets_are_not_stored(serving: Serving) -> None:
    event = {**EVENT, "run": {"runId": "r", "facets": {"environment": {"DB_PASSWORD": "hunter2", "other": "retained"}}}}
    serving.intake.ingest("openlineage", json.dumps(event).encode(), LOCAL)
    serving.intake.cloudevents({}, cloudevent(data=event), LOCAL)
    bodies = [row[0] for row in serving.store.query("SELECT body FROM event UNION ALL SELECT body FROM content")]
    assert "hunter2" not in "".join(bodies)
    assert "retained" in "".join(bodies)


@pytest.mark.parametrize("carrier", ["ingest", "ingest_lines", "cloudevents"])
def test_an_event_that_the_connector_fails_on_is_a_dead_letter_until_replayed(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, carrier: str
) -> None:
    body = json.dumps(EVENT).encode()

    def take() -> None:
        if carrier == "ingest":
            serving.intake.ingest("openlineage", body, Caller("bot", "airflow", "prod"))
        elif carrier == "ingest_lines":
            assert serving.intake.ingest_lines("openlineage", [body], Caller("bot", "airflow", "prod"))["accepted"] == 1
        else:
            assert serving.intake.cloudevents({}, cloudevent(), Caller("bot", "airflow", "prod"))["accepted"] == 1

    with monkeypatch.context() as planted:
        planted.setattr(serving.intake, "_connectors", FAULTY)
        take()
        (letter,) = serving.intake.dead_letters()["dead_letters"]
        assert (letter["format"], letter["source"], letter["event"]) == ("openlineage", "airflow", EVENT)
        assert "planted" in letter["error"]
        with pytest.raises(InvalidInput, match="planted"):
            serving.intake.replay(letter["id"], LOCAL)
        assert serving.intake.dead_letters()["dead_letters"][0]["attempts"] == 2
    answer = serving.intake.replay(letter["id"], LOCAL)
    assert answer["replayed"] is True
    assert serving.intake.dead_letters()["total"] == 0
    with pytest.raises(NotFound):
        serving.intake.replay(letter["id"], LOCAL)
    serving.follow()
    details = serving.queries.asset("mlg://run/n/r")
    assert details["history"][0]["actor"] == "bot"  # the sender, not the caller of the replay
    assert details["environment"] == "prod"


def test_a_dead_letter_retains_the_scope_of_its_sender(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({**EVENT, "job": {"namespace": "default", "name": "j"}}).encode()
    with monkeypatch.context() as planted:
        planted.setattr(serving.intake, "_connectors", FAULTY)
        for source in ("a", "b", "a"):
            serving.intake.ingest("openlineage", body, Caller("bot", source))
    listed = serving.intake.dead_letters()["dead_letters"]
    assert [(letter["source"], letter["attempts"]) for letter in listed] == [("a", 2), ("b", 1)]
    for letter in listed:
        serving.intake.replay(letter["id"], LOCAL)
    serving.follow()
    for source in ("a", "b"):
        assert serving.queries.asset(f"mlg://workflow/{source}%3Adefault/j")["kind"] == "workflow"
    with pytest.raises(UnknownAsset):
        serving.queries.asset("mlg://workflow/default/j")


def test_dead_letters_come_in_pages(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving.intake, "_connectors", FAULTY)
    for number in range(5):
        serving.intake.ingest("openlineage", json.dumps({**EVENT, "n": number}).encode(), LOCAL)
    first = serving.intake.dead_letters(3)
    rest = serving.intake.dead_letters(3, first["frontier"])
    assert (first["partial"], first["reason"], first["total"], rest["partial"]) == (True, "limit", 5, False)
    numbers = [letter["event"]["n"] for letter in (*first["dead_letters"], *rest["dead_letters"])]
    assert numbers == [0, 1, 2, 3, 4]
    with pytest.raises(InvalidInput):
        serving.intake.dead_letters(3, "nonsense")


def test_an_edge_that_would_end_before_it_begins_is_refused(serving: Serving) -> None:
    past = {
        "source": "mlg://dataset/n/a",
        "relation": "derives",
        "target": "mlg://dataset/n/b",
        "valid_to": "2020-01-01T00:00:00Z",
    }
    answer = serving.intake.facts(iter([json.dumps({"edge": past}).encode()]), LOCAL)
    assert [(entry["index"], entry["pointer"]) for entry in answer["rejected"]] == [(0, "/edge/valid_to")]


def test_a_byte_order_mark_is_ignored(serving: Serving) -> None:
    line = b"\xef\xbb\xbf" + json.dumps({"asset": {"uri": "mlg://dataset/n/a"}}).encode()
    assert serving.intake.facts(iter([line]), LOCAL)["accepted"] == 1


def test_the_name_of_a_person_is_stored_in_the_contact_table_alone(serving: Serving) -> None:
    owners = {"ownership": {"owners": [{"name": "user:Ann Example", "type": "MAINTAINER"}, {"name": "ann@example.org"}]}}
    job_event = {"eventTime": "2026-01-01T00:00:00Z", "job": {"namespace": "n", "name": "w", "facets": owners}}
    serving.intake.ingest("openlineage", json.dumps(job_event).encode(), LOCAL)
    person = {"asset": {"uri": "mlg://person/acme/u-1", "name": "Ann Example", "properties": {"mail": "ann@example.org"}}}
    event = {"specversion": "1.0", "id": "1", "source": "hr", "type": "io.mlgraph.fact", "data": person}
    serving.intake.cloudevents({"content-type": "application/cloudevents+json"}, json.dumps(event).encode(), LOCAL)
    for query in ("SELECT body, event_id FROM event", "SELECT body FROM content", "SELECT uri FROM asset"):
        assert "ann" not in repr(serving.store.query(query)).lower(), query
    assert {name for (name,) in serving.store.query("SELECT name FROM contact")} >= {"Ann Example"}


def test_store_async_returns_the_same_result(serving: Serving) -> None:
    answers = SimpleQueue[dict[str, Any] | BaseException]()
    body = json.dumps(EVENT).encode()
    assert serving.intake.store_async(serving.intake.interpret("openlineage", body, LOCAL), answers.put)
    first = answers.get(timeout=60)
    assert first == serving.intake.ingest("openlineage", body, LOCAL)
    assert serving.intake.store_async(serving.intake.interpret("openlineage", body, LOCAL), answers.put)
    assert answers.get(timeout=60) == first, "sent twice, it is stored once"


def test_an_event_is_interpreted_once_and_a_dead_letter_is_not_stored_asynchronously(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreted: list[object] = []

    def fails(event: object, context: NamingContext) -> Any:
        interpreted.append(event)
        return planted_fault(event, context)

    faulty = ConnectorRegistry([replace(openlineage.CONNECTOR, normalise=fails)])
    monkeypatch.setattr(serving.intake, "_connectors", faulty)
    event = serving.intake.interpret("openlineage", json.dumps(EVENT).encode(), LOCAL)
    assert serving.intake.dead_letters()["total"] == 0, "interpretation stores nothing"
    assert not serving.intake.store_async(event, lambda _: pytest.fail("the store was called"))
    serving.intake.store(event)
    assert (len(interpreted), serving.intake.dead_letters()["total"]) == (1, 1)


@pytest.mark.parametrize(("body", "refusal"), [(b"{", NotJson), (b"[]", InvalidInput), (b'{"eventType": "START"}', InvalidInput)])
def test_malformed_events_are_refused_before_anything_is_stored(serving: Serving, body: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        serving.intake.interpret("openlineage", body, LOCAL)
    assert serving.store.query("SELECT count(*) FROM event") == [(0,)]


def test_large_events_are_not_quick(serving: Serving) -> None:
    assert serving.intake.is_quick("openlineage", 32 * 1024)
    assert not serving.intake.is_quick("openlineage", 32 * 1024 + 1)


@pytest.mark.parametrize("form", ["openlinage", "mlflow", "facts", "cloudevents", "thin", ""])
def test_an_unknown_format_is_refused_with_a_list_of_the_known_ones(serving: Serving, form: str) -> None:
    for take in (serving.intake.ingest, serving.intake.interpret):
        with pytest.raises(InvalidInput, match=r"formats of events are openlineage"):
            take(form, b"{}", LOCAL)
    with pytest.raises(InvalidInput, match=r"unknown format"):
        serving.intake.ingest_lines(form, [b"{}"], LOCAL)


def test_the_digest_of_an_event_is_that_of_0_1_0(serving: Serving) -> None:
    """A repeated event that an older version stored is a duplicate. Digests of events with secrets are keyed since."""
    body = json.dumps({**EVENT, "run": {"runId": "r", "facets": {"x": {"DB_PASSWORD": "hunter2", "n": 1.50}}}}).encode()
    serving.intake.ingest("openlineage", body, Caller("bot", "airflow"))
    serving.intake.ingest("openlineage", json.dumps(EVENT).encode(), LOCAL)
    ((key,),) = serving.store.query("SELECT key FROM digest_key")
    stored = [(row[0], row[1].hex()) for row in serving.store.query("SELECT event_id, digest FROM event ORDER BY tx")]
    (secretive, digest), *others = DIGESTS_OF_0_1_0
    assert stored == [(secretive, keyed_digest(bytes.fromhex(digest), bytes(key)).hex()), *others]
    with psycopg.connect(serving.store.url) as connection:
        connection.execute("UPDATE event SET digest = decode(%s, 'hex') WHERE tx = 1", (digest,))
    for _ in range(2):
        again = serving.intake.ingest_lines("openlineage", [body], Caller("bot", "airflow"))
        assert (again["accepted"], again["duplicates"]) == (0, 1)


def test_repeats_are_recognised_by_what_was_sent_not_by_what_is_stored(serving: Serving) -> None:
    """The digest is taken before redaction: a repeat is one, and another secret is another event and another fact."""
    for secret, expected in (("one1", (1, 0)), ("one1", (0, 1)), ("two2", (1, 0)), ("two2", (0, 1))):
        event = {**EVENT, "run": {"runId": "r", "facets": {"x": {"args": ["--password", secret]}}}}
        facts = line("a", description=f"token={secret}", tags=[f"password:{secret}"], valid_from="2026-01-01T00:00:00Z")
        for form, body in (("openlineage", json.dumps(event).encode()), ("facts", facts)):
            tally = serving.intake.facts([body], LOCAL) if form == "facts" else serving.intake.ingest_lines(form, [body], LOCAL)
            assert (tally["accepted"], tally["duplicates"]) == expected
    texts = [row[0] for row in serving.store.query("SELECT body FROM event UNION ALL SELECT body FROM content")]
    assert not [text for text in texts if "one1" in text or "two2" in text]
    untimed = [line("b", description="password=one1"), line("b", description="password=one1")]
    assert [serving.intake.facts([each], LOCAL)["accepted"] for each in untimed] == [1, 0]
