"""Backup and restore of a store: exact, a consistent snapshot, in one transaction."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from mlgraph.domain.errors import Conflict, StartError, Unavailable
from mlgraph.ports.dead_letters import DeadLetterEntry
from mlgraph.stores.backup import backup_file
from mlgraph.stores.backup.archive import BACKUPS_AT_ONCE, PostgresArchive, backup, restore
from mlgraph.stores.postgres import migrate
from tests.services.parts import Store, schema_url
from tests.stores.archives import backup_of, changed, contents, members, pieces, shape, signed
from tests.stores.test_store import PERSON, asset, edge


def test_a_restored_store_is_the_same_and_another_one(
    full: Store, new: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlgraph.stores.backup.archive.PART_BYTES", 100)  # several parts for each table
    archive, other = backup_of(full), new()
    empty = other.query("SELECT id::text FROM instance")[0][0]
    done = PostgresArchive(other.database).restore(pieces(archive))
    before = contents(full)
    assert contents(other) == before
    assert all(before.values()), "every table has rows to compare"
    assert shape(other) == shape(full)
    assert (done.schema, done.from_schema, done.watermark) == (migrate.newest(), migrate.newest(), 3)
    assert done.rows == {table: len(rows) for table, rows in before.items()}
    assert done.from_instance == full.query("SELECT id::text FROM instance")[0][0]
    assert [(done.instance,)] == other.query("SELECT id::text FROM instance")
    assert len({done.instance, done.from_instance, empty}) == 3
    assert "mlgraph_restore" not in str(other.query("SELECT nspname FROM pg_namespace"))
    assert backup_of(other)[:10] == archive[:10]


def test_writes_and_queries_continue_after_a_restore(full: Store, new: Callable[[], Store]) -> None:
    other = new()
    PostgresArchive(other.database).restore([backup_of(full)])
    assert other.append(asset("a", name="tab\t, line\n, \\N and \\.", owners=[str(PERSON)])) == [False]
    assert other.append(asset("new")) == [True]
    assert other.reader.last_tx() == 4
    waiting = other.dead_letters.listing(10, None)["dead_letters"]
    assert other.dead_letters.add(DeadLetterEntry("openlineage", "tester", None, None, "{}", "again")) > max(
        each["id"] for each in waiting
    )


def test_the_file_can_be_read_with_tar_and_psql(full: Store) -> None:
    found = members(backup_of(full))
    head = json.loads(found["mlgraph-backup.json"])
    assert next(iter(found)) == "mlgraph-backup.json"
    assert list(found)[-1] == "end.json"
    assert head["format"] == 1
    assert head["watermark"] == 3
    assert set(head["tables"]) == migrate.tables() - {"migration", "instance"}
    lines = found["asset/000001.copy"].decode().splitlines()
    uri = head["tables"]["asset"].index("uri")
    assert {line.split("\t")[uri] for line in lines} >= {"mlg://dataset/n/a", str(PERSON)}


def test_a_backup_is_a_consistent_snapshot(new: Callable[[], Store]) -> None:
    store, other = new(), new()
    store.append(*(edge(f"a{number}", f"b{number}") for number in range(2_000)))
    stopping = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stopping.is_set():
            number = len(written)
            store.append(asset(f"w{number}"), edge(f"w{number}", f"w{number + 1}"))
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    archives: list[tuple[int, bytes, int]] = []
    while len(archives) < 3:
        before = len(written)
        archives.append((before, backup_of(store), len(written)))
    stopping.set()
    writer.join()
    before, archive, after = archives[-1]
    assert after > archives[0][0], "facts were written meanwhile"
    done = PostgresArchive(other.database).restore([archive])
    assert before + 1 <= done.watermark <= after + 2
    numbers = [other.query(f"SELECT count(*) FROM {table}")[0][0] for table in ("tx", "asset_fact", "edge_fact")]  # noqa: S608
    assert numbers[0] == done.watermark
    assert numbers[1] == done.watermark - 1
    assert numbers[2] == done.watermark - 1 + 2_000
    later = "SELECT count(*) FROM edge_fact f LEFT JOIN asset a ON a.id = f.target_id WHERE a.id IS NULL OR f.tx > a.first_tx + 1"
    assert other.query(later) == [(0,)]


def test_a_restore_into_a_store_with_content_is_refused_and_changes_nothing(full: Store, new: Callable[[], Store]) -> None:
    archive = backup_of(new())
    before = contents(full)
    with pytest.raises(Conflict, match="not empty"):
        PostgresArchive(full.database).restore([archive])
    assert contents(full) == before
    occupied = new()
    occupied.dead_letters.add(DeadLetterEntry("openlineage", "tester", None, None, "{}", "it failed"))
    with pytest.raises(Conflict, match="dead_letter"):
        PostgresArchive(occupied.database).restore([archive])


def test_a_dead_letter_that_arrives_during_a_restore_is_not_lost(full: Store, new: Callable[[], Store]) -> None:
    archive, other = backup_of(full), new()

    def arriving() -> Iterator[bytes]:
        yield archive[:-200]
        other.dead_letters.add(DeadLetterEntry("openlineage", "tester", None, None, "{}", "it failed"))
        yield archive[-200:]

    with pytest.raises(Conflict, match="not empty"):
        PostgresArchive(other.database).restore(arriving())
    assert other.dead_letters.listing(10, None)["total"] == 1
    assert other.reader.last_tx() == 0


def test_readers_see_nothing_or_everything(full: Store, new: Callable[[], Store]) -> None:
    """During the swap of the tables a reader gets the empty store, the restored one, or `Unavailable`."""
    archive, other = backup_of(full), new()
    stopping = threading.Event()
    seen: set[tuple[int, int, int]] = set()
    faults: list[Exception] = []

    def read() -> None:
        while not stopping.is_set():
            try:
                changes = other.reader.changes(0, 100)
                seen.add((changes.upto, len(changes.assets), len(list(other.reader.stream()))))
            except Unavailable:
                continue
            except Exception as error:  # noqa: BLE001 - every other error is a failure of the test
                faults.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    PostgresArchive(other.database).restore(pieces(archive))
    while (3, 4, 4) not in seen and not faults:
        time.sleep(0.01)
    stopping.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert seen <= {(0, 0, 0), (0, 0, 4), (3, 4, 4)}


def test_simultaneous_backups_are_limited_and_do_not_use_the_pool(full: Store) -> None:
    archive = PostgresArchive(full.database)
    running = [archive.backup() for _ in range(BACKUPS_AT_ONCE)]
    for each in running:
        next(each)
    with pytest.raises(Unavailable, match="already"):
        next(archive.backup())
    assert full.database.statistics().size == full.database.statistics().idle
    running[0].close()  # type: ignore[attr-defined]  # a client that disconnects closes the generator
    assert len(list(archive.backup())) > 1
    assert len(list(running[1])) > 1
    open_transactions = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    assert full.query(open_transactions) == [(0,)]


def test_the_second_of_two_simultaneous_restores_is_refused(full: Store, new: Callable[[], Store]) -> None:
    archive, other = backup_of(full), new()

    def arriving() -> Iterator[bytes]:
        yield archive[:-200]
        with pytest.raises(Conflict, match="another process is writing"):
            PostgresArchive(other.database).restore([archive])
        yield archive[-200:]

    assert PostgresArchive(other.database).restore(arriving()).watermark == 3


def test_a_user_who_may_not_create_a_schema_gets_the_grant_to_run(full: Store, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE ROLE tenant LOGIN")
        connection.execute("CREATE SCHEMA tenants AUTHORIZATION tenant")
    url = postgres_url.replace("//mlgraph@", "//tenant@") + "&options=-csearch_path%3Dtenants"
    other = Store(url)
    with pytest.raises(Conflict, match="GRANT CREATE ON DATABASE mlgraph TO tenant"):
        PostgresArchive(other.database).restore([backup_of(full)])
    with psycopg.connect(postgres_url) as connection:
        connection.execute("GRANT CREATE ON DATABASE mlgraph TO tenant")
    PostgresArchive(other.database).restore([backup_of(full)])
    assert contents(other) == contents(full)
    other.close()


def test_a_restore_with_replace_deletes_the_former_content(full: Store, new: Callable[[], Store]) -> None:
    archive, other = backup_of(full), new()
    other.append(asset("old"))
    with psycopg.connect(other.url) as connection, pytest.raises(Conflict, match="a server uses this store"):
        restore(connection, [archive], replace=True)
    other.close()
    with psycopg.connect(full.url) as connection:
        pids = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mlgraph'"
        connection.execute(pids.encode())
    with psycopg.connect(other.url) as connection:
        restore(connection, [archive], replace=True)
    again = Store(other.url)
    assert again.reader.ids(["mlg://dataset/n/old"]) == {}
    assert again.reader.last_tx() == 3
    again.close()


def test_a_backup_of_a_newer_version_is_refused(full: Store, new: Callable[[], Store]) -> None:
    parts = members(backup_of(full))
    schema = f'"schema": {migrate.newest()}'.encode()
    newer = signed(changed(parts, "mlgraph-backup.json", schema, b'"schema": 999'))
    with pytest.raises(Conflict, match="schema 999"):
        PostgresArchive(new().database).restore([newer])
    later = signed(changed(parts, "mlgraph-backup.json", b'"format": 1', b'"format": 2'))
    with pytest.raises(Conflict, match="format 2"):
        PostgresArchive(new().database).restore([later])


def test_a_backup_of_an_older_schema_is_migrated(postgres_url: str, new: Callable[[], Store]) -> None:
    url = schema_url(postgres_url)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        migrate.migrate_to(cursor, 1)
        cursor.execute("INSERT INTO tx (tx, recorded_at, last_at, actor) VALUES (1, 5, 0, 'old')")
    with psycopg.connect(url) as connection:
        archive = b"".join(backup(connection))
        assert migrate.schema_number(connection.cursor()) == 1  # a backup changes nothing
    other = new()
    done = PostgresArchive(other.database).restore([archive])
    assert (done.from_schema, done.from_instance, done.schema) == (1, None, migrate.newest())
    assert other.query("SELECT actor FROM tx") == [("old",)]
    assert other.query("SELECT max(number) FROM migration") == [(migrate.newest(),)]
    assert shape(other) == shape(new())


def test_a_backup_without_a_store_is_refused(postgres_url: str) -> None:
    with psycopg.connect(schema_url(postgres_url)) as connection, pytest.raises(StartError, match="nothing to back up"):
        list(backup(connection))


def test_every_table_of_the_schema_is_known(new: Callable[[], Store]) -> None:
    found = {row[0] for row in new().query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")}
    assert found == migrate.tables()


def test_a_store_has_an_identity(new: Callable[[], Store]) -> None:
    first, second = (new().query("SELECT id::text FROM instance") for _ in range(2))
    assert len(first) == len(second) == 1
    assert first != second


def test_memory_is_bounded_by_a_part() -> None:
    unpacker = backup_file.Unpacker(_many_parts(40))
    seen = 0
    for table, rows in unpacker.tables():
        for piece in rows:
            assert len(piece) <= 1024 * 1024
            seen += len(piece)
        unpacker.record_row_count(table, 40)
    assert seen == 40 * backup_file.PART_BYTES


def _many_parts(number: int) -> Iterator[bytes]:
    packer = backup_file.Packer()
    yield packer.begin(backup_file.Head(1, "0", "18", "now", None, 0, {"tx": ["tx"]}, {}))
    for _ in range(number):
        yield packer.part("tx", bytes(backup_file.PART_BYTES))
    packer.record_row_count("tx", number)
    yield packer.end()
