"""JSON serialization of responses, and chunking of streamed ones."""

from __future__ import annotations

import gzip
import json
from collections.abc import Generator, Iterator, Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from mlgraph.api.http.content_codings import accepts

EXPORT_CHUNK_BYTES: Final = 256 * 1024
_COMPRESSED_FROM_BYTES: Final = 4096
"""A smaller answer fits a few packets as it is."""
_LEVEL: Final = 1


def dump(value: object) -> bytes:
    """Return `value` as JSON in UTF-8.

    Integers beyond 64 bits, which orjson cannot serialize, are rare and valid JSON (RFC 8259): `json` serializes them.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def answer(value: object, status: int = 200) -> Response:
    """Return `value` as a JSON response."""
    return Response(dump(value), status, media_type="application/json")


def compressed_answer(value: object, accept_encoding: str) -> Response:
    """Return `value` as a JSON response, gzipped if it is large and `accept_encoding`, the header of the request, allows it.

    For answers that repeat themselves: level 1 makes a scene eight times smaller in a fifth of a millisecond. The same value has
    the same bytes, compressed or not.
    """
    body = dump(value)
    headers = {"vary": "Accept-Encoding"}
    if len(body) >= _COMPRESSED_FROM_BYTES and accepts(accept_encoding, "gzip"):
        body = gzip.compress(body, _LEVEL, mtime=0)
        headers["content-encoding"] = "gzip"
    return Response(body, media_type="application/json", headers=headers)


def tagged_answer(body: Mapping[str, Any]) -> Response:
    """Return an asset as a JSON response with its `etag` as entity tag (RFC 9110, section 8.8.3)."""
    response = answer(body)
    response.headers["etag"] = f'"{body["etag"]}"'
    return response


def started_answer(pieces: Iterator[bytes]) -> Generator[bytes]:
    """Return the same pieces, the first of them made already: what fails at once fails before a status is sent."""
    first = next(pieces, b"")

    def all_pieces() -> Generator[bytes]:
        yield first
        yield from pieces

    return all_pieces()


def in_pieces(lines: Iterator[bytes]) -> Generator[bytes]:
    """Join lines into chunks of about 256 KiB, so that thread switches do not dominate the export."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size >= EXPORT_CHUNK_BYTES:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)
