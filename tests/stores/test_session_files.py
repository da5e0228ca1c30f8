"""Sessions as files: readable by their owner alone, shared by processes, pruned."""

from pathlib import Path

import pytest

from mlgraph.domain.errors import Unavailable
from mlgraph.ports.session_store import StoredSession
from mlgraph.stores.session_files import SessionFiles


def test_a_session_is_kept_until_it_is_deleted(tmp_path: Path) -> None:
    files, elsewhere = SessionFiles(tmp_path / "sessions"), SessionFiles(tmp_path / "sessions")
    files.save("a" * 64, StoredSession("d" * 64, 7))
    assert elsewhere.get("a" * 64) == StoredSession("d" * 64, 7)
    assert elsewhere.get("b" * 64) is None
    [path] = (tmp_path / "sessions").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    elsewhere.delete("a" * 64)
    elsewhere.delete("a" * 64)
    assert files.get("a" * 64) is None


def test_pruning_keeps_the_sessions_that_end_last(tmp_path: Path) -> None:
    files = SessionFiles(tmp_path)
    for end in range(1, 7):
        files.save(str(end), StoredSession("d", end))
    (tmp_path / "torn.session").write_text("{")
    files.prune(2, 3)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["4", "5", "6"]


def test_a_damaged_file_is_no_session_and_a_lost_directory_is_an_error(tmp_path: Path) -> None:
    files = SessionFiles(tmp_path / "sessions")
    (tmp_path / "sessions" / "x.session").write_text('{"token": 1}')
    assert files.get("x") is None
    (tmp_path / "sessions" / "x.session").unlink()
    (tmp_path / "sessions").rmdir()
    with pytest.raises(Unavailable, match="cannot be stored"):
        files.save("x", StoredSession("d", 1))
