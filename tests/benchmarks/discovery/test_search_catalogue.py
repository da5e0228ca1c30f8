"""The search catalogue: what its queries promise, for several seeds, and that it is a function of its arguments."""

from collections import Counter

import orjson
import pytest

from benchmarks.discovery import vocabulary
from benchmarks.discovery.fact_builder import ndjson
from benchmarks.discovery.planting import typos
from benchmarks.discovery.search_catalogue import SMALL, Counts, SearchCatalogue, search_catalogue
from benchmarks.discovery.search_queries import CHECKS, Found, LabelledQuery, SearchHit, has_phrase, mark
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module", params=[1, 41])
def catalogue(request: pytest.FixtureRequest) -> SearchCatalogue:
    return search_catalogue(request.param, 10_000)


def of_check(catalogue: SearchCatalogue, check: str) -> list[LabelledQuery]:
    return [query for query in catalogue.queries if query.check == check]


def test_the_catalogue_has_the_promised_size_and_queries(catalogue: SearchCatalogue) -> None:
    assets = [fact["asset"]["uri"] for fact in catalogue.facts() if "asset" in fact]
    assert len(assets) == len(set(assets)) == 10_000
    counts = Counter(query.check for query in catalogue.queries)
    assert set(counts) == set(CHECKS)
    assert counts["exact name"] == 2000
    assert counts["twin"] == 200
    assert counts["meaning"] >= 290
    halves = Counter(query.half for query in of_check(catalogue, "meaning"))
    assert abs(halves[0] - halves[1]) <= 4


def test_what_is_expected_exists_and_every_fact_is_valid(catalogue: SearchCatalogue) -> None:
    facts = list(catalogue.facts())
    assets = {fact["asset"]["uri"] for fact in facts if "asset" in fact}
    for query in catalogue.queries:
        assert query.expected <= assets
        assert query.below is None or query.below in assets
    for line in list(ndjson(facts))[::11]:
        assert parse_line(Located(orjson.loads(line)), "facts")


def test_requests_by_meaning_use_no_word_of_name_or_uri(catalogue: SearchCatalogue) -> None:
    described = {fact["asset"]["uri"] for fact in catalogue.planted if fact.get("asset", {}).get("description")}
    for query in of_check(catalogue, "meaning"):
        (uri,) = map(AssetUri.parse, query.expected & described)
        assert not vocabulary.stems([query.text]) & vocabulary.stems([uri.namespace, uri.name])


def test_no_other_asset_is_about_the_topic_of_a_request_by_meaning(catalogue: SearchCatalogue) -> None:
    stated = Counter(fact["asset"].get("description", "").split(". ")[0] for fact in catalogue.facts() if "asset" in fact)
    described = {fact["asset"]["uri"]: fact["asset"].get("description", "") for fact in catalogue.planted if "asset" in fact}
    for query in of_check(catalogue, "meaning"):
        (text,) = {described[uri].split(". ")[0] for uri in query.expected if described[uri]}
        assert stated[text] == 1, text


def test_a_phrase_is_in_the_description_that_it_was_taken_from(catalogue: SearchCatalogue) -> None:
    for query in of_check(catalogue, "phrase"):
        assert has_phrase(query.note, query.phrase)


def test_the_catalogue_is_a_function_of_its_arguments() -> None:
    counts = Counts(20, 4, 6, 4, 2, 6, 2, 4, 2, 2)
    first, second = search_catalogue(7, 2000, counts), search_catalogue(7, 2000, counts)
    assert (first, list(first.facts())) == (second, list(second.facts()))
    assert search_catalogue(8, 2000, counts).queries != first.queries
    assert search_catalogue(7, 3000, counts).queries == first.queries


def test_a_size_below_the_planted_assets_is_refused() -> None:
    with pytest.raises(ValueError, match="a catalogue of 10 assets is too small"):
        search_catalogue(1, 10, SMALL)


@pytest.mark.parametrize(("left", "right", "expected"), [("kestrel", "kestrle", 1), ("a", "", 1), ("ocelot", "oselott", 2)])
def test_the_distance_of_typos(left: str, right: str, expected: int) -> None:
    assert typos.distance(left, right) == expected


URI, OTHER = "mlg://dataset/bigquery/a", "mlg://dataset/bigquery/b"
RIGHT, WRONG = SearchHit(URI, "a"), SearchHit(OTHER, "b")


@pytest.mark.parametrize(
    ("check", "hits", "total", "right"),
    [
        ("exact name", [RIGHT, WRONG], 2, True),
        ("exact name", [WRONG, RIGHT], 2, False),
        ("full name", [RIGHT], 1, True),
        ("full name", [RIGHT, WRONG], 2, False),
        ("full name", [RIGHT], 2, False),
        ("typo", [WRONG, WRONG, RIGHT], 3, True),
        ("typo", [WRONG, WRONG, WRONG, RIGHT], 4, False),
        ("meaning", [], 0, False),
        ("twin", [RIGHT, WRONG], 2, True),
        ("twin", [WRONG, RIGHT], 2, False),
        ("twin", [WRONG], 1, False),
        ("deprecated", [RIGHT], 1, True),
    ],
)
def test_an_answer_is_marked_by_the_rule_of_its_check(check: str, hits: list[SearchHit], total: int, right: bool) -> None:
    query = LabelledQuery(check, "anything", frozenset([URI]), below=OTHER)
    assert mark(query, Found(hits, total), {}).right is right


def test_a_hit_without_the_phrase_is_a_false_one() -> None:
    query = LabelledQuery("phrase", '"red boats"', frozenset([URI]), phrase=("red", "boats"))
    texts = {URI: ["All Red boats."], OTHER: ["boats red"]}
    assert mark(query, Found([RIGHT], 1), texts).right
    assert not mark(query, Found([RIGHT, WRONG], 2), texts).right
