"""Upload of files to the server, with a progress bar for uploads that take over a second."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import typer

from mlgraph.cli import output
from mlgraph.cli.json_documents import RecordPositions, records

if TYPE_CHECKING:
    from rich.progress import Progress

    from mlgraph.client import Client
    from mlgraph.client.answer_shapes import ingest_shapes

PIECE_BYTES: Final = 256 * 1024
BATCH_BYTES: Final = 8 * 1024 * 1024
BATCH_EVENTS: Final = 1000
MAX_WARNINGS: Final = 1000
"""Warnings that the sum of several answers lists, as one answer does."""
SHOW_AFTER_S: Final = 1.0
OWN_FORMATS: Final = ("facts", "cloudevents")
"""The formats of mlgraph itself; every other format is the name of a connector."""
_STDIN: Final = "-"


class Upload:
    """All files of one command as one stream of records; `places` has the file and line of each."""

    def __init__(self, files: list[str]) -> None:
        """Check that every file can be read, before anything is sent. Raises `typer.BadParameter`."""
        for file in files:
            if file == _STDIN:
                continue
            try:
                with Path(file).open("rb"):
                    pass
            except OSError as error:
                raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from None
        self._files = files
        self.places = RecordPositions()

    def send(self, server: Client, form: str) -> tuple[bytes, ingest_shapes.IngestedEvents]:
        """Send all records in the format `form`; return the HTTP body and its value. Facts have no warnings."""
        with contextlib.closing(Meter("sending", _bytes_of(self._files))) as meter:
            if form == "cloudevents":
                return self._batches(server, meter)
            pieces = _joined(self._records(), meter)
            if form == "facts":
                facts = server.facts(pieces)
                return facts.body, {**facts.data, "warnings": [], "warnings_total": 0}
            answer = server.ingest_lines(form, pieces)
            return answer.body, answer.data

    def _batches(self, server: Client, meter: Meter) -> tuple[bytes, ingest_shapes.IngestedEvents]:
        """Send CloudEvents in batches below the limit of a body, and add up the answers."""
        total: ingest_shapes.IngestedEvents = {
            "accepted": 0,
            "duplicates": 0,
            "rejected": [],
            "watermark": 0,
            "warnings": [],
            "warnings_total": 0,
        }
        bodies: list[bytes] = []
        for events in _batched(self._records(), total["rejected"]):
            meter.advance(sum(len(event) + 1 for _, event in events))
            answer = server.cloudevents(b"[" + b",".join(event for _, event in events) + b"]")
            bodies.append(answer.body)
            outcome = answer.data
            total["accepted"] += outcome["accepted"]
            total["duplicates"] += outcome["duplicates"]
            total["watermark"] = max(total["watermark"], outcome["watermark"])
            total["rejected"] += [{**each, "index": events[each["index"]][0]} for each in outcome["rejected"]]
            listed = outcome["warnings"][: MAX_WARNINGS - len(total["warnings"])]
            total["warnings"] += [{**each, "index": events[each["index"]][0]} for each in listed]
            total["warnings_total"] += outcome["warnings_total"]
        total["rejected"].sort(key=lambda each: each["index"])
        one_answer = len(bodies) == 1 and len(total["rejected"]) == len(json.loads(bodies[0])["rejected"])
        return bodies[0] if one_answer else json.dumps(total).encode(), total

    def _records(self) -> Iterator[bytes]:
        for file in self._files:
            with _opened(file) as stream:
                for line, record in records(stream):
                    self.places.add("standard input" if file == _STDIN else file, line)
                    yield record


class Meter:
    """A progress bar on standard error that appears after a second of work, on terminals only."""

    def __init__(self, work: str, total: int | None) -> None:
        """Create a bar with the label `work` for `total` bytes; None if the number is not known."""
        self._work = work
        self._total = total
        self._sent_bytes = 0
        self._started = time.monotonic()
        self._console = output.err()
        self._bar: Progress | None = None

    def advance(self, sent_bytes: int) -> None:
        """Add processed bytes."""
        self._sent_bytes += sent_bytes
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._sent_bytes)
        elif self._console.is_terminal and time.monotonic() - self._started > SHOW_AFTER_S:
            self._bar = self._started_bar()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()

    def _started_bar(self) -> Progress:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn(self._work), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        bar = Progress(*columns, console=self._console, transient=True)
        bar.add_task(self._work, total=self._total, completed=self._sent_bytes)
        bar.start()
        return bar


def _bytes_of(files: list[str]) -> int | None:
    """Return the size of all files; None if standard input is among them."""
    return None if _STDIN in files else sum(Path(file).stat().st_size for file in files)


@contextlib.contextmanager
def _opened(file: str) -> Generator[BinaryIO]:
    if file == _STDIN:
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield stream


def _joined(lines: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    """Yield the lines joined into pieces of about `PIECE_BYTES`; after a pause, a smaller piece is yielded at once."""
    waiting: list[bytes] = []
    size, sent = 0, time.monotonic()
    for line in lines:
        waiting.append(line)
        size += len(line) + 1
        if size >= PIECE_BYTES or time.monotonic() - sent > SHOW_AFTER_S:
            meter.advance(size)
            yield b"\n".join([*waiting, b""])
            waiting.clear()
            size, sent = 0, time.monotonic()
    if waiting:
        yield b"\n".join([*waiting, b""])


def _batched(events: Iterator[bytes], rejected: list[ingest_shapes.Rejection]) -> Iterator[list[tuple[int, bytes]]]:
    """Yield batches of (index, event). Invalid JSON would invalidate its batch, so it is added to `rejected` instead."""
    batch: list[tuple[int, bytes]] = []
    size = 0
    for index, event in enumerate(events):
        if not event.strip():
            continue
        try:
            json.loads(event)
        except (ValueError, RecursionError) as error:
            rejected.append({"index": index, "pointer": "", "message": f"not JSON: {error}"})
            continue
        if batch and (size + len(event) > BATCH_BYTES or len(batch) == BATCH_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append((index, event))
        size += len(event) + 1
    if batch:
        yield batch
