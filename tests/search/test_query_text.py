"""Parsing of queries: quotes are phrases, everything else is words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.search.query_text import MAX_WORDS, parse_query


def words(text: str, *, prefix: bool = False) -> list[str]:
    return [word.form for word in parse_query(text, prefix=prefix).words]


def test_words_and_phrases() -> None:
    query = parse_query('churn "Paying Customers" scores')
    assert [word.form for word in query.words] == ["churn", "paying", "customers", "scores"]
    assert query.phrases == (("paying", "customers"),)


@pytest.mark.parametrize("text", ['"never closed', 'closed" never', '""', '"  "', "\u201cone"])
def test_quotes_that_do_not_close_are_text(text: str) -> None:
    assert parse_query(text).phrases == ()


def test_the_syntax_of_others_is_text() -> None:
    assert words("kind:table AND (name:a1 OR -owner:bob)~2^3 /re.*/") == [
        *("kind", "table", "name", "1", "owner", "bob", "2", "3", "re"),
    ]


def test_stop_words_count_if_there_is_nothing_else() -> None:
    assert words("what is the churn of a user") == ["churn", "user"]
    assert words("the who") == ["the", "who"]


def test_identifiers_are_found_joined_too() -> None:
    assert parse_query("userIds in shop.order_items").joined == ("userid", "orderitem", "shoporderitem")


@pytest.mark.parametrize(
    ("text", "typos"),
    [
        ("cats", [0]),
        ("house", [1]),
        ("recommendation", [2]),
        ("12345678", [0]),
        ("a_house_number", [0, 0]),
        ("house-number", [1, 1]),
    ],
)
def test_typos_are_forgiven_by_length(text: str, typos: list[int]) -> None:
    assert [word.typos for word in parse_query(text).words] == typos


@pytest.mark.parametrize(
    ("text", "is_identifier"),
    [
        ("shop.public.orders", True),
        ("mlg://dataset/a/b", True),
        ("user_id", False),
        ("order_items_daily", True),
        ("user id", False),
        ("churn", False),
        ("users/id", True),
    ],
)
def test_a_complete_name_is_recognised(text: str, is_identifier: bool) -> None:
    assert parse_query(text).is_identifier == is_identifier


def test_the_last_word_is_a_prefix() -> None:
    query = parse_query("movie ra", prefix=True)
    assert [(word.form, word.is_prefix) for word in query.words] == [("movie", False), ("ra", True)]
    assert [word.is_prefix for word in parse_query("movies of the", prefix=True).words] == [False, True]
    assert not any(word.is_prefix for word in parse_query('"movie ra"', prefix=True).words)


def test_a_long_query_is_bounded_and_counts_the_rest() -> None:
    query = parse_query(" ".join(f"word{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(100)))
    assert (len(query.words), query.omitted_words) == (MAX_WORDS, 100 - MAX_WORDS)


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_a_query(text: str, prefix: bool) -> None:
    query = parse_query(text, prefix=prefix)
    assert len(query.words) <= MAX_WORDS
    assert query.is_empty == (not query.words and not query.phrases)
    assert query == parse_query(text, prefix=prefix)
