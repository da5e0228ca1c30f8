"""Intake over a real store: what is taken, what is rejected, what becomes a dead letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from mlgraph.connectors import openlineage
from mlgraph.domain.errors import InvalidInput, NotFound, NotJson, UnknownAsset
from mlgraph.services import intake
from mlgraph.services.identity import LOCAL, Caller
from tests.services.parts import Json, Serving

EVENT: Json = {
    "eventTime": "2026-01-01T00:00:00Z", "eventType": "COMPLETE", "run": {"runId": "r"}, "job": {"namespace": "n", "name": "j"},
    "inputs": [{"namespace": "d", "name": "a"}],
}  # fmt: skip


def line(name: str, **said: Any) -> bytes:
    return json.dumps({"asset": {"uri": f"mlg://dataset/n/{name}", **said}}).encode()


def cloudevent(**changes: Any) -> bytes:
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "io.openlineage.RunEvent", "data": EVENT, **changes}
    return json.dumps(event).encode()


def planted_fault(event: object, scope: str | None = None) -> Any:
    raise RuntimeError("planted", type(event), scope)


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
        "accepted": 2, "duplicates": 1, "watermark": 1,
        "rejected": [{"index": 3, "pointer": "", "message": "not JSON: Expecting value at line 1 column 1"}],
    }  # fmt: skip
    assert serving.intake.facts(iter(lines[:1]), LOCAL)["watermark"] == 1
    assert serving.intake.facts(iter([]), LOCAL) == {"accepted": 0, "duplicates": 0, "rejected": [], "watermark": 1}


def test_an_event_is_the_same_by_its_content(serving: Serving) -> None:
    body = json.dumps(EVENT).encode()
    mark = serving.intake.openlineage(body, LOCAL)["watermark"]
    assert serving.intake.openlineage(json.dumps(EVENT, indent=2, sort_keys=True).encode(), LOCAL)["watermark"] == mark
    assert serving.store.query("SELECT count(*) FROM event") == [(1,)]
    other = {**EVENT, "eventTime": "2026-01-01T00:00:01Z"}
    assert serving.intake.openlineage(json.dumps(other).encode(), LOCAL)["watermark"] == mark + 1
    with pytest.raises(NotJson):
        serving.intake.openlineage(b"{", LOCAL)


def test_cloudevents_are_the_same_by_source_and_id(serving: Serving) -> None:
    def take(**changes: Any) -> tuple[int, int]:
        answer = serving.intake.cloudevents({}, cloudevent(**changes), LOCAL)
        assert answer["rejected"] == []
        return answer["accepted"], answer["duplicates"]

    assert take() == (1, 0)
    assert take() == (0, 1)
    assert take(data={**EVENT, "eventType": "START"}) == (0, 1)  # the same event, whatever it carries now
    assert take(id="2") == (1, 0)
    assert take(source="/t", data={**EVENT, "eventType": "START"}) == (1, 0)


def test_a_binary_cloudevent(serving: Serving) -> None:
    attributes = {"specversion": "1.0", "id": "7", "source": "/s", "type": "io.mlgraph.fact"}
    headers = {"content-type": "application/json", **{f"ce-{key}": value for key, value in attributes.items()}}
    assert serving.intake.cloudevents(headers, line("a"), LOCAL)["accepted"] == 1
    structured = json.dumps({**attributes, "data": json.loads(line("a"))}).encode()
    assert serving.intake.cloudevents({"content-type": "application/cloudevents+json"}, structured, LOCAL)["accepted"] == 0


def test_secrets_are_not_kept(serving: Serving) -> None:
    told = {**EVENT, "run": {"runId": "r", "facets": {"environment": {"DB_PASSWORD": "hunter2", "other": "kept"}}}}
    serving.intake.openlineage(json.dumps(told).encode(), LOCAL)
    serving.intake.cloudevents({}, cloudevent(data=told), LOCAL)
    bodies = [row[0] for row in serving.store.query("SELECT body FROM event UNION ALL SELECT body FROM content")]
    assert "hunter2" not in "".join(bodies)
    assert "kept" in "".join(bodies)


@pytest.mark.parametrize("carrier", ["openlineage", "openlineage_lines", "cloudevents"])
def test_what_the_connector_fails_on_is_a_dead_letter_until_it_is_replayed(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, carrier: str
) -> None:
    body = json.dumps(EVENT).encode()

    def take() -> None:
        if carrier == "openlineage":
            serving.intake.openlineage(body, Caller("bot", "airflow", "prod"))
        elif carrier == "openlineage_lines":
            assert serving.intake.openlineage_lines([body], Caller("bot", "airflow", "prod"))["accepted"] == 1
        else:
            assert serving.intake.cloudevents({}, cloudevent(), Caller("bot", "airflow", "prod"))["accepted"] == 1

    with monkeypatch.context() as planted:
        planted.setattr(openlineage, "normalise", planted_fault)
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
    card = serving.queries.asset("mlg://run/n/r")
    assert card["history"][0]["actor"] == "bot"  # it speaks for whom it came from
    assert card["environment"] == "prod"


def test_a_dead_letter_keeps_the_scope_of_who_sent_it(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({**EVENT, "job": {"namespace": "default", "name": "j"}}).encode()
    with monkeypatch.context() as planted:
        planted.setattr(openlineage, "normalise", planted_fault)
        for source in ("a", "b", "a"):
            serving.intake.openlineage(body, Caller("bot", source))
    letters = serving.intake.dead_letters()["dead_letters"]
    assert [(letter["source"], letter["attempts"]) for letter in letters] == [("a", 2), ("b", 1)]
    for letter in letters:
        serving.intake.replay(letter["id"], LOCAL)
    serving.follow()
    for source in ("a", "b"):
        assert serving.queries.asset(f"mlg://workflow/{source}%3Adefault/j")["kind"] == "workflow"
    with pytest.raises(UnknownAsset):
        serving.queries.asset("mlg://workflow/default/j")


def test_dead_letters_come_in_pages(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openlineage, "normalise", planted_fault)
    for number in range(5):
        serving.intake.openlineage(json.dumps({**EVENT, "n": number}).encode(), LOCAL)
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


def test_a_byte_order_mark_is_passed_over(serving: Serving) -> None:
    line = b"\xef\xbb\xbf" + json.dumps({"asset": {"uri": "mlg://dataset/n/a"}}).encode()
    assert serving.intake.facts(iter([line]), LOCAL)["accepted"] == 1


def test_the_name_of_a_person_stands_in_the_contact_table_alone(serving: Serving) -> None:
    owners = {"ownership": {"owners": [{"name": "user:Ann Example", "type": "MAINTAINER"}, {"name": "ann@example.org"}]}}
    told = {"eventTime": "2026-01-01T00:00:00Z", "job": {"namespace": "n", "name": "w", "facets": owners}}
    serving.intake.openlineage(json.dumps(told).encode(), LOCAL)
    person = {"asset": {"uri": "mlg://person/acme/u-1", "name": "Ann Example", "properties": {"mail": "ann@example.org"}}}
    event = {"specversion": "1.0", "id": "1", "source": "hr", "type": "io.mlgraph.fact", "data": person}
    serving.intake.cloudevents({"content-type": "application/cloudevents+json"}, json.dumps(event).encode(), LOCAL)
    for question in ("SELECT body, event_id FROM event", "SELECT body FROM content", "SELECT uri FROM asset"):
        assert "ann" not in repr(serving.store.query(question)).lower(), question
    assert {name for (name,) in serving.store.query("SELECT name FROM contact")} >= {"Ann Example"}


def test_who_does_not_wait_is_told_the_same(serving: Serving) -> None:
    told = SimpleQueue[dict[str, Any] | BaseException]()
    assert serving.intake.begin_openlineage(json.dumps(EVENT).encode(), LOCAL, told.put)
    first = told.get(timeout=10)
    assert first == serving.intake.openlineage(json.dumps(EVENT).encode(), LOCAL)
    assert serving.intake.begin_openlineage(json.dumps(EVENT).encode(), LOCAL, told.put)
    assert told.get(timeout=10) == first, "sent twice, it is stored once"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"eventType": "START"}', json.dumps({**EVENT, "x": "y" * 40_000}).encode()])
def test_what_needs_care_or_time_is_not_begun(serving: Serving, body: bytes) -> None:
    assert not serving.intake.begin_openlineage(body, LOCAL, lambda _: pytest.fail("it was begun"))
    assert serving.store.query("SELECT count(*) FROM event") == [(0,)]
