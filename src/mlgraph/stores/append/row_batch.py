"""Inserting rows: small sets for several tables in one prepared statement, large sets by COPY."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, cast

import psycopg

MANY: Final = 200
"""From this many rows on, COPY is cheaper than parameters, although it costs additional round trips."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class AppendTable:
    """A table to append to: its name, and name and type of each column.

    Values of type `integer[]` are passed in PostgreSQL's text form (`{1,2}`), because arrays of unequal length cannot be the
    elements of one array.
    """

    name: str
    columns: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, name: str, columns: str) -> AppendTable:
        """Return the table `name` with columns as in SQL: `id integer, uri text`."""
        pairs = (column.split() for column in columns.split(", "))
        return cls(name, tuple((column, kind) for column, kind in pairs))

    @property
    def copy(self) -> str:
        """The COPY statement."""
        return f"COPY {self.name} ({', '.join(name for name, _ in self.columns)}) FROM STDIN"

    @property
    def insert(self) -> str:
        """The INSERT statement, with one array parameter for each column."""
        names = ", ".join(name for name, _ in self.columns)
        arrays = ", ".join(f"%s::{_element(kind)}[]" for _, kind in self.columns)
        values = ", ".join(name if kind == _element(kind) else f"{name}::{kind}" for name, kind in self.columns)
        return f"INSERT INTO {self.name} ({names}) SELECT {values} FROM unnest({arrays}) AS r({names})"


@dataclass(slots=True)
class RowBatch:
    """The rows of one append."""

    _waiting: list[tuple[AppendTable, Sequence[Row]]] = field(default_factory=list)

    def add(self, table: AppendTable, rows: Sequence[Row]) -> None:
        """Add rows for `table`, with values in the order of its columns."""
        if rows:
            self._waiting.append((table, rows))

    def store(self, cursor: psycopg.Cursor) -> None:
        """Insert all rows: those of small sets in one statement."""
        few = [(table, rows) for table, rows in self._waiting if len(rows) < MANY]
        if few:
            values = [array(column) for _, rows in few for column in zip(*rows, strict=True)]
            cursor.execute(_together(tuple(table for table, _ in few)), values, prepare=True)
        for table, rows in self._waiting:
            if len(rows) >= MANY:
                with cursor.copy(table.copy.encode()) as copy:
                    for start in range(0, len(rows), _LINES):
                        copy.write(_lines(rows[start : start + _LINES]).encode())


_LINES: Final = 5_000
_ESCAPED: Final = re.compile(r"[\\\n\t\r]")


def array(values: Iterable[object]) -> str:
    """Return numbers, texts and digests as an array in PostgreSQL's text form.

    It is faster than the driver, which determines the type of each of thousands of values.
    """
    column = list(values)
    return f"{{{','.join(_of_one_type(column) or map(_item, column))}}}"


def _of_one_type(column: Sequence[object]) -> Iterable[str] | None:
    """Return the texts of a column of numbers or of digests, which arrays and COPY write alike; None for any other column."""
    types = set(map(type, column))
    if types == {int}:
        return map(str, column)
    if types == {bytes}:
        return [f"\\\\x{value.hex()}" for value in cast("Sequence[bytes]", column)]
    return None


def _item(value: object) -> str:
    if type(value) is int:
        return str(value)
    if type(value) is bytes:
        return f"\\\\x{value.hex()}"
    if value is None:
        return "NULL"
    text = str(value)
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if '"' in text:
        text = text.replace('"', '\\"')
    return f'"{text}"'


def _lines(rows: Sequence[Row]) -> str:
    """Return rows as lines of COPY's text format (PostgreSQL, COPY, Text Format). Conversion by column is faster than by row."""
    columns = [_fields(column) for column in zip(*rows, strict=True)]
    return "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"


def _fields(column: Sequence[object]) -> Iterable[str]:
    if (fields := _of_one_type(column)) is not None:
        return fields
    if set(map(type, column)) == {str} and not _ESCAPED.search("".join(cast("Sequence[str]", column))):
        return cast("Sequence[str]", column)
    texts = {value: _field(value) for value in set(column)}  # of columns with gaps, in which few values recur
    return map(texts.__getitem__, column)


def _field(value: object) -> str:
    if value is None:
        return r"\N"
    if type(value) is bytes:
        return f"\\\\x{value.hex()}"
    text = str(value)
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text or "\t" in text or "\r" in text:
        text = text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return text


@lru_cache(64)
def _together(tables: tuple[AppendTable, ...]) -> bytes:
    """Return one statement that inserts into all of `tables`. It does not see its own rows, and no insert needs them."""
    *first, last = (table.insert for table in tables)
    named = ", ".join(f"w{number} AS ({insert})" for number, insert in enumerate(first))
    return f"WITH {named} {last}".encode() if first else last.encode()


def _element(kind: str) -> str:
    return "text" if kind.endswith("[]") else kind
