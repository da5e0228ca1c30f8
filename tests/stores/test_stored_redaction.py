"""Redaction of what an earlier version stored: texts lose their secrets; digests, transactions and everything else stay."""

from __future__ import annotations

import json
import logging
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from mlgraph.domain.fact_row import AssetFactRow, digest, to_row
from mlgraph.domain.facts import AssetFact, EdgeFact
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.uri import AssetUri
from mlgraph.stores.backup import archive
from mlgraph.stores.postgres import stored_redaction
from mlgraph.stores.postgres.stored_redaction import redact_stored
from tests.services.parts import Json, Store, schema_url

AT = "2026-01-01T00:00:00Z"
MOMENT = 1_767_225_600_000_000
SECRET = "hunter2-Zq9"  # noqa: S105 - planted by these tests
A, B = AssetUri("dataset", "n", "a"), AssetUri("dataset", "n", "b")
STATE = {"description": f"password={SECRET}", "name": "token=abc123", "properties": {"args": ["--token", SECRET], "n": 1.5}}
STATE_OF_0_1 = {**STATE, "properties": {"args": ["--token", SECRET], "n": 1.5, "password": "[redacted]"}}
PROPERTIES = {"note": f"postgres://u:{SECRET}@h/x and api_key={SECRET}", "version": f"token={SECRET}"}
TABLES = (
    "tx",
    "origin",
    "asset",
    "asset_fact",
    "edge_fact",
    "content",
    "event",
    "contact",
    "dead_letter",
    "thin_event",
    "connection",
)


def line() -> list[Json]:
    state = {**STATE, "properties": {**STATE["properties"], "password": SECRET}}  # type: ignore[dict-item]
    ends = {"source": str(A), "relation": "derives", "target": str(B)}
    return [
        {"asset": {"uri": str(A), **state, "valid_from": AT}},
        {"edge": {**ends, "properties": PROPERTIES, "valid_from": AT}},
        {"asset": {"uri": str(B), "description": "harmless", "valid_from": AT}},
    ]


@pytest.fixture
def old(postgres_url: str) -> str:
    """The URL of a store as version 0.1.0 would have filled it, and then of schema 8."""
    url = schema_url(postgres_url)
    store = Store(url)
    assert store.append(*line()) == [True] * 3
    store.close()
    first = to_row(AssetFact(A, "facts", MOMENT, STATE_OF_0_1))
    second = to_row(
        EdgeFact(
            A, "derives", B, "facts", MOMENT, None, {**PROPERTIES, "note": f"postgres://u:[redacted]@h/x and api_key={SECRET}"}
        )
    )
    assert isinstance(first, AssetFactRow)
    with psycopg.connect(url) as connection:
        for row, table in ((first, "asset_fact"), (second, "edge_fact")):
            place = sql.SQL("(SELECT ctid FROM {0} ORDER BY ctid LIMIT 1)").format(sql.Identifier(table))
            select = sql.SQL("SELECT content_id FROM {0} WHERE ctid = {1}").format(sql.Identifier(table), place)
            ((content,),) = connection.execute(select).fetchall()
            connection.execute("UPDATE content SET body = %s, digest = %s WHERE id = %s", (row.body, digest(row.body), content))
            update = sql.SQL("UPDATE {0} SET digest = %s WHERE ctid = {1}").format(sql.Identifier(table), place)
            connection.execute(update, (row.digest,))
        connection.execute("UPDATE edge_fact SET version = %s", (f"token={SECRET}",))
        for number in range(30):
            text = f"IDENTIFIED BY '{SECRET}'" if number % 3 == 0 else "x"
            connection.execute(
                "INSERT INTO event VALUES (%s, 1, 'openlineage', 'openlineage', 'e', %s, %s)",
                (number + 1, digest(f"event {number}"), canonical_json({"run": {"n": number, "sql": text}})),
            )
        connection.execute(
            "INSERT INTO dead_letter (received_at, format, actor, body, error) VALUES (1, 'openlineage', 'a', %s, %s)",
            (canonical_json({"password": SECRET}), f"cannot read password={SECRET}"),
        )
        connection.execute(
            "INSERT INTO thin_event (source, kind, id, event, at, number) VALUES ('s', 'k', 'i', %s, 1, 1)",
            (json.dumps({"token": SECRET}),),
        )
        connection.execute(
            "INSERT INTO connection (name, kind, url, state, error, secret) VALUES ('c', 'mlflow', 'http://h', 'f', %s, 'key')",
            (f"Authorization: Bearer {SECRET}",),
        )
        connection.execute("DROP TABLE digest_key, redaction, event_warning, usage, usage_progress")
        connection.execute("ALTER TABLE connection DROP COLUMN place, DROP COLUMN registry")
        connection.execute("ALTER TABLE dead_letter DROP COLUMN scope")
        connection.execute("DELETE FROM migration WHERE number > 8")
    return url


