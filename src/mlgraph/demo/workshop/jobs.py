"""Batch jobs of the company's teams: each function reads tables of the lake, computes, and writes one table."""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import normalize

from .lake import LAKE, Frame, LakeSession, LakeTable
from .landing import RAW_IMPRESSIONS, RAW_MEMBERS, RAW_RATINGS, RAW_TITLES

RATINGS: Final = LakeTable(LAKE, "ratings", daily=True)
MEMBERS: Final = LakeTable(LAKE, "members")
TITLES: Final = LakeTable(LAKE, "titles")
TITLE_EMBEDDINGS: Final = LakeTable(LAKE, "content/title_embeddings")
SIMILAR_TITLES: Final = LakeTable(LAKE, "content/similar_titles")
POPULARITY: Final = LakeTable(LAKE, "features/title_popularity")
TASTE: Final = LakeTable(LAKE, "features/member_taste")
MOVIE_VECTORS: Final = LakeTable(LAKE, "recommendations/movie_vectors")
CANDIDATES: Final = LakeTable(LAKE, "recommendations/candidates")
TITLE_DOCUMENTS: Final = LakeTable(LAKE, "search/title_documents")
AUDIENCES: Final = LakeTable(LAKE, "ads/audiences")
HOLDOUT: Final = LakeTable(LAKE, "evaluation/holdout")
IMPRESSIONS: Final = LakeTable(LAKE, "experiments/shelf_impressions", daily=True)
SHELF_REPORT: Final = LakeTable(LAKE, "experiments/shelf_report")

DIMENSIONS: Final = 16
CANDIDATES_A_MEMBER: Final = 20
HOLDOUT_RATIO: Final = 0.2
PRIOR_RATINGS: Final = 25
_GENRES_FROM: Final = "unknown"


def load_ratings(lake: LakeSession) -> None:
    """Load the day's ratings under the company's column names."""
    raw = lake.read_day(RAW_RATINGS)
    renamed = raw.rename(columns={"user_id": "member_id", "movie_id": "title_id", "timestamp": "rated_at"})
    lake.write(RATINGS, renamed)


def load_titles(lake: LakeSession) -> None:
    """Load the titles; their genre flags become one text."""
    raw = lake.read(RAW_TITLES)
    genres = raw.loc[:, _GENRES_FROM:]
    lake.write(
        TITLES,
        pd.DataFrame(
            {
                "title_id": raw["movie_id"],
                "title": raw["movie_title"],
                "year": pd.to_datetime(raw["release_date"], format="%d-%b-%Y").dt.year,
                "genres": genres.apply(lambda row: "|".join(row.index[row == 1]), axis=1),
            }
        ),
    )


def load_members(lake: LakeSession) -> None:
    """Load the members; the post code is cut to its region."""
    lake.write(MEMBERS, _members(lake))


