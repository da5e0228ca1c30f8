"""Base files: the graph's base as a header and arrays in their memory layout, memory-mapped when opened.

Layout: the magic, the length of the header (8 bytes, little-endian), the header (JSON: format, watermark, stamp, size of the
file, and name, type, shape and offset of each section), its BLAKE2b digest (16 bytes), then the sections, each at a multiple of
64 bytes.
A file is written under a temporary name, flushed to the disk and renamed: it is complete or absent.

Where the system supports it (Linux, on a file system with large folios), the mapping uses pages of 2 MiB. Traversals read from
all parts of the file, and with pages of 4 KiB much of their time is page lookup (docs/adr/0013-base-overlay-snapshot.md).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import mmap
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.errors import Unavailable
from mlgraph.ports.base_files import Sections, StoredBase

_log = logging.getLogger(__name__)

FORMAT: Final = 3
"""Incremented whenever the meaning of a section changes. A base file of another format is not used; the base is rebuilt."""
_MAGIC: Final = b"MLGRAPHS"
_ALIGN: Final = 64
_NAME: Final = re.compile(r"graph-(\d{20})\.snapshot")
_IN_FILE_BYTES: Final = 256 * 1024 * 1024
"""Arrays from this size on are backed by a file: the system can evict their pages from memory."""
_LARGE_PAGE_BYTES: Final = 2 * 1024 * 1024


class _UnreadableFile(Exception):
    """This version cannot read the file; the message is the reason."""


class BaseFileDirectory:
    """The `BaseFiles` of a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def newest(self) -> StoredBase | None:
        """Return the newest readable base; None if there is none. Each unreadable file is logged with the reason."""
        for path in self._files():
            try:
                return _open(path)
            except (_UnreadableFile, OSError, ValueError) as error:
                _log.warning("the base file %s is not used: %s", path.name, error)
        return None

    def newest_watermark(self) -> int:
        """Return the watermark of the newest base file, from its name (0: there is none)."""
        return max((int(found[1]) for path in self._files() if (found := _NAME.fullmatch(path.name))), default=0)

    def save(self, sections: Sections, watermark: int, stamp: str) -> None:
        """Store a base atomically and delete older files; their mappings in running processes stay valid.

        Raises `Unavailable` if the file cannot be written.
        """
        target = self._directory / f"graph-{watermark:020}.snapshot"
        temporary = self._directory / f".{target.name}.{os.getpid()}"
        try:
            with temporary.open("wb") as file:
                _write(file, sections, watermark, stamp)
            _read_in_large_pages(temporary)
            temporary.replace(target)
            _flush_directory(self._directory)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise Unavailable(f"the base file {target.name} could not be written: {error.strerror or error}") from error
        for path in self._files():
            if path != target:
                path.unlink(missing_ok=True)
        for leftover in self._directory.glob(".graph-*"):  # of a process that died while it wrote
            leftover.unlink(missing_ok=True)

    def allocate(self, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:  # noqa: ANN401 - every type argument of numpy
        """Return zeros, in memory or, from 256 MiB on, in an unnamed temporary file that is deleted with the array."""
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        if size < _IN_FILE_BYTES:
            return np.zeros(shape, kind)
        with tempfile.TemporaryFile(dir=self._directory) as file:
            file.truncate(size)
            return np.frombuffer(mmap.mmap(file.fileno(), size), kind).reshape(shape)

    def _files(self) -> list[Path]:
        return sorted((path for path in self._directory.iterdir() if _NAME.fullmatch(path.name)), reverse=True)


def _write(file: Any, sections: Sections, watermark: int, stamp: str) -> None:  # noqa: ANN401 - a binary file
    arrays = {name: np.ascontiguousarray(array) for name, array in sections.items()}
    header: dict[str, Any] = {
        "format": FORMAT,
        "byte_order": sys.byteorder,
        "watermark": watermark,
        "stamp": stamp,
        "size": 0,
        "sections": {},
    }
    room = 0
    for _ in range(3):  # the offsets depend on the length of the header, which contains them: they converge at once
        offset = room
        for name, array in arrays.items():
            offset = -(-offset // _ALIGN) * _ALIGN
            header["sections"][name] = [array.dtype.str, list(array.shape), offset]
            offset += array.nbytes
        header["size"] = offset
        room = -(-(len(_head(header)) + _ALIGN) // 4096) * 4096
    file.write(_head(header))
    for name, array in arrays.items():
        file.seek(header["sections"][name][2])
        file.write(array.reshape(-1).view(np.uint8).data)
    file.truncate(header["size"])
    file.flush()
    os.fsync(file.fileno())


def _read_in_large_pages(path: Path) -> None:
    """Evict the file's pages, which are small after writing, from the page cache; read it again in large pages."""
    if not hasattr(os, "posix_fadvise"):
        return
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        _touch(np.frombuffer(_map(file.fileno()), np.uint8), _LARGE_PAGE_BYTES)


@numba.njit(cache=True, nogil=True)
def _touch(memory: NDArray[np.uint8], step: int) -> int:
    total = 0
    for offset in range(0, len(memory), step):
        total += memory[offset]
    return total


def warm() -> None:
    """Load the kernel that reads a base file from numba's cache, or compile it."""
    _touch(np.zeros(1, np.uint8), _LARGE_PAGE_BYTES)


def _map(descriptor: int) -> mmap.mmap:
    # copy-on-write, although nothing writes: the compiled kernels are specialised for writable arrays
    mapped = mmap.mmap(descriptor, 0, access=mmap.ACCESS_COPY)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a Linux without huge pages
            mapped.madvise(mmap.MADV_HUGEPAGE)
    return mapped


def _head(header: Mapping[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    return _MAGIC + len(text).to_bytes(8, "little") + text + hashlib.blake2b(text, digest_size=16).digest()


def _open(path: Path) -> StoredBase:
    with path.open("rb") as file:
        start = file.read(16)
        if start[:8] != _MAGIC:
            raise _UnreadableFile("it is not a base file")
        length = int.from_bytes(start[8:16], "little")
        size = os.fstat(file.fileno()).st_size
        text = file.read(min(length, size))
        if len(text) != length or hashlib.blake2b(text, digest_size=16).digest() != file.read(16):
            raise _UnreadableFile("its header is damaged")
        header = json.loads(text)
        if header["format"] != FORMAT or header["byte_order"] != sys.byteorder:
            raise _UnreadableFile(
                f"it has format {header['format']} ({header['byte_order']}-endian), this version reads {FORMAT}"
            )
        if header["size"] != size:
            raise _UnreadableFile(f"it is truncated: {size} bytes of {header['size']}")
        mapped = _map(file.fileno())
    sections = {
        name: np.frombuffer(mapped, kind, int(np.prod(shape)), offset).reshape(shape)
        for name, (kind, shape, offset) in header["sections"].items()
    }
    return StoredBase(sections, header["watermark"], header["stamp"])


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
