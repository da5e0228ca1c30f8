"""Shapes (TypedDict) of the answers about what is built already; `mlgraph.client.answer_shapes.shapes` has the others."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class Reason(TypedDict):
    """What one signal adds to a score or takes from it, and what it rests on."""

    signal: str
    contribution: float
    text: str


class ReusableCopy(TypedDict):
    """Whether a hit can be reused; `best`: it is the best copy of all."""

    consumers: int
    serving: int
    health: str
    deprecated: bool
    team: str | None
    best: bool
    text: str


class SimilarAsset(TypedDict):
    """A hit. The contributions in `why` add up to `score`; `suggested`: it is probably a duplicate.

    `copies` are other versions, slices and environments of the same asset, which are not listed by themselves (of texts only).
    """

    uri: str
    kind: str
    name: str
    owners: list[str]
    score: float
    suggested: bool
    why: list[Reason]
    copies: list[str]
    reuse: ReusableCopy


class OwnerToTalkTo(TypedDict):
    """An owner of the asset or of suggested hits."""

    owner: str
    name: str
    assets: list[str]


class LeftOut(TypedDict):
    """How many candidates were left out, because they are related to the asset, or dismissed by a person."""

    related: int
    dismissed: int


class Similar(TypedDict):
    """What is similar to an asset (`uri`), or to a text of so many `passages`."""

    uri: str | None
    kind: str | None
    name: str | None
    passages: int | None
    hits: list[SimilarAsset]
    nothing_like_it: bool
    talk_to: list[OwnerToTalkTo]
    total: int
    partial: bool
    reason: str | None
    left_out: LeftOut
    watermark: int


class Dismissal(TypedDict):
    """A pair of assets, and whether a person said that they are no duplicates."""

    a: str
    b: str
    dismissed: bool
    dismissed_by: str | None
    reason: str | None
    watermark: int
