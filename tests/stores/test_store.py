"""The store: append new facts in one global order, and read them back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from mlgraph.domain.clock import Clock
from mlgraph.domain.errors import InvalidInput, StartError, Unavailable
from mlgraph.domain.facts import AssetFact, Contact, EdgeFact
from mlgraph.domain.history import AssetRecord, asset_intervals, curated_at
from mlgraph.domain.timestamps import FOREVER, parse_time
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.ports.store import Changes, Item
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.reader import PostgresReader
from tests.services.parts import TESTER, Json, Store, schema_url

AT = "2026-01-01T00:00:00Z"
PERSON = AssetUri("person", "acme", "u-1")


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    opened = Store(schema_url(postgres_url))
    yield opened
    opened.close()


def asset(named: str, at: str | None = AT, /, **fields: Any) -> Json:
    return {"asset": {"uri": f"mlg://dataset/n/{named}", **fields, **({"valid_from": at} if at else {})}}


def edge(source: str, target: str, at: str | None = AT, **fields: Any) -> Json:
    ends = {"source": f"mlg://dataset/n/{source}", "relation": "derives", "target": f"mlg://dataset/n/{target}"}
    return {"edge": {**ends, **fields, **({"valid_from": at} if at else {})}}


def at(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}Z"


def column(named: str) -> str:
    return str(column_uri(AssetUri("dataset", "n", named), "x"))


def test_stored_facts_are_not_stored_again(store: Store) -> None:
    gone = {"retract": {"uri": "mlg://dataset/n/c", "valid_to": AT}}
    lines = [asset("a", name="a"), edge("a", "b"), edge("a", "b", properties={"x": 1}), gone]
    assert store.append(*lines) == [True] * 4
    assert store.append(*lines, edge("a", "c")) == [False] * 4 + [True]
    assert store.append(edge("a", "d"), edge("a", "d")) == [True, False]
    assert store.append(*lines) == [False] * 4
    assert store.reader.last_tx() == 3
    assert store.query("SELECT count(*) FROM tx") == [(3,)]


def test_the_same_event_adds_nothing_the_second_time(store: Store) -> None:
    assert store.append(asset("a"), event="e1") == [True]
    assert store.append(asset("b"), event="e1") == [False]
    assert store.query("SELECT count(*) FROM asset_fact") == [(1,)]
    assert store.append(asset("a"), event="e2") == [True]  # a new event is stored, although its fact is known
    assert store.query("SELECT count(*) FROM event") == [(2,)]


def test_facts_without_a_time_are_valid_from_their_recording(store: Store) -> None:
    assert store.append(asset("a", None, name="x"), asset("a", None, name="x"), asset("a", None, name="y")) == [True, False, True]
    moments = [row[0] for row in store.query("SELECT valid_from FROM asset_fact ORDER BY valid_from")]
    recorded, last = store.query("SELECT recorded_at, last_at FROM tx")[0]
    assert moments == [recorded, recorded + 1]
    assert last == moments[-1]
    assert store.append(asset("a", None, name="y")) == [False]
    assert store.append(asset("a", None, name="x")) == [True]
    assert store.append({"retract": {"uri": "mlg://dataset/n/a"}}, {"retract": {"uri": "mlg://dataset/n/a"}}) == [True, False]
    assert store.append(asset("a", None, name="x")) == [True]
    moments = [row[0] for row in store.query("SELECT valid_from FROM asset_fact ORDER BY tx, valid_from")]
    assert moments == sorted(set(moments)), "later facts have later times, independent of the clock"


def test_a_clock_that_steps_back_does_not_reorder_facts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([2_000_000_000_000_000_000, 1_000_000_000_000_000_000, 1_500_000_000_000_000_000])
    monkeypatch.setattr("mlgraph.domain.clock.clock", Clock(lambda: next(times)))
    for name in "xyz":
        store.append(asset("a", None, name=name))
    recorded = [row[0] for row in store.query("SELECT recorded_at FROM tx ORDER BY tx")]
    assert recorded == sorted(recorded)
    facts = store.query("SELECT c.body FROM asset_fact f JOIN content c ON c.id = f.content_id ORDER BY f.valid_from")
    assert [body for (body,) in facts] == ['{"name":"x"}', '{"name":"y"}', '{"name":"z"}']


def test_a_failed_append_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append(asset("a"))
    with monkeypatch.context() as planted:
        planted.setattr("mlgraph.stores.append.surrogate_keys.MAX_ORIGINS", 1)
        with pytest.raises(InvalidInput, match="origins"):
            store.append(asset("new"), asset("b", origin="one too many"))
    assert store.reader.last_tx() == 1
    assert store.reader.ids(["mlg://dataset/n/new"]) == {}
    assert store.append(asset("new")) == [True]  # the numbers that it allocated are free again
    assert len(store.query("SELECT id FROM asset")) == 2
    assert store.query("SELECT max(tx) FROM tx") == [(2,)]


def test_references_are_known_before_they_are_reported(store: Store) -> None:
    store.append(edge("a", "b"))
    ids = store.reader.ids(["mlg://dataset/n/a", "mlg://dataset/n/b", "mlg://dataset/n/c"])
    assert len(ids) == 2
    assert store.reader.asset_records(list(ids.values())) == []
    store.append(asset("b"))
    assert store.reader.ids(["mlg://dataset/n/b"])["mlg://dataset/n/b"] == ids["mlg://dataset/n/b"]


def test_changes_name_the_new_and_changed_assets_and_edges_of_transactions(store: Store) -> None:
    store.append(asset("a"))
    store.append(edge("a", "b"))
    store.append({"retract": {"uri": "mlg://dataset/n/b", "valid_to": AT}})
    first, rest, none = store.reader.changes(0, 1), store.reader.changes(1, 100), store.reader.changes(3, 100)

    def counts(changes: Changes) -> tuple[int, list[str], int, int]:
        return changes.upto, [row.uri for row in changes.assets], len(changes.asserted), len(changes.edges)

    assert counts(first) == (1, ["mlg://dataset/n/a"], 1, 0)
    assert counts(rest) == (3, ["mlg://dataset/n/b"], 1, 1)
    assert counts(none) == (3, [], 0, 0)


def test_many_facts_go_in_by_copy(store: Store) -> None:
    lines = [edge(f"a{number % 100}", f"b{number}") for number in range(5_000)]
    assert all(store.append(*lines))
    assert not any(store.append(*lines))
    assert store.query("SELECT count(*) FROM edge_fact") == [(5_000,)]
    assert len(list(store.reader.stream())) == 5_100
    uris = [row.uri for row, _, _ in store.reader.stream()]
    assert uris == sorted(uris, key=str.encode)


def test_any_text_comes_back_as_it_was(store: Store) -> None:
    texts = ["\\N", "\\.", "tab\t", "line\n\r", "\u2028", "\U0001f600", "'; DROP TABLE tx; --", ""]
    properties = {"k": [*texts, 10**40, 1e-300, None, True]}
    name = "%5CN%0A%09%E2%80%A8"
    store.append(asset(name, properties=properties))
    number = store.reader.ids([f"mlg://dataset/n/{name}"])[f"mlg://dataset/n/{name}"]
    (record,) = store.reader.asset_records([number])
    assert isinstance(record, AssetRecord)
    assert record.state["properties"] == properties
    long = "x" * 4_000
    store.append(asset(long))
    assert store.append(asset(long)) == [False]


def test_contacts_are_stored_separately_and_can_be_erased(store: Store) -> None:
    item = Item([AssetFact(PERSON, "facts", 1, {})], [Contact(PERSON, "Ann Example", "ann@example.org")])
    assert list(store.writer.append([item], TESTER).new) == [True]
    number = store.reader.ids([str(PERSON)])[str(PERSON)]
    assert store.reader.contacts([number]) == {number: Contact(PERSON, "Ann Example", "ann@example.org")}
    store.writer.append([Item([], [Contact(PERSON, None, "ann@example.com")])], TESTER)
    assert store.reader.contacts([number])[number] == Contact(PERSON, "Ann Example", "ann@example.com")
    for table in ("asset_fact", "edge_fact", "event", "content", "asset"):
        assert "Example" not in str(store.query(f"SELECT * FROM {table}"))  # noqa: S608 - a constant
    with store.database.connection() as connection:
        connection.execute("DELETE FROM contact")
    assert store.reader.contacts([number]) == {}
    assert len(store.reader.asset_records([number])) == 1


def test_who_reported_what_when(store: Store) -> None:
    store.append(asset("a"))
    provenance = store.reader.provenance([1])[1]
    assert (provenance.tx, provenance.actor, provenance.source, provenance.environment) == (1, "tester", None, "test")


WRITER = """
import sys
from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.timestamps import FOREVER, parse_time
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.ports.store import Actor, Item
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.append.writer import PostgresWriter

