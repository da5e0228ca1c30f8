"""The quality of search and of "already built" on small generated catalogues: `make bench SEARCH=1` in small."""

import math
from collections.abc import Iterator

import pytest

from benchmarks.discovery import search_quality, similar_quality
from benchmarks.discovery.engines.base import documents, texts_of
from benchmarks.discovery.engines.with_mlgraph import MlgraphSearch
from benchmarks.discovery.engines.with_parts import Bm25, Embeddings
from benchmarks.discovery.labelled_set import LabelledSet, labelled_set
from benchmarks.discovery.search_catalogue import SMALL, SearchCatalogue, search_catalogue
from benchmarks.discovery.search_queries import Marked, share
from benchmarks.discovery.serving import loaded
from benchmarks.discovery.similar_baselines import criteria
from benchmarks.figures import Figures
from tests.plugins import clusters

SEARCH_SEED = 20_260
SIMILAR_SEED = 20_261
"""Seeds that nothing was fitted on."""


@pytest.fixture(scope="module")
def catalogue() -> SearchCatalogue:
    return search_catalogue(SEARCH_SEED, 3_000, SMALL)


@pytest.fixture(scope="module")
def search(catalogue: SearchCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlgraphSearch]:
    data = tmp_path_factory.mktemp("search") / "data"
    clusters.prepare(data)
    with loaded(catalogue.facts(), data) as served:
        engine = MlgraphSearch(served.url)
        yield engine
        engine.close()


@pytest.fixture(scope="module")
def marked(search: MlgraphSearch, catalogue: SearchCatalogue) -> dict[str, list[Marked]]:
    return search_quality.marks(search, catalogue.queries, texts_of(catalogue.facts()))


@pytest.mark.parametrize("check", [check for check in search_quality.WANTED if check != "meaning"])
def test_labelled_queries_are_answered_right(check: str, marked: dict[str, list[Marked]]) -> None:
    misses = [each for each in marked[check] if not each.right]
    assert share(marked[check]) >= search_quality.WANTED[check], misses


def test_requests_by_meaning_are_answered_no_worse_than_by_one_part_alone(
    marked: dict[str, list[Marked]], catalogue: SearchCatalogue
) -> None:
    queries = [query for query in catalogue.queries if query.check == "meaning"]
    listed = list(documents(catalogue.facts()))
    found = share(marked["meaning"])
    for part in (Bm25(listed), Embeddings(listed)):
        alone = share(search_quality.marks(part, queries, {})["meaning"])
        assert found >= alone - 0.05, f"{found} right, {part.name} {alone}"
    most = [each for each in marked["meaning"] if search_quality.overlap_group(each.query) == "most words shared"]
    assert share(most) >= 0.8, [each for each in most if not each.right]


def test_every_spelling_of_a_name_has_the_same_rank(search: MlgraphSearch, catalogue: SearchCatalogue) -> None:
    assert search_quality.spelling_faults(search, catalogue.queries) == []


def test_facets_count_what_their_filter_finds(search: MlgraphSearch, catalogue: SearchCatalogue) -> None:
    assert search_quality.facet_faults(search, catalogue.facet_queries) == []


def test_hits_say_what_matched(search: MlgraphSearch, catalogue: SearchCatalogue) -> None:
    assert search_quality.unexplained(search, [query.text for query in catalogue.queries[::10]]) == []


@pytest.fixture(scope="module")
def labelled() -> LabelledSet:
    return labelled_set(SIMILAR_SEED, positives=60, briefs=20)


@pytest.fixture(scope="module")
def similar(labelled: LabelledSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[similar_quality.SimilarClient]:
    data = tmp_path_factory.mktemp("similar") / "data"
    clusters.prepare(data)
    with loaded(labelled.facts, data) as served:
        client = similar_quality.SimilarClient(served.url)
        yield client
        client.close()


def test_near_duplicates_are_found_better_than_by_any_criterion_alone(
    similar: similar_quality.SimilarClient, labelled: LabelledSet
) -> None:
    own = similar_quality.pair_quality(similar, labelled)
    alone = [(criterion.name, similar_quality.pair_quality(criterion, labelled).figures) for criterion in criteria(labelled)]
    queries = 2 * len(labelled.positives)
    halves = [sum(pair.half == half for pair in labelled.positives) * 2 for half in (0, 1)]

    def overall(figures: Figures, name: str, figure: str) -> float:
        return sum(count * figures[f"similar.{name}.half {half}.{figure}"] for half, count in enumerate(halves)) / queries

    for figure in ("precision at 1", "recall at 10"):
        assert overall(own.figures, "mlgraph", figure) >= least(0.90, queries), own.misses
    for criterion, figures in alone:
        assert overall(own.figures, "mlgraph", "recall at 1") >= overall(figures, criterion, "recall at 1"), criterion


def least(wanted: float, queries: int) -> float:
    """The share that a true share of `wanted` exceeds nineteen times out of twenty in so many queries (normal approximation)."""
    return wanted - 1.645 * math.sqrt(wanted * (1 - wanted) / queries)


def test_what_is_no_duplicate_is_not_suggested(similar: similar_quality.SimilarClient, labelled: LabelledSet) -> None:
    found = similar_quality.false_suggestions(similar, labelled)
    for how in ("version", "environment", "parent"):
        assert found.figures[f"similar.negatives.{how}"] == 0, found.misses
    assert similar_quality.unbalanced(similar, labelled.positives) == []
