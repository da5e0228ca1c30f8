"""Facts as JSON lines (docs/spec.md#facts): the parsed facts, and a pointer in the error for every invalid line."""

from __future__ import annotations

from typing import Any

import pytest

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.fact_json import asset_line, check_edge, parse_line
from mlgraph.domain.facts import ANY_ORIGIN, AssetFact, AssetRetraction, Contact, EdgeFact, EdgeRetraction, is_terminal
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri

A, B = "mlg://dataset/lake/a", "mlg://dataset/lake/b"
ADA, SVC = "mlg://person/acme/u-1", "mlg://service/prod/s"
T1, T2 = "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"
ASSET: dict[str, Any] = {"uri": A}
EDGE: dict[str, Any] = {"source": A, "relation": "derives", "target": B}
COLUMNS: dict[str, Any] = {"source": "mlg://column/lake/a%23x", "relation": "derives", "target": "mlg://column/lake/b%23x"}
RUN: dict[str, Any] = {"uri": "mlg://run/jobs/r1"}


def parsed(line: object) -> object:
    (fact,) = parse_line(Located(line), "facts")
    return fact


def test_an_asset_line_is_a_state() -> None:
    members = {"name": "a", "description": "d", "owners": [ADA], "tags": ["y", "x", "x"], "properties": {"k": [1]}}
    fact = parsed({"asset": {**ASSET, **members, "valid_from": T1, "origin": "ours"}})
    state = {"name": "a", "description": "d", "owners": [ADA], "tags": ["x", "y"], "properties": {"k": [1]}}
    assert fact == AssetFact(AssetUri.parse(A), "ours", parse_time(T1), state)
    assert parsed({"asset": {**ASSET, "name": None}}) == AssetFact(AssetUri.parse(A), "facts")
    assert parsed(asset_line(A, "ours", parse_time(T1), state)) == fact


def test_an_edge_line_is_an_interval_with_properties() -> None:
    ends = (AssetUri.parse(A), "derives", AssetUri.parse(B))
    fact = parsed({"edge": {**EDGE, "valid_from": T1, "valid_to": T2, "properties": {"note": "x\0"}}})
    assert fact == EdgeFact(*ends, "facts", parse_time(T1), parse_time(T2), {"note": "x\ufffd"})
    outputs = {"source": "mlg://run/jobs/r1", "relation": "outputs", "target": A, "properties": {"from": [B, A, B]}}
    made = parsed({"edge": outputs})
    assert isinstance(made, EdgeFact)
    assert made.properties == {"from": [A, B]}


def test_a_retraction_ends_an_asset_or_an_edge_for_one_origin_or_for_all() -> None:
    a, b = AssetUri.parse(A), AssetUri.parse(B)
    assert parsed({"retract": {"uri": A, "valid_to": T1}}) == AssetRetraction(a, "facts", parse_time(T1))
    assert parsed({"retract": {**EDGE, "origin": "*"}}) == EdgeRetraction(a, "derives", b, ANY_ORIGIN)


def test_name_and_mail_of_a_person_are_in_a_contact_and_not_in_the_fact() -> None:
    line = {"asset": {"uri": ADA, "name": "Ada", "description": "x", "properties": {"email": "ada@acme", "k": 1}}}
    fact, contact = parse_line(Located(line), "facts")
    assert fact == AssetFact(AssetUri.parse(ADA), "facts", None, {"properties": {"k": 1}})
    assert contact == Contact(AssetUri.parse(ADA), "Ada", "ada@acme")


