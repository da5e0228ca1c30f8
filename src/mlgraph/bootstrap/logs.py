"""Logging of a server to standard error: text lines for people, or one JSON object a line for programs."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Literal

from mlgraph.api.http.request_metrics import request_id
from mlgraph.domain.redaction.json_values import redact, redact_text

Form = Literal["text", "json"]

_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+")
_QUIET: Final = ("httpx", "httpcore", "mcp")
"""Loggers of libraries that would log addresses and headers with secrets in them, or a line for every request."""


def configure(form: Form | None, level: str) -> Form:
    """Log from `level` on to standard error, and return the form: by default text on a terminal, else JSON."""
    chosen: Form = form or ("text" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if chosen == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    return chosen


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id within a request, context, error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean(record.getMessage()),
        }
        if (named := request_id.get()) is not None:
            fields["request_id"] = named
        context = getattr(record, "context", None)
        if isinstance(context, dict):
            fields |= redact(context)
        if record.exc_info and record.exc_info[0] is not None:
            trace = self.formatException(record.exc_info)
            fields["error"] = {"type": record.exc_info[0].__qualname__, "trace": clean_error(trace)}
        return json.dumps(fields, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """A line for people: time, level, logger, request id within a request, message; a trace in further lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        named = request_id.get()
        where = f"{record.name} [{named}]" if named else record.name
        line = f"{_moment(record)} {record.levelname} {where}: {clean(record.getMessage())}"
        if record.exc_info and record.exc_info[0] is not None:
            line += "\n" + clean_error(self.formatException(record.exc_info))
        return line


def clean(text: str) -> str:
    """Return `text` with its secrets redacted."""
    return redact_text(text)


def clean_error(text: str) -> str:
    """Return the text of an error, which may quote data, without secrets and mail addresses."""
    return _MAIL.sub("[mail]", clean(text))


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("mlgraph").critical("the server ends", exc_info=(kind, error, trace))


def _uncaught_in_thread(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None and failure.exc_type is not SystemExit:
        name = failure.thread.name if failure.thread else "?"
        logging.getLogger("mlgraph").critical(
            "thread %s ends", name, exc_info=(failure.exc_type, failure.exc_value, failure.exc_traceback)
        )
