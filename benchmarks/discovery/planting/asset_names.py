"""Names as tools and people write them: snake, camel, dotted, dashed; and where assets of each kind live."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

Style = Callable[[Sequence[str]], str]


def snake(parts: Sequence[str]) -> str:
    """Return `rides_churn_risk`."""
    return "_".join(parts)


def camel(parts: Sequence[str]) -> str:
    """Return `ridesChurnRisk`."""
    return parts[0] + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def pascal(parts: Sequence[str]) -> str:
    """Return `RidesChurnRisk`."""
    return "".join(part[:1].upper() + part[1:] for part in parts)


def dashed(parts: Sequence[str]) -> str:
    """Return `rides-churn-risk`."""
    return "-".join(parts)


def dotted(parts: Sequence[str]) -> str:
    """Return `rides.churn_risk`."""
    return f"{parts[0]}.{'_'.join(parts[1:])}" if len(parts) > 1 else parts[0]


class Place(NamedTuple):
    """A namespace, and what stands before the short name in the name of an asset there. `{line}` is the word of a line."""

    namespace: str
    head: str


DATASET_PLACES: Final = (
    (Place("s3://lake-{line}", "marts/"), Place("snowflake://acme.eu-west-1", "analytics.{line}.fct_")),
    (Place("bigquery", "acme-prod.{line}."), Place("postgres://dwh.acme.example:5432", "dwh.{line}.")),
)
"""By side: where the two teams have their tables."""
OTHER_PLACES: Final = {
    "feature_view": (Place("feast:{line}", ""), Place("feature-platform", "{line}/")),
    "feature": (Place("feast:{line}", ""), Place("feature-platform", "{line}/")),
    "model": (Place("mlflow:science", ""), Place("mlflow:platform", "")),
}
STYLES: Final[tuple[tuple[Style, ...], tuple[Style, ...]]] = ((snake, snake, dashed, dotted), (camel, pascal, snake, dotted))
TABLE_STYLES: Final[tuple[tuple[Style, ...], tuple[Style, ...]]] = ((snake,), (camel, snake, pascal))
COLUMN_STYLES: Final[tuple[Style, Style]] = (snake, camel)


def place(rng: random.Random, kind: str, side: int, line: str) -> Place:
    """Return where an asset of `kind` of a team lives."""
    found = rng.choice(DATASET_PLACES[side]) if kind == "dataset" else OTHER_PLACES[kind][side]
    return Place(found.namespace.format(line=line), found.head.format(line=line))


def short_name(rng: random.Random, kind: str, side: int, line: str, stem: str) -> str:
    """Return a short name made of the word of a line and the stem of a concept."""
    style = rng.choice((TABLE_STYLES if kind == "dataset" else STYLES)[side])
    parts = stem.split("_")
    if style is dotted or rng.random() < 0.75:
        return style([line, *parts])
    return style([*parts, line])


def column_name(name: str, side: int, *, restyled: bool) -> str:
    """Return a column's name in the style of a side: snake for 0, camel for 1 where `restyled`."""
    return COLUMN_STYLES[side](name.split("_")) if restyled else name
