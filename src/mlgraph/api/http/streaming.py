"""Streamed responses (export, backup), which are generated while they are sent, and limited in number."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Mapping

import anyio
import anyio.to_thread
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from mlgraph.api.http.limits import Lanes


async def streamed(
    make: Callable[[], Generator[bytes]], lanes: Lanes, media_type: str, headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    """Return a streaming response of the bytes that `make` yields. Raises `Overloaded` if too many are being sent.

    The first piece is generated before the status is sent, so that an unavailable store is answered 503, not a broken 200.
    """
    lanes.exports.acquire()
    try:
        pieces = await anyio.to_thread.run_sync(make, limiter=lanes.export_threads)
        first = await anyio.to_thread.run_sync(next, pieces, b"", limiter=lanes.export_threads)
    except BaseException:
        lanes.exports.release()
        raise
    return _StreamedAnswer(first, pieces, lanes, media_type, headers)


class _StreamedAnswer(StreamingResponse):
    def __init__(
        self, first: bytes, rest: Generator[bytes], lanes: Lanes, media_type: str, headers: Mapping[str, str] | None
    ) -> None:
        super().__init__(_chain(first, rest, lanes), media_type=media_type, headers=headers)
        self._rest = rest
        self._lanes = lanes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; then, also after an error, release the slot and the connection to the store."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            try:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._rest.close)
            finally:
                self._lanes.exports.release()


async def _chain(first: bytes, rest: Generator[bytes], lanes: Lanes) -> AsyncGenerator[bytes]:
    piece: bytes | None = first
    while piece is not None:  # a piece may be empty: a compressor buffers its output
        if piece:
            yield piece
        piece = await anyio.to_thread.run_sync(_next, rest, limiter=lanes.export_threads)


def _next(pieces: Generator[bytes]) -> bytes | None:
    return next(pieces, None)
