"""Facts: what sources say, in one vocabulary, each with its origin and the time for which it held.

A fact is immutable. The state of the graph is a function of the set of facts (docs/spec.md#1-state); how they combine is
in `mlgraph.domain.history`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from mlgraph.domain.uri import AssetUri

ANY_ORIGIN: Final = "*"
"""As the origin of a retraction: whoever said it."""

RUN_TERMINAL_STATES: Final = ("ABORT", "FAIL", "COMPLETE")
"""States that end a run (OpenLineage run cycle)."""


_EDGE_PARTS: Final = frozenset({"role", "version", "from"})
_COLUMN_EDGE_PARTS: Final = _EDGE_PARTS | {"by"}


class Mode(IntEnum):
    """How a fact joins what its origin said before. The numbers are stored: never renumber."""

    REPLACE = 0
    """Replaces the origin's whole state; a repetition is a record of its own."""
    PATCH = 1
    """Adds to the origin's state: event sources tell an asset piece by piece."""
    DECLARED = 2
    """An edge listed by a job's declaration; a later declaration that leaves it out ends it."""
    RETRACT = 3
    """Ends the origin's intervals begun at or before the time given."""
    DECLARATION = 4
    """Marks that a job declared its inputs or outputs at this time."""


@dataclass(frozen=True)
class AssetFact:
    """What `origin` says an asset is, from `valid_from` (microseconds; None: from when it is recorded).

    `state` holds name, description, owners (URIs as text), tags, properties; absent keys were not said.
    """

    uri: AssetUri
    origin: str
    valid_from: int | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = Mode.REPLACE


@dataclass(frozen=True)
class EdgeFact:
    """What `origin` says leads from `source` to `target`, for [valid_from, valid_to).

    `properties` may hold `role` and `version` (edges that differ in them stand side by side), `by` (the run that a column
    edge was seen in) and `from` (on `outputs`: the URIs of the inputs that feed this output).
    """

    source: AssetUri
    relation: str
    target: AssetUri
    origin: str
    valid_from: int | None = None
    valid_to: int | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = Mode.REPLACE

    @property
    def seen_by(self) -> str | None:
        """The URI of the run or workflow whose column lineage this edge is part of; None for every other edge."""
        return self.properties.get("by") if self.relation == "derives" and self.source.kind == "column" else None

    @property
    def other_properties(self) -> dict[str, Any]:
        """What the edge says beside the parts that have a meaning of their own."""
        own = _COLUMN_EDGE_PARTS if self.seen_by else _EDGE_PARTS
        return {key: value for key, value in self.properties.items() if key not in own}


@dataclass(frozen=True)
class AssetRetraction:
    """`origin` (or, with `*`, everybody) stops to hold the asset at `valid_to`."""

    uri: AssetUri
    origin: str
    valid_to: int | None = None


@dataclass(frozen=True)
class EdgeRetraction:
    """`origin` (or, with `*`, everybody) stops to hold the edges of this triple at `valid_to`."""

    source: AssetUri
    relation: str
    target: AssetUri
    origin: str
    valid_to: int | None = None


@dataclass(frozen=True)
class Declaration:
    """`origin` declared, at `valid_from`, all the inputs and/or outputs (`sides`) that a workflow has."""

    uri: AssetUri
    origin: str
    valid_from: int
    sides: tuple[str, ...]


@dataclass(frozen=True)
class Contact:
    """The name and mail of a person: kept in a table that can be erased, never in the facts."""

    uri: AssetUri
    name: str | None = None
    mail: str | None = None


Fact = AssetFact | EdgeFact | AssetRetraction | EdgeRetraction | Declaration
Statement = Fact | Contact
"""What a connector may return."""


def split_contacts(statements: Iterable[Statement]) -> tuple[list[Fact], list[Contact]]:
    """Return the facts among `statements`, and the contacts."""
    facts: list[Fact] = []
    contacts: list[Contact] = []
    for statement in statements:
        if isinstance(statement, Contact):
            contacts.append(statement)
        else:
            facts.append(statement)
    return facts, contacts
