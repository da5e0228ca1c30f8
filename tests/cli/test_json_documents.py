"""Splitting of JSON files into records: NDJSON, arrays, indented objects, malformed files."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.cli.json_documents import RecordPositions, records

VALUES = st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=8), max_size=3).map(
    lambda value: {"a": value}
)


def read(text: str | bytes) -> list[tuple[int, bytes]]:
    return list(records(io.BytesIO(text.encode() if isinstance(text, str) else text)))


@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from([None, 2]))
def test_an_array_an_indented_file_and_lines_have_the_same_values(values: list[object], indent: int | None) -> None:
    lines = "".join(json.dumps(value) + "\n" for value in values)
    assert [json.loads(text) for _, text in read(lines)] == values
    assert [json.loads(text) for _, text in read(json.dumps(values, indent=indent))] == values
    indented = "\n".join(json.dumps(value, indent=2) for value in values)
    assert [json.loads(text) for _, text in read(indented)] == values


def test_lines_stay_as_they_are_and_empty_ones_count() -> None:
    assert read('\n{"a":1}\r\n\n{broken\n{"b": 2 }') == [
        (1, b""),
        (2, b'{"a":1}'),
        (3, b""),
        (4, b"{broken"),
        (5, b'{"b": 2 }'),
    ]


@pytest.mark.parametrize("first", ['{"a": tru}', '{"a": 1', "nonsense", '{"a": 1}}'])
def test_a_broken_first_line_does_not_change_how_the_rest_is_read(first: str) -> None:
    found = read(first + '\n{"b":2}\n')
    assert found[-1][1].endswith(b'{"b":2}')
    assert b"\n" not in b"".join(text for _, text in found)


def test_invalid_json_inside_an_array_is_yielded_for_the_server_to_report() -> None:
    assert read('[\n{"a": 1},\n{"b": },\n{"c": 3}\n]') == [(2, b'{"a": 1}'), (3, b'{"b": }, {"c": 3} ]')]


def test_a_byte_order_mark_and_an_empty_file() -> None:
    assert read(b'\xef\xbb\xbf{"a":1}\n') == [(1, b'{"a":1}')]
    assert read("") == []
    assert read(b"\xff\n{}\n") == [(1, b"\xff"), (2, b"{}")]


def test_positions_are_found_by_index_over_files() -> None:
    places = RecordPositions()
    for file, lines in (("a", (1, 2, 3)), ("b", (1, 5, 6)), ("c", (2,))):
        for line in lines:
            places.add(file, line)
    found = [places.of(index) for index in range(places.count)]
    assert found == ["a:1", "a:2", "a:3", "b:1", "b:5", "b:6", "c:2"]
    assert places.of(7) == "record 7"
