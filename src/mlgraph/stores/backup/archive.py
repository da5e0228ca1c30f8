"""Backup and restore of a PostgreSQL store: a consistent snapshot, in one transaction each (docs/adr/0012)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from mlgraph.domain.errors import Conflict, DamagedBackup, StartError, Unavailable
from mlgraph.domain.timestamps import format_time
from mlgraph.ports.archive import RestoreResult
from mlgraph.stores.append.writer import LOCK as APPEND_LOCK
from mlgraph.stores.backup.backup_file import PART_BYTES, Head, Packer, Unpacker
from mlgraph.stores.postgres import migrate
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.stored_redaction import redact_stored

_log = logging.getLogger(__name__)

BACKUPS_AT_ONCE: Final = 2
_NOT_COPIED: Final = frozenset({"migration", "instance"})  # they describe the store itself
_SEEDS: Final = {
    "origin": "id NOT IN (0, 30000)",
    "usage_progress": "false",
    "digest_key": "false",
    "redaction": "false",
}  # conditions that exclude the rows of migrations: a store without others is empty
_STAGING: Final = "mlgraph_restore"
_SWAP_TRIES: Final = 10


class PostgresArchive:
    """The `Archive` of PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots = threading.Semaphore(BACKUPS_AT_ONCE)

    def backup(self) -> Iterator[bytes]:
        """Yield the bytes of a backup file: a consistent snapshot of the store. Reads and writes continue meanwhile.

        Raises `Unavailable` while `BACKUPS_AT_ONCE` backups run: each has a transaction open for its duration.
        """
        if not self._slots.acquire(blocking=False):
            raise Unavailable(f"{BACKUPS_AT_ONCE} backups are running already: try again when one is done", retry_after_s=30)
        try:
            with self._database.dedicated_connection() as connection:
                yield from backup(connection)
        finally:
            self._slots.release()

    def restore(self, pieces: Iterable[bytes]) -> RestoreResult:
        """Restore a backup into this store, which must be empty, in one transaction. Raises as `restore` does."""
        with self._database.dedicated_connection() as connection:
            return restore(connection, pieces)


def backup(connection: psycopg.Connection) -> Iterator[bytes]:
    """Yield the bytes of the backup file. The store may have an older schema than this version, and is not changed.

    Raises `StartError` if there is no store.
    """
    packer = Packer()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        head = _head_of(cursor)
        yield packer.begin(head)
        for table, columns in head.tables.items():
            waiting: list[bytes] = []
            size = 0
            with cursor.copy(sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table), _names(columns))) as rows:
                for row in rows:
                    waiting.append(bytes(row))
                    size += len(row)
                    if size >= PART_BYTES:
                        yield packer.part(table, b"".join(waiting))
                        waiting, size = [], 0
            packer.record_row_count(table, cursor.rowcount)
            if waiting:
                yield packer.part(table, b"".join(waiting))
        yield packer.end()


def _head_of(cursor: psycopg.Cursor) -> Head:
    schema = migrate.schema_number(cursor)
    if schema == 0:
        raise StartError("there is nothing to back up: no mlgraph server has used this store yet")
    found = _tables(cursor)
    sequences: dict[str, int] = {}
    for table, column in _identities(cursor):
        if (last := _value(cursor, "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, %s))", table, column)) is not None:
            sequences[f"{table}.{column}"] = last
    instance = _value(cursor, "SELECT id::text FROM instance") if "instance" in found else None
    return Head(
        schema=schema,
        program=version("mlgraph"),
        postgres=_value(cursor, "SHOW server_version"),
        created_at=format_time(_value(cursor, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")),
        instance=instance,
        watermark=_value(cursor, "SELECT coalesce(max(tx), 0) FROM tx"),
        tables={table: columns for table, columns in found.items() if table not in _NOT_COPIED},
        sequences=sequences,
    )


def restore(connection: psycopg.Connection, pieces: Iterable[bytes], *, replace: bool = False) -> RestoreResult:
    """Restore a backup into the store in one transaction; with `replace`, instead of the stored content.

    The tables are built in a staging schema with the schema number of the backup, migrated to this version, redacted, and
    swapped with the live tables at the end. Until then readers see the former content; appends wait. Raises `Conflict` where the
    store is not empty, is in use, or the backup is of a newer version, `DamagedBackup` where the backup is faulty.
    """
    unpacker = Unpacker(pieces)
    head = unpacker.head
    if head.schema > migrate.newest():
        raise Conflict(
            f"the backup has schema {head.schema}, this mlgraph supports schema {migrate.newest()}: restore it with mlgraph "
            f"{head.program} or newer"
        )
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (APPEND_LOCK,))
        if cursor.fetchone() != (True,):
            raise Conflict("another process is writing to this store: stop it, or restore into an empty store")
        live = _value(cursor, "SELECT current_schema()")
        _check_empty(cursor, replace=replace)
        _stage(cursor)
        _fill(cursor, unpacker)
        migrate.migrate_to(cursor, migrate.newest())
        redact_stored(connection)
        for table in _tables(cursor):
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        instance = _value(cursor, "SELECT id::text FROM instance")
        _swap(connection, cursor, live, replace=replace)
    _log.info("the backup of %s was restored: %d transactions", head.created_at, head.watermark)
    return RestoreResult(migrate.newest(), head.schema, head.created_at, instance, head.instance, head.watermark, unpacker.rows())


def _check_empty(cursor: psycopg.Cursor, *, replace: bool) -> None:
    if replace:
        others = _value(
            cursor,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mlgraph' "
            "AND pid <> pg_backend_pid()",
        )
        if others:
            raise Conflict(
                "a server uses this store, and its graph would differ from the restored one: stop it before you replace the store"
            )
        return
    for table in _tables(cursor):
        if table not in _NOT_COPIED:
            query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {})")
            condition = sql.SQL(_SEEDS.get(table, "true"))
            cursor.execute(query.format(sql.Identifier(table), condition))
            if cursor.fetchone() == (True,):
                raise Conflict(
                    f"the store is not empty (table {table}): restore into a new store, or stop the server and use --replace "
                    "with --data or --store, which deletes the stored content"
                )


