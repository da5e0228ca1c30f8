"""Column differences of SQL: what is dropped, renamed, of another type or value, through CTEs, stars, unions and dialects."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.changesets.definitions import ChangeSet, FileChange
from mlgraph.changesets.reading import read_changes
from tests.changesets.edited_queries import edited, random_query


def changes_of(before: str | None, after: str | None, path: str = "etl/orders.sql") -> ChangeSet:
    return read_changes([FileChange(path, before, after)])


def found(before: str | None, after: str | None, path: str = "etl/orders.sql") -> list[tuple[str, str | None, str | None]]:
    changes = changes_of(before, after, path)
    assert changes.unreadable == []
    return [(each.change, each.column, each.renamed_to) for each in changes.changes]


SAME = {
    "layout": ("create view v as select a, b from t", "CREATE VIEW v AS\nSELECT\n  a -- the a\n  , b\nFROM t"),
    "names of CTEs": (
        "create view v as with x as (select * from t), y as (select a, sum(b) as s from x group by 1) select * from y",
        "create view v as with src as (select * from t), agg as (select a, sum(b) as s from src group by a) select * from agg",
    ),
    "aliases": (
        "create view v as select o.a from orders o join p on o.id = p.id",
        "create view v as select x.a from orders x join p on x.id = p.id",
    ),
    "a new column": ("create view v as select a from t", "create view v as select a, b from t"),
    "order of columns": ("create view v as select a, b from t", "create view v as select b, a from t"),
    "a subquery in place of a CTE": (
        "create view v as with x as (select a, b from t) select a, b from x",
        "create view v as select a, b from (select a, b from t) as x",
    ),
    "an unused CTE": ("create view v as select a from t", "create view v as with u as (select 1 as q) select a from t"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_means_the_same_changes_nothing(name: str) -> None:
    assert found(*SAME[name]) == []


CASES = {
    "a dropped column": ("select a, b from t", "select a from t", [("schema", "b", None)]),
    "a renamed column": ("select a, b as old from t", "select a, b as new from t", [("schema", "old", "new")]),
    "renamed without an alias before": ("select a, b from t", "select a, b as c from t", [("schema", "b", "c")]),
    "no rename, as the expressions differ": ("select a, b from t", "select a, c from t", [("schema", "b", None)]),
    "two columns of one expression are no rename": (
        "select a, b as p, b as q from t",
        "select a, b as r, b as s from t",
        [("schema", "p", None), ("schema", "q", None)],
    ),
    "another expression": ("select a, b from t", "select a, b * 100 as b from t", [("values", "b", None)]),
    "another type": ("select cast(a as int) as a from t", "select cast(a as bigint) as a from t", [("schema", "a", None)]),
    "a cast more": ("select a from t", "select cast(a as text) as a from t", [("schema", "a", None)]),
    "another filter": ("select a from t where a > 0", "select a from t where a > 1", [("values", None, None)]),
    "another join": ("select t.a from t join u using (i)", "select t.a from t left join u using (i)", [("values", None, None)]),
    "another source": ("select a from t", "select a from t2", [("values", None, None)]),
    "distinct": ("select a from t", "select distinct a from t", [("values", None, None)]),
    "an expression inside a CTE": (
        "with x as (select a, b + 1 as s from t) select * from x",
        "with x as (select a, b + 2 as s from t) select * from x",
        [("values", "s", None)],
    ),
    "a column dropped inside a CTE": (
        "with x as (select a, b from t) select * from x",
        "with x as (select a from t) select * from x",
        [("schema", "b", None)],
    ),
    "one side of a union": (
        "select a, b from t union all select c, d from u",
        "select a, b from t union all select c, e from u",
        [("values", "b", None)],
    ),
    "a star with an exception": ("select * from t", "select * except (a) from t", [("schema", "a", None)]),
    "a star in place of columns": ("select a from t", "select * from t", [("schema", "a", None)]),
    "columns in place of a star": ("select * from t", "select a, b from t", [("schema", None, None)]),
    "a renaming star": ("select * from t", "select * rename (a as b) from t", [("schema", "a", None)]),
    "a window": (
        "select a, row_number() over (partition by a order by b) as n from t",
        "select a, row_number() over (partition by a order by c) as n from t",
        [("values", "n", None)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_column_differences(name: str) -> None:
    before, after, expected = CASES[name]
    assert found(f"create table s.orders as {before}", f"create table s.orders as {after}") == expected
    assert found(before, after, "models/orders.sql") == expected, "the same as a model of dbt"


def test_doubts_say_so() -> None:
    (star,) = changes_of("create view v as select a from t", "create view v as select * from t").changes
    assert not star.certain, "the table behind the star may have the column"
    (retained,) = changes_of("create view v as select * from t", "create view v as select a from t").changes
    assert (retained.certain, retained.retained) == (True, frozenset({"a"}))
    (alone,) = changes_of("select a, b from t", "select a from t", "reports/orders.sql").changes
    assert (alone.target.name, alone.certain) == ("orders", False), "the name of the file need not be that of a table"


STATEMENTS = {
    "drop": ("alter table s.orders drop column a", [("schema", "a", None)]),
    "drop without COLUMN": ("alter table s.orders drop a", [("schema", "a", None)]),
    "several actions": (
        "alter table s.orders drop column a, add column b int, rename column c to d",
        [("schema", "a", None), ("schema", "c", "d")],
    ),
    "type": ("alter table s.orders alter column a type bigint", [("schema", "a", None)]),
    "rename": ("alter table s.orders rename to o2", [("retire", None, "o2")]),
    "drop table": ("drop table if exists s.orders", [("retire", None, None)]),
    "added column": ("alter table s.orders add column z int; drop index i", []),
    "rollback": (
        "-- migrate:up\nalter table s.orders drop column a;\n-- migrate:down\nalter table s.orders add a int",
        [("schema", "a", None)],
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_new_migration_acts(name: str) -> None:
    text, expected = STATEMENTS[name]
    changes = changes_of(None, text, "migrations/V7__orders.sql")
    assert [(each.change, each.column, each.renamed_to) for each in changes.changes] == expected
    assert all(each.target.names[0] == "s.orders" for each in changes.changes)
    again = changes_of(text, text + "\n", "migrations/V7__orders.sql")
    assert again.changes == [], "what it did before, it does not do again"


def test_tables_and_inserts() -> None:
    table = "create table s.orders (a int, b varchar(20))"
    assert found(table, "create table s.orders (a bigint)") == [("schema", "a", None), ("schema", "b", None)]
    assert found("insert into s.orders (a, b) select x, y from u", "insert into s.orders (a) select x from u") == [
        ("values", "b", None)
    ]
    assert found("insert into s.orders (a) select x from u", "insert into s.orders (a) select x + 1 from u") == [
        ("values", "a", None)
    ]
    assert found("merge into s.orders o using u on o.i = u.i when matched then update set a = 1", None) == [
        ("values", None, None)
    ]
    assert found(table, None) == [("retire", None, None)]
    assert found(None, table) == []
    two = read_changes([FileChange("a.sql", table, None), FileChange("b.sql", None, table)])
    assert two.changes == [], "the definition moved to another file"


DIALECTS = {
    "bigquery": ("create table `p.d.orders` as select a, b from `p.d.t`", "create table `p.d.orders` as select a from `p.d.t`"),
    "snowflake": (
        "create table orders as select a, v:x.y::int as b from t qualify row_number() over (partition by a order by b) = 1",
        "create table orders as select a from t qualify row_number() over (partition by a order by b) = 1",
    ),
    "tsql": ("select top 5 [a], [b] from [s].[t]", "select top 5 [a] from [s].[t]"),
    "spark": ("create table orders using delta as select a, b from t", "create table orders using delta as select a from t"),
    "postgres": ("create table orders as select a, b::text as b from t", "create table orders as select a from t"),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_dialects(name: str) -> None:
    assert ("schema", "b", None) in found(*DIALECTS[name])


UNREADABLE = {
    "no SQL": ("select a,\nfrom from t where", 2),
    "an open quote": ("select 'abc", None),
    "deep": ("select " + "(" * 5000 + "1" + ")" * 5000, None),
    "large": ("select 1 as a -- " + "x" * 300_000, None),
    "an unknown statement": ("frobnicate the table", None),
    "binary": ("\0\1\2", None),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_reported_and_changes_nothing(name: str) -> None:
    text, line = UNREADABLE[name]
    changes = changes_of("create table s.orders as select a from t", text)
    assert changes.changes == [], "never a drop of everything"
    (fault,) = changes.unreadable
    assert fault.path == "etl/orders.sql"
    assert fault.reason
    assert line is None or fault.line in (1, line)


def test_expressions_that_build_on_each_other_do_not_grow() -> None:
    doubled = ["c0 as (select a as x from t)"] + [f"c{n} as (select x + x as x from c{n - 1})" for n in range(1, 60)]
    text = f"create view v as with {', '.join(doubled)} select x from c59"
    assert found(text, text.replace("select a as x", "select b as x")) == [("values", "x", None)]


@given(st.integers(0, 2**32))
def test_random_edits_have_their_effects(seed: int) -> None:
    rng = random.Random(seed)
    query = random_query(rng)
    changed, effects = edited(query, rng)
    before, after = query.sql(), changed.sql()
    seen = {
        (change, column.lower() if column else None, new.lower() if new else None)
        for change, column, new in found(f"create table shop.orders as {before}", f"create table shop.orders as {after}")
    }
    assert seen == effects, f"{before}\n->\n{after}"


@given(st.text(max_size=300), st.sampled_from((".sql", ".yml", ".py", ".avsc", ".json", ".proto", ".csv")), st.booleans())
def test_no_text_raises(text: str, suffix: str, in_models: bool) -> None:
    path = f"{'models' if in_models else 'seeds'}/x{suffix}"
    for before, after in ((text, None), (None, text), (text, text)):
        changes = read_changes([FileChange(path, before, after)])
        assert len(changes.unreadable) <= 1
