"""Messages of Protobuf files (.proto), by a reader of their own: names, types and numbers of fields.

Grammar: https://protobuf.dev/reference/protobuf/proto3-spec/. Options, services, enums and extensions are skipped.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from mlgraph.changesets.definitions import ColumnDefinition, Definition, Target, UnreadableError

MAX_PROTO_CHARS: Final = 1024 * 1024
_MAX_DEPTH: Final = 30
_TOKEN: Final = re.compile(
    r"(?P<space>\s+)|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<text>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<word>[A-Za-z_.][\w.]*)|(?P<number>[-+]?\d[\w.]*)|(?P<sign>[{}\[\]();=,<>:/+-])",
    re.DOTALL,
)
_LABELS: Final = frozenset({"optional", "required", "repeated"})
_SKIPPED: Final = frozenset({"option", "reserved", "extensions", "import", "syntax", "edition"})
_NESTED: Final = frozenset({"enum", "extend", "service", "rpc", "group"})


def read_protobuf(path: str, text: str) -> list[Definition]:
    """Return a dataset for each message, with its fields; a renamed field keeps its number. Raises `UnreadableError`."""
    if len(text) > MAX_PROTO_CHARS:
        raise UnreadableError(f"a file of {len(text):,} characters is over the limit of {MAX_PROTO_CHARS:,}")
    reader = _TokenReader(text)
    reader.read()
    stem = PurePosixPath(path).stem
    alone = (stem,) if len(reader.messages) == 1 else ()
    return [
        Definition(Target("dataset", name, reader.package, alone), columns, form="protobuf")
        for name, columns in reader.messages.items()
    ]


class _TokenReader:
    """Reads the tokens of a file into its messages."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, int]] = []
        self._place = 0
        self.package = ""
        self.messages: dict[str, dict[str, ColumnDefinition]] = {}
        position, line = 0, 1
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise UnreadableError(f"the character {text[position]!r} is not expected in Protobuf", line)
            if found.lastgroup not in ("space", "comment"):
                self._tokens.append((found.group(), line))
            line += found.group().count("\n")
            position = found.end()

    def read(self) -> None:
        """Read the file. Raises `UnreadableError` with the line of the first fault."""
        while self._place < len(self._tokens):
            word, line = self._next()
            if word == "package":
                self.package = self._next()[0]
                self._skip_statement()
            elif word == "message":
                self._message("", 0)
            elif word in _NESTED or word in _SKIPPED:
                self._skip_statement()
            elif word != ";":
                raise UnreadableError(f"{word[:40]!r} is not expected here", line)

    def _next(self) -> tuple[str, int]:
        if self._place >= len(self._tokens):
            raise UnreadableError("the file ends within a message", self._tokens[-1][1] if self._tokens else 1)
        self._place += 1
        return self._tokens[self._place - 1]

    def _expect(self, sign: str) -> None:
        found, line = self._next()
        if found != sign:
            raise UnreadableError(f"{sign!r} is expected before {found[:40]!r}", line)

    def _skip_statement(self) -> None:
        """Skip to the end of a statement: a semicolon, or the block that it opens."""
        depth = 0
        while True:
            word, _ = self._next()
            if word in "{[(":
                depth += 1
            elif word in "}])":
                depth -= 1
                if depth == 0 and word == "}":
                    return
            elif word == ";" and depth == 0:
                return

    def _message(self, prefix: str, depth: int) -> None:
        name, line = self._next()
        if depth > _MAX_DEPTH:
            raise UnreadableError(f"messages are nested more than {_MAX_DEPTH} levels deep", line)
        self._expect("{")
        fields: dict[str, ColumnDefinition] = {}
        self.messages[f"{prefix}{name}"] = fields
        self._fields(f"{prefix}{name}.", fields, depth)

    def _fields(self, prefix: str, fields: dict[str, ColumnDefinition], depth: int) -> None:
        while True:
            word, line = self._next()
            if word == "}":
                return
            if word == "message":
                self._message(prefix, depth + 1)
            elif word == "oneof":
                self._next()
                self._expect("{")
                self._fields(prefix, fields, depth)
            elif word in _SKIPPED or word in _NESTED:
                self._skip_statement()
            elif word != ";":
                self._field(word, line, fields)

    def _field(self, word: str, line: int, fields: dict[str, ColumnDefinition]) -> None:
        label = ""
        if word in _LABELS:
            label, (word, line) = ("repeated " if word == "repeated" else ""), self._next()
        kind = word
        if word == "map":
            self._expect("<")
            parts = []
            while (part := self._next()[0]) != ">":
                parts.append(part)
            kind = f"map<{' '.join(parts)}>"
        name, _ = self._next()
        self._expect("=")
        number, line = self._next()
        if not number.isdecimal():
            raise UnreadableError(f"the field {name[:40]!r} has no number", line)
        self._skip_statement()
        fields[name.lower()] = ColumnDefinition(name, f"{label}{kind}", identity=number)
