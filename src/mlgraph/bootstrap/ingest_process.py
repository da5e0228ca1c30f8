"""A process that interprets and stores the events of a long stream, while the first process answers and follows the log.

Interpreting and storing an event takes as long as updating the graph with it, and both need the interpreter, which one thread
of a process uses at a time. The process exists as long as its stream, so that its memory is free afterwards.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, Final

from mlgraph.bootstrap import child_process
from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.bootstrap.http import limit_malloc_arenas, tune_interpreter
from mlgraph.bootstrap.options import Options
from mlgraph.domain.errors import MlgraphError, Unavailable
from mlgraph.services.common.identity import Caller
from mlgraph.services.common.registries import ModelRegistries
from mlgraph.services.ingest.intake import Intake, IntakeStores
from mlgraph.stores.append.writer import PostgresWriter
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.dead_letters import PostgresDeadLetters
from mlgraph.stores.postgres.event_warnings import PostgresEventWarnings

_log = logging.getLogger(__name__)

_SENT_BYTES: Final = 1024 * 1024
"""Bytes of lines in one message to the process; the sender waits while the process is busy with the previous ones."""
_CONNECTIONS: Final = 2
_END_S: Final = 10.0


class IngestProcess:
    """Hands streams of events to a process of their own, one stream at a time. Thread-safe."""

    def __init__(self, database: Database, options: Options) -> None:
        """Store into `database`; log as `options` say."""
        self._database = database
        self._options = replace(options, before_ready=None, after_ready=None)
        self._context = multiprocessing.get_context("spawn")
        self._busy = threading.Lock()

    def ingest_lines(self, form: str, lines: Iterable[bytes], caller: Caller) -> dict[str, Any] | None:
        """Return what `Intake.ingest_lines` returns, in the process; None, before it reads a line, while that has another stream.

        Raises `Unavailable` if the process ends early, or cannot store; also the errors of `lines`.
        """
        if not self._busy.acquire(blocking=False):
            return None
        try:
            return self._ingest_lines(form, lines, caller)
        finally:
            self._busy.release()

    def _ingest_lines(self, form: str, lines: Iterable[bytes], caller: Caller) -> dict[str, Any]:
        # Two pipes: an outcome can be read even if the process did not read all lines.
        received_lines, sent_lines = self._context.Pipe(duplex=False)
        received_outcome, sent_outcome = self._context.Pipe(duplex=False)
        arguments = (self._database.url, self._options, form, caller, received_lines, sent_outcome)
        process = self._context.Process(target=_run, args=arguments, name="mlgraph-ingest", daemon=True)
        with received_lines, sent_outcome:
            process.start()
        try:
            with sent_lines, suppress(BrokenPipeError):
                for batch in _batches(lines):
                    self._database.check_writable()
                    sent_lines.send(batch)
                sent_lines.send(None)
            outcome = received_outcome.recv()
        except EOFError:
            raise Unavailable(
                "the process that stores the stream ended, and it is not known how much of it is stored: send it again"
            ) from None
        finally:
            received_outcome.close()
            process.join(_END_S)
            if process.is_alive():
                process.kill()
        if isinstance(outcome, MlgraphError):
            raise outcome
        result: dict[str, Any] = outcome
        return result


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line) + 1
        if size >= _SENT_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def _run(url: str, options: Options, form: str, caller: Caller, lines: Connection, sent_outcome: Connection) -> None:
    """Ingest one stream, from which the parent process sends lines, and send the outcome."""
    child_process.begin(options)
    limit_malloc_arenas()
    tune_interpreter()
    database = Database(url, size=_CONNECTIONS, query_connections=1)
    try:
        database.open()
        stores = IntakeStores(PostgresWriter(database), PostgresDeadLetters(database), PostgresEventWarnings(database))
        connectors = installed_connectors()
        registries = ModelRegistries(PostgresConnections(database), connectors)
        intake = Intake(stores, lambda: None, _rehydrate, connectors, registries=registries)
        outcome: dict[str, Any] | MlgraphError = intake.ingest_lines(form, _received(lines), caller)
    except EOFError:  # the sender failed, and reports that itself
        return
    except MlgraphError as error:
        outcome = error
    except Exception:  # noqa: BLE001 - the sender reports that the process has ended
        _log.exception("a stream of events could not be ingested")
        return
    finally:
        lines.close()
        database.close()
    sent_outcome.send(outcome)


def _received(lines: Connection) -> Iterator[bytes]:
    """Yield the lines that the parent process sends. Raises `EOFError` if it stops before the end of the stream."""
    while (batch := lines.recv()) is not None:
        yield from batch


def _rehydrate(source: str, event: Mapping[str, Any]) -> int:
    raise AssertionError(f"an event of a stream is not fetched from {source}: {event}")
