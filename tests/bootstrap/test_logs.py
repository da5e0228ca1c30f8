"""Log records as JSON objects or text lines, without secrets in either."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from mlgraph.api.http.request_metrics import request_id
from mlgraph.bootstrap.logs import JsonLines, TextLines, clean


def record(message: str, *values: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("mlgraph.test", logging.WARNING, __file__, 1, message, values, more.pop("exc_info", None))
    made.__dict__.update(more)
    return made


def failure(text: str) -> Any:
    error = ValueError(text)
    return type(error), error, None


@pytest.fixture
def within_a_request() -> Iterator[None]:
    mark = request_id.set("r-1")
    yield
    request_id.reset(mark)


def test_a_line_is_one_object_with_its_time_and_zone() -> None:
    line = JsonLines().format(record('two\nlines, "quoted", ü %d', 7))
    assert "\n" not in line
    fields = json.loads(line)
    assert fields["message"] == 'two\nlines, "quoted", ü 7'
    assert (fields["level"], fields["logger"]) == ("warning", "mlgraph.test")
    assert datetime.fromisoformat(fields["time"]).utcoffset() == timedelta(0)
    assert set(fields) == {"time", "level", "logger", "message"}


@pytest.mark.usefixtures("within_a_request")
def test_log_lines_of_a_request_have_its_id() -> None:
    fields = json.loads(
        JsonLines().format(record("x", context={"route": "/healthz", "status": 200, "duration_ms": 1.5, "actor": None}))
    )
    assert (fields["request_id"], fields["route"], fields["status"], fields["actor"]) == ("r-1", "/healthz", 200, None)
    assert " WARNING mlgraph.test [r-1]: x" in TextLines().format(record("x"))


def test_a_failure_has_its_type_and_trace() -> None:
    line = JsonLines().format(record("it failed", exc_info=failure("for ann@example.org")))
    assert "\n" not in line
    error = json.loads(line)["error"]
    assert error["type"] == "ValueError"
    assert error["trace"] == "ValueError: for [mail]"
    assert TextLines().format(record("it failed", exc_info=failure("x"))).endswith("ValueError: x")


SECRETS = (
    "connect to postgresql://ann:s3cret@db/x failed",
    "GET http://h/p?token=s3cret&x=1",
    "Authorization: Bearer s3cret",
    "password=s3cret host=db",
    '{"password": "s3cret"}',
    "MLGRAPH_TOKEN=s3cret",
)


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_do_not_get_into_a_log(text: str) -> None:
    for form in (JsonLines(), TextLines()):
        line = form.format(record("%s", text, exc_info=failure(text)))
        assert "s3cret" not in line
        assert "redacted" in line
    assert clean("mlg://dataset/a/b is not known; a token is needed") == "mlg://dataset/a/b is not known; a token is needed"
