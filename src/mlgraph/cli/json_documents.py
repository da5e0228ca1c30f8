"""Splitting of JSON files into records: NDJSON line by line, indented objects and arrays value by value.

Records are not validated: invalid JSON is yielded unchanged, and the server reports what is wrong with it.
"""

from __future__ import annotations

import io
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_WHITE: Final = " \t\r\n"
_decoder = json.JSONDecoder()


def records(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, one JSON text without line feeds) for each record of a file.

    A file whose first line is a JSON object is NDJSON and is streamed; its empty lines are yielded, because they count in
    indexes. A file that begins with an array, or with an object of several lines, is read into memory completely.
    """
    empty: list[bytes] = []
    first = stream.readline().removeprefix(_BYTE_ORDER_MARK)
    while first and not first.strip():
        empty.append(first)
        first = stream.readline()
    if first.lstrip()[:1] == b"[" or _is_incomplete(first):
        content = b"".join(empty) + first + stream.read()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = ""
        yield from _values(text) if _begins_with_a_value(text) else _lines(io.BytesIO(content))
        return
    yield from _lines(empty)
    if first:
        yield from _lines([first], len(empty))
        yield from _lines(stream, len(empty) + 1)


class RecordPositions:
    """The file and line of each record by index; consecutive lines of a file share one entry, so memory use is constant."""

    def __init__(self) -> None:
        """Create an empty table."""
        self._starts: list[int] = []
        self._places: list[tuple[str, int]] = []
        self._next: tuple[str, int] | None = None
        self.count = 0

    def add(self, file: str, line: int) -> None:
        """Add the file and line of the next record."""
        if self._next != (file, line):
            self._starts.append(self.count)
            self._places.append((file, line))
        self._next = (file, line + 1)
        self.count += 1

    def of(self, index: int) -> str:
        """Return `file:line` of the record with this index."""
        if not 0 <= index < self.count:
            return f"record {index}"
        at = bisect_right(self._starts, index) - 1
        file, line = self._places[at]
        return f"{file}:{line + index - self._starts[at]}"


def _lines(lines: Iterable[bytes], before: int = 0) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, before + 1):
        yield number, line.rstrip(b"\r\n")


def _is_incomplete(line: bytes) -> bool:
    """Return whether `line` begins an object that continues in the next line."""
    text = line.decode("utf-8", "replace").strip()
    try:
        _decoder.decode(text)
    except json.JSONDecodeError as error:
        # The parser of an incomplete object fails at the end of the text; an error before that is a malformed line.
        return text.startswith("{") and error.pos >= len(text) - 1 and not text.endswith("}")
    except RecursionError:
        return False
    return False


def _begins_with_a_value(text: str) -> bool:
    """Return whether `text` begins with an array or a complete object; if not, its first line is malformed NDJSON."""
    try:
        _decoder.raw_decode(text.lstrip())
    except (json.JSONDecodeError, RecursionError):
        return text.lstrip().startswith("[")
    return True


def _values(text: str) -> Iterator[tuple[int, bytes]]:
    """Yield each JSON value of `text`, and each element of an array, with the number of its first line."""
    at, line, counted, inside = 0, 1, 0, False
    while True:
        while at < len(text) and (text[at] in _WHITE or (inside and text[at] == ",")):
            at += 1
        if at == len(text):
            return
        if not inside and text[at] == "[":
            inside, at = True, at + 1
            continue
        if inside and text[at] == "]":
            inside, at = False, at + 1
            continue
        line += text.count("\n", counted, at)
        counted = at
        try:
            _, end = _decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            end = len(text)
        yield line, text[at:end].replace("\r", " ").replace("\n", " ").encode()
        at = end
