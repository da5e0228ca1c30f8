"""Models of the company: small recommenders, rankers and bandit policies, with training and evaluation."""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .lake import Frame

LIKED: Final = 4
"""Lowest rating with which a title counts as liked."""
RANKED_TITLES: Final = 10
"""Number of recommended titles a member that recall and nDCG are computed of."""
DRAWS: Final = 100_000
COMPARED_TITLES: Final = 50
NEIGHBOURS: Final = 10
"""Titles whose nearest titles an embedding reports, and how many each."""


@dataclass(frozen=True)
class Data:
    """Inputs of training and evaluation: training and held-out ratings, titles, members, logged impressions, bandit priors."""

    train: Frame
    holdout: Frame
    titles: Frame
    members: Frame
    impressions: Frame
    priors: Frame


@dataclass(frozen=True)
class Trained:
    """A trained model with its parameters and its metrics on held-out data."""

    model: Any
    params: dict[str, Any]
    metrics: dict[str, float]
    neighbours: dict[str, list[str]] = field(default_factory=dict)
    """Of an embedding: the nearest titles of the first titles by id, nearest first."""


def popularity(data: Data) -> Trained:
    """Rank titles by a linear model of damped mean rating and rating count, fitted to the number of likes."""
    features = _title_features(data)
    liked = data.train.assign(liked=data.train["rating"] >= LIKED).groupby("title_id")["liked"].sum()
    model = LinearRegression().fit(features.to_numpy(), liked.reindex(features.index).to_numpy())
    scores = pd.Series(model.predict(features.to_numpy()), index=features.index)
    everyone = np.tile(scores.to_numpy(), (int(data.train["member_id"].max()) + 1, 1))
    return Trained(model, {"features": list(features)}, _ranking(everyone, scores.index.to_numpy(), data))


def ranker(data: Data, factors: int) -> Trained:
    """Predict whether a member likes a title, from factors of the ratings matrix, popularity and the member's mean rating."""
    matrix, titles = _matrix(data.train)
    svd = TruncatedSVD(factors, random_state=3).fit(matrix)
    closeness = svd.transform(matrix) @ svd.components_
    popularity = _title_features(data).reindex(titles).fillna(0)
    means = data.train.groupby("member_id")["rating"].mean().reindex(range(len(matrix))).fillna(3.5).to_numpy()
    column = pd.Series(np.arange(len(titles)), index=titles)

    def features(ratings: Frame) -> np.ndarray:
        member = ratings["member_id"].to_numpy()
        title = column[ratings["title_id"]].to_numpy()
        return np.column_stack([closeness[member, title], popularity.to_numpy()[title], means[member]])

    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(features(data.train), data.train["rating"] >= LIKED)
    known = data.holdout[data.holdout["title_id"].isin(titles) & (data.holdout["member_id"] < len(matrix))]
    auc = roc_auc_score(known["rating"] >= LIKED, model.predict_proba(features(known))[:, 1])
    grid = np.stack([closeness, *(np.tile(each, (len(matrix), 1)) for each in popularity.to_numpy().T)], axis=-1)
    grid = np.concatenate([grid, np.broadcast_to(means[:, None, None], (*closeness.shape, 1))], axis=-1)
    scores = model.decision_function(grid.reshape(-1, grid.shape[-1])).reshape(closeness.shape)
    measured = {"auc": float(auc), **_ranking(scores, titles, data)}
    return Trained(model, {"factors": factors, "classifier": "logistic regression"}, measured)


def embedding(data: Data, *, genre_weight: float, seed: int, dimensions: int) -> Trained:
    """Embed titles by genres and raters (truncated SVD); members get the titles nearest to the ones they liked."""
    matrix, titles = _matrix(data.train)
    genres = data.titles.set_index("title_id")["genres"].str.get_dummies("|").reindex(titles).to_numpy(float)
    together = np.hstack([genre_weight * _unit(genres), _unit(matrix.T)])
    model = TruncatedSVD(dimensions, random_state=seed).fit(together)
    vectors = _unit(model.transform(together))
    scores = _unit((matrix >= LIKED) @ vectors) @ vectors.T
    params = {"dimensions": dimensions, "genre_weight": genre_weight, "seed": seed}
    return Trained(model, params, _ranking(scores, titles, data), _neighbours(vectors, titles))


def search_ranker(data: Data) -> Trained:
    """Predict whether a found title will be liked, from its year, genres and popularity."""
    genres = data.titles.set_index("title_id")["genres"].str.get_dummies("|")
    years = data.titles.set_index("title_id")["year"].fillna(1995)
    table = genres.assign(year=years).join(_title_features(data)).fillna(0)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(table.loc[data.train["title_id"]].to_numpy(), data.train["rating"] >= LIKED)
    guess = model.predict_proba(table.loc[data.holdout["title_id"]].to_numpy())[:, 1]
    auc = roc_auc_score(data.holdout["rating"] >= LIKED, guess)
    return Trained(model, {"features": table.shape[1]}, {"auc": float(auc)})


