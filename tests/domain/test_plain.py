"""Plain lines: the quick reader either says what the careful one says, or leaves the line to it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Contact
from mlgraph.domain.payload import Located
from mlgraph.domain.plain import plain_line
from mlgraph.domain.stated import StatedAsset, StatedEdge, restate
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri
from mlgraph.domain.wire import parse_line

T1, T2 = "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"
A, RUN = "mlg://dataset/s3%3A%2F%2Flake/a", "mlg://run/jobs/r1"
EDGE: Final[dict[str, Any]] = {"source": A, "relation": "input_to", "target": RUN, "valid_from": T1}
ASSET: Final[dict[str, Any]] = {"uri": A, "valid_from": T1}

URIS = st.sampled_from([
    A, RUN, "mlg://dataset/n/b", "mlg://column/n/b%23x", "mlg://person/acme/u-1", "mlg://team/acme/t", "mlg://dataset/n/%C3%A9",
    "mlg://dataset/n/%2d", "mlg://dataset/n/%2D", "mlg://dataset/n/a/b", "mlg://dataset//b", "mlg://dataset/n/", "mlg://data/n/b",
    "mlg://dataset/n/%00", "mlg://dataset/n/%C3", "mlg://dataset/n/a b", "mlg://dataset/n/\u00e9", "mlg://dataset/n/b\n", "", "x",
])  # fmt: skip
TIMES = st.sampled_from([
    T1, T2, "2026-11-21T10:00:00.5Z", "2026-11-21T10:00:00+02:00", "2026-11-21T24:00:00Z", "2026-02-30T10:00:00Z",
    "2026-11-21T10:00:60Z", "2026-11-21 10:00:00Z", "0000-11-21T10:00:00Z", "2026-11-21T10:00:00", "2026-W47-6T10:00:00Z", "",
])  # fmt: skip
TEXTS = st.sampled_from(["", "a", "training", "1", "a=b&token=x", "postgres://u:p@h/db", "\0", "\u00e9", 'a"\\b', "x" * 300])
VALUES = st.one_of(
    TEXTS, URIS, TIMES, st.none(), st.booleans(), st.floats(), st.sampled_from([0, 7, 2**53, 10**30]),
    st.lists(st.one_of(TEXTS, URIS), max_size=3), st.dictionaries(TEXTS, TEXTS, max_size=2),
)  # fmt: skip
PROPERTIES = st.dictionaries(
    st.sampled_from(["role", "version", "from", "by", "state", "ended_at", "schema", "password", "rows", "caf\u00e9"]), VALUES,
    max_size=3,
)  # fmt: skip
ORIGINS = st.sampled_from(["ours", "*", "rule:x", "", "x" * 201, "caf\u00e9", "\0"])
PARTS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "uri": URIS, "source": URIS, "target": URIS, "relation": st.sampled_from(["input_to", "derives", "outputs", "eats"]),
    "valid_from": TIMES, "valid_to": TIMES, "name": TEXTS, "description": TEXTS, "owners": st.lists(URIS, max_size=2),
    "tags": st.lists(TEXTS, max_size=3), "properties": PROPERTIES, "origin": ORIGINS,
}  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    kind, base = draw(st.sampled_from([("edge", EDGE), ("asset", ASSET), ("retract", {"uri": A})]))
    optional = ("valid_to", "properties", "origin") if kind == "edge" else ("name", "owners", "tags", "properties", "origin")
    said = {**base, **{key: draw(PARTS[key]) for key in draw(st.sets(st.sampled_from(optional)))}}
    for key in draw(st.sets(st.sampled_from(sorted(PARTS)), max_size=2)):
        said[key] = draw(st.one_of(PARTS[key], VALUES))
    for key in draw(st.sets(st.sampled_from(sorted(said)), max_size=1)):
        del said[key]
    return {kind: said} if draw(st.integers(0, 20)) else {kind: said, "edge": EDGE}


@given(lines())
def test_what_is_plain_says_what_the_careful_reader_says(line: dict[str, Any]) -> None:
    plain = plain_line(line, "facts")
    if plain is None:
        return
    (fact,) = parse_line(Located(line), "facts")
    assert not isinstance(fact, Contact)
    assert restate(fact) == plain


@pytest.mark.parametrize("line", [
    {"edge": EDGE}, {"edge": {**EDGE, "valid_to": T2, "properties": {"role": "training", "version": "3"}, "origin": "ours"}},
    {"asset": ASSET}, {"asset": {"uri": RUN, "valid_from": T1, "properties": {"state": "COMPLETE", "ended_at": T2, "n": 1}}},
    {"asset": {**ASSET, "name": "a", "tags": ["y", "x", "x"], "owners": ["mlg://team/acme/t"], "properties": {"rows": 3}}},
])  # fmt: skip
def test_the_usual_lines_of_a_load_are_plain(line: dict[str, Any]) -> None:
    plain = plain_line(line, "facts")
    (fact,) = parse_line(Located(line), "facts")
    assert isinstance(plain, StatedEdge | StatedAsset)
    assert not isinstance(fact, Contact)
    assert restate(fact) == plain


@given(URIS)
def test_a_plain_uri_is_a_canonical_one(uri: str) -> None:
    if plain_line({"asset": {"uri": uri, "valid_from": T1}}, "facts") is not None:
        assert str(AssetUri.parse(uri)) == uri


@pytest.mark.parametrize("code", range(256))
def test_escapes_of_every_character_are_judged_as_the_careful_reader_judges(code: int) -> None:
    uri = f"mlg://dataset/n/x%{code:02X}"
    try:
        right = AssetUri.parse(uri) is not None
    except InvalidInput:
        right = False
    plain = plain_line({"asset": {"uri": uri, "valid_from": T1}}, "facts")
    assert (plain is not None) == (right and code < 128)


def test_a_uri_over_the_limit_is_not_plain() -> None:
    longest = A[:-1] + "a" * (MAX_URI_CHARS - len(A) + 1)
    assert plain_line({"asset": {"uri": longest, "valid_from": T1}}, "facts") is not None
    for line in ({"asset": {"uri": longest + "a", "valid_from": T1}}, {"edge": {**EDGE, "source": longest + "a"}}):
        assert plain_line(line, "facts") is None
        with pytest.raises(InvalidInput, match="over the limit"):
            parse_line(Located(line), "facts")
