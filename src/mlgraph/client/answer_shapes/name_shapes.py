"""Shapes (TypedDict) of the answers of `GET /api/v1/names` and `GET /api/v1/resolve`."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class Named(TypedDict):
    """`name` was another name of `asset` in an interval; `decision` is `apart` if they were declared two assets instead."""

    name: str
    asset: str
    valid_from: str
    valid_to: str | None
    decision: str


class Ambiguous(TypedDict):
    """A name that several assets claim during an interval; during it, the name is an asset of its own."""

    name: str
    assets: list[str]
    valid_from: str
    valid_to: str | None


class Names(TypedDict):
    """The names of an asset; without a requested asset, all ambiguous names."""

    uri: str | None
    asset: str | None
    names: list[Named]
    ambiguous: list[Ambiguous]
    watermark: int


class SimilarName(TypedDict):
    """An asset with a name similar to one that no asset has."""

    uri: str
    kind: str
    name: str


class MatchedAsset(TypedDict):
    """An asset that a name may mean. `how` it fits; `same_case`: letters are the same in upper and lower case too."""

    uri: str
    kind: str
    name: str
    how: Literal["uri", "pair", "kind_name", "name", "last_part", "field"]
    same_case: bool


class ResolvedName(TypedDict):
    """The assets that `name` may mean, the most exact first; `uri` is the one that it means, null if that is not certain.

    `total` counts the matches before the list was cut. `nearest` has similar names if there is no match.
    """

    name: str
    uri: str | None
    matches: list[MatchedAsset]
    total: int
    partial: bool
    nearest: list[SimilarName]
    watermark: int
