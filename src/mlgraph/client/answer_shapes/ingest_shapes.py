"""Shapes (TypedDict) of the answers to ingest (docs/http.md, Ingest)."""

from __future__ import annotations

from typing_extensions import TypedDict


class Warned(TypedDict):
    """A detail of an event that was left out or read differently: a JSON pointer to it, and what happened."""

    pointer: str
    message: str


class IndexedWarning(Warned):
    """A warning about the event with this index, from 0."""

    index: int


class Written(TypedDict):
    """The answer to one event. Answers with this watermark or a higher one include the write.

    `warnings` lists the details that were left out, the first hundred of `warnings_total`.
    """

    watermark: int
    warnings: list[Warned]
    warnings_total: int


class Rejection(TypedDict):
    """A rejected line or event: its index from 0, a JSON pointer into it, and the reason."""

    index: int
    pointer: str
    message: str


class Ingested(TypedDict):
    """Counts of lines or events: accepted + duplicates + rejected is the number of those that are not empty."""

    accepted: int
    duplicates: int
    rejected: list[Rejection]
    watermark: int


class IngestedEvents(Ingested):
    """The same for events. `warnings` lists the details that were left out, the first thousand of `warnings_total`."""

    warnings: list[IndexedWarning]
    warnings_total: int
