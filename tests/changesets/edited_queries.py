"""Random SQL queries with edits of known effect, for property tests: the effect is known from the edit, not from the text."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Final

Effects = set[tuple[str, str | None, str | None]]
"""(change, column, new name) of each effect; the column is None for the complete dataset."""
_SOURCES: Final = ("raw_orders", "shop.payments", "lake.events")
_FUNCTIONS: Final = ("sum", "max", "min", "count", "avg")


@dataclass(frozen=True)
class Column:
    """An output column: its name, the columns of the source that it is computed from, the function, and a type to cast to."""

    name: str
    inputs: tuple[str, ...]
    function: str | None = None
    cast: str | None = None

    def sql(self, alias: str) -> str:
        text = " + ".join(f"{alias}.{each}" for each in self.inputs)
        text = f"{self.function}({text})" if self.function else text
        text = f"cast({text} as {self.cast})" if self.cast else text
        return text if text == f"{alias}.{self.name}" else f"{text} as {self.name}"


@dataclass(frozen=True)
class Query:
    """A query over one table, perhaps through CTEs, with conditions on its rows."""

    source: str
    columns: tuple[Column, ...]
    conditions: tuple[str, ...] = ()
    ctes: int = 0
    style: int = 0
    names: tuple[str, ...] = field(default=("base", "renamed", "final"))

    def sql(self) -> str:
        """Return the text in the layout that `style` chooses; no layout changes its meaning."""
        rng = random.Random(self.style)
        alias = rng.choice(("t", "x", "src"))
        comma = rng.choice((",\n  ", ", ", "\n  , "))
        comment = rng.choice(("", "-- a comment\n", "/* two\nlines */ "))
        inner = self.source
        head = []
        if self.ctes:
            head.append(f"{self.names[0]} as (select * from {self.source})")
            inner = self.names[0]
        body = f"select {comment}{comma.join(each.sql(alias) for each in self.columns)}\nfrom {inner} as {alias}"
        if self.conditions:
            body += " where " + " and ".join(f"{alias}.{each}" for each in self.conditions)
        if any(each.function for each in self.columns):
            keys = [f"{alias}.{each.inputs[0]}" for each in self.columns if not each.function and len(each.inputs) == 1]
            body += f" group by {', '.join(keys)}" if keys else ""
        if self.ctes > 1:
            head.append(f"{self.names[1]} as ({body})")
            body = f"select * from {self.names[1]}"
        text = (f"with {comma.join(head)}\n" if head else "") + body
        return text.upper().replace("-- A COMMENT", "-- a comment") if rng.random() < 0.3 else text


def random_query(rng: random.Random) -> Query:
    """Return a random query with at least three columns."""
    columns = []
    for number in range(rng.randint(3, 7)):
        own = f"k{number}"  # no two columns are computed in the same way: a rename would be ambiguous
        inputs = (*rng.sample(("a", "b", "c", "d", "e"), rng.randint(1, 2)), own) if rng.random() < 0.3 else (own,)
        columns.append(Column(f"k{number}" if rng.random() < 0.5 and len(inputs) == 1 else f"col{number}", inputs))
    conditions = ("k9 > 0",) if rng.random() < 0.4 else ()
    return Query(rng.choice(_SOURCES), tuple(columns), conditions, rng.randint(0, 2), rng.randrange(10_000))


def edited(query: Query, rng: random.Random) -> tuple[Query, Effects]:
    """Return a query after some edits, and the effects that a comparison must find."""
    effects: Effects = set()
    columns = list(query.columns)
    touched: set[int] = set()
    for _ in range(rng.randint(0, 3)):
        place = rng.randrange(len(query.columns))
        if place in touched or columns[place] is None:
            continue
        touched.add(place)
        old = query.columns[place]
        kind = rng.choice(("drop", "rename", "values", "type", "none"))
        if kind == "drop" and len(touched) < len(columns):
            columns[place] = replace(old, name="")
            effects.add(("schema", old.name, None))
        elif kind == "rename":
            columns[place] = replace(old, name=f"new{place}")
            effects.add(("schema", old.name, f"new{place}"))
        elif kind == "values":
            columns[place] = replace(old, inputs=(*old.inputs, "z"))
            effects.add(("values", old.name, None))
        elif kind == "type":
            columns[place] = replace(old, cast="bigint")
            effects.add(("schema", old.name, None))
    retained = [each for each in columns if each.name]
    if rng.random() < 0.4:
        retained.insert(rng.randint(0, len(retained)), Column("added", ("y",)))
    if rng.random() < 0.3:
        rng.shuffle(retained)
    conditions = query.conditions
    if rng.random() < 0.2:
        conditions = (*conditions, "k8 is not null")
        effects = {("values", None, None)} | {each for each in effects if each[0] != "values"}
    names = ("src", "r2", "f2") if rng.random() < 0.5 else query.names
    return replace(query, columns=tuple(retained), conditions=conditions, style=rng.randrange(10_000), names=names), effects
