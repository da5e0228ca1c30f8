"""Edges read in compiled code: what is taken says what the reader of plain lines says; what is not is left to it."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlgraph.bulk.blake2b import digest_into
from mlgraph.bulk.edges import MAX_ORIGINS, read_edges
from mlgraph.bulk.tokens import NO_TIME, moment
from mlgraph.domain.plain import plain_line
from mlgraph.domain.stated import StatedAsset, StatedEdge
from mlgraph.domain.times import format_time, parse_time
from mlgraph.domain.uri import MAX_URI_CHARS

T1, T2 = "2026-11-21T10:00:00Z", "2026-11-21T11:00:00.25Z"
A, RUN = "mlg://dataset/s3%3A%2F%2Flake/a", "mlg://run/jobs/r1"
EDGE: Final[dict[str, Any]] = {"source": A, "relation": "input_to", "target": RUN, "valid_from": T1}
FULL: Final = {**EDGE, "valid_to": T2, "origin": "ours", "properties": {"role": "training", "version": "3"}}
LONG: Final = A + "a" * (MAX_URI_CHARS - len(A))

URIS = st.sampled_from([
    A, RUN, LONG, LONG + "a", "mlg://dataset/n/b", "mlg://column/n/b%23x", "mlg://person/acme/u-1", "mlg://dataset/n/%C3%A9",
    "mlg://dataset/n/%2d", "mlg://dataset/n/%2D", "mlg://dataset/n/%20", "mlg://dataset/n/a/b", "mlg://dataset//b",
    "mlg://dataset/n/", "mlg://data/n/b", "mlg://dataset/n/%00", "mlg://dataset/n/%4", "mlg://dataset/n/a b", "mlg://dataset/n",
    "mlg://dataset/n/\u00e9", "mlg://dataset/n/b\n", "mlg:/", "", "x",
])  # fmt: skip
TIMES = st.one_of(
    st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999).map(format_time),
    st.sampled_from([
        T1, T2, "2026-11-21T10:00:00.123456789Z", "2026-11-21T10:00:00.1234567890Z", "2026-11-21T10:00:00.Z",
        "2024-02-29T00:00:00Z",
        "2026-11-21T10:00:00+02:00", "2026-11-21T24:00:00Z", "2026-02-29T10:00:00Z", "1900-02-29T00:00:00Z",
        "2000-02-29T00:00:00Z",
        "2026-11-21T10:00:60Z", "2026-11-21 10:00:00Z", "0000-11-21T10:00:00Z", "2026-11-21T10:00:00", "2026-11-21t10:00:00z",
        "2026-11-2:T10:00:00Z", "2026-11-21T10:00:00.12x456Z", "",
    ]),
)  # fmt: skip
TEXTS = st.sampled_from(
    ["", "a", "training", "1", "a=b", "postgres://u", "a:/b", "\0", "\u00e9", 'a"\\b', "\x7f", "x" * 300, "{}"]
)
VALUES = st.one_of(TEXTS, URIS, TIMES, st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.lists(TEXTS, max_size=1))
PARTS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "source": URIS, "target": URIS, "relation": st.sampled_from(["input_to", "derives", "outputs", "eats", "alias_of"]),
    "valid_from": TIMES, "valid_to": TIMES,
    "origin": st.sampled_from(["ours", "*", "rule:x", "", "x" * 201, "caf\u00e9", "theirs"]),
    "properties": st.dictionaries(
        st.sampled_from(["role", "version", "by", "edge", "source"]), st.one_of(TEXTS, VALUES), max_size=3
    ),
    "role": TEXTS, "edge": VALUES, "rows": VALUES,
}  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    said = dict(draw(st.sampled_from([EDGE, FULL])))
    for key in draw(st.sets(st.sampled_from(sorted(PARTS)), max_size=2)):
        said[key] = draw(PARTS[key])
    for key in draw(st.sets(st.sampled_from(sorted(said)), max_size=1)):
        del said[key]
    keys = draw(st.permutations(sorted(said)))
    whole = {"edge": {key: said[key] for key in keys}}
    if not draw(st.integers(0, 20)):
        whole["asset"] = {"uri": A}
    encoded = json.dumps(whole, separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", "\t:")])))
    return encoded.encode() if draw(st.booleans()) else orjson.dumps(whole)


def accepts(origin: str) -> bool:
    return origin != "theirs"


def plainly(line: bytes) -> StatedEdge | StatedAsset | None:
    try:
        return plain_line(orjson.loads(line), 'ours "and"')
    except orjson.JSONDecodeError:
        return None


def one(text: str) -> int:
    return moment(np.frombuffer(text.encode(), np.uint8), 0, len(text.encode()))


@settings(deadline=None)
@given(st.lists(lines(), max_size=8))
def test_what_is_taken_says_what_the_reader_of_plain_lines_says(chunk: list[bytes]) -> None:
    edges, left = read_edges(chunk, 'ours "and"', accepts)
    taken = [line for place, line in enumerate(chunk) if place not in set(left)]
    assert list(edges) == [plainly(line) for line in taken]
    assert left == sorted(set(left))
    assert len(left) + len(edges) == len(chunk)
    assert all(edge.origin != "theirs" for edge in edges)


@settings(deadline=None)
@given(st.lists(lines(), min_size=1, max_size=1), st.data())
def test_a_damaged_line_is_never_read_as_another(chunk: list[bytes], data: st.DataObject) -> None:
    line = bytearray(chunk[0])
    at = data.draw(st.integers(0, len(line) - 1))
    damage = data.draw(st.sampled_from([b"", b'"', b"}", b"{", b",", b":", b"\\", b" ", b"0"]))
    line[at : at + data.draw(st.integers(0, 2))] = damage
    edges, left = read_edges([bytes(line)], 'ours "and"', bool)
    if not left:
        assert list(edges) == [plainly(bytes(line))]


@pytest.mark.parametrize("said", [EDGE, FULL, {**EDGE, "properties": {}}, {**EDGE, "properties": {"version": ""}}])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_the_usual_lines_are_taken(said: dict[str, Any], separators: tuple[str, str]) -> None:
    line = json.dumps({"edge": said}, separators=separators).encode()
    edges, left = read_edges([line, b"{}", line], "facts", bool)
    assert (left, list(edges)) == ([1], [plain_line({"edge": said}, "facts")] * 2)
    assert edges[1] == edges[-1]
    assert list(edges[1:]) == [edges[1]]


def test_too_many_origins_are_left_to_the_other_reader() -> None:
    chunk = [json.dumps({"edge": {**EDGE, "origin": f"o{number}"}}).encode() for number in range(MAX_ORIGINS + 1)]
    edges, left = read_edges(chunk, "facts", bool)
    assert [edge.origin for edge in edges] == [f"o{number}" for number in range(MAX_ORIGINS - 1)]
    assert left == [MAX_ORIGINS - 1, MAX_ORIGINS]


def test_nothing_says_nothing() -> None:
    edges, left = read_edges([], "facts", bool)
    assert (list(edges), left) == ([], [])


@settings(deadline=None)
@given(TIMES)
@example("0001-01-01T00:00:00Z")
@example("9999-12-31T23:59:59.999999Z")
def test_a_moment_is_what_the_careful_reader_reads(text: str) -> None:
    found = one(text)
    assert found == NO_TIME or found == parse_time(text)


def test_every_day_of_the_calendar_is_read() -> None:
    for year in (1, 4, 1600, 1700, 1900, 1969, 1970, 2000, 2024, 2026, 2100, 9999):
        for month in range(1, 13):
            for day in (1, 2, 28):
                text = f"{year:04}-{month:02}-{day:02}T23:59:59Z"
                assert one(text) == parse_time(text)


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(0, 5))
@example(b"x" * 128, 0)
@example(b"x" * 129, 0)
@example(b"", 0)
def test_digests_are_those_of_hashlib(text: bytes, begin: int) -> None:
    begin = min(begin, len(text))
    found = np.zeros(2, np.uint64)
    digest_into(found, np.frombuffer(text, np.uint8), begin, len(text), np.zeros(24, np.uint64))
    assert found.tobytes() == hashlib.blake2b(text[begin:], digest_size=16).digest()
