"""Parsing of RFC 3339 to integer microseconds, and formatting back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.timestamps import FOREVER, format_end, format_time, parse_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
zones = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones))  # noqa: DTZ001 - the strategy adds zones
def test_times_agree_with_the_standard_library_and_survive_the_round_trip(moment: datetime) -> None:
    micros = (moment - EPOCH) // timedelta(microseconds=1)
    assert parse_time(moment.isoformat()) == micros
    assert parse_time(format_time(micros)) == micros
    assert datetime.fromisoformat(format_time(micros)) == moment


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("2999-12-31T23:59:59.999999Z", "2999-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00Z"),
        ("2026-11-21T10:00:00-00:30", "2026-11-21T10:30:00Z"),
        ("2026-11-21t10:00:00z", "2026-11-21T10:00:00Z"),
        ("2026-11-21 10:00:00Z", "2026-11-21T10:00:00Z"),
        ("2026-11-21T10:00:00.5Z", "2026-11-21T10:00:00.500000Z"),
        ("2026-11-21T10:00:00.1234567899Z", "2026-11-21T10:00:00.123456Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
    ],
)
def test_a_time_is_written_in_utc(text: str, written: str) -> None:
    assert format_time(parse_time(text)) == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-11-21T10:00:00", "no zone"),
        ("2026-11-21", "not an RFC 3339 time"),
        ("1763719200", "not an RFC 3339 time"),
        ("2026-11-21T10:00:00Z ", "not an RFC 3339 time"),
        ("2026-11-21T10:00:00Z\n", "not an RFC 3339 time"),
        ("٢٠٢٦-11-21T10:00:00Z", "not an RFC 3339 time"),
        ("2026-13-21T10:00:00Z", "not a date of the calendar"),
        ("2025-02-29T10:00:00Z", "not a date of the calendar"),
        ("0000-01-01T00:00:00Z", "not a date of the calendar"),
        ("2026-11-21T24:00:00Z", "out of range"),
        ("2026-11-21T10:60:00Z", "out of range"),
        ("2026-11-21T10:00:61Z", "out of range"),
        ("2026-11-21T10:00:00+24:00", "out of range"),
        ("0001-01-01T00:00:00+01:00", "outside the years 0001 to 9999"),
        ("9999-12-31T23:59:59-01:00", "outside the years 0001 to 9999"),
    ],
)
def test_an_invalid_time_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_time(text)
    assert reason in refusal.value.detail


def test_an_open_end_is_written_as_none() -> None:
    assert format_end(FOREVER) is None
    assert format_end(0) == "1970-01-01T00:00:00Z"


@settings(derandomize=True, deadline=None)
@given(st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z|2026-W47-6T10:00:00Z", fullmatch=True))
def test_times_in_whole_seconds_are_parsed_like_all_others(text: str) -> None:
    """The most frequent form has a fast path; the same time with a fraction of zero does not take it."""
    plain, longer = (_outcome(written) for written in (text, f"{text[:-1]}.0Z"))
    assert plain == longer


def _outcome(text: str) -> int | None:
    try:
        return parse_time(text)
    except InvalidInput:
        return None
