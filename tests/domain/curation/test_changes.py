"""Requests to change what people write: what is refused, and where."""

from __future__ import annotations

from typing import Any

import pytest

from mlgraph.domain.curation.changes import MAX_DESCRIPTION_CHARS, MAX_ITEMS, check_size, read_change
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.payloads.payload import Located

TEAM = "mlg://team/org/a"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ([], ""),
        ("x", ""),
        ({"name": "x"}, "/name"),
        ({"descripton": "x"}, "/descripton"),
        ({"description": ""}, "/description"),
        ({"description": " \n"}, "/description"),
        ({"description": 3}, "/description"),
        ({"description": "x" * (MAX_DESCRIPTION_CHARS + 1)}, "/description"),
        ({"owners": TEAM}, "/owners"),
        ({"owners": []}, "/owners"),
        ({"owners": ["team"]}, "/owners/0"),
        ({"owners": [TEAM, "mlg://dataset/n/a"]}, "/owners/1"),
        ({"owners": [f"mlg://team/org/{number}" for number in range(MAX_ITEMS + 1)]}, "/owners"),
        ({"tags": ["t"]}, "/tags"),
        ({"tags": {}}, "/tags"),
        ({"tags": {"add": [], "remove": []}}, "/tags"),
        ({"tags": {"set": ["t"]}}, "/tags/set"),
        ({"tags": {"add": ["t", ""]}}, "/tags/add/1"),
        ({"tags": {"add": ["a\nb"]}}, "/tags/add/0"),
        ({"tags": {"add": ["x" * 201]}}, "/tags/add/0"),
        ({"tags": {"add": ["a"], "remove": ["b", "a"]}}, "/tags/remove"),
        ({"links": "https://a"}, "/links"),
        ({"links": []}, "/links"),
        ({"links": ["javascript:alert(1)"]}, "/links/0"),
        ({"links": ["https://"]}, "/links/0"),
        ({"links": ["https://[::1"]}, "/links/0"),
        ({"links": {"add": ["ftp://a"]}}, "/links/add/0"),
        ({"links": ["https://user:secret@a"]}, "/links/0"),
        ({"links": ["https://a b"]}, "/links/0"),
        ({"links": [f"https://a/{'x' * 2000}"]}, "/links/0"),
        ({"deprecated": "yes"}, "/deprecated"),
        ({"deprecated": 1}, "/deprecated"),
        ({"successor": "table"}, "/successor"),
        ({"successor": "mlg://model/n/a"}, "/successor"),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_pointer(body: Any, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_change(Located(body), "dataset")
    assert refused.value.pointer == pointer


def test_descriptions_of_people_are_refused() -> None:
    with pytest.raises(InvalidInput, match="personal data"):
        read_change(Located({"description": "tall"}), "person")


def test_a_list_of_links_replaces_those_that_people_added_before() -> None:
    before = {"properties": {"links": ["https://a"], "removed_links": ["https://b", "https://c"]}}
    change = read_change(Located({"links": ["HTTPS://b", " https://d "]}), "dataset")
    assert change.apply(before) == {"properties": {"links": ["https://b", "https://d"], "removed_links": ["https://c"]}}


def test_a_change_keeps_members_that_requests_cannot_write() -> None:
    before = {"name": "n", "properties": {"x": 1, "deprecated": True}}
    assert read_change(Located({"deprecated": None, "description": " d "}), "dataset").apply(before) == {
        "name": "n",
        "description": "d",
        "properties": {"x": 1},
    }


def test_tags_add_up_to_a_maximum() -> None:
    many = {"tags": [str(number) for number in range(MAX_ITEMS)]}
    check_size(many)
    with pytest.raises(InvalidInput) as refused:
        check_size(read_change(Located({"tags": {"add": ["one more"]}}), "dataset").apply(many))
    assert refused.value.pointer == "/tags"
