"""Copies by name: assets whose names differ only in environment or version are one asset, not duplicates of each other."""

from __future__ import annotations

import re
from typing import Final

from mlgraph.search.similarity.text.slices import SLICES, Slice
from mlgraph.search.similarity.text.words import hashed, split

_VERSION: Final = re.compile(r"(?<![A-Za-z])[vV](?:er(?:sion)?)?[ _.-]?\d+(?:\.\d+)*(?![A-Za-z])|version[ _.-]?\d+", re.ASCII)
_DATE: Final = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?:[-_./]?(?:0[1-9]|1[0-2]|[qQ][1-4])(?:[-_./]?(?:0[1-9]|[12]\d|3[01]))?)?(?!\d)", re.ASCII
)


def identity_of(kind: int, namespace: str, name: str) -> int:
    """Return a hash of kind, namespace and name without environment, version and date.

    `s3://lake-prod/ratings` and `s3://lake-dev/ratings`, `ranker_v1` and `ranker_v2`, `sales_2023` and `sales_2024` share it. A
    name that consists of nothing else (`prod/v1`) keeps its words.
    """
    bare = _DATE.sub(" ", _VERSION.sub(" ", name))
    named = [word for word in split(bare) if SLICES.get(word) != Slice.ENVIRONMENT] or list(split(name))
    where = [word for word in split(namespace) if SLICES.get(word) != Slice.ENVIRONMENT]
    return hashed("\0".join((str(kind), " ".join(where), " ".join(named))), 8)