def load_members_by_age_band(lake: LakeSession) -> None:
    """Load the members with age bands of ten years instead of ages."""
    members = _members(lake)
    bands = (members.pop("age") // 10 * 10).astype(str) + "s"
    lake.write(MEMBERS, members.assign(age_band=bands))


def _members(lake: LakeSession) -> Frame:
    raw = lake.read(RAW_MEMBERS).rename(columns={"user_id": "member_id"})
    return raw.assign(region=raw.pop("zip_code").str[:3])


def build_title_embeddings(lake: LakeSession) -> None:
    """Embed titles by their genres and their raters: 16 dimensions, unit length (content-understanding)."""
    titles, ratings = lake.read(TITLES), lake.read(RATINGS)
    lake.write(TITLE_EMBEDDINGS, embed(titles, ratings, genre_weight=2.0, seed=7))


def build_movie_vectors(lake: LakeSession) -> None:
    """Embed titles by their raters and their genres: 16 dimensions, unit length (recommendations)."""
    titles, ratings = lake.read(TITLES), lake.read(RATINGS)
    lake.write(MOVIE_VECTORS, embed(titles, ratings, genre_weight=1.5, seed=11))


def embed(titles: Frame, ratings: Frame, *, genre_weight: float, seed: int) -> Frame:
    """Return one row a title: `title_id` and `v00`..`v15`, by truncated SVD of genre flags and ratings side by side."""
    ids = titles["title_id"].to_numpy()
    genres = titles["genres"].str.get_dummies("|").to_numpy(float)
    rated = np.zeros((len(ids), int(ratings["member_id"].max()) + 1))
    row = pd.Series(np.arange(len(ids)), index=ids)[ratings["title_id"]].to_numpy()
    rated[row, ratings["member_id"].to_numpy()] = ratings["rating"].to_numpy()
    together = np.hstack([genre_weight * normalize(genres), normalize(rated)])
    vectors = normalize(TruncatedSVD(DIMENSIONS, random_state=seed).fit_transform(together))
    named = pd.DataFrame(vectors, columns=[f"v{number:02d}" for number in range(DIMENSIONS)])
    return named.assign(title_id=ids)


def nearest(embedding: Frame, count: int) -> np.ndarray:
    """Return, for each row, the positions of its `count` nearest other rows by cosine, nearest first."""
    vectors = embedding.filter(like="v").to_numpy()
    closeness = vectors @ vectors.T
    np.fill_diagonal(closeness, -np.inf)
    return np.argsort(-closeness, axis=1, kind="stable")[:, :count]


def build_similar_titles(lake: LakeSession) -> None:
    """List the ten nearest titles of each title."""
    embedding = lake.read(TITLE_EMBEDDINGS)
    ids = embedding["title_id"].to_numpy()
    similar = ids[nearest(embedding, 10)]
    lake.write(SIMILAR_TITLES, pd.DataFrame({"title_id": ids, "similar_ids": list(similar)}))


def build_popularity(lake: LakeSession) -> None:
    """Count and average the ratings of each title; the average is damped towards the overall mean (25 prior ratings)."""
    ratings = lake.read(RATINGS)
    grouped = ratings.groupby("title_id")["rating"].agg(["size", "sum"])
    prior = PRIOR_RATINGS * ratings["rating"].mean()
    score = (grouped["sum"] + prior) / (grouped["size"] + PRIOR_RATINGS)
    lake.write(POPULARITY, pd.DataFrame({"ratings": grouped["size"], "popularity": score}).reset_index(names="title_id"))


def build_taste(lake: LakeSession) -> None:
    """Average each member's ratings by genre."""
    ratings, titles = lake.read(RATINGS), lake.read(TITLES)
    by_genre = ratings.merge(titles.assign(genre=titles["genres"].str.split("|")).explode("genre"), on="title_id")
    taste = by_genre.pivot_table(index="member_id", columns="genre", values="rating", aggfunc="mean")
    lake.write(TASTE, taste.add_prefix("likes ").reset_index())


def build_candidates_by_popularity(lake: LakeSession) -> None:
    """Select the most popular titles as candidates of each member."""
    popular, taste = lake.read(POPULARITY), lake.read(TASTE)
    best = popular.nlargest(CANDIDATES_A_MEMBER, "popularity")[["title_id", "popularity"]]
    offered = taste[["member_id"]].merge(best, how="cross").rename(columns={"popularity": "score"})
    lake.write(CANDIDATES, offered)


def build_candidates_by_vectors(lake: LakeSession) -> None:
    """Select for each member the titles nearest to the mean vector of the titles that they rated four or five."""
    vectors, ratings = lake.read(MOVIE_VECTORS).set_index("title_id"), lake.read(RATINGS)
    liked = ratings[ratings["rating"] >= 4]
    profiles = vectors.loc[liked["title_id"]].groupby(liked["member_id"].to_numpy()).mean()
    closeness = profiles.to_numpy() @ vectors.to_numpy().T
    best = np.argsort(-closeness, axis=1, kind="stable")[:, :CANDIDATES_A_MEMBER]
    offered = {
        "member_id": np.repeat(profiles.index.to_numpy(), CANDIDATES_A_MEMBER),
        "title_id": vectors.index.to_numpy()[best].ravel(),
        "score": np.take_along_axis(closeness, best, axis=1).ravel(),
    }
    lake.write(CANDIDATES, pd.DataFrame(offered))


def build_title_documents(lake: LakeSession) -> None:
    """Write the documents of the search engine: text and popularity of each title."""
    titles, popular = lake.read(TITLES), lake.read(POPULARITY)
    texts = titles["title"] + " " + titles["genres"].str.replace("|", " ")
    documents = titles[["title_id"]].assign(text=texts).merge(popular[["title_id", "popularity"]], how="left")
    lake.write(TITLE_DOCUMENTS, documents)


def build_audiences(lake: LakeSession) -> None:
    """Assign adult members to audiences by age and favourite genre."""
    members, taste = lake.read(MEMBERS), lake.read(TASTE)
    favourite = taste.set_index("member_id").fillna(0).idxmax(axis=1).str.removeprefix("likes ").rename("favourite")
    known = members.merge(favourite, left_on="member_id", right_index=True)
    grown_up = known[known["age"] >= 18]
    decade = (grown_up["age"] // 10 * 10).astype(str) + "s"
    lake.write(AUDIENCES, grown_up[["member_id"]].assign(audience=decade + " " + grown_up["favourite"]))


def build_holdout(lake: LakeSession) -> None:
    """Hold out the newest fifth of all ratings: models are evaluated on it and not trained on it."""
    ratings = lake.read(RATINGS).sort_values("rated_at", kind="stable")
    lake.write(HOLDOUT, ratings.tail(int(len(ratings) * HOLDOUT_RATIO)))


def load_impressions(lake: LakeSession) -> None:
    """Load the day's impressions of the shelf experiment."""
    raw = lake.read_day(RAW_IMPRESSIONS)
    lake.write(IMPRESSIONS, raw.rename(columns={"timestamp": "shown_at", "propensity_score": "propensity"}))


def build_shelf_report(lake: LakeSession) -> None:
    """Count impressions and clicks of each policy so far; `ctr` is clicks divided by impressions."""
    shown = lake.read(IMPRESSIONS).groupby("policy")["click"].agg(["size", "sum"])
    report = pd.DataFrame({"impressions": shown["size"], "clicks": shown["sum"], "ctr": shown["sum"] / shown["size"]})
    lake.write(SHELF_REPORT, report.reset_index())
