"""Schedule of the company's batch jobs: team, days of the replay, inputs, output, checks; owners and descriptions of tables."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from . import jobs
from .lake import LakeSession, LakeTable
from .landing import RAW_IMPRESSIONS, RAW_MEMBERS, RAW_PRIORS, RAW_RATINGS, RAW_TITLES

DAYS: Final = 35
"""The replay has days 0 to 35; the last one is the day of the build."""
CANDIDATES_CHANGED_ON: Final = 21
"""First day on which candidates are built from vectors: two weeks before the end."""
SHELF_DAYS: Final = range(18, 25)
"""The seven days of the shelf experiment."""
_WEEKLY: Final = range(0, DAYS + 1, 7)
_DAILY: Final = range(DAYS + 1)


@dataclass(frozen=True)
class BatchJob:
    """A batch job: its team, the function that computes it, its days, its declared inputs and output.

    `columns` maps each output column to the input column that it is derived from; None if the column lineage is not known.
    """

    team: str
    name: str
    compute: Callable[[LakeSession], None]
    days: range
    inputs: tuple[LakeTable, ...]
    output: LakeTable
    columns: dict[str, tuple[LakeTable, str]] | None = None
    checks: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """Return the docstring of the job's function."""
        return (self.compute.__doc__ or "").strip()

    @property
    def code_version(self) -> str:
        """Return a version of the code: the first 12 hex digits of the SHA-256 of the function's source."""
        return hashlib.sha256(inspect.getsource(self.compute).encode()).hexdigest()[:12]


def _columns(source: LakeTable, **pairs: str) -> dict[str, tuple[LakeTable, str]]:
    return {new: (source, old) for new, old in pairs.items()}


_MEMBER_COLUMNS: Final = _columns(RAW_MEMBERS, member_id="user_id", gender="gender", occupation="occupation", region="zip_code")
_MEMBER_CHECKS: Final = ("not_null member_id", "unique member_id")

JOBS: Final = (
    BatchJob(
        "data-platform",
        "ratings.load",
        compute=jobs.load_ratings,
        days=_DAILY,
        inputs=(RAW_RATINGS,),
        output=jobs.RATINGS,
        columns=_columns(RAW_RATINGS, member_id="user_id", title_id="movie_id", rating="rating", rated_at="timestamp"),
        checks=("not_null member_id", "not_null title_id", "between rating 1 5"),
    ),
    BatchJob(
        "data-platform",
        "titles.load",
        compute=jobs.load_titles,
        days=_WEEKLY,
        inputs=(RAW_TITLES,),
        output=jobs.TITLES,
        columns=_columns(RAW_TITLES, title_id="movie_id", title="movie_title", year="release_date"),
        checks=("unique title_id", "not_null title", "not_null year"),
    ),
    BatchJob(
        "data-platform",
        "members.load",
        compute=jobs.load_members,
        days=range(DAYS),
        inputs=(RAW_MEMBERS,),
        output=jobs.MEMBERS,
        columns={**_MEMBER_COLUMNS, "age": (RAW_MEMBERS, "age")},
        checks=(*_MEMBER_CHECKS, "between age 5 110"),
    ),
    BatchJob(
        "data-platform",
        "members.load",
        compute=jobs.load_members_by_age_band,
        days=range(DAYS, DAYS + 1),
        inputs=(RAW_MEMBERS,),
        output=jobs.MEMBERS,
        columns={**_MEMBER_COLUMNS, "age_band": (RAW_MEMBERS, "age")},
        checks=_MEMBER_CHECKS,
    ),
    BatchJob(
        "experimentation",
        "holdout.build",
        compute=jobs.build_holdout,
        days=_DAILY,
        inputs=(jobs.RATINGS,),
        output=jobs.HOLDOUT,
        columns=_columns(jobs.RATINGS, member_id="member_id", title_id="title_id", rating="rating", rated_at="rated_at"),
        checks=("between rating 1 5",),
    ),
    BatchJob(
        "content-understanding",
        "title-embeddings.build",
        compute=jobs.build_title_embeddings,
        days=_WEEKLY,
        inputs=(jobs.TITLES, jobs.RATINGS),
        output=jobs.TITLE_EMBEDDINGS,
        checks=("unique title_id",),
    ),
    BatchJob(
        "content-understanding",
        "similar-titles.build",
        compute=jobs.build_similar_titles,
        days=_WEEKLY,
        inputs=(jobs.TITLE_EMBEDDINGS,),
        output=jobs.SIMILAR_TITLES,
        checks=("unique title_id",),
    ),
    BatchJob(
        "recommendations",
        "title-popularity.build",
        compute=jobs.build_popularity,
        days=_DAILY,
        inputs=(jobs.RATINGS,),
        output=jobs.POPULARITY,
        columns={
            "title_id": (jobs.RATINGS, "title_id"),
            "ratings": (jobs.RATINGS, "rating"),
            "popularity": (jobs.RATINGS, "rating"),
        },
        checks=("unique title_id", "between popularity 1 5"),
    ),
    BatchJob(
        "recommendations",
        "member-taste.build",
        compute=jobs.build_taste,
        days=_DAILY,
        inputs=(jobs.RATINGS, jobs.TITLES),
        output=jobs.TASTE,
        checks=("unique member_id",),
    ),
    BatchJob(
        "recommendations",
        "movie-vectors.build",
        compute=jobs.build_movie_vectors,
        days=_WEEKLY,
        inputs=(jobs.TITLES, jobs.RATINGS),
        output=jobs.MOVIE_VECTORS,
        checks=("unique title_id",),
    ),
    BatchJob(
        "recommendations",
        "candidates.build",
        compute=jobs.build_candidates_by_popularity,
        days=range(CANDIDATES_CHANGED_ON),
        inputs=(jobs.POPULARITY, jobs.TASTE),
        output=jobs.CANDIDATES,
        checks=("not_null score",),
    ),
    BatchJob(
        "recommendations",
        "candidates.build",
        compute=jobs.build_candidates_by_vectors,
        days=range(CANDIDATES_CHANGED_ON, DAYS + 1),
        inputs=(jobs.MOVIE_VECTORS, jobs.RATINGS),
        output=jobs.CANDIDATES,
        checks=("not_null score",),
    ),
    BatchJob(
        "search-and-ads",
        "title-documents.build",
        compute=jobs.build_title_documents,
        days=_DAILY,
        inputs=(jobs.TITLES, jobs.POPULARITY),
        output=jobs.TITLE_DOCUMENTS,
        columns={
            "title_id": (jobs.TITLES, "title_id"),
            "text": (jobs.TITLES, "title"),
            "popularity": (jobs.POPULARITY, "popularity"),
        },
        checks=("unique title_id", "not_null text"),
    ),
    BatchJob(
        "search-and-ads",
        "ad-audiences.build",
        compute=jobs.build_audiences,
        days=_DAILY,
        inputs=(jobs.MEMBERS, jobs.TASTE),
        output=jobs.AUDIENCES,
        checks=("unique member_id",),
    ),
    BatchJob(
        "experimentation",
        "shelf-impressions.load",
        compute=jobs.load_impressions,
        days=SHELF_DAYS,
        inputs=(RAW_IMPRESSIONS,),
        output=jobs.IMPRESSIONS,
        columns=_columns(
            RAW_IMPRESSIONS,
            shown_at="timestamp",
            item_id="item_id",
            position="position",
            click="click",
            propensity="propensity_score",
            policy="policy",
        ),
        checks=("between propensity 0 1",),
    ),
    BatchJob(
        "experimentation",
        "shelf-report.build",
        compute=jobs.build_shelf_report,
        days=SHELF_DAYS,
        inputs=(jobs.IMPRESSIONS,),
        output=jobs.SHELF_REPORT,
        columns=_columns(jobs.IMPRESSIONS, policy="policy", impressions="click", clicks="click", ctr="click"),
        checks=("unique policy",),
    ),
)
"""All jobs, in the order in which they run on a day."""

