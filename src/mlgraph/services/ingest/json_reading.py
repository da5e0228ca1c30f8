"""JSON decoding and canonical JSON: a fast codec (orjson) for common input, a strict one for the rest, with located errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from mlgraph.domain.errors import InvalidInput, TooLarge
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.payloads.payload import MAX_DEPTH, canonical_json, clean, decode_json, is_shallow

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
"""Byte order mark. RFC 8259, section 8.1: parsers may ignore it; some editors write it."""
_UNUSUAL_TEXT: Final = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]")
_DIGIT_CLASSES: Final = bytes.maketrans(b"123456789E", b"000000000e")
_LONG_NUMBER: Final = b"0" * 19
_LARGE_EXPONENT: Final = b"0e000"

_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\Z)|[{}\[\]]', re.DOTALL)
"""Strings and brackets. A string without an end extends to the end of the text, so that matching takes linear time."""
_FRACTION: Final = re.compile(rb'(?:":|[,\[])(?:-?[0-9]+[.eE]|null)')
"""A number with a fraction, which encoders write differently, or null, which the fast encoder writes for infinite numbers."""


def read_json(raw: bytes) -> Any:
    """Return the JSON value in `raw`. Raises `NotJson`, `InvalidInput` or `TooLarge`.

    NUL, lone surrogates and very large numbers go to the strict decoder, because decoders differ over them.
    """
    if len(raw) > MAX_LINE_BYTES:
        raise TooLarge(f"{len(raw):,} bytes are over the limit of {MAX_LINE_BYTES:,} bytes: send it in parts")
    raw = raw.removeprefix(_BOM)
    if not (b"\\" in raw and _UNUSUAL_TEXT.search(raw)) and not _has_unusual_number(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass  # the strict decoder raises the located error
    return decode_json(raw)


def read_event(raw: bytes) -> tuple[Any, list[DetailWarning]]:
    """Return the JSON value in `raw` as `read_json` does, with a warning where values too deep for a decoder are null."""
    try:
        return read_json(raw), []
    except InvalidInput:
        warning = DetailWarning("", f"left out: values nested deeper than {MAX_DEPTH} levels")
        return decode_json(_without_deep_values(raw)), [warning]


def _without_deep_values(raw: bytes) -> bytes:
    """Return a JSON text in which objects and arrays nested deeper than `MAX_DEPTH` are null."""
    parts: list[bytes] = []
    depth = begin = 0
    for token in _TOKENS.finditer(raw):
        if token.group() in b"{[":
            depth += 1
            if depth == MAX_DEPTH + 1:
                parts += [raw[begin : token.start()], b"null"]
        elif token.group() in b"}]":
            depth -= 1
            if depth == MAX_DEPTH:
                begin = token.end()
    return b"".join([*parts, raw[begin:]]) if depth <= MAX_DEPTH else raw


def _has_unusual_number(raw: bytes) -> bool:
    """Return whether there may be an integer of more than 64 bits or a large exponent: decoders differ over these."""
    classes = raw.translate(_DIGIT_CLASSES, b"+")
    return _LONG_NUMBER in classes or _LARGE_EXPONENT in classes


def canonical_text(value: Any) -> str:
    """Return `canonical_json(value)` (`mlgraph.domain.payloads.payload`)."""
    text = _fast_text(value)
    return canonical_json(value) if text is None else text


def canonical_json_clean(value: Any) -> str:
    """Return `canonical_json(clean(value))`, without the copy for values that are clean already, as nearly all are."""
    text = _fast_text(value)
    if text is None or "\\u0000" in text:
        return canonical_json(clean(value))
    has_few_containers = text.count("{") + text.count("[") <= MAX_DEPTH
    return text if has_few_containers or is_shallow(value) else canonical_json(clean(value))


def _fast_text(value: Any) -> str | None:
    """Return the canonical JSON of `value` from the fast encoder; None if the encoders may differ, or the fast one refuses."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # integers of more than 64 bits, lone surrogates, too deep nesting
        return None
    return None if _FRACTION.search(text) else text.decode()


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each line that is not blank, with its index from 0; blank lines count."""
    for index, line in enumerate(lines):
        stripped = line.strip()
        if stripped:
            yield index, stripped
