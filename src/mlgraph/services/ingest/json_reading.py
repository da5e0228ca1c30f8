"""Decoding input: fast where it is plain, careful where it is not, and always with a place for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson

from mlgraph.domain.errors import TooLarge
from mlgraph.domain.payload import MAX_DEPTH, canonical_json, clean, decode_json, is_shallow

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
"""RFC 8259, section 8.1: parsers may ignore it, and some editors write it."""
_UNUSUAL_TEXT: Final = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]")
_SHAPE_OF_NUMBERS: Final = bytes.maketrans(b"123456789E", b"000000000e")
_LONG_NUMBER: Final = b"0" * 19
_GREAT_EXPONENT: Final = b"0e000"

_FRACTION: Final = re.compile(rb'(?:":|[,\[])(?:-?[0-9]+[.eE]|null)')
"""A number with a fraction, which every encoder writes in its own way. The fast one writes infinite numbers as null."""


def read_json(raw: bytes) -> Any:
    """Return the JSON value in `raw`. Raises `NotJson`, `InvalidInput` or `TooLarge`.

    The fast decoder takes what every decoder reads alike; NUL, lone surrogates and huge numbers go to the careful one.
    """
    if len(raw) > MAX_LINE_BYTES:
        raise TooLarge(f"{len(raw):,} bytes are over the limit of {MAX_LINE_BYTES:,} bytes: send it in parts")
    raw = raw.removeprefix(_BOM)
    if not (b"\\u" in raw and _UNUSUAL_TEXT.search(raw)) and not _has_unusual_number(raw):
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass  # the careful decoder says where
    return decode_json(raw)


def _has_unusual_number(raw: bytes) -> bool:
    """Say whether there may be a whole number past 64 bits or one with a great exponent: decoders differ over these."""
    shape = raw.translate(_SHAPE_OF_NUMBERS, b"+")
    return _LONG_NUMBER in shape or _GREAT_EXPONENT in shape


def canonical_text(value: Any) -> str:
    """Return `canonical_json(value)` (`mlgraph.domain.payload`)."""
    text = _fast_text(value)
    return canonical_json(value) if text is None else text


def canonical_json_clean(value: Any) -> str:
    """Return `canonical_json(clean(value))` without copying what is fit as it is, which nearly everything is."""
    text = _fast_text(value)
    if text is None or "\\u0000" in text:
        return canonical_json(clean(value))
    few = text.count("{") + text.count("[") <= MAX_DEPTH
    return text if few or is_shallow(value) else canonical_json(clean(value))


def _fast_text(value: Any) -> str | None:
    """Return the canonical JSON of `value` from the fast encoder, or None where the encoders may differ or refuse."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # whole numbers past 64 bits, lone surrogates, endless nesting
        return None
    return None if _FRACTION.search(text) else text.decode()


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that hold anything, with their index from 0; empty ones keep theirs."""
    for index, line in enumerate(lines):
        stripped = line.strip()
        if stripped:
            yield index, stripped
