"""Parsing of SQL texts by sqlglot, in whichever dialect reads them completely; bounded, and without an error that escapes."""

from __future__ import annotations

import logging
import re
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError, TokenError

from mlgraph.changesets.definitions import UnreadableError

DIALECTS: Final = ("", "postgres", "snowflake", "bigquery", "spark", "tsql", "mysql", "duckdb", "redshift", "clickhouse")
"""The dialects that are tried in turn; "" is the common one of sqlglot."""
MAX_SQL_CHARS: Final = 128 * 1024
"""Longest SQL text that is parsed: it takes some seconds."""
_ALTER: Final = re.compile(
    r"\s*(?:(table|view)\s+)?(?:if\s+exists\s+)?(?:only\s+)?(?P<name>(?:\"[^\"]*\"|`[^`]*`|\[[^]]*\]|[\w.$])+)\s+", re.IGNORECASE
)
_LINE: Final = re.compile(r"line (\d+)", re.IGNORECASE)
# sqlglot warns about each statement that it reads as an opaque command; such a statement is reported as unreadable here.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


def parse(text: str) -> tuple[list[exp.Expr], str]:
    """Return the statements of an SQL text, and the dialect that reads them. Raises `UnreadableError` with the line."""
    if len(text) > MAX_SQL_CHARS:
        raise UnreadableError(f"SQL of {len(text):,} characters is over the limit of {MAX_SQL_CHARS:,}")
    first: UnreadableError | None = None
    best: tuple[list[exp.Expr], str] | None = None
    for dialect in DIALECTS:
        try:
            found = [
                statement for statement in sqlglot.parse(text, dialect=dialect or None, error_level=ErrorLevel.RAISE) if statement
            ]
        except RecursionError:
            raise UnreadableError("the SQL is nested too deeply") from None
        except (SqlglotError, ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
            first = first or UnreadableError(*_reason(error))
            continue
        statements = [each for statement in found for each in _split_alter(statement, dialect)]
        if not any(isinstance(statement, exp.Command) for statement in statements):
            return statements, dialect
        best = best or (statements, dialect)
    if best is None:
        raise first or UnreadableError("no SQL dialect reads this text")
    return best


def parse_as(text: str, dialect: str) -> list[exp.Expr] | None:
    """Return the statements of an SQL text in a dialect; None if it does not read them completely."""
    if len(text) > MAX_SQL_CHARS:
        return None
    try:
        found = [
            statement for statement in sqlglot.parse(text, dialect=dialect or None, error_level=ErrorLevel.RAISE) if statement
        ]
    except (RecursionError, SqlglotError, ValueError, KeyError, IndexError, AttributeError, TypeError):
        return None
    return [each for statement in found for each in _split_alter(statement, dialect)]


def _reason(error: Exception) -> tuple[str, int | None]:
    if isinstance(error, ParseError) and error.errors:
        described = error.errors[0]
        line = described.get("line")
        near = str(described.get("highlight") or "").strip()[:40]
        text = str(described.get("description") or "it is not SQL").rstrip(".")
        return f"this is not SQL: {text}" + (f" near {near!r}" if near else ""), int(line) if line else None
    found = _LINE.search(str(error))
    kind = "a quote or comment does not close" if isinstance(error, TokenError) else "no dialect reads it"
    return f"this is not SQL: {kind}", int(found[1]) if found else None


def _split_alter(statement: exp.Expr, dialect: str) -> list[exp.Expr]:
    """Return an ALTER of several actions, which sqlglot does not read at once, as one statement for each action."""
    if not isinstance(statement, exp.Command) or str(statement.this).lower() != "alter":
        return [statement]
    body = str(getattr(statement.expression, "this", None) or statement.expression or "")
    head = _ALTER.match(body)
    if head is None:
        return [statement]
    prefix = f"ALTER {body[: head.end()]}"
    actions = _at_commas(body[head.end() :])
    if len(actions) < 2:
        return [statement]
    found: list[exp.Expr] = []
    for action in actions:
        try:
            parsed = sqlglot.parse_one(f"{prefix}{action}", dialect=dialect or None, error_level=ErrorLevel.RAISE)
        except SqlglotError:
            return [statement]
        found.append(parsed)
    return found


def _at_commas(text: str) -> list[str]:
    """Return the parts of a text between its commas outside parentheses and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "," and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]