url, name = sys.argv[1:]
database = Database(url)
database.open()
writer = PostgresWriter(database)
for number in range(60):
    ends = [AssetUri("dataset", name if number % 3 else "both", f"{number + step}") for step in (0, 1)]
    print(writer.append([Item([EdgeFact(ends[0], "derives", ends[1], "facts", number)])], Actor(name)).tx, flush=True)
database.close()
"""


def test_two_processes_write_and_a_third_misses_nothing(store: Store) -> None:
    """Transactions become visible in order and without gaps: a reader that continues after the last one misses none."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, store.url, name], stdout=subprocess.PIPE, text=True)
        for name in ("p", "q")
    ]
    seen, assets = 0, set[int]()
    while True:
        done = all(writer.poll() is not None for writer in writers)
        changes = store.reader.changes(seen, 1_000)
        visible = [tx for (tx,) in store.query("SELECT tx FROM tx ORDER BY tx")]
        assert visible == list(range(1, len(visible) + 1))
        assert changes.upto <= len(visible)
        assert not assets & {row.asset for row in changes.assets}
        assets |= {row.asset for row in changes.assets}
        seen = changes.upto
        if done and store.reader.last_tx() == seen:
            break
    printed = []
    for writer in writers:
        out, _ = writer.communicate()
        assert writer.returncode == 0
        printed.append([int(line) for line in out.split()])
    assert all(numbers == sorted(numbers) for numbers in printed)
    assert seen == 100  # 60 of each writer, of which 20 are equal
    assert len(assets) == len(store.query("SELECT id FROM asset"))
    assert len({number for (number,) in store.query("SELECT id FROM asset")}) == len(assets)


