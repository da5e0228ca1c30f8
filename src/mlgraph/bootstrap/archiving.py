"""Backup and restore of a store without a running server: a data directory, or an external PostgreSQL."""

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
    """Yield a backup of the store at the URL `store`, else of the one in the directory `data`. The store does not change.

    Raises `StartError` where there is no store, or a server has it open.
    """
    if store is None and not (data / "postgres").is_dir():
        raise StartError(f"{data} contains no store: pass the directory that `mlgraph up --data` used")
    with _connected(data, store) as connection:
        yield from store_backup.backup(connection)


def restore(data: Path, store: str | None, pieces: Iterable[bytes], *, replace: bool) -> dict[str, Any]:
    """Restore a backup into the store at the URL `store`, else into the one in the directory `data`; return the counts.

    A missing store is created. A store that is not empty is refused, unless `replace` allows deleting its content.
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
        raise StartError(f"the store is not reachable: {str(error).strip()}") from None
    with connection:
        yield connection
