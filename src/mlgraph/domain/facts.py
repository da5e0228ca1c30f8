"""Facts: the assertions of sources in one vocabulary, each with its origin and its valid time.

A fact is immutable: a named tuple, because loads create millions and a frozen dataclass takes twice as long to create. The
state of the graph is a function of the set of facts (docs/spec.md#1-state); how they combine is in `mlgraph.domain.history`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.uri import AssetUri

ANY_ORIGIN: Final = "*"
"""The origin of a retraction that applies to all origins of sources."""

CURATION: Final = "curation"
"""The origin of what people write about an asset."""

FINDING_ORIGIN: Final = "rule:already-built"
"""The origin of the findings that the check of new assets stores: `similar_to` edges, as facts (docs/already-built.md)."""

RUN_TERMINAL_STATES: Final = ("ABORT", "FAIL", "COMPLETE")
"""States that end a run (OpenLineage run cycle)."""

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

_EDGE_PARTS: Final = frozenset({"role", "version", "from"})
_COLUMN_EDGE_PARTS: Final = _EDGE_PARTS | {"by"}


class Mode(IntEnum):
    """How a fact combines with earlier facts of its origin. The numbers are stored: never renumber."""

    REPLACE = 0
    """Replaces the complete state of its origin; a repetition is a separate record."""
    PATCH = 1
    """Merges into the state of its origin: each event of a source reports a part of an asset's state."""
    DECLARED = 2
    """An edge listed by a job's declaration; a later declaration that omits it closes it."""
    RETRACT = 3
    """Closes the intervals of its origin that opened at or before its time."""
    DECLARATION = 4
    """Records that a job declared its inputs or outputs at this time."""


@dataclass(frozen=True, slots=True, repr=False)
class Unredacted:
    """The state or the properties of a fact before its secrets were redacted: for its digest, never stored nor shown."""

    members: Mapping[str, Any]
    as_0_1: Mapping[str, Any]
    """The same as version 0.1.0 took the digest of it."""

    def __repr__(self) -> str:
        """Return a text without the secrets."""
        return "Unredacted()"


class AssetFact(NamedTuple):
    """The state of an asset that `origin` asserts from `valid_from` on (microseconds; None: the time of recording).

    `state` may have name, description, owners (URIs as text), tags and properties; an absent key asserts nothing.
    """

    uri: AssetUri
    origin: str
    valid_from: int | None = None
    state: Mapping[str, Any] = _NOTHING
    mode: Mode = Mode.REPLACE
    unredacted: Unredacted | None = None
    """Set where secrets were redacted."""


class EdgeFact(NamedTuple):
    """An edge that `origin` asserts from `source` to `target`, for [valid_from, valid_to) in microseconds.

    `properties` may have `role` and `version` (edges that differ in them are separate records), `by` (the run that reported
    a column edge) and `from` (on `outputs`: the URIs of the inputs that feed this output).
    """

    source: AssetUri
    relation: str
    target: AssetUri
    origin: str
    valid_from: int | None = None
    valid_to: int | None = None
    properties: Mapping[str, Any] = _NOTHING
    mode: Mode = Mode.REPLACE
    unredacted: Unredacted | None = None
    """Set where secrets were redacted."""

    @property
    def seen_by(self) -> str | None:
        """The URI of the run or workflow whose column lineage this edge is part of; None for every other edge."""
        return self.properties.get("by") if self.relation == "derives" and self.source.kind == "column" else None

    @property
    def other_properties(self) -> dict[str, Any]:
        """The properties other than those with a meaning of their own: role, version, from, and `by` of a column edge."""
        own = _COLUMN_EDGE_PARTS if self.seen_by else _EDGE_PARTS
        return {key: value for key, value in self.properties.items() if key not in own}


class AssetRetraction(NamedTuple):
    """`origin` (`*`: every origin) stops asserting the asset at `valid_to`."""

    uri: AssetUri
    origin: str
    valid_to: int | None = None


class EdgeRetraction(NamedTuple):
    """`origin` (`*`: every origin) stops asserting the edges of this triple at `valid_to`."""

    source: AssetUri
    relation: str
    target: AssetUri
    origin: str
    valid_to: int | None = None


class Declaration(NamedTuple):
    """The statement of `origin` at `valid_from` that it listed all inputs or outputs (`sides`) of a workflow."""

    uri: AssetUri
    origin: str
    valid_from: int
    sides: tuple[str, ...]


@dataclass(frozen=True)
class Contact:
    """Name and mail address of a person, stored in a table that can be erased, never in facts."""

    uri: AssetUri
    name: str | None = None
    mail: str | None = None


Fact = AssetFact | EdgeFact | AssetRetraction | EdgeRetraction | Declaration
Statement = Fact | Contact | DetailWarning
"""What a connector may return: a warning says what it left out of its facts."""


def is_terminal(state: object) -> bool:
    """Return whether this value of a run's `state` property ends the run."""
    return isinstance(state, str) and state.upper() in RUN_TERMINAL_STATES


def split_contacts(statements: Iterable[Statement]) -> tuple[list[Fact], list[Contact]]:
    """Return the facts and the contacts among `statements`, each in order; warnings are left out."""
    facts: list[Fact] = []
    contacts: list[Contact] = []
    for statement in statements:
        if isinstance(statement, Contact):
            contacts.append(statement)
        elif not isinstance(statement, DetailWarning):
            facts.append(statement)
    return facts, contacts
