"""Reading of request bodies with limits on size, memory and idle time; gzip decoding; streams of records."""

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
"""Limit of a buffered body, and of one line of a streamed one (docs/spec.md#bodies), after decompression."""

BODY_IDLE_S: Final = 60.0
STREAM_IDLE_S: Final = 600.0
"""Longest silence of a sender within a body, in seconds; longer for streams, which may follow rare events."""

MAX_BUFFERED_BYTES: Final = 256 * 1024 * 1024
"""Limit of all buffered bodies together; parsed as JSON, each takes several times its size."""

MAX_STREAMS: Final = 16
_PIECE_BYTES: Final = 1024 * 1024
_streams = anyio.CapacityLimiter(MAX_STREAMS)


@asynccontextmanager
async def buffered(request: Request) -> AsyncGenerator[bytes]:
    """Yield the decompressed body; its memory counts as used until the context ends.

    Raises `TooLarge` once the body exceeds its limit, whatever Content-Length declares, and `Overloaded` if all buffered
    bodies together would exceed `MAX_BUFFERED_BYTES`.
    """
    reservation = _BufferedBytes()
    try:
        yield await _read_all(request, reservation)
    finally:
        reservation.release()


class _BufferedBytes:
    """The share of one request in the memory of all buffered bodies."""

    total_bytes: ClassVar[int] = 0

    def __init__(self) -> None:
        self._bytes = 0

    def grow(self, size: int) -> None:
        """Reserve `size` more bytes. Raises `Overloaded` if they exceed the limit."""
        if _BufferedBytes.total_bytes + size > MAX_BUFFERED_BYTES:
            raise Overloaded(
                f"bodies of {MAX_BUFFERED_BYTES // 2**20} MiB together are being processed: send this one again after "
                "Retry-After seconds, or many facts or events as NDJSON, which is streamed",
                retry_after_s=2,
            )
        self._bytes += size
        _BufferedBytes.total_bytes += size

    def release(self) -> None:
        """Release all reserved bytes."""
        _BufferedBytes.total_bytes -= self._bytes
        self._bytes = 0


async def _read_all(request: Request, reservation: _BufferedBytes) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise TooLarge(_over_limit())
    body = bytearray()
    async for piece in _decoded(request, BODY_IDLE_S):
        reservation.grow(len(piece))
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(_over_limit())
    return bytes(body)


async def stream_records(
    request: Request, take: Callable[[Iterable[bytes]], dict[str, Any]], *, sequence: bool = False
) -> dict[str, Any]:
    """Call `take` in a thread with an iterator of the body's records, and return its answer in the ingest shape.

    The body is read only as fast as `take` consumes it (backpressure). A record over the limit is rejected by its index;
    the others are not affected. If the client disconnects, the iterator raises, and an incomplete record is never
    yielded. Records are lines, or with `sequence` the texts of a JSON text sequence (RFC 7464).
    """
    pieces = _decoded(request, STREAM_IDLE_S)
    records = RecordStream(_pull(pieces), sequence=sequence)
    try:
        result = await anyio.to_thread.run_sync(take, records, limiter=_streams)
    finally:
        await pieces.aclose()
    if records.too_long:
        message = f"longer than {MAX_BODY_BYTES} bytes"
        too_long: list[dict[str, Any]] = [{"index": at, "pointer": "", "message": message} for at in records.too_long]
        result = {**result, "rejected": sorted([*result["rejected"], *too_long], key=lambda each: int(each["index"]))}
    return result


async def stream_bytes(request: Request, take: Callable[[Iterable[bytes]], dict[str, Any]]) -> dict[str, Any]:
    """Call `take` in a thread with an iterator of the body's bytes, and return its answer. Only the idle time is limited."""
    pieces = _decoded(request, STREAM_IDLE_S)
    try:
        return await anyio.to_thread.run_sync(take, _pull(pieces), limiter=_streams)
    finally:
        await pieces.aclose()


class RecordStream:
    """An iterator of the records of a stream, without their separators.

    A record over the limit is yielded as an empty one, and `too_long` lists its index; at most one record is in memory.
    """

    def __init__(self, pieces: Iterable[bytes], *, sequence: bool = False, limit_bytes: int = MAX_BODY_BYTES) -> None:
        """Split `pieces`, whose boundaries are arbitrary, after every line or (`sequence`) before every text."""
        self._pieces = pieces
        self._separator = b"\x1e" if sequence else b"\n"
        self._first = -1 if sequence else 0  # the text before the first separator of a sequence is no record
        self._limit_bytes = limit_bytes
        self.too_long: list[int] = []

    def __iter__(self) -> Iterator[bytes]:
        """Yield each record; the last one may lack its separator."""
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
            # Only the size of a record that is already too long is counted.
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
    """Yield, in a worker thread, the pieces that the event loop receives."""

    async def next_piece() -> bytes | None:
        return await anext(pieces, None)

    while (piece := anyio.from_thread.run(next_piece)) is not None:
        yield piece


async def _decoded(request: Request, idle_s: float) -> AsyncGenerator[bytes]:
    """Yield the body in pieces of bounded size, decompressed according to its Content-Encoding."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip"):
        accept = {"accept-encoding": "gzip, identity"}
        raise HTTPException(415, f"Content-Encoding {coding[:40]!r} is not supported: send gzip, or no encoding", accept)
    received = _received(request, idle_s)
    try:
        async for piece in received if coding in ("identity", "") else _gunzipped(received):
            yield piece
    finally:
        await received.aclose()


async def _received(request: Request, idle_s: float) -> AsyncGenerator[bytes]:
    stream = request.stream()
    while True:
        try:
            with anyio.fail_after(idle_s):
                piece = await anext(stream, None)
        except TimeoutError:
            raise HTTPException(408, f"no data arrived for {idle_s:.0f} s within the body: send it again") from None
        if piece is None:
            return
        if piece:
            yield piece


async def _gunzipped(compressed: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    gzip_window = 31  # zlib's wbits: a gzip header (16) and the largest window (15)
    inflater = zlib.decompressobj(gzip_window)
    started = False
    async for piece in compressed:
        data = piece
        while data:
            if inflater.eof:  # a gzip file may have several members (RFC 1952, section 2.2)
                inflater = zlib.decompressobj(gzip_window)
            started = True
            try:
                plain = inflater.decompress(data, _PIECE_BYTES)
            except zlib.error:
                raise InvalidInput("the body is not valid gzip although its Content-Encoding is gzip") from None
            if plain:
                yield plain
            data = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if started and not inflater.eof:
        raise InvalidInput("the gzip body is truncated: send it again; what is already stored changes nothing")


def _over_limit() -> str:
    return f"a body has at most {MAX_BODY_BYTES} bytes; send many facts or events as NDJSON, which is streamed"
