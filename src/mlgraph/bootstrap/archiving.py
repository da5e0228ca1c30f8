"""Backup and restore of a store that nobody serves: a data directory, or an external PostgreSQL."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from mlgraph.domain.errors import StartError
from mlgraph.services.server.archives import restored_body
from mlgraph.stores.backup import archive as store_backup
from mlgraph.stores.embedded.server import EmbeddedPostgres
from mlgraph.stores.postgres.migrate import migrate


def backup(data: Path, store: str | None) -> Iterator[bytes]:
    """Yield a backup of the store at the URL `store`, else of the one below `data`, which is left as it is.

    Raises `StartError` where there is no store, or a server holds it.
    """
    if store is None and not (data / "postgres").is_dir():
        raise StartError(f"{data} holds no store: name the directory that `mlgraph up --data` has served")
    with _connected(data, store) as connection:
        yield from store_backup.backup(connection)


def restore(data: Path, store: str | None, pieces: Iterable[bytes], *, replace: bool) -> dict[str, Any]:
    """Put a backup into the store at the URL `store`, else into the one below `data`, and say what was restored.

    The store is made where there is none; one that is not empty is refused, unless `replace` says to delete what is in it.
    Raises `StartError`, `Conflict`, `DamagedBackup`.
    """
    with _connected(data, store) as connection:
        migrate(connection)
        return restored_body(store_backup.restore(connection, pieces, replace=replace))


@contextmanager
def _connected(data: Path, store: str | None) -> Generator[psycopg.Connection]:
    if store is None:
        with EmbeddedPostgres(data) as postgres, psycopg.connect(postgres.url) as connection:
            yield connection
        return
    try:
        connection = psycopg.connect(store, connect_timeout=10)
    except psycopg.Error as error:
        raise StartError(f"the store cannot be reached: {str(error).strip()}") from None
    with connection:
        yield connection
