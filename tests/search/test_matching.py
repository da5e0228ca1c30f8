"""Which fields and words matched."""

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from mlgraph.search.documents import SearchDocument
from mlgraph.search.matching import is_phrase_in, matched_fields, within_distance
from mlgraph.search.query_text import parse_query

DOCUMENT = SearchDocument(
    1,
    "mlg://dataset/s3%3A%2F%2Flake/movie_ratings",
    "dataset",
    "s3://lake",
    "movie_ratings",
    ("movie_ratings",),
    ("mlg://dataset/s3%3A%2F%2Flake/movie_ratings",),
    "What viewers gave to films, star by star",
    owners=(("mlg://team/org/lake", "Lake keepers"),),
    tags=("gold",),
    columns=(("userId", "who rated"), ("stars", "")),
)


def matched(q: str, misspelled: tuple[str, ...] = (), *, prefix: bool = False) -> dict[str, list[str]]:
    return {each["field"]: each["words"] for each in matched_fields(parse_query(q, prefix=prefix), DOCUMENT, misspelled)}


def test_words_are_those_of_the_document() -> None:
    assert matched("star film lake") == {
        "columns": ["stars"],
        "owner": ["lake"],
        "description": ["films", "star"],
        "place": ["lake"],
    }
    assert matched("user_id") == {"columns": ["user", "id", "userid"]}
    assert matched("absent") == {}


def test_typos_prefixes_and_phrases() -> None:
    assert matched("vewers") == {}
    assert matched("vewers", ("vewer",)) == {"description": ["viewers"]}
    assert matched("view", prefix=True) == {"description": ["viewers"]}
    assert matched('"star by star" gold') == {"tag": ["gold"], "description": ["star by star"]}


def test_a_phrase_is_word_for_word_within_a_field() -> None:
    assert is_phrase_in(("star", "by", "star"), DOCUMENT)
    assert not is_phrase_in(("stars", "by"), DOCUMENT)
    assert not is_phrase_in(("ratings", "what"), DOCUMENT)


def naive_distance(one: str, other: str) -> int:
    @cache
    def at(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        best = min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (one[i - 1] != other[j - 1]))
        if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
            best = min(best, at(i - 2, j - 2) + 1)
        return best

    return at(len(one), len(other))


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 3))
def test_the_distance_is_that_of_the_definition(one: str, other: str, most: int) -> None:
    assert within_distance(one, other, most) == (naive_distance(one, other) <= most)
