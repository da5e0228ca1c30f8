"""What SQL statements define and do: tables and views, what is inserted into tables, ALTER and DROP."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from mlgraph.changesets.definitions import ColumnDefinition, Columns, Definition, DefinitionChange, Target, UnreadableError
from mlgraph.changesets.sql_queries import output_of, renamed_columns

_RELATIONS: Final = frozenset({"TABLE", "VIEW", "MATERIALIZED VIEW", "EXTERNAL TABLE", "DYNAMIC TABLE"})
_ROLLBACK: Final = re.compile(
    r"^\s*--\s*(?:migrate:down|\+goose\s+down|\+migrate\s+down|rollback\b).*", re.IGNORECASE | re.MULTILINE
)
"""The line of a migration after which it says how to take it back (dbmate, goose, sql-migrate, Liquibase)."""


@dataclass(slots=True)
class StatementReading:
    """What the statements of one text define, and what those that act at once do, each with its canonical text."""

    definitions: list[Definition] = field(default_factory=list)
    actions: list[tuple[str, list[DefinitionChange]]] = field(default_factory=list)


def without_rollback(text: str) -> str:
    """Return a migration without the statements that take it back."""
    found = _ROLLBACK.search(text)
    return text if found is None else text[: found.start()]


def read_statements(path: str, statements: list[exp.Expr], stem: str) -> StatementReading:
    """Return what statements define and do. A query alone defines, perhaps, the dataset with the name of the file, `stem`.

    Raises `UnreadableError` for a statement that was read as an opaque command.
    """
    reading = StatementReading()
    for statement in statements:
        if isinstance(statement, exp.Command):
            words = " ".join(statement.sql(comments=False).split()[:6])
            raise UnreadableError(f"the statement {words[:80]!r} is not understood")
        if isinstance(statement, exp.Create):
            reading.definitions.extend(_created(statement))
        elif isinstance(statement, exp.Alter | exp.Drop):
            changes = list(_altered(path, statement) if isinstance(statement, exp.Alter) else _dropped(path, statement))
            if changes:
                reading.actions.append((statement.sql(comments=False, normalize=True), changes))
        elif isinstance(statement, exp.Insert | exp.Merge | exp.Update | exp.Delete):
            reading.definitions.extend(_written(statement))
        elif isinstance(statement, exp.Query):
            reading.definitions.append(of_query(Target("dataset", stem), statement, certain=False))
    return reading


def of_query(target: Target, query: exp.Expr, *, certain: bool = True, form: str = "query") -> Definition:
    """Return the definition of a dataset that has the rows of a query."""
    output = output_of(query)
    return Definition(target, output.columns, output.is_open, output.excluded, output.context, certain=certain, form=form)


def target_of(table: exp.Expr) -> Target:
    """Return the dataset that a table in SQL names; what precedes its name is the qualifier."""
    parts = [part.name for part in table.parts] if isinstance(table, exp.Table) else [table.name]
    return Target("dataset", parts[-1], ".".join(parts[:-1]))


def _created(statement: exp.Create) -> Iterator[Definition]:
    if str(statement.args.get("kind") or "").upper() not in _RELATIONS:
        return
    named = statement.this
    schema = named.expressions if isinstance(named, exp.Schema) else []
    target = target_of(named.this if isinstance(named, exp.Schema) else named)
    if not target.name:
        return
    if isinstance(statement.expression, exp.Query):
        output = renamed_columns(output_of(statement.expression), [each.name for each in schema])
        yield Definition(target, output.columns, output.is_open, output.excluded, output.context, form="query")
    elif schema:
        yield Definition(target, _declared(schema), form="table")


def _declared(schema: list[exp.Expr]) -> Columns:
    found: dict[str, ColumnDefinition] = {}
    for each in schema:
        if isinstance(each, exp.ColumnDef):
            kind = each.args.get("kind")
            found[each.name.lower()] = ColumnDefinition(each.name, kind.sql().lower() if kind is not None else None)
    return found


def _written(statement: exp.Expr) -> Iterator[Definition]:
    """Yield what a statement writes: of an INSERT, by column where it lists them; of others, by their text."""
    named = statement.this
    listed = [each.name for each in named.expressions] if isinstance(named, exp.Schema) else []
    table = named.this if isinstance(named, exp.Schema) else named
    if not isinstance(table, exp.Table) or not table.name:
        return
    target = target_of(table)
    if isinstance(statement, exp.Insert) and isinstance(statement.expression, exp.Query):
        output = renamed_columns(output_of(statement.expression), listed)
        yield Definition(target, output.columns, output.is_open, output.excluded, output.context, creates=False, form="write")
    else:
        text = hashlib.blake2b(statement.sql(comments=False, normalize=True).encode(), digest_size=12).hexdigest()
        yield Definition(target, content=text, creates=False, form=f"write by {type(statement).__name__.lower()}")


def _altered(path: str, statement: exp.Alter) -> Iterator[DefinitionChange]:
    target = target_of(statement.this)
    for action in statement.args.get("actions") or ():
        dropped = _dropped_column(action)
        if dropped:
            yield DefinitionChange(path, target, "schema", f"drops {dropped}", dropped)
        elif isinstance(action, exp.Command):
            raise UnreadableError(f"the action {action.sql()[:60]!r} of ALTER is not understood")
        elif isinstance(action, exp.RenameColumn):
            old, new = action.this.name, action.args["to"].name
            yield DefinitionChange(path, target, "schema", f"renames {old} to {new}", old, renamed_to=new)
        elif isinstance(action, exp.AlterColumn) and action.args.get("dtype") is not None:
            kind = action.args["dtype"].sql().lower()
            yield DefinitionChange(path, target, "schema", f"changes the type of {action.name} to {kind}", action.name)
        elif isinstance(action, exp.AlterRename):
            yield DefinitionChange(path, target, "retire", f"is renamed to {action.this.name}", renamed_to=action.this.name)


def _dropped_column(action: exp.Expr) -> str:
    """Return the column that an action of ALTER drops; empty for other actions. The word COLUMN may be left out."""
    if isinstance(action, exp.Command) and str(action.this).lower() == "drop":
        words = str(getattr(action.expression, "this", None) or action.expression or "").split()
        return words[0].strip('`"[]') if len(words) == 1 else ""
    if not isinstance(action, exp.Drop) or str(action.args.get("kind") or "").upper() != "COLUMN":
        return ""
    named = next(iter(action.args.get("tables") or [action.this]), None)
    return str(named.name) if isinstance(named, exp.Expr) else ""


def _dropped(path: str, statement: exp.Drop) -> Iterator[DefinitionChange]:
    if str(statement.args.get("kind") or "").upper() in _RELATIONS:
        for table in statement.args.get("tables") or ([statement.this] if statement.this is not None else []):
            yield DefinitionChange(path, target_of(table), "retire", "is dropped")
