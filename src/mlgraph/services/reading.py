"""Decoding input: fast where it is plain, careful where it is not, and always with a place for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from mlgraph.domain.errors import TooLarge
from mlgraph.domain.payload import decode_json

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
"""RFC 8259, section 8.1: parsers may ignore it, and some editors write it."""
_UNUSUAL: Final = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]|[eE]\+?\d{3}|\d{19}")


def read_json(raw: bytes) -> Any:
    """Return the JSON value in `raw`. Raises `NotJson`, `InvalidInput` or `TooLarge`.

    The fast decoder takes what every decoder reads alike; NUL, lone surrogates and huge numbers go to the careful one.
    """
    if len(raw) > MAX_LINE_BYTES:
        raise TooLarge(f"{len(raw):,} bytes are over the limit of {MAX_LINE_BYTES:,} bytes: send it in parts")
    raw = raw.removeprefix(_BOM)
    if not _UNUSUAL.search(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass  # the careful decoder says where
    return decode_json(raw)


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that hold anything, with their index from 0; empty ones keep theirs."""
    for index, line in enumerate(lines):
        stripped = line.strip()
        if stripped:
            yield index, stripped
