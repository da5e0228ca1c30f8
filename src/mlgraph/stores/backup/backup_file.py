"""The backup file format: a gzipped tar of tables in PostgreSQL's COPY text format (docs/adr/0012).

`mlgraph-backup.json` comes first: format, origin, and the tables and columns that follow. The rows of a table are in the members
`TABLE/000001.copy`, `TABLE/000002.copy` ...: a tar has a member's size before its content, so a stream is split into parts that
fit into memory. `end.json` comes last: rows and SHA-256 of each table, and the SHA-256 of the head. A file without it is
incomplete.
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
_LEVEL: Final = 1  # half of the bytes are incompressible digests: higher levels only take longer
_BLOCK: Final = 512  # of a tar file
_MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
_READ_BYTES: Final = 1024 * 1024
_PART: Final = re.compile(r"(\w+)/(\d{6,})\.copy")


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a backup. `tables` has the columns of each table, `sequences` the last number of each TABLE.COLUMN."""

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
    """Number of rows and running checksum of a table."""

    rows: int = 0
    hash: Any = field(default_factory=hashlib.sha256)

    def checksums(self) -> dict[str, Any]:
        """Return both as an entry of `end.json`."""
        return {"rows": self.rows, "sha256": self.hash.hexdigest()}


class Packer:
    """Writes a backup. Each method returns the next bytes of the file, possibly none while the compressor buffers them."""

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)  # 31: gzip with the largest window
        self._parts: dict[str, int] = {}
        self._sums: dict[str, Sum] = {}
        self._head = b""

    def begin(self, head: Head) -> bytes:
        """Write the head."""
        self._head = _json({"format": FORMAT, **asdict(head)})
        self._sums = {table: Sum() for table in head.tables}
        return self._member(_HEAD, self._head)

    def part(self, table: str, rows: bytes) -> bytes:
        """Write a part of the rows of a table."""
        self._parts[table] = number = self._parts.get(table, 0) + 1
        self._sums[table].hash.update(rows)
        return self._member(f"{table}/{number:06d}.copy", rows)

    def record_row_count(self, table: str, rows: int) -> None:
        """Record the number of rows of a table after its last part."""
        self._sums[table].rows = rows

    def end(self) -> bytes:
        """Write `end.json` and complete the file."""
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
    """Reads a backup from a stream of pieces, in bounded memory. Each method raises `DamagedBackup` for a faulty file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Read the head. Raises `Conflict` for a format of a newer mlgraph."""
        self._gzip = gzip.GzipFile(fileobj=_Joined(iter(pieces)), mode="rb")
        with _damage():
            self._tar = tarfile.open(fileobj=self._gzip, mode="r|", bufsize=_BLOCK)  # noqa: SIM115 - it owns nothing to close
            self._head = self._document(self._next(), _HEAD)
        self.head = _head(self._head)
        self._sums = {table: Sum() for table in self.head.tables}

    def tables(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield each table that has rows, with its rows in pieces, which must be read before the next table."""
        self._upcoming: tarfile.TarInfo | None = self._next()
        done: set[str] = set()
        while self._upcoming is not None and (found := _PART.fullmatch(self._upcoming.name)):
            table = found[1]
            if table in done or table not in self._sums:
                raise DamagedBackup(f"the backup contains unexpected rows of the table {table!r}")
            done.add(table)
            yield table, self._rows(table)
        try:
            end = json.loads(self._document(self._upcoming, _END))
        except ValueError as error:
            raise DamagedBackup(f"the list of checksums ({_END}) in the backup is damaged") from error
        self._check(end)

    def record_row_count(self, table: str, rows: int) -> None:
        """Record the number of rows of a table that the store inserted."""
        self._sums[table].rows = rows

    def rows(self) -> dict[str, int]:
        """Return the number of rows of each table."""
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
            while rest := self._gzip.read(_READ_BYTES):  # up to the end, where gzip compares its own checksum
                if rest.strip(b"\0"):
                    raise DamagedBackup(f"the backup has content after {_END}")
        summary = {
            "head_sha256": hashlib.sha256(self._head).hexdigest(),
            "tables": {t: s.checksums() for t, s in self._sums.items()},
        }
        if end != summary:
            raise DamagedBackup("the checksums of the backup do not match its content: it was changed after it was made")

    def _next(self) -> tarfile.TarInfo | None:
        with _damage():
            return self._tar.next()

    def _content(self, member: tarfile.TarInfo) -> IO[bytes]:
        with _damage():
            content = self._tar.extractfile(member)
        if content is None:
            raise DamagedBackup(f"the backup contains {member.name[:80]!r}, which is not a file")
        return content

    def _document(self, member: tarfile.TarInfo | None, name: str) -> bytes:
        if member is None:
            raise DamagedBackup("the backup is incomplete: its creation or a copy of it was interrupted")
        if member.name != name or member.size > _MAX_DOCUMENT_BYTES:
            raise DamagedBackup(f"this is not a backup of mlgraph: it has {member.name[:80]!r} where {name} is expected")
        with _damage():
            return self._content(member).read()


class _Joined(io.RawIOBase):
    """Pieces as one binary stream. Errors of the iterator of pieces pass through."""

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
        raise DamagedBackup(f"this is not a backup of mlgraph, or it is incomplete: {error}") from None


def _head(text: bytes) -> Head:
    try:
        fields = json.loads(text)
        found = fields.pop("format")
        if found != FORMAT:
            raise Conflict(f"the backup has format {found}, this mlgraph reads format {FORMAT}: restore it with a newer mlgraph")
        head = Head(**fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DamagedBackup(f"this is not a backup of mlgraph: its head ({_HEAD}) cannot be read") from None
    return head


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