def ad_propensity(data: Data) -> Trained:
    """Predict whether a member likes a watched title, from age, gender and occupation."""
    members = pd.get_dummies(data.members.drop(columns="region"), columns=["gender", "occupation"]).set_index("member_id")
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(members.loc[data.train["member_id"]].to_numpy(float), data.train["rating"] >= LIKED)
    guess = model.predict_proba(members.loc[data.holdout["member_id"]].to_numpy(float))[:, 1]
    auc = roc_auc_score(data.holdout["rating"] >= LIKED, guess)
    return Trained(model, {"features": members.shape[1]}, {"auc": float(auc)})


def random_policy(data: Data) -> Trained:
    """Choose items uniformly at random; evaluated by the clicks in the policy's own log."""
    model = DummyClassifier(strategy="uniform", random_state=5).fit(_items(data), data.priors["item_id"])
    return Trained(model, {"policy": "random", "items": len(data.priors)}, _clicks(data, "random"))


def thompson_policy(data: Data) -> Trained:
    """Choose items as often as they win in draws from their Beta priors; evaluated by the clicks in the policy's own log."""
    draws = np.random.default_rng(5).beta(data.priors["alpha"], data.priors["beta"], size=(DRAWS, len(data.priors)))
    best = np.bincount(draws.argmax(axis=1), minlength=len(data.priors)) + 1
    model = DummyClassifier(strategy="stratified", random_state=5)
    model.fit(_items(data), data.priors["item_id"], sample_weight=best)
    params = {"policy": "bts", "items": len(data.priors), "draws": DRAWS}
    return Trained(model, params, _clicks(data, "bts"))


def _items(data: Data) -> np.ndarray:
    return np.zeros((len(data.priors), 1))  # these policies use no context


def _clicks(data: Data, policy: str) -> dict[str, float]:
    clicks = data.impressions.loc[data.impressions["policy"] == policy, "click"]
    return {"ctr": float(clicks.mean()), "impressions": float(len(clicks)), "clicks": float(clicks.sum())}


def _matrix(ratings: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Return the ratings (members x titles, 0: not rated) and the sorted ids of the titles."""
    titles = np.sort(ratings["title_id"].unique())
    matrix = np.zeros((int(ratings["member_id"].max()) + 1, len(titles)))
    matrix[ratings["member_id"], np.searchsorted(titles, ratings["title_id"])] = ratings["rating"]
    return matrix, titles


def _title_features(data: Data) -> Frame:
    grouped = data.train.groupby("title_id")["rating"].agg(["size", "mean"])
    damped = (grouped["size"] * grouped["mean"] + 25 * 3.5) / (grouped["size"] + 25)
    return pd.DataFrame({"popularity": damped, "log_ratings": np.log1p(grouped["size"])})


def _neighbours(vectors: np.ndarray, titles: np.ndarray) -> dict[str, list[str]]:
    """Return the nearest titles of the first titles by cosine, so that embeddings of two teams can be compared."""
    closeness = vectors[:COMPARED_TITLES] @ vectors.T
    closeness[np.arange(len(closeness)), np.arange(len(closeness))] = -np.inf
    nearest = np.argsort(-closeness, axis=1, kind="stable")[:, :NEIGHBOURS]
    return {str(title): [str(titles[place]) for place in row] for title, row in zip(titles, nearest, strict=False)}


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths: np.ndarray = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(rows / lengths)


def _ranking(scores: np.ndarray, titles: np.ndarray, data: Data) -> dict[str, float]:
    """Return mean recall@10 and nDCG@10 over the members of the hold-out; titles of the training set are not recommended."""
    liked = data.holdout[(data.holdout["rating"] >= LIKED) & data.holdout["title_id"].isin(titles)]
    liked = liked[liked["member_id"] < len(scores)]
    open_scores = scores.copy()
    seen = data.train[data.train["title_id"].isin(titles) & (data.train["member_id"] < len(scores))]
    open_scores[seen["member_id"], np.searchsorted(titles, seen["title_id"])] = -np.inf
    discount = 1 / np.log2(np.arange(2, RANKED_TITLES + 2))
    recalls, gains = [], []
    for member, wanted in liked.groupby("member_id")["title_id"]:
        best = titles[np.argsort(-open_scores[member], kind="stable")[:RANKED_TITLES]]
        hits = np.isin(best, wanted)
        possible = min(RANKED_TITLES, len(wanted))
        recalls.append(hits.sum() / possible)
        gains.append((hits * discount).sum() / discount[:possible].sum())
    return {"recall_at_10": float(np.mean(recalls)), "ndcg_at_10": float(np.mean(gains))}
