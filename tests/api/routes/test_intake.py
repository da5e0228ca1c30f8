"""Routes for ingest: streamed and buffered bodies, limits, encodings; sources and dead letters."""

import gzip
import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mlgraph.api.http.request_bodies import MAX_BODY_BYTES, RecordStream
from mlgraph.services.common.identity import Caller
from tests.api.double_answers import LAKE, WRITTEN
from tests.api.services_double import Double

GOOD = json.dumps({"asset": {"uri": LAKE}}).encode()


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line and not line.endswith(b"\r"))), st.data())
def test_lines_are_the_same_however_the_body_is_split(lines: list[bytes], data: st.DataObject) -> None:
    body = b"\n".join(lines)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=8)) | {0, len(body)})
    pieces = [body[begin:end] for begin, end in pairwise(cuts)]
    found = list(RecordStream(pieces, limit_bytes=20))
    expected = body.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert found == [line if len(line) <= 20 else b"" for line in expected]


def test_a_line_that_is_too_long_is_named_by_its_index_and_not_buffered() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a\n"
        yield from (b"x" * 10 for _ in range(1000))
        yield b"\r\nb\r\n"

    records = RecordStream(pieces(), limit_bytes=100)
    assert list(records) == [b"a", b"", b"b"]
    assert records.too_long == [1]


def test_a_text_sequence_begins_with_its_separator() -> None:
    records = RecordStream([b'\x1e{"a":\n1}\n\x1e{}', b"\n"], sequence=True)
    assert list(records) == [b'{"a":\n1}\n', b"{}\n"]


def test_facts_count_lines_and_empty_ones_have_their_index(http: TestClient) -> None:
    answer = http.post("/api/v1/facts", content=b"\n".join([GOOD, b"", b"{", GOOD, b'{"asset":{}}', b""]))
    assert answer.status_code == 200
    answer_body = answer.json()
    assert answer_body["accepted"] == 2
    assert [(each["index"], each["pointer"]) for each in answer_body["rejected"]] == [(2, ""), (4, "/asset/uri")]


def test_a_line_over_the_limit_is_rejected_by_itself(http: TestClient) -> None:
    def body() -> Iterator[bytes]:
        yield b"{\n"
        yield from (b"x" * 65536 for _ in range(MAX_BODY_BYTES // 65536))
        yield b"x\n" + GOOD

    answer_body = http.post("/api/v1/facts", content=body()).json()
    assert answer_body["accepted"] == 1
    assert [each["index"] for each in answer_body["rejected"]] == [0, 1]
    assert "16777216" in answer_body["rejected"][1]["message"]


def test_facts_have_no_total_limit_and_may_be_compressed(http: TestClient, double: Double) -> None:
    line = json.dumps({"asset": {"uri": LAKE, "description": "d" * 1000}}).encode() + b"\n"
    count = 20_000
    body = gzip.compress(line * (count // 2)) + gzip.compress(line * (count // 2))
    answer_body = http.post("/api/v1/facts", content=body, headers={"content-encoding": "gzip"}).json()
    assert (answer_body["accepted"], answer_body["rejected"]) == (count, [])
    assert len(line) * count > MAX_BODY_BYTES
    assert len(double.received) == count


def test_one_event_whatever_the_content_type(http: TestClient, double: Double) -> None:
    event = b'{"eventTime": "2026-11-01T00:00:00Z"}'
    for headers in ({}, {"content-type": "application/json"}, {"content-type": "text/plain"}):
        answer = http.post("/api/v1/lineage", content=event, headers=headers)
        assert (answer.status_code, answer.json()) == (201, WRITTEN)
    answer = http.post("/api/v1/lineage", content=gzip.compress(event), headers={"content-encoding": "gzip"})
    assert answer.status_code == 201
    assert [answer_body["body"] for _, answer_body in double.calls] == [event] * 4


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-ndjson; charset=utf-8", b'{"run":{}}\n\n{}\n'),
        ("application/json-seq", b'\x1e{"run":\n{}}\n\x1e\x1e{}\n'),
    ],
)
def test_many_events_are_streamed(content_type: str, body: bytes, http: TestClient) -> None:
    answer = http.post("/api/v1/lineage", content=body, headers={"content-type": content_type})
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 1
    assert [each["index"] for each in answer.json()["rejected"]] == [2]


def test_cloud_events_retain_their_headers(http: TestClient, double: Double) -> None:
    answer = http.post("/api/v1/events", content=b"{}", headers={"ce-id": "1", "CE-Source": "/a"})
    assert answer.status_code == 202
    assert double.calls[0][1]["headers"]["ce-source"] == "/a"


def test_webhooks_need_no_token_and_pass_on_the_signed_bytes(http: TestClient, double: Double) -> None:
    answer = http.post("/api/v1/webhooks/mlflow%3A5000", content=b'{ "a":1}', headers={"x-mlflow-signature": "v1,x"})
    assert answer.status_code == 202
    [(name, answer_body)] = double.calls
    assert (name, answer_body["name"], answer_body["body"]) == ("webhook", "mlflow:5000", b'{ "a":1}')


def test_sources_are_connected_listed_and_synced(http: TestClient, double: Double) -> None:
    answer = http.post("/api/v1/sources", json={"kind": "mlflow", "url": "http://mlflow:5000"})
    assert (answer.status_code, answer.json()["state"]) == (202, "backfilling")
    assert http.get("/api/v1/sources").json()["sources"] == []
    assert http.post("/api/v1/sources/mlflow%3A5000/sync").status_code == 202
    assert http.post("/api/v1/sync").status_code == 202
    assert [answer_body["name"] for name, answer_body in double.calls if name == "sync"] == ["mlflow:5000", None]
    tried = http.post("/api/v1/sources/team%2Fmlflow%3A5000/test")
    assert (tried.status_code, tried.json()["ok"], tried.json()["name"]) == (200, True, "team/mlflow:5000")


def test_dead_letters_are_listed_and_replayed(http: TestClient, double: Double) -> None:
    assert http.get("/api/v1/dead-letters", params={"limit": 5, "cursor": "c"}).status_code == 200
    assert http.post("/api/v1/dead-letters/7/replay").json()["replayed"] is True
    assert double.calls[-1] == ("replay", {"letter_id": 7, "caller": Caller("local")})