def rows(url: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables, each without the columns that have no value, as those of later schemas."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        statements = {table: sql.SQL("TABLE {}").format(sql.Identifier(table)) for table in TABLES}
        found = {table: connection.execute(each).fetchall() for table, each in statements.items()}
    return {
        table: sorted(({name: cell for name, cell in row.items() if cell is not None} for row in each), key=repr)
        for table, each in found.items()
    }


def without_texts(found: dict[str, list[dict[str, Any]]]) -> Any:
    """Return the rows without the texts that may contain secrets."""

    def cell_of(cell: object) -> object:
        return None if isinstance(cell, str) and (SECRET in cell or "[redacted]" in cell) else cell

    return {table: [{name: cell_of(cell) for name, cell in row.items()} for row in each] for table, each in found.items()}


def test_texts_alone_change_and_repeats_are_recognised(old: str, caplog: pytest.LogCaptureFixture) -> None:
    before = rows(old)
    assert SECRET in repr(before)
    with caplog.at_level(logging.INFO):
        store = Store(old)
    after = rows(old)
    assert SECRET not in repr(after)
    assert "token=abc123" in repr(after), "names are left alone"
    assert repr(without_texts(after)) == repr(without_texts(before))
    assert "redacted in 16 rows (connection 1, content 2, dead_letter 1, edge_fact 1, event 10, thin_event 1)" in caplog.text
    assert store.append(*line()) == [False] * 3
    changed = line()
    changed[0]["asset"]["description"] = "password=another1"
    assert store.append(*changed) == [True, False, False]
    store.close()
    caplog.clear()
    Store(old).close()
    assert "redacted in" not in caplog.text, "it runs once"


def test_an_interrupted_redaction_continues(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_redaction, "BATCH_ROWS", 4)
    batches = 0
    proceed = stored_redaction._next_batch

    def interrupted(connection: psycopg.Connection) -> bool:
        nonlocal batches
        batches += 1
        if batches == 6:
            raise KeyboardInterrupt
        return proceed(connection)

    with monkeypatch.context() as planted:
        planted.setattr(stored_redaction, "_next_batch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Store(old)
    assert SECRET in repr(rows(old))
    with psycopg.connect(old) as connection:
        ((done,),) = connection.execute("SELECT sum(changed) FROM redaction").fetchall()
        assert done > 0, "what was done is kept"
        assert redact_stored(connection) == 16
    assert SECRET not in repr(rows(old))


def test_a_restored_backup_of_an_earlier_schema_is_redacted(old: str, postgres_url: str) -> None:
    with psycopg.connect(old) as connection:
        data = b"".join(archive.backup(connection))
    target = schema_url(postgres_url)
    empty = Store(target)
    with psycopg.connect(target) as connection:
        archive.restore(connection, [data])
    assert SECRET not in repr(rows(target))
    assert empty.append(*line()) == [False] * 3, "repeats are recognised by a server that was running during the restore"
    empty.close()


def test_a_backup_carries_the_key(postgres_url: str) -> None:
    source, target = Store(schema_url(postgres_url)), Store(schema_url(postgres_url))
    assert source.append(*line()) == [True] * 3
    with psycopg.connect(source.url) as connection:
        data = b"".join(archive.backup(connection))
    with psycopg.connect(target.url) as connection:
        archive.restore(connection, [data])
    assert target.append(*line()) == [False] * 3
    assert target.query("SELECT key FROM digest_key") == source.query("SELECT key FROM digest_key")
    for store in (source, target):
        store.close()


def test_two_stores_have_different_keys_and_no_digest_reveals_a_secret(postgres_url: str) -> None:
    stores = [Store(schema_url(postgres_url)) for _ in range(2)]
    digests = []
    for store in stores:
        store.append(*line())
        digests.append({bytes(row[0]) for row in store.query("SELECT digest FROM asset_fact UNION SELECT digest FROM edge_fact")})
    assert len(digests[0] & digests[1]) == 1, "the harmless fact alone has the same digest"
    for store in stores:
        store.close()


def test_a_base_file_from_before_the_redaction_is_not_used(old: str) -> None:
    clean = Store(old)
    stamp = clean.reader.stamp(1)
    clean.close()
    with psycopg.connect(old) as connection:
        connection.execute("UPDATE redaction SET changed = 0")
    again = Store(old)
    assert again.reader.stamp(1) != stamp
    again.close()
