"""Where words go: the answer to standard output, everything else to standard error, colours to terminals only."""

from __future__ import annotations

import re
import sys
from typing import Final
from urllib.parse import unquote

from rich.console import Console, RenderableType
from rich.text import Text

DONE: Final = 0
REFUSED: Final = 1
WRONG_USAGE: Final = 2
NOT_REACHABLE: Final = 3

_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# What is read by a program is not wrapped at the width of a terminal that is not there.
_UNWRAPPED: Final = 20_000

KIND_STYLES: Final = {
    "dataset": "cyan",
    "dataset_version": "cyan",
    "column": "cyan",
    "workflow": "yellow",
    "run": "yellow",
    "model": "magenta",
    "model_version": "magenta",
    "service": "bold green",
    "deployment": "green",
}
SEVERITY_STYLES: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "blue"}


def out() -> Console:
    """Return the console of the answer."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _UNWRAPPED, highlight=False, emoji=False)


def err() -> Console:
    """Return the console of messages."""
    return Console(file=sys.stderr, width=None if sys.stderr.isatty() else _UNWRAPPED, highlight=False, emoji=False)


def draw(renderable: RenderableType) -> None:
    """Write the answer, drawn for people."""
    out().print(renderable, soft_wrap=isinstance(renderable, Text))


def notify(message: str | Text) -> None:
    """Write a message for people."""
    err().print(message if isinstance(message, Text) else Text(plain(message)), soft_wrap=True)


def write(body: bytes) -> None:
    """Write the exact bytes of an answer; a terminal gets a line feed behind them, to keep its prompt readable."""
    sys.stdout.flush()
    sys.stdout.buffer.write(body)
    if sys.stdout.isatty() and not body.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def fail(what: str, where: str | None = None, then: str | None = None) -> None:
    """Say what is wrong, where, and what to do next."""
    text = Text.assemble(("Error: ", "bold red"), plain(what))
    if where:
        text.append(f"\n  at {plain(where)}", "dim")
    if then:
        text.append(f"\n{plain(then)}")
    notify(text)


def plain(text: object) -> str:
    """Return `text` without characters that a terminal would obey: names come from other people's systems."""
    return _CONTROL.sub("\ufffd", str(text))


def name_of(uri: str) -> str:
    """Return the name part of a URI, decoded; what is no URI stays as it is."""
    parts = uri.removeprefix("mlg://").split("/")
    return unquote(parts[2]) if uri.startswith("mlg://") and len(parts) == 3 else uri


def kind_of(uri: str) -> str:
    """Return the kind part of a URI."""
    return uri.removeprefix("mlg://").partition("/")[0]


def asset_text(kind: str, name: str, uri: str | None = None) -> Text:
    """Return an asset as its kind, its name, and dimly the URI that the next command may need."""
    text = Text.assemble((plain(kind), KIND_STYLES.get(kind, "blue")), " ", (plain(name or "?"), "bold"))
    if uri:
        text.append(f"  {plain(uri)}", "dim")
    return text


def moment(text: str | None) -> str:
    """Return a time as people read it: 2026-11-01 10:00:00 (UTC); an open end as a dash."""
    return "-" if text is None else plain(text.replace("T", " ").removesuffix("Z"))


def span(start: str | None, ended: str | None) -> str:
    """Return since when and until when something holds, as people read it; None: from the beginning, or without end."""
    since = f"since {moment(start)}" if start else "from the beginning"
    return f"{since} until {moment(ended)}" if ended else since


def count(number: int, one: str, many: str | None = None) -> str:
    """Return `1 edge`, `1,200 edges`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
