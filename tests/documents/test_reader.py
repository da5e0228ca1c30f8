"""Parsing of YAML texts to data with positions: any text is parsed, or refused at a position in it."""

from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.documents.faults import Faults, Position
from mlgraph.documents.reader import MAX_DEPTH, Document, Unquoted, read

LINE_ENDS: Final = "\r\n|[\n\r\x85\u2028\u2029]"


def document(text: str) -> Document:
    faults = Faults()
    found = read(text, faults)
    assert not faults.found
    assert found is not None
    return found


@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@,?\n\t \ufeff\x00\u00e90", max_size=60))
def test_any_text_is_parsed_or_refused_at_a_position_in_it(text: str) -> None:
    found = Faults()
    read(text, found)
    lines = re.split(LINE_ENDS, text)
    for position, message in found.found:
        assert message
        assert 1 <= position.line <= len(lines) + 1
        assert 1 <= position.column <= max(map(len, lines)) + 2


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=5), st.text("xyz ", min_size=1, max_size=8), max_size=6))
def test_positions_are_where_keys_and_values_begin(values: dict[str, str]) -> None:
    text = "".join(f"\n  {key}:  '{value}'\n" for key, value in values.items())
    if not values:
        assert read(text, Faults()) is None
        return
    found = document(text)
    assert found.data == values
    for number, key in enumerate(values):
        assert found.key_position((key,)) == Position(2 * number + 2, 3)
        assert found.position((key,)) == Position(2 * number + 2, 3 + len(key) + 3)


def test_scalars_are_their_text() -> None:
    data = document("[no, 1, '1', ~, '', null, 'null', 2026-01-01]").data
    assert data == ["no", "1", "1", None, "", None, "null", "2026-01-01"]
    assert isinstance(data, list)
    assert [isinstance(each, Unquoted) for each in data] == [True, True, False, False, False, False, False, True]


def test_a_missing_value_has_the_position_of_the_value_around_it() -> None:
    found = document("a:\n  - b: 1\n    c: [x]\n")
    assert found.locations(("a",)) == [("a", 0)]
    assert found.locations(("a", 0, "b")) == []
    assert (found.at(("a", 0, "b")), found.at(("a", 1)), found.at(("b", "a")), found.at(("a", 0, "c", 0, 0))) == (
        "1",
        None,
        None,
        None,
    )
    assert found.position(("a", 0, "c", 0)) == Position(3, 9)
    assert found.position(("a", 0, "d")) == Position(2, 5)
    assert found.position(("a", 7)) == Position(2, 3)
    assert found.position(("z", 1)) == Position(1, 1)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a: &x 1\nb: &x 2\n", [(1, 4, "anchors"), (2, 4, "anchors")]),
        ("a: *x\n", [(1, 4, "anchors")]),
        ("a: 1\na: 2\n? [b]\n: 3\n", [(2, 1, "this key is already in line 1"), (3, 3, "a key must be a word")]),
        ("a: 1\na: 2\nb: [\n", [(2, 1, "this key is already in line 1"), (4, 1, "this is not YAML")]),
        ("- !!int 1\n- ! x\n", [(1, 3, "tags"), (2, 3, "tags")]),
        ("[" * MAX_DEPTH + "x" + "]" * MAX_DEPTH, [(1, MAX_DEPTH + 1, "this is nested more than 16 levels deep")]),
        ("a\n--- b\n", [(2, 1, "a second document begins here")]),
        ("a: \x07", [(1, 4, "the character U+0007 is not allowed")]),
    ],
)
def test_unsupported_syntax_is_refused(text: str, faults: list[tuple[int, int, str]]) -> None:
    found = Faults()
    read(text, found)
    assert [(position.line, position.column) for position, _ in found.found] == [(line, column) for line, column, _ in faults]
    assert all(message.startswith(start) for (_, message), (_, _, start) in zip(found.found, faults, strict=True)), found