def test_unstorable_characters_become_replacement_characters_in_plain_text() -> None:
    fact = parsed({"asset": {**ASSET, "description": "a\0b\ud800c"}})
    assert isinstance(fact, AssetFact)
    assert fact.state["description"] == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("line", "pointer", "reason"),
    [
        ([], "", "must be an object, not an array"),
        ("x", "", "must be an object, not a string"),
        (None, "", "must be an object, not null"),
        ({}, "", "exactly one of"),
        ({"asset": ASSET, "edge": EDGE}, "", "exactly one of"),
        ({"assets": ASSET}, "/assets", "did you mean 'asset'?"),
        ({"asset": []}, "/asset", "must be an object, not an array"),
        ({"asset": {}}, "/asset/uri", "'uri' is missing"),
        ({"asset": {"uri": 7}}, "/asset/uri", "must be a string, not a number"),
        ({"asset": {"uri": ""}}, "/asset/uri", "must not be empty"),
        ({"asset": {"uri": "mlg://dataset/a\0/b"}}, "/asset/uri", "NUL"),
        ({"asset": {"uri": "mlg://dataset/\ud800/b"}}, "/asset/uri", "lone surrogate"),
        ({"asset": {"uri": "mlg://dataset/s3://lake/x"}}, "/asset/uri", "percent-encode"),
        ({"asset": {"uri": "mlg://nothing/a/b"}}, "/asset/uri", "unknown kind"),
        ({"asset": {**ASSET, "nmae": "x"}}, "/asset/nmae", "did you mean 'name'?"),
        ({"asset": {**ASSET, "qqq": "x"}}, "/asset/qqq", "the keys are uri"),
        ({"asset": {**ASSET, "name": 1}}, "/asset/name", "must be a string"),
        ({"asset": {**ASSET, "description": {}}}, "/asset/description", "must be a string, not an object"),
        ({"asset": {**ASSET, "owners": ADA}}, "/asset/owners", "must be an array"),
        ({"asset": {**ASSET, "owners": [ADA, A]}}, "/asset/owners/1", "an owner is a person or a team"),
        ({"asset": {**ASSET, "tags": "x"}}, "/asset/tags", "must be an array"),
        ({"asset": {**ASSET, "tags": ["x", True]}}, "/asset/tags/1", "must be a string, not a boolean"),
        ({"asset": {**ASSET, "properties": "x"}}, "/asset/properties", "must be an object"),
        ({"asset": {**ASSET, "properties": {"k": [1e999]}}}, "/asset/properties/k/0", "too large"),
        ({"asset": {**ASSET, "valid_from": 1}}, "/asset/valid_from", "must be a string"),
        ({"asset": {**ASSET, "valid_from": "2026-11-21T10:00:00"}}, "/asset/valid_from", "no zone"),
        ({"asset": {**ASSET, "valid_from": "0000-01-01T00:00:00Z"}}, "/asset/valid_from", "calendar"),
        ({"asset": {**ASSET, "origin": "*"}}, "/asset/origin", "only a retraction"),
        ({"asset": {**ASSET, "origin": ""}}, "/asset/origin", "must not be empty"),
        ({"asset": {**ASSET, "origin": "rule:x"}}, "/asset/origin", "reserved for inferred edges"),
        ({"asset": {**ASSET, "origin": "o" * 201}}, "/asset/origin", "at most 200"),
        ({"asset": {**ASSET, "origin": "a\0"}}, "/asset/origin", "NUL"),
        ({"asset": {**RUN, "properties": {"state": 1}}}, "/asset/properties/state", "must be a string"),
        ({"asset": {**RUN, "properties": {"ended_at": "now"}}}, "/asset/properties/ended_at", "RFC 3339"),
        ({"asset": {**RUN, "properties": {"code_version": 1}}}, "/asset/properties/code_version", "must be a string"),
        ({"edge": {**EDGE, "source": None}}, "/edge/source", "'source' is missing"),
        ({"edge": {"source": A, "target": B}}, "/edge/relation", "'relation' is missing"),
        ({"edge": {**EDGE, "target": "b"}}, "/edge/target", "must begin with mlg://"),
        ({"edge": {**EDGE, "relation": "derive"}}, "/edge/relation", "did you mean 'derives'?"),
        ({"edge": {**EDGE, "relation": "qqq"}}, "/edge/relation", "the relations are derives"),
        ({"edge": {**EDGE, "target": SVC}}, "/edge/relation", "not allowed from a dataset to a service"),
        ({"edge": {**EDGE, "valid_form": T1}}, "/edge/valid_form", "did you mean 'valid_from'?"),
        ({"edge": {**EDGE, "valid_from": T1, "valid_to": T1}}, "/edge/valid_to", "is not after valid_from"),
        ({"edge": {**EDGE, "valid_to": "soon"}}, "/edge/valid_to", "RFC 3339"),
        ({"edge": {**EDGE, "properties": []}}, "/edge/properties", "must be an object"),
        ({"edge": {**EDGE, "properties": {"version": 2}}}, "/edge/properties/version", "must be a string"),
        ({"edge": {**COLUMNS, "properties": {"by": "r1"}}}, "/edge/properties/by", "must begin with mlg://"),
        ({"edge": {**COLUMNS, "properties": {"by": A}}}, "/edge/properties/by", "run or workflow that reported"),
        ({"asset": {**ASSET, "a/b": "x"}}, "/asset/a~1b", "unknown key"),
        ({"edge": {**EDGE, "properties": {"from": A}}}, "/edge/properties/from", "must be an array"),
        ({"edge": {**EDGE, "properties": {"from": [A, "b"]}}}, "/edge/properties/from/1", "must begin with mlg://"),
        (
            {"edge": {"source": A, "relation": "input_to", "target": RUN["uri"], "properties": {"role": "extra"}}},
            "/edge/properties/role",
            "unknown role 'extra'",
        ),
        (
            {"edge": {"source": SVC, "relation": "required_by", "target": SVC, "properties": {"requirement": "x"}}},
            "/edge/properties/requirement",
            "must be one of hard, soft",
        ),
        ({"retract": {}}, "/retract/source", "'source' is missing"),
        ({"retract": {"uri": A, "source": B}}, "/retract/source", "by 'uri' alone"),
        ({"retract": {"uri": A, "valid_from": T1}}, "/retract/valid_from", "unknown key"),
        ({"retract": {**EDGE, "relation": "serves"}}, "/retract/relation", "is not allowed from"),
        ({"retract": {"uri": A, "origin": "rule:x"}}, "/retract/origin", "reserved for inferred edges"),
        ({"retract": {"uri": A, "valid_to": "2026"}}, "/retract/valid_to", "RFC 3339"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_the_reason(line: object, pointer: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parsed(line)
    assert refusal.value.pointer == pointer
    assert reason in refusal.value.detail


def test_an_edge_is_checked_against_the_vocabulary() -> None:
    check_edge(AssetUri.parse(A), "derives", AssetUri.parse(B))
    with pytest.raises(InvalidInput):
        check_edge(AssetUri.parse(A), "serves", AssetUri.parse(B))


def test_terminal_states_are_those_of_the_run_cycle_in_any_case() -> None:
    assert all(is_terminal(state) for state in ("COMPLETE", "fail", "Abort"))
    assert not any(is_terminal(state) for state in ("START", "RUNNING", "OTHER", None, 1))


def test_secrets_do_not_become_part_of_a_fact() -> None:
    properties = {"password": "hunter2", "nested": [{"api_key": "k3y"}], "url": "postgres://u:hunter2@db/x", "rows": 3}
    fact = parsed({"asset": {**ASSET, "properties": properties}})
    assert "hunter2" not in repr(fact)
    assert "k3y" not in repr(fact)
    assert isinstance(fact, AssetFact)
    assert fact.state["properties"]["rows"] == 3
