"""Shapes (TypedDict) of the body and the answer of `POST /api/v1/impact` (docs/pull-requests.md)."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12

from mlgraph.client.answer_shapes.shapes import Certainty, Notice

EffectName = Literal["breaks_now", "breaks_next_run", "tainted"]


class ChangedFile(TypedDict):
    """A changed file: its text before (absent or null: new) and after (absent or null: deleted).

    `previous_path`: the path of `before`, where the file was renamed. `skipped`: why the sender leaves the texts out.
    """

    path: str
    before: NotRequired[str | None]
    after: NotRequired[str | None]
    previous_path: NotRequired[str | None]
    skipped: NotRequired[str | None]


class ChangedAsset(TypedDict):
    """An asset that a file defines, and its change (null: none). `detail` says in words what the file does."""

    path: str
    uri: str
    change: Literal["schema", "values", "retire"] | None
    detail: str | None
    renamed_to: str | None
    certainty: Certainty


class NewFile(TypedDict):
    """A file that defines new assets, by the names in the file."""

    path: str
    names: list[str]


class UnreadFile(TypedDict):
    """Why nothing is known of a file; `line` (from 1) where the reason has one."""

    path: str
    line: int | None
    reason: str


class AffectedByFiles(TypedDict):
    """An affected asset; `change` is the kind of the change at the begin of `path`."""

    uri: str
    kind: str
    name: str
    distance: int
    severity: Literal["critical", "high", "medium", "low"]
    effect: EffectName
    certainty: Certainty
    owners: list[str]
    team: str | None
    change: Literal["schema", "values", "retire"]
    path: list[str]


class ChangeCounts(TypedDict):
    """Affected assets: by effect for certain, and those that are only possible."""

    breaks_now: int
    breaks_next_run: int
    tainted: int
    possible: int


class AffectedTeam(ChangeCounts):
    """A team (null: the assets without a team) with the number of its affected assets and the worst of them."""

    team: str | None
    name: str | None
    handle: str | None
    total: int
    worst: EffectName
    certainty: Certainty


class Rebuild(TypedDict):
    """What to build again: selectors of dbt, and affected workflows, nearest first."""

    dbt: list[str]
    workflows: list[str]
    workflows_total: int


class ChangedFilesImpact(TypedDict):
    """What the changed files affect, the worst first. `failed`: why this is above the threshold; empty if it is not."""

    verdict: str
    failed: list[str]
    counts: ChangeCounts
    assets: list[ChangedAsset]
    new: list[NewFile]
    unknown: list[str]
    unread: list[UnreadFile]
    affected: list[AffectedByFiles]
    by_team: list[AffectedTeam]
    notify: list[Notice]
    rebuild: Rebuild
    total: int
    partial: bool
    reason: Literal["limit", "size"] | None
    watermark: int
