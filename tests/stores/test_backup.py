"""Backup and restore of a whole store: exact, of one moment, whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from mlgraph.domain.errors import Conflict, DamagedBackup, StartError, Unavailable
from mlgraph.domain.facts import AssetFact, Contact
from mlgraph.ports.connections import Connection
from mlgraph.ports.letters import Letter
from mlgraph.ports.store import Item
from mlgraph.stores import backup_file, migrate
from mlgraph.stores.backup import PostgresArchive, backup, restore
from mlgraph.stores.connections import PostgresConnections
from mlgraph.stores.embedded import EmbeddedPostgres
from tests.services.parts import TESTER, Store, schema_url
from tests.stores.test_store import PERSON, asset, edge

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("backup") / "data") as server:
        yield server.url


@pytest.fixture
def new(postgres_url: str) -> Iterator[Callable[[], Store]]:
    opened: list[Store] = []

    def make() -> Store:
        opened.append(Store(schema_url(postgres_url)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def full(new: Callable[[], Store]) -> Store:
    """A store with something in every table."""
    store = new()
    store.append(asset("a", name="tab\t, line\n, \\N and \\."), edge("a", "b", properties={"x": [1, None, "ü"]}), event="e1")
    store.append(
        {"retract": {"uri": "mlg://dataset/n/b", "valid_to": "2026-02-01T00:00:00Z"}}, edge("b", "c", None, origin="dbt")
    )
    store.writer.append([Item([AssetFact(PERSON, "facts", 1, {})], [Contact(PERSON, "Ann Example", None)])], TESTER)
    letters = [Letter("openlineage", "tester", None, None, json.dumps({"n": n}), "it failed") for n in range(3)]
    numbers = [store.letters.add(letter) for letter in letters]
    store.letters.replayed(numbers[1], 2)
    PostgresConnections(store.database).save(Connection("prod", "mlflow", "http://mlflow:5000", "signs"))
    return store


def contents(store: Store) -> dict[str, list[str]]:
    """Every row of every table that is copied."""
    found = {}
    with store.database.connection() as connection, connection.cursor() as cursor:
        for table in sorted(migrate.tables() - {"migration", "instance"}):
            cursor.execute(sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(table)))
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


def shape(store: Store) -> list[tuple[object, ...]]:
    """Columns, keys and indexes of a schema, without the schema's name."""
    return store.query(
        "SELECT table_name, column_name, data_type, is_nullable, is_identity FROM information_schema.columns "
        "WHERE table_schema = current_schema() UNION ALL "
        "SELECT tablename, indexname, replace(indexdef, schemaname || '.', ''), '', '' FROM pg_indexes "
        "WHERE schemaname = current_schema() UNION ALL "
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint "
        "WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2, 3"
    )


def taken(store: Store) -> bytes:
    return b"".join(PostgresArchive(store.database).backup())


def members(archive: bytes) -> Members:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]


def packed(parts: Members) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return target.getvalue()


def signed(parts: Members) -> bytes:
    """Parts whose end agrees with them: what a change that knows the format would make."""
    end = json.loads(parts["end.json"])
    for table, said in end["tables"].items():
        rows = b"".join(content for name, content in parts.items() if name.startswith(f"{table}/"))
        said |= {"rows": rows.count(b"\n"), "sha256": hashlib.sha256(rows).hexdigest()}
    end["head_sha256"] = hashlib.sha256(parts["mlgraph-backup.json"]).hexdigest()
    return packed(parts | {"end.json": json.dumps(end).encode()})


def pieces(archive: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(archive), size):
        yield archive[start : start + size]


