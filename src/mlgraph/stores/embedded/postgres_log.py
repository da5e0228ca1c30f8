"""Forwarding of PostgreSQL's log file to our log, without the parts that quote stored data."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_log = logging.getLogger("postgres")

_POLL_S: Final = 0.5
_READ_BYTES: Final = 1024 * 1024
# log_line_prefix '%m [%p] ' (PostgreSQL documentation, 19.8.3), then the severity (table 19.2)
_LINE: Final = re.compile(r"\d{4}-\d\d-\d\d \S+ \S+ \[\d+\] (?P<severity>[A-Z]+\d?): +(?P<message>.*)")
_QUOTED_VALUE: Final = re.compile(r': ".*"')
_LEVELS: Final = {
    "LOG": logging.INFO,
    "INFO": logging.INFO,
    "NOTICE": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.WARNING,
    "FATAL": logging.ERROR,
    "PANIC": logging.CRITICAL,
}
"""An ERROR concerns one statement, and its sender handles it: a warning here."""


@contextmanager
def following(path: Path) -> Iterator[None]:
    """Log the lines that PostgreSQL appends to the file at `path` within the context, by the logger `postgres`."""
    stop = threading.Event()
    thread = threading.Thread(target=_follow, args=(path, path.stat().st_size, stop), name="postgres-log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _follow(path: Path, start: int, stop: threading.Event) -> None:
    with path.open("rb") as file:
        file.seek(start)
        waiting = b""
        while True:
            last = stop.wait(_POLL_S)  # lines written before the stop are still read
            while piece := file.read(_READ_BYTES):
                *lines, waiting = (waiting + piece).split(b"\n")
                for line in lines:
                    log_line(line.decode(errors="replace"))
                waiting = waiting[-_READ_BYTES:]
            if last:
                return


def log_line(line: str) -> None:
    """Log one line. Details, statements and continuation lines quote stored data and are not logged."""
    found = _LINE.match(line)
    level = _LEVELS.get(found["severity"]) if found else None
    if found and level is not None:
        _log.log(level, "%s", _QUOTED_VALUE.sub(': "..."', found["message"]))
