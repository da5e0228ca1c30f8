"""A file is served in the smallest form that the caller takes, and not at all to whom has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from mlgraph.api.http.static_files import StaticFile

OK, NOT_MODIFIED = 200, 304


@pytest.fixture
def file(tmp_path: Path) -> StaticFile:
    (tmp_path / "page.js").write_bytes(b"plain")
    (tmp_path / "page.js.gz").write_bytes(b"gzipped")
    (tmp_path / "page.js.br").write_bytes(b"brotli")
    return StaticFile.read(tmp_path / "page.js")


def response(file: StaticFile, headers: Mapping[str, str]) -> Response:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return file.response(Request({"type": "http", "method": "GET", "headers": raw}), {"x-of-caller": "1"})


@pytest.mark.parametrize(
    ("accepted", "body", "coding"),
    [
        ("gzip, deflate, br", b"brotli", "br"),
        ("gzip", b"gzipped", "gzip"),
        ("BR;q=1.0, gzip", b"brotli", "br"),
        ("br;q=0, gzip;q=0.5", b"gzipped", "gzip"),
        ("br; q=0.000", b"plain", None),
        ("zstd", b"plain", None),
        ("", b"plain", None),
    ],
)
def test_the_smallest_form_that_is_accepted(file: StaticFile, accepted: str, body: bytes, coding: str | None) -> None:
    answer = response(file, {"accept-encoding": accepted})
    assert (answer.status_code, answer.body) == (OK, body)
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["x-of-caller"] == "1"


def test_an_entity_tag_that_matches_is_answered_304(file: StaticFile) -> None:
    etag = response(file, {"accept-encoding": "br"}).headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        again = response(file, {"accept-encoding": "br", "if-none-match": known})
        assert (again.status_code, again.body, again.headers["etag"]) == (NOT_MODIFIED, b"", etag)
    plain = response(file, {"if-none-match": etag})
    assert (plain.status_code, plain.body) == (OK, b"plain"), "another form has another tag (RFC 9110, section 8.8.3)"


def test_a_file_without_compressed_forms(tmp_path: Path) -> None:
    (tmp_path / "picture.unknown").write_bytes(b"plain")
    answer = response(StaticFile.read(tmp_path / "picture.unknown"), {"accept-encoding": "br, gzip"})
    assert (answer.body, answer.headers["content-type"]) == (b"plain", "application/octet-stream")
