"""The commands backup and restore, over a real server whose services are a double."""

import os
import stat
from pathlib import Path

import pytest

from mlgraph.domain.errors import Conflict
from tests.api.double_answers import RESTORED
from tests.api.services_double import Double
from tests.cli.conftest import Run


def test_a_backup_is_renamed_into_place_when_it_is_complete(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    file.write_bytes(b"the one of yesterday")
    outcome = run("backup", str(file))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"{file}: 21 bytes\n"
    assert file.read_bytes() == b"part 0;part 1;part 2;"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["all.backup"]  # noqa: PTH208 - names alone


def test_a_backup_that_breaks_leaves_the_earlier_one(run: Run, double: Double, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    file.write_bytes(b"the one of yesterday")
    double.break_export_at = 2
    assert run("backup", str(file)).code == 3
    assert file.read_bytes() == b"the one of yesterday"
    assert os.listdir(tmp_path) == ["all.backup"]  # noqa: PTH208 - names alone


def test_restore_sends_the_file_and_reports_what_was_restored(run: Run, double: Double, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    file.write_bytes(b"part 0;" + b"x" * 3_000_000)
    outcome = run("restore", str(file))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "restored 1,042 rows of the backup of 2026-11-01 00:00:00, migrated from schema 1 to 2; watermark 42, "
        f"store id {RESTORED['instance']}\n"
    )
    assert double.received == [file.read_bytes()]
    assert run("restore", str(file), "--json").printed == RESTORED


def test_refusals_are_1_and_report_why(run: Run, double: Double, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    file.write_bytes(b"hello")
    damaged = run("restore", str(file))
    assert (damaged.code, damaged.out) == (1, "")
    assert "no backup" in damaged.err
    as_json = run("restore", str(file), "--json")
    assert (as_json.code, as_json.printed["status"]) == (1, 422)
    double.failure = Conflict("the store is not empty")
    full = run("restore", str(file))
    assert (full.code, full.out) == (1, "")
    assert "not empty" in full.err


@pytest.mark.parametrize(
    "wrong",
    [
        ("backup", "/nowhere/at/all"),
        ("restore", "/nowhere/at/all"),
        ("backup", "x", "--data", "d", "--store", "postgresql://x"),
        ("backup", "x", "--store", "mysql://x"),
        ("restore", __file__, "--replace"),
    ],
)
def test_wrong_usage_is_2(wrong: tuple[str, ...], run: Run) -> None:
    outcome = run(*wrong)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error" in outcome.err


def test_without_a_server_there_must_be_a_store(run: Run, tmp_path: Path) -> None:
    outcome = run("backup", str(tmp_path / "x"), "--data", str(tmp_path / "nothing"))
    assert (outcome.code, outcome.out) == (1, "")
    assert "contains no store" in outcome.err
    assert not (tmp_path / "nothing").exists()
    away = run("backup", str(tmp_path / "x"), "--store", "postgresql://127.0.0.1:9/x")
    assert (away.code, away.out) == (1, "")
    assert "is not reachable" in away.err