def test_migrations_run_once_and_a_newer_store_is_refused(postgres_url: str) -> None:
    url = schema_url(postgres_url)
    numbers = []
    for _ in range(2):
        database = Database(url)
        numbers.append(database.open())
        database.close()
    assert numbers[0] == numbers[1] >= 1
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO migration (number, name) VALUES (999, 'from the future')")
    database = Database(url)
    with pytest.raises(StartError, match="999"):
        database.open()
    database.close()


def test_a_store_of_the_first_schema_is_brought_up_and_knows_its_facts(postgres_url: str) -> None:
    url = schema_url(postgres_url)
    before = Store(url)
    owner = "mlg://team/acme/owners%5D"
    written = asset("b", origin="curation", description="written")
    assert all(before.append(asset("a", owners=[owner]), edge("a", "b"), written))
    team = before.reader.ids([owner])[owner]
    before.close()
    with psycopg.connect(url) as connection:  # the first schema
        connection.execute("DROP INDEX asset_fact_once, edge_fact_once, edge_fact_alias")
        connection.execute("ALTER TABLE asset_fact ADD UNIQUE (digest)")
        connection.execute("ALTER TABLE edge_fact ADD UNIQUE (digest)")
        connection.execute("CREATE INDEX asset_fact_asset ON asset_fact (asset_id)")
        connection.execute("CREATE INDEX edge_fact_source ON edge_fact (source_id, relation)")
        connection.execute("DROP TABLE instance, asset_owner, thin_event, digest_key, redaction, event_warning")
        connection.execute("DROP TABLE usage, usage_progress")
        connection.execute("UPDATE origin SET id = 77 WHERE id = 30000")  # a name as any other then
        connection.execute("UPDATE asset_fact SET origin_id = 77 WHERE origin_id = 30000")
        of_sources = "configured errors last_error last_error_at polled_at changed_at swept_at sweep_cursor scope place registry"
        for column in of_sources.split():
            connection.execute(f"ALTER TABLE connection DROP COLUMN {column}".encode())
        connection.execute("ALTER TABLE dead_letter DROP COLUMN scope")
        connection.execute("DELETE FROM migration WHERE number > 1")
    after = Store(url)
    again = (asset("a", owners=[owner]), edge("a", "b"), written, edge("a", "c"))
    assert after.append(*again) == [False, False, False, True]
    b = after.reader.ids(["mlg://dataset/n/b"])["mlg://dataset/n/b"]
    assert curated_at(asset_intervals(after.reader.asset_records([b])), FOREVER - 1) == {"description": "written"}
    assert after.append(asset("c", origin="another")) == [True]
    assert after.query("SELECT id FROM origin WHERE name = 'another'") == [(2,)], "numbered after those of sources"
    assert after.reader.owned([team], 10) == list(after.reader.ids(["mlg://dataset/n/a"]).values())
    named = {row[0] for row in after.query("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()")}
    assert {"asset_fact_once", "edge_fact_once", "edge_fact_alias"} <= named
    assert not {"asset_fact_digest_key", "edge_fact_digest_key", "edge_fact_source", "asset_fact_asset"} & named
    after.close()


