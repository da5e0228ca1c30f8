"""The company's data lake: folders that stand in for the buckets `s3://streamflix-landing` and `s3://streamflix-lake`.

A table is a folder with one Parquet file a day: the rows that the day added, or a snapshot of the table on that day (table
formats with time travel retain both). A `LakeSession` records the tables that a job reads and writes, so that the reported
lineage is the actual one.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

LAKE: Final = "s3://streamflix-lake"
LANDING: Final = "s3://streamflix-landing"
Frame = Any  # the environment of mypy has no pandas


@dataclass(frozen=True, order=True)
class LakeTable:
    """A table by bucket and name; `daily` ones grow by each day's rows, others are replaced by each day's snapshot."""

    bucket: str
    name: str
    daily: bool = False

    @property
    def location(self) -> str:
        """Return its URL."""
        return f"{self.bucket}/{self.name}"


@dataclass
class LakeSession:
    """Access of one run to the lake on one day of the replay (day 0 is the oldest); records the tables read and written."""

    root: Path
    day: int
    read_tables: list[LakeTable] = field(default_factory=list)
    written: list[tuple[LakeTable, Frame]] = field(default_factory=list)

    def read(self, table: LakeTable) -> Frame:
        """Return the table as it is on this day."""
        if table not in self.read_tables:
            self.read_tables.append(table)
        return read(self.root, table, self.day)

    def read_day(self, table: LakeTable) -> Frame:
        """Return only the rows that this day added to a daily table."""
        if table not in self.read_tables:
            self.read_tables.append(table)
        return pd.read_parquet(_file(self.root, table, self.day))

    def write(self, table: LakeTable, frame: Frame) -> None:
        """Add this day's rows to a daily table, or replace the table."""
        write(self.root, table, self.day, frame)
        self.written.append((table, frame))


def read(root: Path, table: LakeTable, day: int) -> Frame:
    """Return all rows of a table as it was on a day."""
    files = [file for file in sorted(_folder(root, table).glob("day=*.parquet")) if _day_of(file) <= day]
    if not files:
        raise FileNotFoundError(f"{table.location} has no data up to day {day}")
    wanted = files if table.daily else files[-1:]
    return pd.concat([pd.read_parquet(file) for file in wanted], ignore_index=True)


def write(root: Path, table: LakeTable, day: int, frame: Frame) -> None:
    """Write one day's file of a table."""
    file = _file(root, table, day)
    file.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(file, index=False)


def _folder(root: Path, table: LakeTable) -> Path:
    return root / table.bucket.removeprefix("s3://") / table.name


def _file(root: Path, table: LakeTable, day: int) -> Path:
    return _folder(root, table) / f"day={day:02d}.parquet"


def _day_of(file: Path) -> int:
    return int(file.stem.removeprefix("day="))
