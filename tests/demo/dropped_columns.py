"""What really breaks in the demo company when a column of `ratings` is dropped: by the code of its jobs, not by its lineage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

_TRAININGS: Final = frozenset(
    {"home-ranker.train", "title-popularity.train", "title-embedding.train", "movie-vectors.train", "ad-propensity.train"}
)
READ_BY: Final = {
    "rating": {
        "holdout.build", "title-popularity.build", "title-embeddings.build", "movie-vectors.build", "member-taste.build",
        "candidates.build", "search-ranker.train", *_TRAININGS,
    },
    "member_id": {
        "holdout.build", "title-embeddings.build", "movie-vectors.build", "member-taste.build", "candidates.build", *_TRAININGS,
    },
    "title_id": {
        "holdout.build", "title-popularity.build", "title-embeddings.build", "movie-vectors.build", "member-taste.build",
        "candidates.build", "search-ranker.train", *_TRAININGS,
    },
    "rated_at": {"holdout.build", "search-ranker.train", *_TRAININGS},
}  # fmt: skip
"""By column: the jobs whose code names it, or writes all columns (workshop/jobs.py, training.py and recommenders.py)."""
_WRITES: Final = {
    "holdout.build": "evaluation/holdout",
    "title-popularity.build": "features/title_popularity",
    "title-embeddings.build": "content/title_embeddings",
    "similar-titles.build": "content/similar_titles",
    "movie-vectors.build": "recommendations/movie_vectors",
    "member-taste.build": "features/member_taste",
    "candidates.build": "recommendations/candidates",
    "title-documents.build": "search/title_documents",
    "ad-audiences.build": "ads/audiences",
}
_READS: Final = {
    "similar-titles.build": ("content/title_embeddings",),
    "candidates.build": ("recommendations/movie_vectors",),
    "title-documents.build": ("features/title_popularity",),
    "ad-audiences.build": ("features/member_taste",),
    "home-feed": ("recommendations/candidates", "features/member_taste"),
    "title-retrieval": ("recommendations/movie_vectors",),
    "trending-row": ("features/title_popularity",),
    "more-like-this": ("content/similar_titles",),
    "title-search": ("search/title_documents",),
    "ad-decisions": ("ads/audiences",),
}


def really_broken(column: str) -> set[str]:
    """Return the names of the jobs that fail, the tables that they no longer write, and what reads these."""
    found = set(READ_BY[column])
    while True:
        found |= {table for job, table in _WRITES.items() if job in found}
        readers = {reader for reader, tables in _READS.items() if found & set(tables)}
        if readers <= found:
            return found
        found |= readers


def recall_and_precision(answer: dict[str, Any], column: str) -> tuple[float, float]:
    """Return the share of what really breaks that is listed, and the share of what is listed as certain that really breaks."""
    truth = really_broken(column)
    listed, certain = _names(answer["affected"]), _names(each for each in answer["affected"] if each["certainty"] == "certain")
    return len(truth & listed) / len(truth), len(certain & truth) / len(certain)


def _names(affected: Iterable[dict[str, Any]]) -> set[str]:
    return {each["name"] for each in affected if each["kind"] in ("workflow", "dataset", "service")}
