"""Jinja templates of SQL models, made SQL without being run: placeholders stand for what expressions would generate."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mlgraph.changesets.definitions import UnreadableError
from mlgraph.changesets.sql_queries import UNNAMED

_OPENING: Final = re.compile(r"\{[{%#]")
_CLOSING: Final = {"{{": "}}", "{%": "%}", "{#": "#}"}
MAX_TEMPLATE_CHARS: Final = 128 * 1024
MAX_TAGS: Final = 5_000
_TEXT: Final = r"""(?:'([^'\\]*)'|"([^"\\]*)")"""
_REF: Final = re.compile(rf"^(?:ref|builtins\.ref)\s*\(\s*{_TEXT}\s*(?:,\s*{_TEXT})?")
_SOURCE: Final = re.compile(rf"^(?:source|builtins\.source)\s*\(\s*{_TEXT}\s*,\s*{_TEXT}")
_SETTING: Final = re.compile(rf"\b(alias|schema|database|materialized)\s*=\s*{_TEXT}")
_WORD: Final = re.compile(r"^\s*[-+]?\s*(\w+)")
_PLAIN: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SILENT: Final = ("config", "set_sql_header", "log", "do", "print", "debug")
_MACROS: Final = frozenset({"macro", "test", "materialization", "data_test"})
_BLOCKS: Final = {"if": "endif", "for": "endfor", "call": "endcall", "filter": "endfilter"}


@dataclass(slots=True)
class RenderedTemplate:
    """A template as SQL; the settings of its `config`; whether it only defines macros."""

    sql: str
    settings: dict[str, str] = field(default_factory=dict)
    only_macros: bool = False


def render(text: str) -> RenderedTemplate:
    """Return a template as SQL, with each line where it was. Raises `UnreadableError` for a tag that does not close.

    `ref` and `source` become the names that they mean, other expressions placeholders, which differ where the expressions do. Of
    `if`, the first branch counts; the body of a loop counts once, and its columns are unknown.
    """
    if len(text) > MAX_TEMPLATE_CHARS or len(_OPENING.findall(text)) > MAX_TAGS:
        raise UnreadableError(f"a template has at most {MAX_TEMPLATE_CHARS:,} characters and {MAX_TAGS:,} tags")
    settings: dict[str, str] = {}
    pieces: list[str] = []
    state = _Blocks()
    position = 0
    while (opened := _OPENING.search(text, position)) is not None:
        line = text.count("\n", 0, opened.start()) + 1
        end = text.find(_CLOSING[opened.group()], opened.end())
        if end < 0:
            raise UnreadableError(f"the Jinja tag {opened.group()!r} does not close", line)
        pieces.append(_unless_skipped(text[position : opened.start()], state.is_skipped))
        position = end + 2
        tag = text[opened.start() : position]
        if tag.startswith("{{") and not state.is_skipped:
            settings.update(_settings(tag))
            pieces.append(_placeholder(tag, in_loop=state.in_loop) + "\n" * tag.count("\n"))
        else:
            if tag.startswith("{%"):
                state.enter(tag, line)
            pieces.append(" " + "\n" * tag.count("\n"))
    pieces.append(_unless_skipped(text[position:], state.is_skipped))
    state.close()
    sql = "".join(pieces)
    return RenderedTemplate(sql, settings, only_macros=state.has_macros and not sql.strip())


def _unless_skipped(text: str, skipped: bool) -> str:  # noqa: FBT001 - the state of the template
    return "\n" * text.count("\n") if skipped else text


def _settings(tag: str) -> Iterator[tuple[str, str]]:
    inner = tag[2:-2].strip().strip("-").strip()
    if inner.startswith("config"):
        for name, one, other in _SETTING.findall(inner):
            yield name, one or other


def _placeholder(tag: str, *, in_loop: bool) -> str:
    inner = tag[2:-2].strip().strip("-").strip()
    if found := _REF.match(inner):
        names = [name for name in found.groups() if name]
        return _identifier(names[-1])
    if found := _SOURCE.match(inner):
        schema, table = [name for name in found.groups() if name][:2]
        return f"{_identifier(schema)}.{_identifier(table)}"
    if inner == "this":
        return "__this__"
    word = _WORD.match(inner)
    if word is not None and word[1] in _SILENT:
        return " "
    digest = hashlib.blake2b(" ".join(inner.split()).encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{UNNAMED}{'loop_' if in_loop else ''}{digest}"


def _identifier(name: str) -> str:
    """Return a name as SQL writes it; without quotes where possible, because dialects differ in them."""
    return name if _PLAIN.fullmatch(name) else f'"{name}"'


class _Blocks:
    """The blocks that enclose a position of a template."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int, bool]] = []
        self.has_macros = False

    @property
    def is_skipped(self) -> bool:
        """Whether the text here is not part of the query: a later branch, a macro, a raw assignment."""
        return any(skipped for _, _, skipped in self._open)

    @property
    def in_loop(self) -> bool:
        """Whether the text here is the body of a loop."""
        return any(word == "for" for word, _, _ in self._open)

    def enter(self, tag: str, line: int) -> None:
        """Read a statement tag. Raises `UnreadableError` for an end without its beginning."""
        found = _WORD.match(tag[2:-2].lstrip("-+"))
        word = found[1] if found else ""
        if word in _BLOCKS:
            self._open.append((word, line, False))
        elif word in _MACROS or word in ("snapshot", "raw") or (word == "set" and "=" not in tag):
            self.has_macros |= word in _MACROS
            self._open.append((word, line, word in _MACROS or word == "set"))
        elif word in ("else", "elif") and self._open:
            name, start_line, _ = self._open[-1]
            self._open[-1] = name, start_line, True
        elif word.startswith("end"):
            if not self._open:
                raise UnreadableError(f"the Jinja block {word!r} ends without a beginning", line)
            self._open.pop()

    def close(self) -> None:
        """Check that every block is closed. Raises `UnreadableError` with the line of one that is not."""
        if self._open:
            word, line, _ = self._open[-1]
            raise UnreadableError(f"the Jinja block {word!r} does not end", line)
