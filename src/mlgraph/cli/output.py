"""Output of commands: the answer to standard output, messages to standard error, colours to terminals only; text formats."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from rich.console import Console, RenderableType
from rich.text import Text

from mlgraph.domain.text.escaping import terminal_text

DONE: Final = 0
REFUSED: Final = 1
WRONG_USAGE: Final = 2
NOT_REACHABLE: Final = 3

# Width of output that does not go to a terminal, so that it is not wrapped.
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
MAX_CLAIMANTS: Final = 10
"""Claimants of an ambiguous name that a note lists."""
SEVERITY_STYLES: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "blue"}


def out() -> Console:
    """Return a console for the answer, on standard output."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _UNWRAPPED, highlight=False, emoji=False)


def err() -> Console:
    """Return a console for messages, on standard error."""
    return Console(file=sys.stderr, width=None if sys.stderr.isatty() else _UNWRAPPED, highlight=False, emoji=False)


def draw(renderable: RenderableType) -> None:
    """Write a rendered answer to standard output."""
    out().print(renderable, soft_wrap=isinstance(renderable, Text))


def notify(message: str | Text) -> None:
    """Write a message to standard error."""
    err().print(message if isinstance(message, Text) else Text(plain(message)), soft_wrap=True)


def write(body: bytes) -> None:
    """Write the bytes of an answer to standard output; on a terminal, end them with a line feed."""
    sys.stdout.flush()
    sys.stdout.buffer.write(body)
    if sys.stdout.isatty() and not body.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def fail(what: str, where: str | None = None, then: str | None = None) -> None:
    """Write an error message: `what` is wrong, `where`, and what to do (`then`)."""
    text = Text.assemble(("Error: ", "bold red"), plain(what))
    if where:
        text.append(f"\n  at {plain(where)}", "dim")
    if then:
        text.append(f"\n{plain(then)}")
    notify(text)


def plain(text: object) -> str:
    """Return `text` with control characters replaced, because names come from other systems and terminals would obey them."""
    return terminal_text(str(text))


def name_of(uri: str) -> str:
    """Return the decoded name part of an asset URI; any other text is returned unchanged."""
    parts = uri.removeprefix("mlg://").split("/")
    return unquote(parts[2]) if uri.startswith("mlg://") and len(parts) == 3 else uri


def kind_of(uri: str) -> str:
    """Return the kind part of a URI."""
    return uri.removeprefix("mlg://").partition("/")[0]


def asset_text(kind: str, name: str, uri: str | None = None) -> Text:
    """Return an asset as text: kind, name and, if given, its URI for the next command."""
    text = Text.assemble((plain(kind), KIND_STYLES.get(kind, "blue")), " ", (plain(name or "?"), "bold"))
    if uri:
        text.append(f"  {plain(uri)}", "dim")
    return text


def ambiguity(name: str, claimants: Sequence[str]) -> list[Text]:
    """Return a note that several assets claim `name`, which of them, and how to decide; empty without claimants."""
    if not claimants:
        return []
    lines = [Text(f"This name is ambiguous: {count(len(claimants), 'asset')} claim it, and any of them may be meant:", "yellow")]
    lines += [Text(f"  {plain(claimant)}") for claimant in claimants[:MAX_CLAIMANTS]]
    if len(claimants) > MAX_CLAIMANTS:
        lines.append(Text(f"  and {len(claimants) - MAX_CLAIMANTS:,} more; --json lists all", "dim"))
    decide = f"Decide with: mlgraph same {plain(name)} ASSET   or: mlgraph apart {plain(name)} ASSET"
    return [*lines, Text(decide, "dim")]


def moment(text: str | None) -> str:
    """Return an RFC 3339 time in UTC as `2026-11-01 10:00:00`; None (an open end) as a dash."""
    return "-" if text is None else plain(text.replace("T", " ").removesuffix("Z"))


def span(start: str | None, ended: str | None) -> str:
    """Return a validity interval as text; None as `start` or `ended` means unbounded."""
    since = f"since {moment(start)}" if start else "from the beginning"
    return f"{since} until {moment(ended)}" if ended else since


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as `1 edge` or `1,200 edges`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
