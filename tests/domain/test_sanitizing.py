"""Sanitizing in one pass, compared with the three separate passes that it replaces."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.memoization import Memo
from mlgraph.domain.payloads.payload import Located, canonical_json, clean
from mlgraph.domain.redaction import sanitizing
from mlgraph.domain.redaction.json_values import redact
from mlgraph.services.ingest.json_reading import canonical_json_clean, canonical_text

KEYS = st.one_of(
    st.sampled_from(["name", "value", "key", "password", "owner", "user", "_schemaURL", "fields", "x\0", "caf\u00e9", "token"]),
    st.text(max_size=3),
)
TEXTS = st.one_of(
    st.sampled_from(
        ["ann@example.org", "s3://u:p@h/x?token=1", "DB_PASSWORD", "a=b", "\0", "\ud800", "x\ud800y", "team:data", ""]
    ),
    st.text(max_size=5),
)
LEAVES = st.one_of(
    TEXTS, st.none(), st.booleans(), st.integers(), st.sampled_from([2**63, 2**64, -(2**63) - 1]), st.floats(allow_nan=False)
)
JSON = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)))
DOCUMENTS = st.dictionaries(KEYS, JSON, max_size=4)


def outcome(made: Any) -> Any:
    try:
        return made()
    except InvalidInput as error:
        return error.detail, error.pointer


@given(DOCUMENTS)
def test_one_pass_returns_what_three_passes_return(document: dict[str, Any]) -> None:
    slow = outcome(lambda: sanitizing._without_people(redact(Located(document, "/at").plain())))
    for _ in range(2):  # the second time from the cache
        assert outcome(lambda: sanitizing.sanitize(Located(document, "/at"))) == slow


@given(DOCUMENTS)
def test_texts_are_the_same_by_either_encoder(document: dict[str, Any]) -> None:
    assert outcome(lambda: canonical_json_clean(document)) == outcome(lambda: canonical_json(clean(document)))
    fit = outcome(lambda: clean(document))
    if isinstance(fit, dict):
        assert canonical_text(fit) == canonical_json(fit)


@pytest.mark.parametrize("depth", [30, 33, 190, 199, 200, 201, 250])
@pytest.mark.parametrize("step", ["object", "array", "facet"])
def test_depth_is_bounded_alike(depth: int, step: str) -> None:
    value: Any = "ann@example.org"
    for _ in range(depth):
        value = {"object": {"a": value}, "array": [value], "facet": {"_schemaURL": "", "a": value}}[step]
    document = {"facet": value}
    assert outcome(lambda: sanitizing.sanitize(Located(document))) == outcome(
        lambda: sanitizing._without_people(redact(clean(document)))
    )
    assert outcome(lambda: canonical_json_clean(document)) == outcome(lambda: canonical_json(clean(document)))


def test_a_memo_gives_copies_and_stays_within_its_bound() -> None:
    memo, computed = Memo(400), list[int]()

    def compute() -> list[int]:
        computed.append(1)
        return [len(computed)]

    first = memo.of({"a": 1}, compute)
    first.append("spoiled")
    assert memo.of({"a": 1}, compute) == [1]
    assert memo.of({"a": 1.0}, compute) == [2]  # another value to JSON
    assert memo.of({"a": True}, compute) == [3]
    for number in range(50):
        memo.of({"n": number}, compute)
        assert sum(len(key) + len(found) for key, found in memo._known.items()) <= 400
    assert memo.of("x" * 500, compute) != memo.of("x" * 500, compute), "too large to be remembered"
