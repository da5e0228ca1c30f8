"""Reading, modifying and packing backup files."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator

from psycopg import sql

from mlgraph.stores.backup.archive import PostgresArchive
from mlgraph.stores.postgres import migrate
from tests.services.parts import Store

Members = dict[str, bytes]


def contents(store: Store) -> dict[str, list[str]]:
    """Return every row of every table of a backup, as text."""
    found = {}
    with store.database.connection() as connection, connection.cursor() as cursor:
        for table in sorted(migrate.tables() - {"migration", "instance"}):
            cursor.execute(sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(table)))
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


def shape(store: Store) -> list[tuple[object, ...]]:
    """Return columns, keys and indexes of the schema, without its name."""
    return store.query(
        "SELECT table_name, column_name, data_type, is_nullable, is_identity FROM information_schema.columns "
        "WHERE table_schema = current_schema() UNION ALL "
        "SELECT tablename, indexname, replace(indexdef, schemaname || '.', ''), '', '' FROM pg_indexes "
        "WHERE schemaname = current_schema() UNION ALL "
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '' FROM pg_constraint "
        "WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2, 3"
    )


def backup_of(store: Store) -> bytes:
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
    """Pack parts with an `end.json` that matches them, as a forger who knows the format would."""
    end = json.loads(parts["end.json"])
    for table, message in end["tables"].items():
        rows = b"".join(content for name, content in parts.items() if name.startswith(f"{table}/"))
        message |= {"rows": rows.count(b"\n"), "sha256": hashlib.sha256(rows).hexdigest()}
    end["head_sha256"] = hashlib.sha256(parts["mlgraph-backup.json"]).hexdigest()
    return packed(parts | {"end.json": json.dumps(end).encode()})


def pieces(archive: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(archive), size):
        yield archive[start : start + size]


def changed(parts: Members, name: str, old: bytes, new: bytes) -> Members:
    assert old in parts[name]
    return parts | {name: parts[name].replace(old, new)}


def without(parts: Members, name: str) -> Members:
    return {each: content for each, content in parts.items() if each != name}
