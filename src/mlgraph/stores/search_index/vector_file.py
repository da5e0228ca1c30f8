"""The vectors of documents in files: by slot the asset, a mark of its kind, a prior, a code of 256 bits, 256 dimensions in int8.

One process writes with `pwrite`; all map the assets, marks and codes for reading, and read the few vectors that a query needs.
A slot belongs to one asset for good. The state of the index has the number of slots: what was written after the last commit is
written again when its changes are read again.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.errors import Unavailable
from mlgraph.search.embedding import CODE_WORDS, DIMENSIONS, Codes

_GROW_SLOTS: Final = 1 << 16
_COLUMNS: Final[Mapping[str, tuple[Any, int]]] = {
    "assets": (np.int32, 1),
    "marks": (np.uint8, 1),
    "priors": (np.uint8, 1),
    "teams": (np.uint32, 1),
    "codes": (np.uint64, CODE_WORDS),
    "vectors": (np.int8, DIMENSIONS),
}
"""Type and numbers of one slot, by file."""
_MAPPED: Final = ("assets", "marks", "priors", "teams", "codes")
_TAIL: Final = 50_000
"""Slots that are found by a dict until they are sorted in."""

Vectors = NDArray[np.int8]


class SlotRows(NamedTuple):
    """What slots have, one row each: mark of the kind (0: deleted), what is from the graph, code and vector."""

    marks: NDArray[np.uint8]
    priors: NDArray[np.uint8]
    teams: NDArray[np.uint32]
    codes: Codes
    vectors: Vectors


def _slot_bytes(name: str) -> int:
    kind, width = _COLUMNS[name]
    return int(np.dtype(kind).itemsize) * width


def _allocate(descriptor: int, size: int) -> None:
    """Enlarge a file; where the system can, with its blocks, so that a full disk is an error here and not at a later write."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.ftruncate(descriptor, size)


class VectorFile:
    """The vectors in the files of a directory. Reading is thread-safe; one thread writes."""

    def __init__(self, directory: Path, *, writes: bool) -> None:
        """Open the files, and create them if `writes`. Raises `Unavailable`."""
        self._directory = directory
        self._writes = writes
        self._files: dict[str, int] = {}
        self._mapped: dict[str, NDArray[Any]] = {}
        self._sorted: tuple[NDArray[np.int32], NDArray[np.int64]] = (np.empty(0, np.int32), np.empty(0, np.int64))
        self._tail: dict[int, int] = {}
        self.slots = 0
        """Slots in use."""
        try:
            if writes:
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in _COLUMNS:
                flags = os.O_RDWR | os.O_CREAT if writes else os.O_RDONLY
                self._files[name] = os.open(directory / name, flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            self.close()
            raise Unavailable(f"the vectors of the search index cannot be opened: {error}") from error

    def close(self) -> None:
        """Close the files; what is mapped stays valid."""
        while self._files:
            os.close(self._files.popitem()[1])

    def load(self, slots: int) -> bool:
        """Use the first `slots` slots; return False if the files are too short for them."""
        if any(os.fstat(self._files[name]).st_size < slots * _slot_bytes(name) for name in _COLUMNS):
            return False
        if slots > self._capacity:
            self._map()
        if self._writes:
            assets = np.array(self._mapped["assets"][:slots]) if slots else np.empty(0, np.int32)
            self._sort(assets)
        self.slots = slots
        return True

    def is_current(self) -> bool:
        """Return whether the directory still has these files, and no others of their names."""
        try:
            return all(
                os.path.samestat(os.fstat(descriptor), (self._directory / name).stat())
                for name, descriptor in self._files.items()
            )
        except OSError:
            return False

    @property
    def _capacity(self) -> int:
        """Slots that all mapped files have."""
        return min(len(self._mapped[name]) for name in _MAPPED) if self._mapped else 0

    def _map(self) -> None:
        """Map the files in their present size."""
        for name in _MAPPED:
            kind, width = _COLUMNS[name]
            size = os.fstat(self._files[name]).st_size
            data = mmap.mmap(self._files[name], size, access=mmap.ACCESS_READ) if size else b""
            array: NDArray[Any] = np.frombuffer(data, kind)
            self._mapped[name] = np.reshape(array, (-1, width)) if width > 1 else array

    def _sort(self, assets: NDArray[np.int32]) -> None:
        order = np.argsort(assets, kind="stable")
        self._sorted, self._tail = (assets[order], order), {}

    def slot_of(self, asset: int) -> int | None:
        """Return the slot of an asset, or None. For the process that writes; others search the assets."""
        known = self._tail.get(asset)
        if known is not None or not self._writes:
            return known if self._writes else self._scan(asset)
        assets, slots = self._sorted
        place = int(np.searchsorted(assets, asset))
        return int(slots[place]) if place < len(assets) and assets[place] == asset else None

    def _scan(self, asset: int) -> int | None:
        found = np.flatnonzero(self.column("assets") == asset).tolist()
        return int(found[0]) if found else None

    def put(self, assets: Sequence[int], rows: SlotRows) -> None:
        """Write the rows of some assets, in new slots for those that have none."""
        slots = [self._new_slot(asset) if (slot := self.slot_of(asset)) is None else slot for asset in assets]
        start = 0
        for end in range(1, len(slots) + 1):  # slots in a row are written at once
            if end == len(slots) or slots[end] != slots[end - 1] + 1:
                for name in ("priors", "teams", "codes", "vectors", "marks"):  # with its mark, a slot is found
                    self._write(name, slots[start], getattr(rows, name)[start:end].tobytes())
                start = end

    def remove(self, assets: Collection[int]) -> None:
        """Leave these assets out of searches."""
        for asset in assets:
            slot = self.slot_of(asset)
            if slot is not None:
                self._write("marks", slot, b"\0")

    def _new_slot(self, asset: int) -> int:
        slot = self.slots
        if slot >= self._capacity:
            self._grow(slot + _GROW_SLOTS)
        self._tail[asset] = slot
        self._write("assets", slot, np.int32(asset).tobytes())
        self.slots = slot + 1
        if len(self._tail) > _TAIL:
            self._sort(np.array(self._mapped["assets"][: self.slots]))
        return slot

    def _grow(self, slots: int) -> None:
        try:
            for name in _COLUMNS:
                _allocate(self._files[name], slots * _slot_bytes(name))
        except OSError as error:
            raise Unavailable(f"the vectors of the search index could not be written: {error.strerror}") from error
        self._map()

    def _write(self, name: str, slot: int, data: bytes) -> None:
        try:
            os.pwrite(self._files[name], data, slot * _slot_bytes(name))
        except OSError as error:
            raise Unavailable(f"the vectors of the search index could not be written: {error.strerror}") from error

    def flush(self) -> None:
        """Make everything written durable."""
        for descriptor in self._files.values():
            os.fsync(descriptor)

    def column(self, name: str) -> NDArray[Any]:
        """Return a column of the slots in use, but the vectors."""
        kind, width = _COLUMNS[name]
        return self._mapped[name][: self.slots] if self.slots else np.empty((0, width) if width > 1 else 0, kind)

    def vectors(self, slots: Sequence[int]) -> Vectors:
        """Return the vectors of some slots, one row each."""
        size = _slot_bytes("vectors")
        try:
            data = b"".join(os.pread(self._files["vectors"], size, slot * size) for slot in slots)
            return np.frombuffer(data, np.int8).reshape(len(slots), DIMENSIONS)
        except (OSError, ValueError) as error:
            raise Unavailable(f"the vectors of the search index cannot be read: {error}") from error
