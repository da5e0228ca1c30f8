"""The shapes of answers about names (see `shapes`)."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class Named(TypedDict):
    """That `name` was another name of `asset` for a time. `decision` is `apart` where somebody said that they are two."""

    name: str
    asset: str
    valid_from: str
    valid_to: str | None
    decision: str


class Ambiguous(TypedDict):
    """A name that leads to several assets for a time, and therefore stands for itself then."""

    name: str
    assets: list[str]
    valid_from: str
    valid_to: str | None


class Names(TypedDict):
    """The names of an asset, or, where none was asked for, all names that lead to several assets."""

    uri: str | None
    asset: str | None
    names: list[Named]
    ambiguous: list[Ambiguous]
    watermark: int