def test_two_tenants_do_not_see_each_other(postgres_url: str) -> None:
    first, second = (Store(schema_url(postgres_url)) for _ in range(2))
    first.append(asset("a"))
    assert second.reader.last_tx() == 0
    first.close()
    second.close()


def test_a_connection_that_breaks_is_unavailable_and_comes_back(store: Store) -> None:
    store.append(asset("a"))
    with psycopg.connect(store.url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'mlgraph' AND pid <> pg_backend_pid()"
        )
    for _ in range(3):
        try:
            assert store.append(asset("b")) in ([True], [False])
            break
        except Unavailable:
            continue
    assert store.reader.last_tx() == 2
    fact = EdgeFact(AssetUri("dataset", "n", "a"), "derives", AssetUri("dataset", "n", "z"), "facts", 1)
    assert list(store.writer.append([Item([fact])], TESTER).new) == [True]


def test_boundary_changes_are_the_facts_that_begin_or_end_between_two_moments(store: Store) -> None:
    store.append(asset("a", at(1)), edge("a", "b", at(1), valid_to=at(4)), edge("b", "c", at(2)), edge("c", "d", at(3)))
    store.append(asset("late", at(3)), {"retract": {"uri": "mlg://dataset/n/a", "valid_to": at(4)}})
    columns = {"source": column("a"), "relation": "derives", "target": column("b"), "properties": {"by": "mlg://run/n/r"}}
    store.append({"edge": {**columns, "valid_from": at(4)}})

    def boundary_names(reader: PostgresReader, after: int, upto: int) -> tuple[set[str], ...]:
        found = reader.boundary_changes(parse_time(at(after)), parse_time(at(upto)))
        numbers = {end for source, _, target in found.edges for end in (source, target)}
        rows = reader.rows({*numbers, *found.seen_by, *found.assets})

        def name(asset: int) -> str:
            return AssetUri.parse(rows[asset].uri).name

        edges = {f"{name(source)}-{name(target)}" for source, _, target in found.edges}
        return edges, *({name(each) for each in part} for part in (found.seen_by, found.assets, found.retracted))

    assert boundary_names(store.reader, 1, 2) == ({"b-c"}, set(), set(), set())
    assert boundary_names(store.reader, 2, 3) == ({"c-d"}, set(), {"late"}, set())
    assert boundary_names(store.reader, 3, 4) == ({"a-b", "a#x-b#x"}, {"r"}, {"a"}, {"a"})
    assert boundary_names(store.reader.at(1), 2, 9) == ({"a-b", "c-d"}, set(), set(), set())