def _stage(cursor: psycopg.Cursor) -> None:
    try:
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(_STAGING)))
    except psycopg.errors.DuplicateSchema:
        raise Conflict(f"the schema {_STAGING}, which a restore creates, exists already: drop or rename it") from None
    except psycopg.errors.InsufficientPrivilege:
        info = cursor.connection.info
        raise Conflict(
            f"a restore creates the schema {_STAGING} and needs the privilege: "
            f"GRANT CREATE ON DATABASE {info.dbname} TO {info.user}"
        ) from None
    cursor.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(_STAGING)))


def _fill(cursor: psycopg.Cursor, unpacker: Unpacker) -> None:
    head = unpacker.head
    migrate.migrate_to(cursor, head.schema)
    found = _tables(cursor)
    expected = {table: set(columns) for table, columns in found.items() if table not in _NOT_COPIED}
    if expected != {table: set(columns) for table, columns in head.tables.items()}:
        raise DamagedBackup(f"the tables of the backup are not those of schema {head.schema}")
    for table in expected:
        cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))  # the backup contains the rows of migrations
    index_statements = _drop_indexes(cursor)
    for table, rows in unpacker.tables():
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(head.tables[table]))
        try:
            with cursor.copy(statement) as copy:
                for piece in rows:
                    copy.write(piece)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise DamagedBackup(f"the rows of the table {table} cannot be read: {error.diag.message_primary}") from None
        unpacker.record_row_count(table, cursor.rowcount)
    try:
        for statement_text in index_statements:
            cursor.execute(statement_text.encode())
    except psycopg.IntegrityError as error:
        raise DamagedBackup(f"rows of the backup contradict each other: {error.diag.message_primary}") from None
    identities = {f"{table}.{column}": (table, column) for table, column in _identities(cursor)}
    for name, last in head.sequences.items():
        if name not in identities:
            raise DamagedBackup(f"the sequence {name[:80]!r} of the backup is not one of schema {head.schema}")
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", (*identities[name], last))


def _drop_indexes(cursor: psycopg.Cursor) -> list[str]:
    """Drop keys and indexes, and return the statements that create them again: much faster once all rows are loaded."""
    cursor.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = current_schema()::regnamespace AND contype IN ('p', 'u') ORDER BY oid"
    )
    keys = [row for row in cursor.fetchall() if row[0] not in _NOT_COPIED]
    cursor.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indrelid::regclass::text FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace "
        "AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY i.indexrelid"
    )
    indexes = [row for row in cursor.fetchall() if row[2] not in _NOT_COPIED]
    for name, _, _ in indexes:
        cursor.execute(f"DROP INDEX {name}".encode())
    for table, name, _ in keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {text}" for table, name, text in keys] + [text for _, text, _ in indexes]


def _swap(connection: psycopg.Connection, cursor: psycopg.Cursor, live: str, *, replace: bool) -> None:
    """Swap the staged tables with the live ones, which must still be empty unless `replace`."""
    staged = list(_tables(cursor))
    cursor.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(live)))
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (migrate.LOCK,))
    live_tables = sql.SQL(", ").join(sql.Identifier(live, table) for table in _tables(cursor))
    for remaining in reversed(range(_SWAP_TRIES)):
        try:
            with connection.transaction():
                cursor.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(live_tables))
            break
        except psycopg.errors.DeadlockDetected:  # a reader has locked one table and waits for another; it ends in a moment
            if not remaining:
                raise
    _check_empty(cursor, replace=replace)
    cursor.execute(sql.SQL("DROP TABLE {}").format(live_tables))
    for table in staged:
        cursor.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(sql.Identifier(_STAGING, table), sql.Identifier(live)))
    cursor.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(_STAGING)))


def _tables(cursor: psycopg.Cursor) -> dict[str, list[str]]:
    """Return the columns of each table of mlgraph in the current schema, by table name."""
    cursor.execute(
        "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname = ANY(%s) "
        "AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' GROUP BY c.relname ORDER BY c.relname",
        (sorted(migrate.tables()),),
    )
    return dict(cursor.fetchall())


def _identities(cursor: psycopg.Cursor) -> list[tuple[str, str]]:
    """Return table and column of each identity column."""
    cursor.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) AND a.attidentity <> '' ORDER BY 1, 2",
        (sorted(migrate.tables()),),
    )
    return cursor.fetchall()


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)


def _value(cursor: psycopg.Cursor, query: LiteralString, *values: object) -> Any:  # noqa: ANN401 - the value of any column
    cursor.execute(query, values)
    row = cursor.fetchone()
    return row[0] if row else None