TABLES: Final = {
    jobs.RATINGS: ("data-platform", "Ratings of titles by members, 1 to 5, with their time in seconds."),
    jobs.MEMBERS: ("data-platform", "Members: occupation, gender, region and age."),
    jobs.TITLES: ("data-platform", "The catalogue: title, year of release, genres."),
    jobs.TITLE_EMBEDDINGS: (
        "content-understanding",
        "16 numbers a title, from its genres and its raters: near titles are similar.",
    ),
    jobs.SIMILAR_TITLES: ("content-understanding", "The ten nearest titles of each title, for More like this."),
    jobs.POPULARITY: ("recommendations", "Number of ratings of each title, and their damped mean."),
    jobs.TASTE: ("recommendations", "Each member's mean rating by genre."),
    jobs.MOVIE_VECTORS: (
        "recommendations",
        "Vectors of 16 numbers for each movie, learned from its raters and genres; similar movies are close.",
    ),
    jobs.CANDIDATES: ("recommendations", "Twenty titles a member, for the ranker of the home feed to order."),
    jobs.TITLE_DOCUMENTS: ("search-and-ads", "Text and popularity of each title, as the search engine indexes them."),
    jobs.AUDIENCES: ("search-and-ads", "Advertising audience of each adult member."),
    jobs.HOLDOUT: ("experimentation", "The newest fifth of all ratings, held out for the evaluation of models."),
    jobs.IMPRESSIONS: ("experimentation", "Impressions of the shelf, with the policy and whether they were clicked."),
    jobs.SHELF_REPORT: ("experimentation", "Impressions, clicks and click-through rate of each shelf policy."),
    RAW_RATINGS: ("data-platform", "Ratings as they arrive (MovieLens-100k, GroupLens)."),
    RAW_MEMBERS: ("data-platform", "Users as they arrive (MovieLens-100k, GroupLens)."),
    RAW_TITLES: ("data-platform", "Movies as they arrive (MovieLens-100k, GroupLens)."),
    RAW_PRIORS: ("experimentation", "Clicks and passes by item before the experiment (Open Bandit Pipeline, ZOZO)."),
    RAW_IMPRESSIONS: ("experimentation", "Logs of two bandit policies as they arrive (Open Bandit Dataset, ZOZO)."),
}
"""Owner and description of each table."""
