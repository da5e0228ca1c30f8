"""Landing of the published data sets: writes them into the landing bucket, one file a day, like an upstream system.

MovieLens-100k was recorded over seven months: its first 60 % land before the replay starts, the rest lands in equal shares, in
the order of its own timestamps. The seven days of Open Bandit logs land on seven consecutive days.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import yaml

from .lake import LANDING, LakeTable, write

RAW_RATINGS: Final = LakeTable(LANDING, "movielens/ratings", daily=True)
RAW_MEMBERS: Final = LakeTable(LANDING, "movielens/users")
RAW_TITLES: Final = LakeTable(LANDING, "movielens/items")
RAW_IMPRESSIONS: Final = LakeTable(LANDING, "open-bandit/impressions", daily=True)
RAW_PRIORS: Final = LakeTable(LANDING, "open-bandit/priors")

LANDED_AT_FIRST_RATIO: Final = 0.6
POLICIES: Final = ("random", "bts")


def land(raw: Path, root: Path, days: int, shelf_days: range) -> None:
    """Write the landing bucket: `days` + 1 days of ratings, and the bandit logs on `shelf_days`."""
    ratings = pd.read_parquet(raw / "MovieLens100k_data.parquet.brotli").sort_values("timestamp", kind="stable")
    first = int(len(ratings) * LANDED_AT_FIRST_RATIO)
    bounds = [0, *np.linspace(first, len(ratings), days + 1).astype(int)]
    for day in range(days + 1):
        write(root, RAW_RATINGS, day, ratings.iloc[bounds[day] : bounds[day + 1]])
    write(root, RAW_MEMBERS, 0, pd.read_parquet(raw / "MovieLens100k_users.parquet.brotli"))
    write(root, RAW_TITLES, 0, pd.read_parquet(raw / "MovieLens100k_items.parquet.brotli"))
    priors = yaml.safe_load((raw / "prior_bts.yaml").read_text("utf-8"))["all"]
    write(root, RAW_PRIORS, 0, pd.DataFrame(priors).reset_index(names="item_id"))
    logs = pd.concat([_log(raw, policy) for policy in POLICIES], ignore_index=True)
    recorded = pd.to_datetime(logs["timestamp"]).dt.date
    for day, date in zip(shelf_days, sorted(recorded.unique()), strict=True):
        write(root, RAW_IMPRESSIONS, day, logs[recorded == date])


def _log(raw: Path, policy: str) -> pd.DataFrame:
    columns = ["timestamp", "item_id", "position", "click", "propensity_score"]
    return pd.read_csv(raw / f"{policy}.csv", usecols=columns).assign(policy=policy)