def test_a_restored_store_is_the_same_and_another_one(
    full: Store, new: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlgraph.stores.backup.PART_BYTES", 100)  # several parts for each table
    archive, other = taken(full), new()
    empty = other.query("SELECT id::text FROM instance")[0][0]
    done = PostgresArchive(other.database).restore(pieces(archive))
    before = contents(full)
    assert contents(other) == before
    assert all(before.values()), "every table is worth comparing"
    assert shape(other) == shape(full)
    assert (done.schema, done.from_schema, done.watermark) == (migrate.newest(), migrate.newest(), 3)
    assert done.rows == {table: len(rows) for table, rows in before.items()}
    assert done.from_instance == full.query("SELECT id::text FROM instance")[0][0]
    assert [(done.instance,)] == other.query("SELECT id::text FROM instance")
    assert len({done.instance, done.from_instance, empty}) == 3
    assert "mlgraph_restore" not in str(other.query("SELECT nspname FROM pg_namespace"))
    assert taken(other)[:10] == archive[:10]


def test_life_goes_on_after_a_restore(full: Store, new: Callable[[], Store]) -> None:
    other = new()
    PostgresArchive(other.database).restore([taken(full)])
    assert other.append(asset("a", name="tab\t, line\n, \\N and \\.")) == [False]
    assert other.append(asset("new")) == [True]
    assert other.reader.last_tx() == 4
    waiting = other.letters.listing(10, None)["dead_letters"]
    assert other.letters.add(Letter("openlineage", "tester", None, None, "{}", "again")) > max(each["id"] for each in waiting)


def test_the_file_can_be_read_with_tar_and_psql(full: Store) -> None:
    found = members(taken(full))
    head = json.loads(found["mlgraph-backup.json"])
    assert next(iter(found)) == "mlgraph-backup.json"
    assert list(found)[-1] == "end.json"
    assert head["format"] == 1
    assert head["watermark"] == 3
    assert set(head["tables"]) == migrate.tables() - {"migration", "instance"}
    lines = found["asset/000001.copy"].decode().splitlines()
    uri = head["tables"]["asset"].index("uri")
    assert {line.split("\t")[uri] for line in lines} >= {"mlg://dataset/n/a", str(PERSON)}


def test_a_backup_is_of_one_moment(new: Callable[[], Store]) -> None:
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
        archives.append((before, taken(store), len(written)))
    stopping.set()
    writer.join()
    before, archive, after = archives[-1]
    assert after > archives[0][0], "somebody wrote meanwhile"
    done = PostgresArchive(other.database).restore([archive])
    assert before + 1 <= done.watermark <= after + 2
    numbers = [other.query(f"SELECT count(*) FROM {table}")[0][0] for table in ("tx", "asset_fact", "edge_fact")]  # noqa: S608
    assert numbers[0] == done.watermark
    assert numbers[1] == done.watermark - 1
    assert numbers[2] == done.watermark - 1 + 2_000
    later = "SELECT count(*) FROM edge_fact f LEFT JOIN asset a ON a.id = f.target_id WHERE a.id IS NULL OR f.tx > a.first_tx + 1"
    assert other.query(later) == [(0,)]


def test_a_store_that_holds_something_is_refused_and_unchanged(full: Store, new: Callable[[], Store]) -> None:
    archive = taken(new())
    said = contents(full)
    with pytest.raises(Conflict, match="not empty"):
        PostgresArchive(full.database).restore([archive])
    assert contents(full) == said
    holding = new()
    holding.letters.add(Letter("openlineage", "tester", None, None, "{}", "it failed"))
    with pytest.raises(Conflict, match="dead_letter"):
        PostgresArchive(holding.database).restore([archive])


def test_what_arrives_during_a_restore_is_not_lost(full: Store, new: Callable[[], Store]) -> None:
    archive, other = taken(full), new()

    def arriving() -> Iterator[bytes]:
        yield archive[:-200]
        other.letters.add(Letter("openlineage", "tester", None, None, "{}", "it failed"))
        yield archive[-200:]

    with pytest.raises(Conflict, match="not empty"):
        PostgresArchive(other.database).restore(arriving())
    assert other.letters.listing(10, None)["total"] == 1
    assert other.reader.last_tx() == 0


def test_readers_see_nothing_or_everything(full: Store, new: Callable[[], Store]) -> None:
    """While tables change places, whoever reads gets the empty store, the restored one, or is asked to try again."""
    archive, other = taken(full), new()
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
            except Exception as error:  # noqa: BLE001 - any other is the failure that is looked for
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


def test_two_restores_at_once_are_one(full: Store, new: Callable[[], Store]) -> None:
    archive, other = taken(full), new()

    def arriving() -> Iterator[bytes]:
        yield archive[:-200]
        with pytest.raises(Conflict, match="is being written"):
            PostgresArchive(other.database).restore([archive])
        yield archive[-200:]

    assert PostgresArchive(other.database).restore(arriving()).watermark == 3


def test_a_user_who_may_not_make_a_schema_is_told_what_to_grant(full: Store, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE ROLE tenant LOGIN")
        connection.execute("CREATE SCHEMA tenants AUTHORIZATION tenant")
    url = postgres_url.replace("//mlgraph@", "//tenant@") + "&options=-csearch_path%3Dtenants"
    other = Store(url)
    with pytest.raises(Conflict, match="GRANT CREATE ON DATABASE mlgraph TO tenant"):
        PostgresArchive(other.database).restore([taken(full)])
    with psycopg.connect(postgres_url) as connection:
        connection.execute("GRANT CREATE ON DATABASE mlgraph TO tenant")
    PostgresArchive(other.database).restore([taken(full)])
    assert contents(other) == contents(full)
    other.close()


def test_replacing_takes_the_place_of_what_was_there(full: Store, new: Callable[[], Store]) -> None:
    archive, other = taken(full), new()
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


def changed(parts: Members, name: str, old: bytes, new: bytes) -> Members:
    assert old in parts[name]
    return parts | {name: parts[name].replace(old, new)}


def without(parts: Members, name: str) -> Members:
    return {each: content for each, content in parts.items() if each != name}


HEAD, TX, ASSETS = "mlgraph-backup.json", "tx/000001.copy", "asset/000001.copy"
FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "no gzip": lambda _: b"PGDMP something else",
    "no tar": lambda _: gzip.compress(b"hello" * 1000),
    "another tar": lambda _: packed({"notes.txt": b"hello"}),
    "cut": lambda whole: whole[: len(whole) // 2],
    "cut by a byte": lambda whole: whole[:-1],
    "a bit flipped": lambda whole: whole[:-300] + bytes([whole[-300] ^ 1]) + whole[-299:],
    "more behind it": lambda whole: whole + gzip.compress(b"more"),
    "no end": lambda whole: packed(without(members(whole), "end.json")),
    "a table missing": lambda whole: packed(without(members(whole), TX)),
    "a row changed": lambda whole: packed(changed(members(whole), ASSETS, b"mlg://dataset/n/a\t", b"mlg://dataset/n/x\t")),
    "a row missing": lambda whole: packed(changed(members(whole), TX, members(whole)[TX], b"")),
    "the head changed": lambda whole: packed(changed(members(whole), HEAD, b'"watermark": 3', b'"watermark": 4')),
    "no head": lambda whole: packed(changed(members(whole), HEAD, b"{", b"[")),
    "a row that is none": lambda whole: signed(changed(members(whole), TX, b"\t", b",")),
    "a number that is none": lambda whole: signed(changed(members(whole), TX, b"1\t", b"one\t")),
    "twice the same row": lambda whole: signed(
        members(whole) | {TX: members(whole)[TX] + members(whole)[TX]}
    ),
    "a table that nobody knows": lambda whole: signed(changed(members(whole), HEAD, b'"tx"', b'"pg_authid"')),
    "a sequence that nobody knows": lambda whole: signed(changed(members(whole), HEAD, b"letter.id", b"letter.x")),
    "a part too many": lambda whole: signed(
        {("tx/000003.copy" if name == TX else name): content for name, content in members(whole).items()}
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_whole_backup_changes_nothing(fault: str, full: Store, new: Callable[[], Store]) -> None:
    other = new()
    before = (contents(other), shape(other), other.query("SELECT id FROM instance"))
    with pytest.raises(DamagedBackup):
        PostgresArchive(other.database).restore(pieces(FAULTS[fault](taken(full))))
    assert (contents(other), shape(other), other.query("SELECT id FROM instance")) == before
    PostgresArchive(other.database).restore([signed(members(taken(full)))])  # the one that is whole goes in
    assert contents(other) == contents(full)


def test_a_backup_of_a_newer_version_is_refused(full: Store, new: Callable[[], Store]) -> None:
    parts = members(taken(full))
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


def test_where_no_store_is_there_is_nothing_to_back_up(postgres_url: str) -> None:
    with psycopg.connect(schema_url(postgres_url)) as connection, pytest.raises(StartError, match="nothing to back up"):
        list(backup(connection))


def test_every_table_of_the_schema_is_known(new: Callable[[], Store]) -> None:
    found = {row[0] for row in new().query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")}
    assert found == migrate.tables()


def test_a_store_says_which_one_it_is(new: Callable[[], Store]) -> None:
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
        unpacker.counted(table, 40)
    assert seen == 40 * backup_file.PART_BYTES


def _many_parts(number: int) -> Iterator[bytes]:
    packer = backup_file.Packer()
    yield packer.begin(backup_file.Head(1, "0", "18", "now", None, 0, {"tx": ["tx"]}, {}))
    for _ in range(number):
        yield packer.part("tx", bytes(backup_file.PART_BYTES))
    packer.ended("tx", number)
    yield packer.end()
