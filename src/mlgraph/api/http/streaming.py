"""Long answers that are made while they are sent: an export, a backup. Few at once, and their places are given back."""

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
    """Return what `make` yields as an answer. Raises `Overloaded` where as many flow already as may.

    The first piece is made before the status is sent, so that a store that is away gives 503 and no broken 200.
    """
    lanes.exports.take()
    try:
        pieces = await anyio.to_thread.run_sync(make, limiter=lanes.export_threads)
        first = await anyio.to_thread.run_sync(next, pieces, b"", limiter=lanes.export_threads)
    except BaseException:
        lanes.exports.leave()
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
        """Send it; whatever becomes of it, the place and the connection to the store are given back."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            try:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._rest.close)
            finally:
                self._lanes.exports.leave()


async def _chain(first: bytes, rest: Generator[bytes], lanes: Lanes) -> AsyncGenerator[bytes]:
    piece: bytes | None = first
    while piece is not None:  # a piece may be empty: a compressor takes more than it gives
        if piece:
            yield piece
        piece = await anyio.to_thread.run_sync(_next, rest, limiter=lanes.export_threads)


def _next(pieces: Generator[bytes]) -> bytes | None:
    return next(pieces, None)
