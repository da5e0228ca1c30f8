"""Asset URIs: `mlg://KIND/NAMESPACE/NAME` (docs/spec.md#uris)."""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri, column_uri, dataset_of_column, field_of_column, person_uri
from mlgraph.domain.vocabulary import KINDS

parts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=80)
uris = st.builds(AssetUri, st.sampled_from(sorted(KINDS)), parts, parts)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(uris, uris)
def test_every_uri_survives_the_round_trip_and_no_two_have_one_text(one: AssetUri, other: AssetUri) -> None:
    assert AssetUri.parse(str(one)) == one
    assert (str(one) == str(other)) == (one == other)
    assert str(one).isascii()
    assert str(one).count("/") == 4


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.text(max_size=40))
def test_any_text_is_canonical_or_refused(text: str) -> None:
    try:
        uri = AssetUri.parse(f"mlg://dataset/{text}")
    except InvalidInput:
        return
    assert str(AssetUri(uri.kind, uri.namespace, uri.name)) == f"mlg://dataset/{text}"


@pytest.mark.parametrize("code", range(256))
def test_an_escape_is_canonical_where_the_character_needs_one(code: int) -> None:
    for escaped in (f"x%{code:02X}", f"x%{code:02x}"):
        name = unquote_to_bytes(escaped)
        try:
            uri = AssetUri.parse(f"mlg://dataset/n/{escaped}")
        except InvalidInput:
            assert code in {0, *range(128, 256)} or quote(name, safe="") != escaped
        else:
            assert quote(name, safe="") == escaped
            assert uri.name.encode() == name


@settings(derandomize=True, deadline=None)
@given(parts, parts.filter(lambda name: "%23" not in name), parts.filter(lambda field: "%23" not in field))
def test_a_column_knows_its_dataset_and_field(namespace: str, name: str, field: str) -> None:
    dataset = AssetUri("dataset", namespace, name)
    column = column_uri(dataset, field)
    assert dataset_of_column(column) == dataset
    assert field_of_column(column) == field


def test_the_text_is_that_of_the_specification() -> None:
    ratings = AssetUri("dataset", "s3://lake", "ratings/daily")
    assert str(ratings) == "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"
    assert str(column_uri(ratings, "user_id")) == "mlg://column/s3%3A%2F%2Flake/ratings%2Fdaily%23user_id"
    assert str(column_uri(AssetUri("dataset", "a", "b#c"), "d#e")) == "mlg://column/a/b%2523c%23d%2523e"
    assert str(AssetUri("dataset", "ä", "~-._")) == "mlg://dataset/%C3%A4/~-._"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must begin with mlg://"),
        ("http://dataset/a/b", "must begin with mlg://"),
        ("mlg://dataset/a", "2 parts"),
        ("mlg://dataset/s3://lake/ratings", "5 parts"),
        ("mlg://dataset//b", "namespace of a URI must not be empty"),
        ("mlg://dataset/a/", "name of a URI must not be empty"),
        ("mlg://datset/a/b", "did you mean 'dataset'?"),
        ("mlg://qqqq/a/b", "the kinds are dataset"),
        ("mlg://dataset/a/%2f", "write mlg://dataset/a/%2F"),
        ("mlg://dataset/a/b c", "write mlg://dataset/a/b%20c"),
        ("mlg://dataset/a/%41", "write mlg://dataset/a/A"),
        ("mlg://dataset/a/%zz", "not in canonical form"),
        ("mlg://dataset/a/%FF", "not UTF-8"),
        ("mlg://dataset/a/%ED%A0%80", "not UTF-8"),
        ("mlg://dataset/a/%00", "NUL"),
        ("mlg://dataset/a/\ud800", "lone surrogate"),
        ("mlg://dataset/a/" + "b" * MAX_URI_CHARS, "over the limit"),
    ],
)
def test_a_uri_that_is_not_canonical_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        AssetUri.parse(text)
    assert reason in refusal.value.detail


def test_a_column_without_dataset_or_field_belongs_to_none() -> None:
    for name in ("plain", "#field", "name#"):
        assert dataset_of_column(AssetUri("column", "a", name)) is None


def test_a_person_is_one_node_however_the_identifier_is_written_and_it_does_not_reveal_who() -> None:
    assert person_uri("Ada@Example.com ") == person_uri("ada@example.com") != person_uri("bob@example.com")
    assert "ada" not in str(person_uri("ada@example.com"))
