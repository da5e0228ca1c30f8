"""Times as integers, microseconds since 1970-01-01T00:00:00Z: parsing and formatting of RFC 3339.

Integers are ordered, hashed and stored exactly, and cover the years 1 to 9999 on every platform.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final

from mlgraph.domain.errors import InvalidInput

FOREVER: Final = 2**63 - 1
"""The `valid_to` of an open interval."""

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY_US: Final = 86_400_000_000
_MIN: Final = (1 - _EPOCH_DAY) * _DAY_US
_MAX: Final = (date.max.toordinal() - _EPOCH_DAY + 1) * _DAY_US - 1
_RFC3339: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:([Zz])|([+-])(\d{2}):(\d{2}))?", re.ASCII
)
_REPORTED: Final = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt ](?P<minute>\d{2}:\d{2})(?P<second>:\d{2}(?:\.\d+)?)?"
    r"(?:(?P<zulu>[Zz])|(?P<hours>[+-]\d{2})(?::?(?P<minutes>\d{2}))?)?(?:\[[^\[\]]{1,100}\])?",
    re.ASCII,
)
"""RFC 3339, and the forms of ISO 8601 that libraries print: `+0100`, `+01`, no seconds, a zone's name after the offset (Java)."""
_MAX_CACHED_CHARS: Final = 40
"""The length of a time with nanoseconds and an offset. Parsed times are cached, because the same times recur."""

_USUAL_CHARS: Final = len("YYYY-MM-DDTHH:MM:SSZ")
"""The length of the most frequent form, which is parsed by three table look-ups."""
_MINUTES: Final = {f"T{hour:02}:{minute:02}": (hour * 60 + minute) * 60_000_000 for hour in range(24) for minute in range(60)}
_SECONDS: Final = {f":{second:02}Z": second * 1_000_000 for second in range(60)}


def parse_time(text: str) -> int:
    """Return the time `text` (RFC 3339, section 5.6) in microseconds since the epoch.

    Digits after the microseconds are dropped. Raises `InvalidInput` for any other text, such as a time without a zone.
    """
    if len(text) == _USUAL_CHARS:
        day, minute, second = _start_of_day(text[:10]), _MINUTES.get(text[10:16]), _SECONDS.get(text[16:])
        if day is not None and minute is not None and second is not None:
            return day + minute + second
    return _parsed(text) if len(text) <= _MAX_CACHED_CHARS else _parse(text)


@lru_cache(1 << 12)
def _start_of_day(day: str) -> int | None:
    """Return the start of a day, cached because the times of a load share it; None if it is not a date of the calendar."""
    try:
        return _parse(f"{day}T00:00:00Z")
    except InvalidInput:
        return None


def _parse(text: str) -> int:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{text[:60]!r} is not an RFC 3339 time such as 2026-11-21T10:00:00Z")
    year, month, day, hour, minute, second, fraction, zulu, sign, zone_hours, zone_minutes = match.groups()
    if zulu is None and sign is None:
        raise InvalidInput(f"{text!r} has no zone: end it with Z or an offset such as +02:00")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a date of the calendar: {error}") from None
    # RFC 3339 allows second 60 for a leap second: it is counted as the first second of the next minute.
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60 or int(zone_hours or 0) > 23 or int(zone_minutes or 0) > 59:
        raise InvalidInput(f"{text!r} has an hour, minute, second or offset out of range")
    offset_minutes = int(zone_hours or 0) * 60 + int(zone_minutes or 0)
    minutes = int(hour) * 60 + int(minute) - (offset_minutes if sign == "+" else -offset_minutes)
    micros = days * _DAY_US + (minutes * 60 + int(second)) * 1_000_000 + int((fraction or "")[:6].ljust(6, "0"))
    if not _MIN <= micros <= _MAX:
        raise InvalidInput(f"{text!r} lies outside the years 0001 to 9999 in UTC")
    return micros


_parsed = lru_cache(1 << 12)(_parse)


def parse_reported_time(text: str) -> tuple[int, bool]:
    """Return the time in an event in microseconds since the epoch, and whether it has a zone; without one it is read as UTC.

    Besides RFC 3339: an offset such as `+0100` or `+01`, no seconds, and the name of a zone in brackets, which is ignored,
    because the offset before it decides. Raises `InvalidInput` for any other text.
    """
    try:
        return parse_time(text), True
    except InvalidInput:
        found = _REPORTED.fullmatch(text)
        if found is None:
            raise
    hours = found["hours"]
    offset = f"{hours}:{found['minutes'] or '00'}" if hours else "Z"
    has_zone = bool(hours or found["zulu"])
    return parse_time(f"{found['day']}T{found['minute']}{found['second'] or ':00'}{offset}"), has_zone


def format_time(micros: int) -> str:
    """Return `micros` as RFC 3339 in UTC, with a fraction only if it is not zero."""
    days, rest = divmod(micros, _DAY_US)
    seconds, fraction = divmod(rest, 1_000_000)
    day = date.fromordinal(days + _EPOCH_DAY).isoformat()
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{day}T{clock}.{fraction:06}Z" if fraction else f"{day}T{clock}Z"


def format_end(micros: int) -> str | None:
    """Return the end of an interval as RFC 3339, or None where it is open."""
    return None if micros == FOREVER else format_time(micros)
