"""Answers as bytes."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from typing import Final

import anyio
import anyio.to_thread
import orjson
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

EXPORT_CHUNK_BYTES: Final = 256 * 1024


def dump(value: object) -> bytes:
    """Return `value` as JSON in UTF-8.

    Whole numbers past 64 bits, which orjson cannot write, are rare and legal (RFC 8259): they take the slower way.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def answer(value: object, status: int = 200) -> Response:
    """Return `value` as a JSON response."""
    return Response(dump(value), status, media_type="application/json")


class Streamed(StreamingResponse):
    """An answer that is sent while it is made.

    The first piece is made before the status is sent, so that a store that is away gives 503 and no broken 200. When the answer
    ends, however it does, what makes the pieces is closed: it holds a transaction, which must not wait for the garbage collector.
    """

    def __init__(self, pieces: Iterator[bytes], media_type: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer with `pieces`. Raises what making the first one raises."""
        self._pieces = _from_first(next(pieces, b""), pieces)
        super().__init__(self._pieces, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._pieces.close)


def _from_first(first: bytes, rest: Iterator[bytes]) -> Generator[bytes]:
    yield first
    yield from rest


def in_pieces(lines: Iterator[bytes]) -> Generator[bytes]:
    """Join lines into pieces of about 256 KiB: a line each would spend its time on changing threads."""
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
