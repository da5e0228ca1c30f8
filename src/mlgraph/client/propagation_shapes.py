"""The shape of what `propagation` answers (docs/propagation.md), beside the others in `mlgraph.client.shapes`."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12

from mlgraph.client.shapes import Certainty, Notice


class RebuiltWorkflow(TypedDict):
    """How far a workflow is: `run` and `since` say by which run, and when.

    `missing` are the inputs that it has not taken in whole, `waits_on` those of them that are not wholly new themselves.
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
    """What a deployment or service runs on, since when; `weight`: a deployment's proportion of the traffic, where it is told."""

    uri: str
    state: str
    since: str
    weight: NotRequired[float]


class FollowedAsset(TypedDict):
    """What an asset holds, since when, and by which run; `successor` is the newest version that was made from the new."""

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
    """Who has rebuilt since a change, nearest first; `by_state` counts all, `remind` lists who has something to do."""

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
