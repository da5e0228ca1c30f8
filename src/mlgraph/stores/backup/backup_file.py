"""The file that a backup is: a gzipped tar of tables in PostgreSQL's COPY text format (docs/adr/0012).

`mlgraph-backup.json` comes first and says what the file is and which tables and columns follow. The rows of a table stand in
`TABLE/000001.copy`, `TABLE/000002.copy` ...: a tar names a member's size before its content, so what is streamed is cut into
parts that fit into memory. `end.json` comes last: rows and SHA-256 of each table, and the SHA-256 of the head. A file without it
is not whole.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Final

from typing_extensions import Buffer

from mlgraph.domain.errors import Conflict, DamagedBackup

FORMAT: Final = 1
PART_BYTES: Final = 4 * 1024 * 1024
_HEAD: Final = "mlgraph-backup.json"
_END: Final = "end.json"
_LEVEL: Final = 1  # half of the bytes are digests, which no level makes smaller; higher levels only take longer
_BLOCK: Final = 512  # tar's
_MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
_READ_BYTES: Final = 1024 * 1024
_PART: Final = re.compile(r"(\w+)/(\d{6,})\.copy")


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup says of itself. `tables` has the columns of each table, `sequences` the last number of each TABLE.COLUMN."""

    schema: int
    program: str
    postgres: str
    created_at: str
    instance: str | None
    watermark: int
    tables: Mapping[str, list[str]]
    sequences: Mapping[str, int]


@dataclass(slots=True)
class Sum:
    """Rows and checksum of a table, as they add up."""

    rows: int = 0
    hash: Any = field(default_factory=hashlib.sha256)

    def checksums(self) -> dict[str, Any]:
        """Return them as the end of a backup says them."""
        return {"rows": self.rows, "sha256": self.hash.hexdigest()}


class Packer:
    """Makes the file. Every method returns the next bytes of it (none, if they still wait to be compressed)."""

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)  # 31: zlib's name for gzip with the largest window
        self._parts: dict[str, int] = {}
        self._sums: dict[str, Sum] = {}
        self._head = b""

    def begin(self, head: Head) -> bytes:
        """Write the head."""
        self._head = _json({"format": FORMAT, **asdict(head)})
        self._sums = {table: Sum() for table in head.tables}
        return self._member(_HEAD, self._head)

    def part(self, table: str, rows: bytes) -> bytes:
        """Write some rows of a table."""
        self._parts[table] = number = self._parts.get(table, 0) + 1
        self._sums[table].hash.update(rows)
        return self._member(f"{table}/{number:06d}.copy", rows)

    def ended(self, table: str, rows: int) -> None:
        """Note how many rows a table has, now that all are written."""
        self._sums[table].rows = rows

    def end(self) -> bytes:
        """Write the end; the file is complete with it."""
        summary = {
            "head_sha256": hashlib.sha256(self._head).hexdigest(),
            "tables": {t: s.checksums() for t, s in self._sums.items()},
        }
        return self._member(_END, _json(summary)) + self._gzip.compress(bytes(2 * _BLOCK)) + self._gzip.flush()

    def _member(self, name: str, content: bytes) -> bytes:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), 0o600
        header = info.tobuf(tarfile.USTAR_FORMAT)
        pieces = (header, content, bytes(-len(content) % _BLOCK))
        return b"".join(self._gzip.compress(piece) for piece in pieces)


class Unpacker:
    """Reads a file that comes in pieces, with bounded memory. Every method raises `DamagedBackup` where it is not whole."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Read the head. Raises `Conflict` for a format that only a newer mlgraph reads."""
        self._gzip = gzip.GzipFile(fileobj=_Joined(iter(pieces)), mode="rb")
        with _damage():
            self._tar = tarfile.open(fileobj=self._gzip, mode="r|", bufsize=_BLOCK)  # noqa: SIM115 - nothing of its own to close
            self._head = self._document(self._next(), _HEAD)
        self.head = _head(self._head)
        self._sums = {table: Sum() for table in self.head.tables}

    def tables(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield each table that has rows, and its rows in pieces, to be read before the next is asked for."""
        self._upcoming: tarfile.TarInfo | None = self._next()
        done: set[str] = set()
        while self._upcoming is not None and (found := _PART.fullmatch(self._upcoming.name)):
            table = found[1]
            if table in done or table not in self._sums:
                raise DamagedBackup(f"the backup holds rows of {table!r} where none are expected")
            done.add(table)
            yield table, self._rows(table)
        try:
            end = json.loads(self._document(self._upcoming, _END))
        except ValueError as error:
            raise DamagedBackup("the backup's list of what it holds is damaged") from error
        self._check(end)

    def counted(self, table: str, rows: int) -> None:
        """Note how many rows the store took."""
        self._sums[table].rows = rows

    def rows(self) -> dict[str, int]:
        """Return the rows of each table."""
        return {table: each.rows for table, each in self._sums.items()}

    def _rows(self, table: str) -> Iterator[bytes]:
        number = 0
        while self._upcoming is not None and (found := _PART.fullmatch(self._upcoming.name)) and found[1] == table:
            number += 1
            if int(found[2]) != number:
                raise DamagedBackup(f"part {number} of the table {table} is missing")
            content = self._content(self._upcoming)
            while True:
                with _damage():
                    piece = content.read(_READ_BYTES)
                if not piece:
                    break
                self._sums[table].hash.update(piece)
                yield piece
            self._upcoming = self._next()

    def _check(self, end: object) -> None:
        with _damage():
            while rest := self._gzip.read(_READ_BYTES):  # to the end: only there gzip compares its own checksum
                if rest.strip(b"\0"):
                    raise DamagedBackup("the backup goes on behind its end")
        summary = {
            "head_sha256": hashlib.sha256(self._head).hexdigest(),
            "tables": {t: s.checksums() for t, s in self._sums.items()},
        }
        if end != summary:
            raise DamagedBackup("the backup's checksums are not those of its content: it was changed after it was made")

    def _next(self) -> tarfile.TarInfo | None:
        with _damage():
            return self._tar.next()

    def _content(self, member: tarfile.TarInfo) -> IO[bytes]:
        with _damage():
            content = self._tar.extractfile(member)
        if content is None:
            raise DamagedBackup(f"the backup holds {member.name[:80]!r}, which is no file")
        return content

    def _document(self, member: tarfile.TarInfo | None, name: str) -> bytes:
        if member is None:
            raise DamagedBackup("the backup is not complete: it was cut off while it was made or copied")
        if member.name != name or member.size > _MAX_DOCUMENT_BYTES:
            raise DamagedBackup(f"this is no backup of mlgraph: {member.name[:80]!r} stands where {name} is expected")
        with _damage():
            return self._content(member).read()


class _Joined(io.RawIOBase):
    """Pieces as one stream. What the source of the pieces raises passes through."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        into = memoryview(buffer).cast("B")
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(into), len(self._rest))
        into[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedBackup(f"this is no backup of mlgraph, or it is not complete: {error}") from None


def _head(text: bytes) -> Head:
    try:
        fields = json.loads(text)
        written = fields.pop("format")
        if written != FORMAT:
            raise Conflict(
                f"the backup has format {written}, this mlgraph reads format {FORMAT}: restore it with a newer mlgraph"
            )
        head = Head(**fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DamagedBackup("this is no backup of mlgraph: its head cannot be read") from None
    return head


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
