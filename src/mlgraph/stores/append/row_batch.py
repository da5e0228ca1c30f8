"""Rows on their way into tables: a few of several tables in one prepared statement, many of one by COPY."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, cast

import psycopg

MANY: Final = 200
"""From this many rows on, COPY is cheaper than parameters; it takes round trips of its own."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class AppendTable:
    """A table that is appended to: its name, and name and type of each column.

    A column of type `integer[]` is handed on in PostgreSQL's text form (`{1,2}`), because rows of unequal arrays are no
    array of arrays.
    """

    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def copy(self) -> str:
        """The COPY statement."""
        return f"COPY {self.name} ({', '.join(name for name, _ in self.columns)}) FROM STDIN"

    @property
    def insert(self) -> str:
        """The INSERT statement that takes an array for each column."""
        names = ", ".join(name for name, _ in self.columns)
        arrays = ", ".join(f"%s::{_element(kind)}[]" for _, kind in self.columns)
        values = ", ".join(name if kind == _element(kind) else f"{name}::{kind}" for name, kind in self.columns)
        return f"INSERT INTO {self.name} ({names}) SELECT {values} FROM unnest({arrays}) AS r({names})"


@dataclass(slots=True)
class RowBatch:
    """The rows of one append."""

    _waiting: list[tuple[AppendTable, Sequence[Row]]] = field(default_factory=list)
    _encoded: list[tuple[bytes, bytes]] = field(default_factory=list)

    def add(self, table: AppendTable, rows: Sequence[Row]) -> None:
        """Take rows for `table`, values in the order of its columns."""
        if rows:
            self._waiting.append((table, rows))

    def add_encoded(self, table: str, columns: Sequence[str], data: bytes) -> None:
        """Take rows for these columns of `table` in the binary format of COPY."""
        self._encoded.append((f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)".encode(), data))

    def store(self, cursor: psycopg.Cursor) -> None:
        """Append all rows: where they are few, in one statement."""
        few = [(table, rows) for table, rows in self._waiting if len(rows) < MANY]
        if few:
            values = [array(column) for _, rows in few for column in zip(*rows, strict=True)]
            cursor.execute(_together(tuple(table for table, _ in few)), values, prepare=True)
        for table, rows in self._waiting:
            if len(rows) >= MANY:
                with cursor.copy(table.copy.encode()) as copy:
                    for start in range(0, len(rows), _LINES):
                        copy.write(_lines(rows[start : start + _LINES]).encode())
        for statement, data in self._encoded:
            with cursor.copy(statement) as copy:
                copy.write(data)


_LINES: Final = 5_000
_ESCAPED: Final = re.compile(r"[\\\n\t\r]")


def array(values: Iterable[object]) -> str:
    """Return numbers, texts and digests as an array in PostgreSQL's text form.

    The driver would find out the type of each of thousands of values first.
    """
    return f"{{{','.join([_item(value) for value in values])}}}"


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
    """Return rows as lines of COPY's text format (PostgreSQL, COPY, Text Format), made column by column: that is quicker."""
    columns = [_fields(column) for column in zip(*rows, strict=True)]
    return "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"


def _fields(column: Sequence[object]) -> Iterable[str]:
    of = set(map(type, column))
    if of == {int}:
        return map(str, column)
    if of == {str} and not _ESCAPED.search("".join(cast("Sequence[str]", column))):
        return cast("Sequence[str]", column)
    return map(_field, column)


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
    """Return one statement that appends to all of `tables`: a statement sees none of what it writes, and need not."""
    *first, last = (table.insert for table in tables)
    named = ", ".join(f"w{number} AS ({insert})" for number, insert in enumerate(first))
    return f"WITH {named} {last}".encode() if first else last.encode()


def _element(kind: str) -> str:
    return "text" if kind.endswith("[]") else kind
