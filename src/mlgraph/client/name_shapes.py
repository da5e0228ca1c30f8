"""Shapes (TypedDict) of the answers of `GET /api/v1/names`; `mlgraph.client.shapes` has the others."""

from __future__ import annotations

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
