"""Field types of sections: each is parsed from the text as written, with an error message that says what is valid."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Annotated, Final, TypeVar

from pydantic import PlainValidator

from mlgraph.documents.reader import Unquoted
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.text.suggestions import did_you_mean

T = TypeVar("T")

MAX_TEXT_CHARS: Final = 1000
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


def line(value: object) -> str:
    """Return a text of one line. Raises `ValueError` for any other value."""
    text = _scalar(value)
    if not text.strip() or not text.isprintable() or len(text) > MAX_TEXT_CHARS:
        raise ValueError(f"this must be a text of 1 to {MAX_TEXT_CHARS} printable characters in one line")
    return text


def prose(value: object) -> str:
    """Return a text of any length, stripped. Raises `ValueError` for any other value and for an empty text."""
    text = _scalar(value).strip()
    if not text:
        raise ValueError("this must be a text that is not empty")
    return text


Line = Annotated[str, PlainValidator(line)]
Prose = Annotated[str, PlainValidator(prose)]


def parsed(parse: Callable[[str], T], read: Callable[[object], str] = line) -> PlainValidator:
    """Return a validator that applies `parse` to a text. The detail of an `InvalidInput` becomes the fault's message."""

    def validate(value: object) -> T:
        try:
            return parse(read(value))
        except InvalidInput as error:
            raise ValueError(error.detail) from None

    return PlainValidator(validate)


def one_of(what: str, known: Collection[str], text: str) -> str:
    """Return `text` if it is one of the words `known`. Raises `ValueError`, in which `what` is their common name."""
    if text not in known:
        hint = did_you_mean(text.lower(), known, f"known: {', '.join(known)}")
        raise ValueError(f"this is no {what}; {hint}")
    return text


def duration_s(least: str, most: str) -> PlainValidator:
    """Return a validator for a duration such as 30s, 10m, 6h or 7d, which returns seconds."""
    low, high = _seconds(least), _seconds(most)

    def validate(value: object) -> float:
        found = _seconds(value) if isinstance(value, str) else None
        if low is None or high is None or found is None or not low <= found <= high:
            raise ValueError(f"this must be a number with the unit ms, s, m, h or d, such as 30s: {least} to {most}")
        return found

    return PlainValidator(validate)


def number(least: float, most: float, *, integer: bool = False) -> PlainValidator:
    """Return a validator for a number within bounds, written without quotes; with `integer`, for an integer."""

    def validate(value: object) -> float:
        written = value if isinstance(value, Unquoted) and _NUMBER.fullmatch(value) else None
        if written is None or (integer and "." in written) or not least <= float(written) <= most:
            raise ValueError(f"this must be a {'whole ' if integer else ''}number from {least:g} to {most:g}")
        return int(written) if integer else float(written)

    return PlainValidator(validate)


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("this must be a text, not a list or further keys")  # noqa: TRY004 - pydantic collects ValueError
    return str(value)


def _seconds(written: str) -> float | None:
    match = _DURATION.fullmatch(written)
    return float(match[1]) * _UNITS_S[match[2]] if match else None
