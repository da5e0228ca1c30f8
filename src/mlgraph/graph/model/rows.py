"""Rows, layers and node keys: the elements of the traversal graph.

A row is a directed edge between two nodes with a validity interval. A node is an asset or one of its *ports*: if the outputs of a
workflow are fed by different inputs, the workflow has one port for each group of outputs, with edges from their inputs and to
these outputs alone, so that a closure stays a breadth-first search. Answers show the workflow in place of its ports. An ambiguous
name has one port, its hub.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.history import CURATED_ORIGIN
from mlgraph.domain.vocabulary import KINDS, NEVER_CLOSING_OUTPUTS, RELATIONS

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

WALK: Final = 1
"""Flag: traversals follow this row."""
SHOW: Final = 2
"""Flag: answers list this row as an edge."""
CERTAIN: Final = 4
"""Flag: a path over this row stays certain."""
HAS_COLUMN_LINEAGE: Final = 8
"""Flag: column lineage is known for this edge, so a column traversal does not fall back to it."""
SOFT: Final = 16
"""Flag: the target works without the source, with degraded results (`required_by` soft)."""
ONLINE: Final = 32
"""Flag: the target reads the source while serving (`input_to` with role online)."""
AT_ASSET: Final = 64
"""Flag: the row belongs to the asset level."""
AT_RUN: Final = 128
"""Flag: the row belongs to the run level."""

FIRST_RULE_ORIGIN: Final = CURATED_ORIGIN + 1
"""Rows with an origin of at least this number are inferred edges; `GraphVersion.rule_origins` names these origins."""


class Layer(IntEnum):
    """The subgraphs that queries traverse or look up."""

    ASSET = 0
    RUN = 1
    ASSET_COLUMNS = 2
    RUN_COLUMNS = 3
    STRUCTURE = 4


TABLE_AND_LEVEL: Final = ((0, AT_ASSET), (0, AT_RUN), (1, AT_ASSET), (1, AT_RUN), (2, AT_ASSET))
"""By layer: the number of the table that contains its rows, and the level flag of these rows."""


class NodeKey(NamedTuple):
    """A node: an asset, and for a port its output, the first of those that the same inputs feed (0: not a port)."""

    asset: int
    port: int = 0


def hub_of(name: int) -> NodeKey:
    """Return the hub of an ambiguous name: the node through which traversals step between the name and its claimants.

    It is a port of the name, and never listed. A step to it has length 0, so that its members are one step from each other.
    """
    return NodeKey(name, name)


class Row(NamedTuple):
    """One directed edge for [start, end), as one origin asserts it (`origin` 0: computed)."""

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
MEMBER_OF: Final = RELATIONS["member_of"].code
SERVES: Final = RELATIONS["serves"].code
REQUIRED_BY: Final = RELATIONS["required_by"].code
DEPLOYED_AS: Final = RELATIONS["deployed_as"].code
EXECUTED_FOR: Final = RELATIONS["executed_for"].code
FLAGGED_BY_PROPERTIES: Final = frozenset({REQUIRED_BY})
"""Relations whose properties `edge_flags` reads."""
WALKED_CODES: Final = frozenset(relation.code for relation in RELATIONS.values() if relation.walked)
PART_CODES: Final = frozenset({VERSION_OF, PART_OF, VARIANT_OF})
STRUCTURE_CODES: Final = PART_CODES | {MEMBER_OF}
"""Relations whose plain edges are rows of the structure: those of parts, and memberships, which no traversal follows or lists."""
DATASET: Final = KINDS["dataset"].code
COLUMN: Final = KINDS["column"].code
RUN: Final = KINDS["run"].code
WORKFLOW: Final = KINDS["workflow"].code
MODEL: Final = KINDS["model"].code
DEPLOYMENT: Final = KINDS["deployment"].code
TEAM: Final = KINDS["team"].code
MODEL_VERSION: Final = KINDS["model_version"].code
EVALUATION: Final = KINDS["evaluation"].code
HUB: Final = 255
"""The kind of a hub, in place of that of its asset."""
NEVER_CLOSING: Final = frozenset(KINDS[name].code for name in NEVER_CLOSING_OUTPUTS)
"""Kinds that a later run cannot rewrite: their `outputs` edges stay open."""


def plain_layers(relation: int, source_kind: int) -> tuple[Layer, ...]:
    """Return the layers that contain a plain edge, one that is not computed from a run or workflow; empty if none does."""
    if relation in WALKED_CODES:
        if source_kind == COLUMN and relation in (DERIVES, FEEDS):
            return Layer.ASSET_COLUMNS, Layer.RUN_COLUMNS
        return Layer.ASSET, Layer.RUN
    return (Layer.STRUCTURE,) if relation in STRUCTURE_CODES else ()


def edge_flags(relation: int, role: str | None, properties: Mapping[str, Any]) -> int:
    """Return the flags of a plain edge: traversed, shown and certain, with `SOFT` and `ONLINE` for impact analysis.

    A membership has none: answers read it from the store, and traversals do not follow it.
    """
    if relation == MEMBER_OF:
        return 0
    flags = WALK | SHOW | CERTAIN
    if relation == REQUIRED_BY and _is_soft(role, properties):
        flags |= SOFT
    if relation == INPUT_TO and role == "online":
        flags |= ONLINE
    return flags


def _is_soft(role: str | None, properties: Mapping[str, Any]) -> bool:
    """Return whether a requirement is soft: its role, any property with the value "soft", or the property `soft` set to true."""
    return role == "soft" or properties.get("soft") is True or any(value == "soft" for value in properties.values())
