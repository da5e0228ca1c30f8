"""Vectors: the scan of codes, int8 vectors and alignments, against plain numpy."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.search import embedding
from mlgraph.search.embedding import alignments, closest_words, code_of, nearest, quantized, similarities
from mlgraph.search.prior import MAX_PRIOR, graph_part, prior_of, with_freshness


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.integers(1, 30), st.integers(1, 5))
def test_the_scan_finds_the_nearest_codes(seed: int, rows: int, most: int, most_of_kind: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2**63, (rows, embedding.CODE_WORDS), dtype=np.uint64)
    codes[: rows // 3] = codes[0]  # many equal ones
    marks = rng.integers(0, 4, rows).astype(np.uint8)
    found = set(nearest(codes[0], codes, marks, most, most_of_kind).tolist())
    distances = np.unpackbits((codes ^ codes[0]).view(np.uint8), axis=1).sum(1)
    live = np.flatnonzero(marks)
    assert found <= set(live.tolist())
    for group, count in [(live, most), *((np.flatnonzero(marks == kind), most_of_kind) for kind in (1, 2, 3))]:
        limit = np.sort(distances[group])[:count]
        if len(limit) and len(live) < 4 * most:  # the first `count` of each group, unless too many are equally near
            assert {row for row in group.tolist() if distances[row] < limit[-1]} <= found


def test_int8_vectors_have_the_cosines_of_floats() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(50, embedding.DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.stack([quantized(vector) for vector in vectors])
    assert np.abs(similarities(vectors[0], rows) - vectors @ vectors[0]).max() < 0.02


def test_the_code_is_the_signs() -> None:
    vector = np.where(np.arange(embedding.DIMENSIONS) % 3 == 0, 1.0, -1.0).astype(np.float32)
    assert np.unpackbits(code_of(vector).view(np.uint8), bitorder="little").tolist() == (vector > 0).astype(int).tolist()


def test_an_alignment_grows_with_the_words_that_are_covered() -> None:
    words, vectors = ["churn", "cars"], np.eye(4, dtype=np.float32)[:2] * np.array([[3.0], [1.0]], np.float32)
    known = ["churn", "car", "other"]
    rows = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], np.float32)
    documents = [["churn"], ["car", "other"], ["other"], [], ["churn", "car"]]
    found = alignments(words, vectors, known, rows, documents)
    assert [each.by_word for each in found] == [(100, 0), (0, 100), (0, 0), (), (100, 100)]
    assert found[3].score == 0.0
    assert found[4].score > found[0].score > found[1].score > found[2].score
    assert all(0.0 <= each.score <= 1.0 for each in found)
    assert alignments(words, np.zeros_like(vectors), known, rows, documents)[0] == embedding.NOT_ALIGNED
    assert closest_words(vectors[:1], rows, known, 1) == ["churn"]


def test_a_meaning_beside_the_shared_words_counts() -> None:
    words, vectors = ["rider", "thief"], np.array([[1, 0, 0, 0], [0, 1, 0, 0]], np.float32)
    known = ["rider", "fraud", "weather"]
    rows = np.array([[1, 0, 0, 0], [0, 0.8, 0.6, 0], [0, 0, 0, 1]], np.float32)
    near, far = alignments(words, vectors, known, rows, [["rider", "fraud"], ["rider", "weather"]])
    assert near.score > far.score
    assert near.by_word[0] == far.by_word[0] == 100


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.booleans(), st.booleans(), st.booleans())
def test_the_prior_grows_with_use(few: int, more: int, serves: bool, owned: bool, fresh: bool) -> None:
    few, more = sorted((few, more))
    parts = graph_part(np.array([few, more], np.int32), np.array([serves, serves])).tolist()
    one, other = (prior_of(part, has_owner=owned, is_deprecated=False) for part in parts)
    assert 0 < one <= other <= MAX_PRIOR
    assert with_freshness(one, 100 if fresh else 0, 150) <= with_freshness(other, 100 if fresh else 0, 150) <= MAX_PRIOR
    assert prior_of(parts[0], has_owner=owned, is_deprecated=True) == with_freshness(0, 0, 0) == 0
