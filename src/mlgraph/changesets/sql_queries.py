"""Output columns of an SQL query, each with a canonical text of what it is computed from, through subqueries and CTEs.

Two queries that differ in layout, comments, case, names of CTEs or aliases of tables have the same canonical texts. A column
of a subquery is replaced by a digest of its own text, so that texts stay short however often a query builds on another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from mlgraph.changesets.definitions import ColumnDefinition

_CLAUSES: Final = ("where", "group", "having", "qualify", "limit", "offset", "windows", "laterals", "pivots", "sample", "match")
_JOIN_PARTS: Final = ("method", "side", "kind")
UNNAMED: Final = "__jinja_"
"""Part of the placeholder for what a template generates: as a column, it stands for unknown ones."""


@dataclass(frozen=True, slots=True)
class QueryOutput:
    """The columns of a query by lower-case name, in order.

    `is_open`: there are further ones, of a table whose columns the text does not name, except the `excluded`. `context` is a
    canonical text of which rows the query has.
    """

    columns: Mapping[str, ColumnDefinition]
    is_open: bool
    excluded: frozenset[str]
    context: str


@dataclass(slots=True)
class _TableSource:
    """A table, CTE or subquery in FROM: a canonical name; its columns if the text defines them."""

    label: str
    output: QueryOutput | None = None


@dataclass(slots=True)
class _Columns:
    """The columns of a SELECT while they are collected."""

    found: dict[str, ColumnDefinition] = field(default_factory=dict)
    excluded: set[str] = field(default_factory=set)
    is_open: bool = False


def output_of(query: exp.Expr, ctes: Mapping[str, QueryOutput] | None = None) -> QueryOutput:
    """Return the columns of a query; `ctes` are those that its text can name."""
    known = dict(ctes or {})
    with_ = query.args.get("with_")
    for cte in with_.expressions if with_ is not None else ():
        known[cte.alias.lower()] = _named(output_of(cte.this, known), cte)
    if isinstance(query, exp.Subquery | exp.Paren):
        return output_of(query.this, known)
    if isinstance(query, exp.SetOperation):
        return _of_set(query, known)
    if isinstance(query, exp.Select):
        return _Select(query, known).output()
    return QueryOutput({}, is_open=True, excluded=frozenset(), context=_digest(_text(query)))


def _named(output: QueryOutput, aliased: exp.Expr) -> QueryOutput:
    """Return an output with the column names that its alias lists: `cte (a, b) AS ...`."""
    alias = aliased.args.get("alias")
    names = [column.name for column in alias.args.get("columns") or ()] if isinstance(alias, exp.TableAlias) else []
    return renamed_columns(output, names)


def renamed_columns(output: QueryOutput, names: list[str]) -> QueryOutput:
    """Return an output whose columns have these names, in order; unchanged unless there is one for each column."""
    if not names or output.is_open or len(names) != len(output.columns):
        return output
    pairs = zip(names, output.columns.values(), strict=True)
    columns = {name.lower(): ColumnDefinition(name, each.type, each.expression) for name, each in pairs}
    return QueryOutput(columns, is_open=False, excluded=frozenset(), context=output.context)


def _of_set(query: exp.SetOperation, ctes: Mapping[str, QueryOutput]) -> QueryOutput:
    """Return the columns of a UNION, EXCEPT or INTERSECT: named by its first query, computed by both, position by position."""
    left, right = output_of(query.this, ctes), output_of(query.expression, ctes)
    context = _digest(type(query).__name__, str(query.args.get("distinct")), left.context, right.context)
    if left.is_open or right.is_open or len(left.columns) != len(right.columns):
        return QueryOutput(left.columns, is_open=True, excluded=left.excluded & right.excluded, context=context)
    columns = {
        name: ColumnDefinition(one.name, one.type, _digest(one.expression, other.expression))
        for (name, one), other in zip(left.columns.items(), right.columns.values(), strict=True)
    }
    return QueryOutput(columns, is_open=False, excluded=frozenset(), context=context)


class _Select:
    """The columns of one SELECT."""

    def __init__(self, select: exp.Select, ctes: Mapping[str, QueryOutput]) -> None:
        self._select, self._ctes = select, ctes
        self._sources: dict[str, _TableSource] = {}
        from_ = select.args.get("from_")
        self._read = [from_.this] if from_ is not None else []
        self._joins = list(select.args.get("joins") or ())
        for node in (*self._read, *(join.this for join in self._joins)):
            self._sources[self._name(node)] = self._source(node)

    def output(self) -> QueryOutput:
        """Return the columns and the rows."""
        columns = _Columns()
        for projection in self._select.expressions:
            if projection.is_star:
                self._expand(projection, columns)
            else:
                self._add(projection, columns)
        return QueryOutput(columns.found, columns.is_open, frozenset(columns.excluded), self._context(columns))

    def _name(self, node: exp.Expr) -> str:
        return (node.alias_or_name or f"#{len(self._sources)}").lower()

    def _source(self, node: exp.Expr) -> _TableSource:
        if isinstance(node, exp.Subquery):
            output = _named(output_of(node, self._ctes), node)
            return _TableSource(output.context, output)
        if isinstance(node, exp.Table) and not node.args.get("db") and node.name.lower() in self._ctes:
            output = self._ctes[node.name.lower()]
            return _TableSource(output.context, output)
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return _TableSource(table_name(node))
        return _TableSource(_text(node))

    def _add(self, projection: exp.Expr, columns: _Columns) -> None:
        name = projection.alias_or_name
        value = projection.unalias()
        if not name or UNNAMED in name:
            columns.is_open = True
            return
        kind = value.to.sql().lower() if isinstance(value, exp.Cast) else None
        inner = value.this if isinstance(value, exp.Cast) else value
        columns.found[name.lower()] = ColumnDefinition(name, kind, self._expression(inner))

    def _expand(self, projection: exp.Expr, columns: _Columns) -> None:
        """Add the columns of `*` or `table.*`, without those after EXCEPT, renamed and replaced as it says."""
        star = projection if isinstance(projection, exp.Star) else projection.find(exp.Star)
        options = star.args if star is not None else {}
        left_out = {_column_name(each) for each in options.get("except_") or ()}
        replaced = [each for each in options.get("replace") or () if isinstance(each, exp.Alias)]
        renamed = [each for each in options.get("rename") or () if isinstance(each, exp.Alias)]
        left_out |= {_column_name(each.this) for each in renamed}
        table = projection.table.lower() if isinstance(projection, exp.Column) else ""
        for source in [self._sources[table]] if table in self._sources else self._sources.values():
            if source.output is None:
                columns.is_open = True
                columns.excluded |= left_out
                continue
            columns.is_open |= source.output.is_open
            columns.excluded |= source.output.excluded | (left_out if source.output.is_open else set())
            for key, column in source.output.columns.items():
                if key not in left_out and key not in columns.found:
                    columns.found[key] = column
        for each in (*replaced, *renamed):
            columns.found[each.alias.lower()] = ColumnDefinition(each.alias, None, self._expression(each.this))

    def _expression(self, value: exp.Expr) -> str:
        if isinstance(value, exp.Column):
            known = self._resolved(value)
            return known.expression or "" if known is not None else _digest(self._qualified(value))
        return _digest(_text(self._canonical(value)))

    def _canonical(self, value: exp.Expr) -> exp.Expr:
        """Return an expression with each column replaced by what it means."""

        def replaced(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
                known = self._resolved(node)
                text = f"{known.expression}:{known.type or ''}" if known is not None else self._qualified(node)
                return exp.Identifier(this=text, quoted=True)
            if isinstance(node, exp.Table) and not node.args.get("db") and node.name.lower() in self._ctes:
                output = self._ctes[node.name.lower()]
                return exp.Identifier(this=output.context, quoted=True)
            return node

        return value.copy().transform(replaced)

    def _resolved(self, column: exp.Column) -> ColumnDefinition | None:
        """Return the column of a subquery or CTE that a column means; None for one of a table."""
        name, table = column.name.lower(), column.table.lower()
        if table:
            source = self._sources.get(table)
            return source.output.columns.get(name) if source and source.output else None
        found = [
            source.output.columns[name] for source in self._sources.values() if source.output and name in source.output.columns
        ]
        return found[0] if len(found) == 1 else None

    def _qualified(self, column: exp.Column) -> str:
        """Return a column of a table with the table's own name in place of its alias; alone, if there is only one table."""
        name, table = column.name.lower(), column.table.lower()
        if len(self._sources) == 1 and (not table or table in self._sources):
            return name
        source = self._sources.get(table)
        return f"{source.label if source else table}.{name}" if table else name

    def _context(self, columns: _Columns) -> str:
        return _digest(*self._parts(columns))

    def _parts(self, columns: _Columns) -> Iterator[str]:
        """Yield canonical texts of everything that decides which rows there are."""
        for node in self._read:
            yield self._sources[self._name_of(node)].label
        for join in self._joins:
            yield " ".join(str(join.args.get(part) or "") for part in _JOIN_PARTS)
            yield self._sources[self._name_of(join.this)].label
            for condition in (join.args.get("on"), *(join.args.get("using") or ())):
                yield _text(self._canonical(condition)) if condition is not None else ""
        for clause in _CLAUSES:
            value = self._select.args.get(clause)
            if clause == "group" and value is not None:
                yield from self._grouping(value)
            elif isinstance(value, list):
                yield from (_text(self._canonical(each)) for each in value)
            elif isinstance(value, exp.Expr):
                yield f"{clause} {_text(self._canonical(value))}"
        order = self._select.args.get("order")
        if order is not None and self._select.args.get("limit") is not None:
            yield _text(self._canonical(order))
        if self._select.args.get("distinct") is not None:
            yield "distinct " + " ".join(f"{key} {column.expression}" for key, column in sorted(columns.found.items()))

    def _name_of(self, node: exp.Expr) -> str:
        name = node.alias_or_name.lower()
        return name if name in self._sources else next(iter(self._sources))

    def _grouping(self, group: exp.Expr) -> Iterator[str]:
        """Yield the grouping by what it means, not by position or alias."""
        projections = self._select.expressions
        aliased = {each.alias.lower(): each.this for each in projections if isinstance(each, exp.Alias)}
        for each in group.expressions:
            value = each
            if isinstance(each, exp.Literal) and each.is_int and 0 < int(each.this) <= len(projections):
                value = projections[int(each.this) - 1].unalias()
            elif isinstance(each, exp.Column) and not each.table and each.name.lower() in aliased:
                value = aliased[each.name.lower()]
            yield f"group {self._expression(value)}"
        others = {key: value for key, value in group.args.items() if key != "expressions" and value}
        yield from (f"{key} {value}" for key, value in sorted(others.items()))


def table_name(table: exp.Table) -> str:
    """Return the dotted lower-case name of a table."""
    return ".".join(part.name.lower() for part in table.parts)


def _column_name(node: exp.Expr) -> str:
    return node.name.lower()


def _text(node: exp.Expr) -> str:
    """Return an expression as text in one layout, without comments, names in lower case."""
    return str(node.sql(comments=False, normalize=True))


def _digest(*texts: str | None) -> str:
    """Return a short text that is the same for the same texts."""
    joined = "\0".join(text if text is not None else "\1" for text in texts)
    return hashlib.blake2b(joined.encode("utf-8", "replace"), digest_size=12).hexdigest()
