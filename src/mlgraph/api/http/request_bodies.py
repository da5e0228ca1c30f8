"""Reading request bodies within bounds, whatever the sender does."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import anyio
import anyio.from_thread
import anyio.to_thread
from fastapi import Request
from starlette.exceptions import HTTPException

from mlgraph.domain.errors import InvalidInput, Overloaded, TooLarge

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
"""The limit of a whole body, and of one line of a streamed one (docs/spec.md#bodies), counted after decompression."""

BODY_IDLE_S: Final = 60.0
STREAM_IDLE_S: Final = 600.0
"""How long a sender may say nothing in the middle of a body; a stream may follow something that happens seldom."""

MAX_BUFFERED_BYTES: Final = 256 * 1024 * 1024
"""How much all bodies that are taken whole may hold together; read as JSON, each takes several times its size."""

MAX_STREAMS: Final = 16
_PIECE_BYTES: Final = 1024 * 1024
_streams = anyio.CapacityLimiter(MAX_STREAMS)


@asynccontextmanager
async def buffered(request: Request) -> AsyncGenerator[bytes]:
    """Lend the body, decompressed, for as long as it is worked on.

    Raises `TooLarge` as soon as it is over the limit, whatever was declared, and `Overloaded` where all that arrives at
    once, from everybody, would not fit into memory.
    """
    place = _BufferedBytes()
    try:
        yield await _read_all(request, place)
    finally:
        place.release()


class _BufferedBytes:
    """What one request holds of the memory that bodies may take together."""

    together_bytes: ClassVar[int] = 0

    def __init__(self) -> None:
        self._bytes = 0

    def grow(self, size: int) -> None:
        """Take `size` bytes more. Raises `Overloaded`."""
        if _BufferedBytes.together_bytes + size > MAX_BUFFERED_BYTES:
            raise Overloaded(
                f"bodies of {MAX_BUFFERED_BYTES // 2**20} MiB together are being processed: send this one again after "
                "Retry-After seconds, or many facts or events as NDJSON, which is streamed",
                retry_after_s=2,
            )
        self._bytes += size
        _BufferedBytes.together_bytes += size

    def release(self) -> None:
        """Give all back."""
        _BufferedBytes.together_bytes -= self._bytes
        self._bytes = 0


async def _read_all(request: Request, place: _BufferedBytes) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise TooLarge(_over_limit())
    body = bytearray()
    async for piece in _decoded(request, BODY_IDLE_S):
        place.grow(len(piece))
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(_over_limit())
    return bytes(body)


async def stream_records(
    request: Request, take: Callable[[Iterable[bytes]], dict[str, Any]], *, sequence: bool = False
) -> dict[str, Any]:
    """Let `take` (in a thread) pull the body's records one by one, and return its answer in the ingest shape.

    The body is read only as fast as `take` asks for it, so the sender feels the pace of the store. A record over the
    limit is rejected by itself, by its index. If the sender goes away, `take` sees the failure at the place where
    records end: a record that did not arrive whole is never handed on. Records are lines, or with `sequence` the texts
    of a JSON text sequence (RFC 7464).
    """
    pieces = _decoded(request, STREAM_IDLE_S)
    records = RecordStream(_pull(pieces), sequence=sequence)
    try:
        result = await anyio.to_thread.run_sync(take, records, limiter=_streams)
    finally:
        await pieces.aclose()
    if records.too_long:
        message = f"longer than {MAX_BODY_BYTES} bytes"
        found: list[dict[str, Any]] = [{"index": at, "pointer": "", "message": message} for at in records.too_long]
        result = {**result, "rejected": sorted([*result["rejected"], *found], key=lambda each: int(each["index"]))}
    return result


async def stream_bytes(request: Request, take: Callable[[Iterable[bytes]], dict[str, Any]]) -> dict[str, Any]:
    """Let `take` (in a thread) pull the body as it comes, and return its answer. There is no limit but the sender's silence."""
    pieces = _decoded(request, STREAM_IDLE_S)
    try:
        return await anyio.to_thread.run_sync(take, _pull(pieces), limiter=_streams)
    finally:
        await pieces.aclose()


class RecordStream:
    """The records of a stream, each without its separator.

    One that is too long comes out empty, its index kept in `too_long`; memory stays within the limit of one record.
    """

    def __init__(self, pieces: Iterable[bytes], *, sequence: bool = False, limit_bytes: int = MAX_BODY_BYTES) -> None:
        """Cut `pieces`, which may end anywhere, behind every line or (`sequence`) before every text."""
        self._pieces = pieces
        self._separator = b"\x1e" if sequence else b"\n"
        self._first = -1 if sequence else 0  # before the first separator of a sequence stands nothing
        self._limit_bytes = limit_bytes
        self.too_long: list[int] = []

    def __iter__(self) -> Iterator[bytes]:
        """Yield each record; the last one needs no separator behind it."""
        index = self._first
        waiting: list[bytes] = []
        size = 0
        for piece in self._pieces:
            *ended, rest = piece.split(self._separator)
            for part in ended:
                waiting.append(part)
                if index >= 0:
                    yield self._record(waiting, size + len(part), index)
                index += 1
                waiting, size = [], 0
            size += len(rest)
            # Of a record that is too long already, only the size is of interest.
            if rest and size <= self._limit_bytes:
                waiting.append(rest)
        if size and index >= 0:
            yield self._record(waiting, size, index)

    def _record(self, parts: list[bytes], size: int, index: int) -> bytes:
        if size > self._limit_bytes:
            self.too_long.append(index)
            return b""
        return b"".join(parts).removesuffix(b"\r")


def _pull(pieces: AsyncIterator[bytes]) -> Iterator[bytes]:
    """Yield, in a worker thread, what the event loop receives."""

    async def following() -> bytes | None:
        return await anext(pieces, None)

    while (piece := anyio.from_thread.run(following)) is not None:
        yield piece


async def _decoded(request: Request, idle_s: float) -> AsyncGenerator[bytes]:
    """Yield the body in pieces of bounded size, decompressed as its Content-Encoding says."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip"):
        accept = {"accept-encoding": "gzip, identity"}
        raise HTTPException(415, f"Content-Encoding {coding[:40]!r} is not read here: send gzip, or none", accept)
    arriving = _arriving(request, idle_s)
    try:
        async for piece in arriving if coding in ("identity", "") else _gunzipped(arriving):
            yield piece
    finally:
        await arriving.aclose()


async def _arriving(request: Request, idle_s: float) -> AsyncGenerator[bytes]:
    stream = request.stream()
    while True:
        try:
            with anyio.fail_after(idle_s):
                piece = await anext(stream, None)
        except TimeoutError:
            raise HTTPException(408, f"nothing arrived for {idle_s:.0f} s in the middle of the body") from None
        if piece is None:
            return
        if piece:
            yield piece


async def _gunzipped(arriving: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    gzip_window = 31  # zlib's name for "with a gzip header" and the largest window
    inflater = zlib.decompressobj(gzip_window)
    started = False
    async for piece in arriving:
        data = piece
        while data:
            if inflater.eof:  # several gzip members in a row are one text (RFC 1952, section 2.2)
                inflater = zlib.decompressobj(gzip_window)
            started = True
            try:
                plain = inflater.decompress(data, _PIECE_BYTES)
            except zlib.error:
                raise InvalidInput("the body is not the gzip that its Content-Encoding says") from None
            if plain:
                yield plain
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if started and not inflater.eof:
        raise InvalidInput("the gzip body ends in the middle: send it again, what is known already changes nothing")


def _over_limit() -> str:
    return f"a body has at most {MAX_BODY_BYTES} bytes; many facts or events go as NDJSON, which is streamed"
