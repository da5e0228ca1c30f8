"""Base files: a saved base is read back, a damaged file is not used, an interrupted write leaves nothing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlgraph.domain.errors import Unavailable
from mlgraph.stores import base_files
from mlgraph.stores.base_files import BaseFileDirectory

SECTIONS: dict[str, Any] = {
    "numbers": np.arange(1000, dtype=np.int64),
    "table": np.arange(12, dtype=np.int64).reshape(4, 3),
    "bytes": np.arange(7, dtype=np.uint8),
    "none": np.zeros(0, np.int32),
    "no rows": np.zeros((0, 3), np.int64),
}


def saved(directory: BaseFileDirectory, watermark: int = 7) -> Path:
    directory.save(SECTIONS, watermark, f"log {watermark}")
    return directory._directory / f"graph-{watermark:020}.snapshot"


def test_a_saved_base_is_read_back_unchanged(tmp_path: Path) -> None:
    directory = BaseFileDirectory(tmp_path / "snapshots")
    assert directory.newest() is None
    assert directory.newest_watermark() == 0
    saved(directory)
    newest = directory.newest()
    assert newest is not None
    assert (newest.watermark, newest.stamp, directory.newest_watermark()) == (7, "log 7", 7)
    assert newest.sections.keys() == SECTIONS.keys()
    for name, array in SECTIONS.items():
        assert newest.sections[name].dtype == array.dtype
        assert np.array_equal(newest.sections[name], array)


def test_only_the_newest_is_retained_and_an_older_one_in_use_stays_readable(tmp_path: Path) -> None:
    directory = BaseFileDirectory(tmp_path)
    saved(directory, 7)
    older = directory.newest()
    saved(directory, 9)
    assert [path.name for path in tmp_path.iterdir()] == [f"graph-{9:020}.snapshot"]
    assert older is not None
    assert older.sections["numbers"].sum() == 999 * 500


@pytest.mark.parametrize("size", [0, 10, 100, 4096, -1])
def test_a_truncated_file_is_not_used_and_the_reason_is_logged(
    tmp_path: Path, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    directory = BaseFileDirectory(tmp_path)
    path = saved(directory)
    path.write_bytes(path.read_bytes()[:size])
    with caplog.at_level(logging.WARNING):
        assert directory.newest() is None
    assert "is not used" in caplog.text


def test_a_file_of_another_format_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    directory = BaseFileDirectory(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(base_files, "FORMAT", base_files.FORMAT + 1)
        saved(directory)
    assert directory.newest() is None
    assert f"this version reads {base_files.FORMAT}" in caplog.text


def test_a_damaged_header_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    directory = BaseFileDirectory(tmp_path)
    path = saved(directory)
    complete = bytearray(path.read_bytes())
    complete[40] ^= 1
    path.write_bytes(complete)
    assert directory.newest() is None
    assert "header is damaged" in caplog.text


def test_an_older_file_is_used_if_the_newest_is_unreadable(tmp_path: Path) -> None:
    directory = BaseFileDirectory(tmp_path)
    saved(directory, 7)
    (tmp_path / f"graph-{8:020}.snapshot").write_bytes(b"half")
    newest = directory.newest()
    assert newest is not None
    assert newest.watermark == 7


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = BaseFileDirectory(tmp_path)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(base_files, "_write", full)
    with pytest.raises(Unavailable, match="No space left"):
        saved(directory)
    assert list(tmp_path.iterdir()) == []


def test_large_arrays_are_backed_by_unnamed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_files, "_IN_FILE_BYTES", 100)
    directory = BaseFileDirectory(tmp_path)
    array = directory.allocate((50, 3), np.int64)
    assert array.shape == (50, 3)
    assert not array.any()
    array[49, 2] = 5
    assert array.sum() == 5
    assert list(tmp_path.iterdir()) == []
    assert directory.allocate((2,), np.int32).tolist() == [0, 0]
