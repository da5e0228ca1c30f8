"""Helpers of the tests of the embedded PostgreSQL: servers in separate processes, and one table."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg

from mlgraph.stores.embedded import postgres_process
from mlgraph.stores.embedded.postgres_account import Account, server_account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 180

# Starts a server, commits a row, prints the pid of the server, and waits for the end of its standard input.
SERVING = """
import sys
from pathlib import Path
import psycopg
from mlgraph.stores.embedded.server import EmbeddedPostgres

with EmbeddedPostgres(Path(sys.argv[1])) as server:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES ('from ' || %s)", [sys.argv[2]])
    print(server.pid, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def serving(data_dir: Path, row: str, account: Account | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run `SERVING` in a process; the first line of its output is the server's pid."""
    command: list[str] = [sys.executable, "-c", SERVING, str(data_dir), row]
    if account is not None:
        command = postgres_process.command_line(account, command)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def first_line(child: subprocess.Popen[str]) -> int:
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line, f"the server did not start (status {child.wait()})"
    return int(line)


def write(url: str, text: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [text])


def notes(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [str(row[0]) for row in connection.execute("SELECT text FROM note ORDER BY text")]


def account_of(data_dir: Path) -> Account:
    return server_account(data_dir, data_dir / "postgres", postgres_process.program_directory())
