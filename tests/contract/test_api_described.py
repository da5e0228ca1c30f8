"""OpenAPI conformance: generated valid and invalid requests of every call get only documented answers, and no 5xx."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.openapi import from_dict

from tests.api.services_double import Double, app_over
from tests.api.serving import serving
from tests.contract.producing import Producer, at
from tests.contract.serving import Api, Names, Process, asset, edge
from tests.plugins.amounts import amounts

DESCRIBED: Final = from_dict(app_over(Double(), loopback=True).openapi())
ENDLESS: Final = "/api/v1/stream"
"""Its answer ends with the client; tests/api/http/test_event_stream.py has its own."""
FOUND: Final = [
    call for found in DESCRIBED.get_all_operations() if isinstance(found, Ok) and (call := found.ok()).path != ENDLESS
]
CALLS: Final = {f"{call.method} {call.path}": call for call in FOUND}
FALLIBLE: Final = {name for name, call in CALLS.items() if call.body or any(call.query)}
"""Calls with query parameters or a body, for which invalid requests can be generated."""
CASES: Final = [(GenerationMode.POSITIVE, call) for call in sorted(CALLS)] + [
    (GenerationMode.NEGATIVE, call) for call in sorted(FALLIBLE)
]
NAMES: Final = Names("described")
KNOWN: Final = (
    NAMES.dataset("a"),
    NAMES.dataset("b"),
    NAMES.workflow(),
    NAMES.run("r"),
    NAMES.of("service", "s"),
    NAMES.dataset("never"),
)
CHECKED: Final[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)


@schemathesis.serializer("application/x-ndjson", "application/json-seq", "application/gzip")
def _text(_context: Any, value: Any) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.serializer("application/cloudevents+json", "application/cloudevents-batch+json")
def _json(_context: Any, value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process("--data", str(tmp_path_factory.mktemp("described") / "data"))
    api = Api(process.url)
    api.taken(
        asset(KNOWN[0], at(1), name="a"),
        edge(KNOWN[0], "derives", KNOWN[1], at(1)),
        asset(NAMES.of("service", "s")),
        edge(NAMES.of("deployment", "d"), "serves", NAMES.of("service", "s"), at(1)),
    )
    api.event(Producer(NAMES).run("r", 2, inputs="a", outputs="b"))
    api.close()
    yield process
    assert process.stop() == 0
    answer = "".join(process.output)
    assert "Traceback" not in answer, answer


@amounts(15, 50)
@pytest.mark.parametrize(("mode", "call"), CASES)
def test_the_call_answers_as_described(mode: GenerationMode, call: str, server: Process, amount: int) -> None:
    cases = CALLS[call].as_strategy(generation_mode=mode)

    @settings(max_examples=amount, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases, known=st.lists(st.sampled_from(KNOWN) | st.none(), min_size=4, max_size=4))
    def ask(case: schemathesis.Case[Any], known: list[str | None]) -> None:
        for name, uri in zip(("uri", "source", "target", "service"), known, strict=True):
            if uri is not None and name in case.query:
                case.query[name] = uri
        if re.fullmatch(r"\s*\+?\d+(\.0*)?\s*", str(case.query.get("at_least", ""))):
            case.query["at_least"] = 1  # a future watermark would block; other tests cover it
        if call == "post /api/v1/sources" and isinstance(case.body, dict):
            case.body.pop("url", None)  # connecting would send requests to a tool that does not exist
        response = case.call(base_url=server.url, session=session, timeout=30)
        if response.status_code == 503:  # the exports of the calls before may still be sent
            time.sleep(float(response.headers["retry-after"][0]))
            response = case.call(base_url=server.url, session=session, timeout=30)
        case.validate_response(response, checks=CHECKED)

    with requests.Session() as session:
        session.trust_env = False
        ask()


def test_an_undocumented_answer_is_found() -> None:
    with serving(Double(failure=RuntimeError("planted"))) as port:
        case = CALLS["get /api/v1/live"].Case()
        with pytest.raises(FailureGroup, match="500"):
            case.validate_response(case.call(base_url=f"http://127.0.0.1:{port}"), checks=CHECKED)
