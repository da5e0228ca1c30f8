"""Types of the fields of sections: each is read from the text as it is written, with a message that says what it must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Annotated, Final, TypeVar

from pydantic import PlainValidator

from mlgraph.documents.faults import suggestion
from mlgraph.documents.reader import Unquoted
from mlgraph.domain.errors import InvalidInput

T = TypeVar("T")

MAX_TEXT_CHARS: Final = 1000
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


def line(value: object) -> str:
    """Return a text of one line. Raises `ValueError` for anything else."""
    text = _scalar(value)
    if not text.strip() or not text.isprintable() or len(text) > MAX_TEXT_CHARS:
        raise ValueError(f"this must be a text of 1 to {MAX_TEXT_CHARS} printable characters in one line")
    return text


def prose(value: object) -> str:
    """Return a text of any length, without the space around it. Raises `ValueError` for anything else, and where it is empty."""
    text = _scalar(value).strip()
    if not text:
        raise ValueError("this must be a text that is not empty")
    return text


Line = Annotated[str, PlainValidator(line)]
Prose = Annotated[str, PlainValidator(prose)]


def parsed(parse: Callable[[str], T], read: Callable[[object], str] = line) -> PlainValidator:
    """Return a reader of what `parse` makes of a text. An `InvalidInput` that it raises is the fault's message."""

    def validate(value: object) -> T:
        try:
            return parse(read(value))
        except InvalidInput as error:
            raise ValueError(error.detail) from None

    return PlainValidator(validate)


def one_of(what: str, known: Collection[str], text: str) -> str:
    """Return `text` if it is one of the words `known`. Raises `ValueError`, which calls them `what`."""
    if text not in known:
        raise ValueError(f"this is no {what}; {suggestion(text, known)}")
    return text


def duration_s(least: str, most: str) -> PlainValidator:
    """Return a reader of a duration such as 30s, 10m, 6h or 7d, in seconds."""
    low, high = _seconds(least), _seconds(most)

    def validate(value: object) -> float:
        found = _seconds(value) if isinstance(value, str) else None
        if low is None or high is None or found is None or not low <= found <= high:
            raise ValueError(f"this must be a number with ms, s, m, h or d behind it, such as 30s: {least} to {most}")
        return found

    return PlainValidator(validate)


def number(least: float, most: float, *, whole: bool = False) -> PlainValidator:
    """Return a reader of a number within bounds, written without quotes; `whole`: of an integer."""

    def validate(value: object) -> float:
        written = value if isinstance(value, Unquoted) and _NUMBER.fullmatch(value) else None
        if written is None or (whole and "." in written) or not least <= float(written) <= most:
            raise ValueError(f"this must be a {'whole ' if whole else ''}number from {least:g} to {most:g}")
        return int(written) if whole else float(written)

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
