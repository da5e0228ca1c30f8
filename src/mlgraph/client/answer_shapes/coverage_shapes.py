"""Shapes (TypedDict) of the answer of `GET /api/v1/coverage` (docs/coverage.md)."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class CoverageCounts(TypedDict):
    """Numbers of deployed versions, by what they reach; `reference`: of variants and deployments that name a known version."""

    dataset: int
    owner: int
    commit: int
    evaluation: int
    experiment: int
    reference: int


class CoverageGap(TypedDict):
    """What is not known of a version that serves, or of a variant or deployment that should name one (`reference`).

    `fix` is the line that mends it, with <PLACEHOLDERS> for what people know.
    """

    uri: str
    name: str
    services: list[str]
    missing: Literal["dataset", "owner", "commit", "evaluation", "experiment", "reference"]
    reason: str
    fix: str


class DeployedCoverage(TypedDict):
    """Of `deployed` versions, how many reach each aspect, of how many that should (`expected`); `total` counts the gaps."""

    as_of: str
    deployed: int
    reaching: CoverageCounts
    expected: CoverageCounts
    gaps: list[CoverageGap]
    total: int
    partial: bool
    reason: str | None
    watermark: int
