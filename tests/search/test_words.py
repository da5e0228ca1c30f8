"""Splitting of names and texts: the same words for every spelling, in every script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.search.words import MAX_WORD_CHARS, folded, identifiers, name_parts, normal_form, singular


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("userId", ["user", "id"]),
        ("USER-ID", ["user", "id"]),
        ("users/id", ["users", "id"]),
        ("shop.public.order_items", ["shop", "public", "order", "items"]),
        ("HTTPServerError", ["http", "server", "error"]),
        ("customers7", ["customers", "7"]),
        ("v2ModelXGBoost", ["v", "2", "model", "xg", "boost"]),
        ("userIDs", ["user", "ids"]),
        ("s3://lake/ratings%2Fdaily#user", ["s", "3", "lake", "ratings", "2", "fdaily", "user"]),
        ("GrößenTabelle", ["grossen", "tabelle"]),
        ("ÉCOLE_été", ["ecole", "ete"]),
        ("客户流失", ["客户", "户流", "流失"]),
        ("表", ["表"]),
        ("user数据v2", ["user", "数据", "v", "2"]),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}b", ["ab"]),
        ("", []),
        ("!!! ... \u202e", []),
    ],
)
def test_names_are_split(name: str, parts: list[str]) -> None:
    assert name_parts(name) == parts


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("customers", "customer"),
        ("categories", "category"),
        ("classes", "class"),
        ("boxes", "box"),
        ("branches", "branch"),
        ("movies", "movie"),
        ("scores", "score"),
        ("ids", "id"),
        ("indices", "index"),
        ("analyses", "analysis"),
        ("houses", "house"),
        ("caches", "cache"),
        ("people", "person"),
    ],
)
def test_singular_and_plural_are_one_word(plural: str, one: str) -> None:
    assert singular(plural) == singular(one)


@pytest.mark.parametrize("word", ["status", "class", "bus", "news", "gas", "is", "analysis", "s3", "7"])
def test_words_that_end_like_a_plural_are_not_cut(word: str) -> None:
    assert singular(word) in {word, "gas"}


@given(st.lists(st.sampled_from(["user", "order", "item", "fraud", "score"]), min_size=1, max_size=4))
def test_all_spellings_have_one_normal_form(words: list[str]) -> None:
    camel = words[0] + "".join(word.title() for word in words[1:])
    spellings = [
        "_".join(words),
        "-".join(words).upper(),
        ".".join(words),
        "/".join(words),
        camel,
        " ".join(f"{w}s" for w in words),
    ]
    assert {normal_form(spelling) for spelling in spellings} == {" ".join(words)}


@given(st.text(max_size=200))
def test_any_text_is_split_into_bounded_folded_words(text: str) -> None:
    words = [word for identifier in identifiers(text) for word in identifier]
    for word in words:
        assert 0 < len(word) <= MAX_WORD_CHARS + 8  # folding may lengthen a cut word
        assert word == folded(word)
        assert not any(char.isspace() for char in word)
    assert words == name_parts(text)


@given(st.text(max_size=100))
def test_the_normal_form_of_a_text_does_not_change_with_its_unicode_form(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert name_parts(composed) == name_parts(decomposed)


def test_a_long_text_is_split_as_short_ones_are() -> None:
    text = "userId and customers7, "
    assert [*map(list, identifiers(text * 100))] == [*map(list, identifiers(text))] * 100
