"""Fuzzed events and facts: accepted, or rejected with a position and a reason, and never an unhandled error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract import fuzzing
from tests.contract.fuzzing import damaged, gone_wrong, written
from tests.contract.serving import Api, Json, Names, Process

EXAMPLES: Final = 250
NAMES: Final = Names("fuzzed")
EVENTS: Final = fuzzing.events(NAMES)
FACTS: Final = fuzzing.facts(NAMES)
pytestmark = pytest.mark.slow
PROFILE: Final = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process("--data", str(tmp_path_factory.mktemp("fuzzed") / "data"))
    yield process
    assert process.stop() == 0
    output = "".join(process.output)
    assert "Traceback" not in output, output[-5000:]


@pytest.fixture(scope="module")
def fuzzed(server: Process) -> Iterator[Api]:
    """The server, after the valid documents were sent to it."""
    api = Api(server.url)
    api.events(EVENTS)
    api.taken(*FACTS)
    yield api
    assert api.ask("dead-letters")["total"] == 0
    assert api.http.get("/readyz").json()["watermark"] >= 2
    api.close()


def refusal(response: httpx.Response) -> Json:
    """The problem of a 4xx."""
    assert response.status_code in (400, 413, 422), response.text[:2000]
    assert response.headers["content-type"] == "application/problem+json"
    body: Json = response.json()
    assert body["status"] == response.status_code
    assert body["detail"]
    assert len(response.content) < 10_000  # a rejection does not repeat the invalid input
    return body


def leads_into(document: Any, pointer: str) -> bool:
    """Whether all parts of a JSON pointer except the last exist in the document; the last one may be missing."""
    at = document
    for token in pointer.split("/")[1:-1]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(at, dict) and key in at:
            at = at[key]
        elif isinstance(at, list) and key.isdecimal() and int(key) < len(at):
            at = at[int(key)]
        else:
            return False
    return True


@given(data=st.data(), base=st.sampled_from(EVENTS), ascii_only=st.booleans())
@PROFILE
def test_one_openlineage_event(fuzzed: Api, data: st.DataObject, base: Json, ascii_only: bool) -> None:
    document = data.draw(gone_wrong(base))
    text = written(document, ascii_only=ascii_only)
    body = data.draw(damaged(text))
    response = fuzzed.http.post("/api/v1/lineage", content=body, headers={"Content-Type": "application/json"})
    if response.status_code == 201:
        assert response.json()["watermark"] > 0
        return
    problem = refusal(response)
    if response.status_code == 422 and body == text and b"twice" not in text and b"[" * 40 not in text:
        assert leads_into(document, problem.get("pointer", "")), problem


def enveloped(document: Any) -> Json:
    """A CloudEvent with `document` as its data; its id depends on the document."""
    number = hashlib.sha256(repr(document).encode("utf-8", "replace")).hexdigest()
    return {"specversion": "1.0", "id": number, "source": "/fuzzed", "type": "io.openlineage.RunEvent", "data": document}


@given(
    data=st.data(),
    bases=st.lists(st.sampled_from(FACTS), min_size=1, max_size=6),
    ascii_only=st.booleans(),
    call=st.sampled_from(["facts", "lineage", "events"]),
)
@PROFILE
def test_many_at_once(fuzzed: Api, data: st.DataObject, bases: list[Json], ascii_only: bool, call: str) -> None:
    if call != "facts":
        bases = [EVENTS[len(json.dumps(base)) % len(EVENTS)] for base in bases]
    documents = [data.draw(gone_wrong(base)) for base in bases]
    if call == "events":
        documents = [enveloped(document) for document in documents]
        body = written(documents, ascii_only=ascii_only)
        media = "application/cloudevents-batch+json"
    else:
        lines = [data.draw(damaged(written(document, ascii_only=ascii_only))) for document in documents]
        body = b"\n".join(line.replace(b"\n", b" ") for line in lines)
        media = "application/x-ndjson"
    response = fuzzed.http.post(f"/api/v1/{call}", content=body, headers={"Content-Type": media})
    if response.status_code not in (200, 202):
        assert call == "events", response.text[:2000]
        refusal(response)
        return
    answer = response.json()
    assert all(each["message"] and 0 <= each["index"] < len(documents) for each in answer["rejected"])
    sent = len(documents) if call == "events" else sum(bool(line.strip()) for line in body.split(b"\n"))
    assert answer["accepted"] + answer["duplicates"] + len(answer["rejected"]) == sent


def test_accepted_input_can_be_exported_imported_and_queried(fuzzed: Api, start: Callable[..., Process], tmp_path: Path) -> None:
    exported = fuzzed.export()
    fresh = Api(start("--data", str(tmp_path / "fresh")).url)
    lines = exported.splitlines()
    for begin in range(0, len(lines), 500):
        assert fresh.facts(lines[begin : begin + 500])["rejected"] == []
    assert sorted(fresh.export().splitlines()) == sorted(lines)
    output = [body for line in lines for body in json.loads(line).values()]
    uris = {body[key] for body in output for key in ("uri", "source", "target") if key in body}
    assert len(uris) > 40
    for uri in sorted(uris)[:: max(1, len(uris) // 150)]:
        if len(uri) > 20_000:
            continue  # longer than the limit of a request line
        for call in ("asset", "lineage", "impact"):
            assert fuzzed.get(call, uri=uri).status_code == 200
    fresh.close()
