"""Large answers are gzipped for callers that accept it; caches learn that the answer depends on the header."""

from __future__ import annotations

import gzip

import orjson
import pytest

from mlgraph.api.http.content_codings import accepts
from mlgraph.api.http.json_responses import compressed_answer

LARGE = {"marks": [{"id": f"f{number:012x}", "count": number} for number in range(500)]}


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
    ],
)
def test_a_coding_is_accepted_where_the_header_names_it(header: str, accepted: bool) -> None:
    assert accepts(header, "gzip") is accepted
    response = compressed_answer(LARGE, header)
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers.get("content-encoding") == ("gzip" if accepted else None)
    body = bytes(response.body)
    assert orjson.loads(gzip.decompress(body) if accepted else body) == LARGE
    assert int(response.headers["content-length"]) == len(body)
    assert compressed_answer(LARGE, header).body == body, "the time is no part of it"


def test_a_small_answer_is_sent_as_it_is() -> None:
    response = compressed_answer({"marks": []}, "gzip")
    assert (response.body, "content-encoding" in response.headers) == (b'{"marks":[]}', False)
    assert response.headers["vary"] == "Accept-Encoding"
