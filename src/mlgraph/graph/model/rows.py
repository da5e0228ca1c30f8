"""Rows: what the traversal arrays are made of.

A row leads from one node to another for a span of time. A node is an asset, or one of its *ports*: a workflow whose outputs are
fed by different inputs is entered by the port of an output and left to that output alone, so that the walk stays a plain
breadth-first search. Answers show the workflow in the port's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.vocabulary import KINDS, NEVER_CLOSING_OUTPUTS, RELATIONS

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

WALK: Final = 1
"""The walk takes this row."""
SHOW: Final = 2
"""The row is an edge that answers list."""
CERTAIN: Final = 4
"""A path that takes this row stays certain."""
HAS_COLUMN_LINEAGE: Final = 8
"""Column lineage is known for what this row stands for: a walk of columns does not fall back on it."""
SOFT: Final = 16
"""The target works, if worse, without the source (`required_by` soft)."""
ONLINE: Final = 32
"""The target reads the source while it serves (`input_to` with role online)."""
AT_ASSET: Final = 64
"""The row is of the asset level."""
AT_RUN: Final = 128
"""The row is of the run level."""


class Layer(IntEnum):
    """The graphs that are walked or looked up, each with arrays of its own."""

    ASSET = 0
    RUN = 1
    ASSET_COLUMNS = 2
    RUN_COLUMNS = 3
    STRUCTURE = 4


TABLE_AND_LEVEL: Final = ((0, AT_ASSET), (0, AT_RUN), (1, AT_ASSET), (1, AT_RUN), (2, AT_ASSET))
"""By layer: which table of the graph it is read from, and the flag of its rows there."""


class NodeKey(NamedTuple):
    """A node: an asset, and for a port the output that it leads to, the first of several that are fed alike (else 0)."""

    asset: int
    port: int = 0


class Row(NamedTuple):
    """One directed step or edge, for [start, end), as one origin has it (0: as computed)."""

    layer: Layer
    source: NodeKey
    relation: int
    target: NodeKey
    origin: int
    start: int
    end: int
    flags: int


INPUT_TO: Final = RELATIONS["input_to"].code
OUTPUTS: Final = RELATIONS["outputs"].code
DERIVES: Final = RELATIONS["derives"].code
FEEDS: Final = RELATIONS["feeds"].code
RUN_OF: Final = RELATIONS["run_of"].code
VERSION_OF: Final = RELATIONS["version_of"].code
PART_OF: Final = RELATIONS["part_of"].code
VARIANT_OF: Final = RELATIONS["variant_of"].code
ALIAS_OF: Final = RELATIONS["alias_of"].code
REQUIRED_BY: Final = RELATIONS["required_by"].code
DEPLOYED_AS: Final = RELATIONS["deployed_as"].code
FLAGGED_BY_PROPERTIES: Final = frozenset({REQUIRED_BY})
"""Relations of which `edge_flags` looks at the properties."""
WALKED_CODES: Final = frozenset(relation.code for relation in RELATIONS.values() if relation.walked)
PART_CODES: Final = frozenset({VERSION_OF, PART_OF, VARIANT_OF})
COLUMN: Final = KINDS["column"].code
RUN: Final = KINDS["run"].code
WORKFLOW: Final = KINDS["workflow"].code
MODEL: Final = KINDS["model"].code
MODEL_VERSION: Final = KINDS["model_version"].code
EVALUATION: Final = KINDS["evaluation"].code
NEVER_CLOSING: Final = frozenset(KINDS[name].code for name in NEVER_CLOSING_OUTPUTS)
"""Kinds of outputs that, once made, stay made."""


def plain_layers(relation: int, source_kind: int) -> tuple[Layer, ...]:
    """Return the layers that hold a plain edge: one that neither a run nor a workflow computes."""
    if relation in WALKED_CODES:
        if source_kind == COLUMN and relation in (DERIVES, FEEDS):
            return Layer.ASSET_COLUMNS, Layer.RUN_COLUMNS
        return Layer.ASSET, Layer.RUN
    return (Layer.STRUCTURE,) if relation in PART_CODES else ()


def edge_flags(relation: int, role: str | None, properties: Mapping[str, Any]) -> int:
    """Return the flags of a plain edge: walked and shown, with what impact must know of it."""
    flags = WALK | SHOW | CERTAIN
    if relation == REQUIRED_BY and _is_soft(role, properties):
        flags |= SOFT
    if relation == INPUT_TO and role == "online":
        flags |= ONLINE
    return flags


def _is_soft(role: str | None, properties: Mapping[str, Any]) -> bool:
    """Say whether a requirement is soft: `requirement` says so, or whatever other member has the word as its value."""
    return role == "soft" or properties.get("soft") is True or any(value == "soft" for value in properties.values())
