"""Forwarding of PostgreSQL's log: events are logged, stored data is not."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import psycopg
import pytest

from mlgraph.stores.embedded import postgres_log
from mlgraph.stores.embedded.server import EmbeddedPostgres


def test_events_of_a_real_server_are_logged_without_data(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "postgres")
    with EmbeddedPostgres(data_dir) as server, postgres_log.following(server.log_file):
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE person (name text UNIQUE)")
            connection.execute("INSERT INTO person VALUES ('Ann Example')")
            for statement in ("INSERT INTO person VALUES ('Ann Example')", "SELECT 'Ann Example'::integer"):
                with pytest.raises(psycopg.Error):
                    connection.execute(statement.encode())
            with pytest.raises(psycopg.Error):
                connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        until = time.monotonic() + 60
        while len(caplog.records) < 3:
            assert time.monotonic() < until
            time.sleep(0.05)
    logged = [(each.levelno, each.getMessage()) for each in caplog.records if each.name == "postgres"]
    assert (logging.WARNING, 'duplicate key value violates unique constraint "person_name_key"') in logged
    assert (logging.WARNING, 'invalid input syntax for type integer: "..." at character 8') in logged
    assert (logging.ERROR, "terminating connection due to administrator command") in logged
    assert "Ann" in server.log_file.read_text()
    assert "Ann" not in caplog.text


def test_a_line_that_comes_in_pieces_is_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "postgres")
    file = tmp_path / "postgres.log"
    begin = "2026-11-01 10:00:00.000 UTC [7] "
    file.write_text(begin + "LOG:  before\n")
    with postgres_log.following(file), file.open("a") as more:
        more.write(begin + "LOG:  data")
        more.flush()
        time.sleep(0.7)
        more.write(
            "base system is ready\n\tDETAIL of nothing\n" + begin + "DETAIL:  Key (name)=(Ann)\n" + begin + "PANIC:  end\n"
        )
    assert [(each.levelno, each.getMessage()) for each in caplog.records] == [
        (logging.INFO, "database system is ready"),
        (logging.CRITICAL, "end"),
    ]
