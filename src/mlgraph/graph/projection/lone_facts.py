"""Vectorised rows of plain edges that a single fact determines: the same rows as `build.plain_rows` makes, in batches.

Layers and flags come from tables that `rows.plain_layers` and `rows.edge_flags` fill, so this module decides neither.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mlgraph.domain.facts import Mode
from mlgraph.domain.vocabulary import INPUT_ROLES, RELATIONS
from mlgraph.graph.csr.row_format import FLAG_SHIFT, ORIGIN_SHIFT, RELATION_SHIFT
from mlgraph.graph.model.rows import (
    COLUMN,
    FLAGGED_BY_PROPERTIES,
    TABLE_AND_LEVEL,
    Bools,
    Bytes,
    Ints,
    Longs,
    edge_flags,
    plain_layers,
)
from mlgraph.ports.store import EdgeTable

_CODES: Final = 1 + max(relation.code for relation in RELATIONS.values())
_ROLES: Final = (None, *INPUT_ROLES, "of a source's own")
"""The roles of an `EdgeTable` by code; the last one is for code -1."""
_FLAGS: Final = np.array([[edge_flags(relation, role, {}) for role in _ROLES] for relation in range(_CODES)], np.int64)
_NO_TABLE: Final = -1


def _tables_and_levels(kind: int) -> list[tuple[int, int]]:
    """Return, by relation, the table of edges from an asset of this kind, and the flags of their levels there."""
    layers = [[TABLE_AND_LEVEL[layer] for layer in plain_layers(relation, kind)] for relation in range(_CODES)]
    return [(each[0][0], sum(level for _, level in each)) if each else (_NO_TABLE, 0) for each in layers]


_TABLES_AND_LEVELS: Final = np.array([_tables_and_levels(COLUMN + 1), _tables_and_levels(COLUMN)], np.int64)
"""By whether the source is a column, and relation: the table of the edge, and the flags of its levels."""


def are_lone(table: EdgeTable, retracted: Ints) -> Bools:
    """Return a mask of the facts that alone determine their edge: it has no other fact, no end, and no flags from properties.

    `table` has all facts of each of its edges; `retracted` are the assets that were ever retracted.
    """
    order = np.lexsort((table.target, table.relation, table.source))
    same = np.ones(len(order) - 1 if len(order) else 0, np.bool_)
    for column in (table.source, table.relation, table.target):
        same &= column[order[1:]] == column[order[:-1]]
    lone = np.ones(len(order), np.bool_)
    lone[order[1:]] &= ~same
    lone[order[:-1]] &= ~same
    lone &= ~(np.isin(table.source, retracted) | np.isin(table.target, retracted))
    lone &= (table.mode != Mode.RETRACT) & (table.end > table.start) & ~np.isin(table.relation, list(FLAGGED_BY_PROPERTIES))
    return lone


def lone_rows(table: EdgeTable, kind: Bytes) -> list[tuple[Ints, Ints, Longs]]:
    """Return, by table of the graph, the rows of facts that `are_lone`: sources, targets, and int64[k, 3] of word, start, end.

    `kind` has the kind code of each asset.
    """
    number, level = _TABLES_AND_LEVELS[(kind[table.source] == COLUMN).astype(np.int8), table.relation].T
    relation, origin = table.relation.astype(np.int64), table.origin.astype(np.int64)
    words = (_FLAGS[table.relation, table.role] | level) << FLAG_SHIFT | relation << RELATION_SHIFT | origin << ORIGIN_SHIFT
    rows: Longs = np.column_stack([words, table.start, table.end])
    tables = range(1 + max(number_of_layer for number_of_layer, _ in TABLE_AND_LEVEL))
    return [(table.source[number == each], table.target[number == each], rows[number == each]) for each in tables]
