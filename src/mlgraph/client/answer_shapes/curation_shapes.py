"""Shapes (TypedDict) of the parts of an asset that people can write, and of its usage (docs/curation.md)."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class PartialChange(TypedDict):
    """Tags or links to add, and those to remove."""

    add: NotRequired[list[str]]
    remove: NotRequired[list[str]]


class Annotation(TypedDict):
    """What to change about an asset; None takes a written value back, an absent member changes nothing."""

    description: NotRequired[str | None]
    owners: NotRequired[list[str] | None]
    tags: NotRequired[PartialChange | None]
    links: NotRequired[list[str] | PartialChange | None]
    deprecated: NotRequired[bool | None]
    successor: NotRequired[str | None]


class FieldClaim(TypedDict):
    """What an origin says of a field, since when (`at`), and who recorded it."""

    value: Any
    origin: str
    actor: str | None
    at: str


class FieldValue(FieldClaim):
    """The value of a field, the origin that decides it, and what the other origins say, the latest first.

    If people changed tags or links, which are united with those of sources, `added` and `removed` list their part.
    """

    others: list[FieldClaim]
    added: NotRequired[list[str]]
    removed: NotRequired[list[str]]


class Reads(TypedDict):
    """How many runs read an asset, and how many requests to mlgraph were about it, in 30 days."""

    runs_30d: int
    requests_30d: int


class Usage(TypedDict):
    """The use of an asset up to the moment of the answer; `last_read_at`: when a run read it last."""

    reads: Reads
    last_read_at: str | None
