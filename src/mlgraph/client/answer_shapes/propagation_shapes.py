"""Shapes (TypedDict) of the answers of `GET /api/v1/propagation` (docs/propagation.md)."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12

from mlgraph.client.answer_shapes.shapes import Certainty, Notice


class RebuiltWorkflow(TypedDict):
    """The rebuild state of a workflow; `run` caused the state at `since`.

    `missing` lists the inputs of which it has not read the completely new state, `waits_on` those of them that are not
    completely new themselves.
    """

    uri: str
    kind: str
    name: str
    distance: int
    certainty: Certainty
    state: Literal["failed", "old", "partly", "waiting", "running", "rebuilt"]
    run: str | None
    since: str | None
    missing: list[str]
    waits_on: list[str]
    owners: list[str]


class ServedBy(TypedDict):
    """An asset that a deployment or service runs on since `since`; `weight`: the deployment's share of the traffic, if known."""

    uri: str
    state: str
    since: str
    weight: NotRequired[float]


class FollowedAsset(TypedDict):
    """The state of an asset; `run` wrote it at `since`. `successor` is the newest version built from the new state."""

    uri: str
    kind: str
    name: str
    distance: int
    certainty: Certainty
    state: Literal["on_old", "mixed", "on_new", "old", "stale", "partly", "fresh"]
    run: str | None
    since: str | None
    successor: NotRequired[str | None]
    weight: NotRequired[float]
    served_by: NotRequired[list[ServedBy]]
    owners: list[str]


class Propagation(TypedDict):
    """Consumers of a changed asset, nearest first; `by_state` counts all of them, `remind` lists the owners who must act."""

    root: str
    since: str
    as_of: str
    workflows: list[RebuiltWorkflow]
    assets: list[FollowedAsset]
    by_state: dict[str, dict[str, int]]
    remind: list[Notice]
    total: int
    partial: bool
    reason: str | None
    frontier: str | None
    watermark: int
