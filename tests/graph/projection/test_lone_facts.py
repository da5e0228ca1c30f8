"""Rows of edges that a single fact determines equal the rows that are computed edge by edge."""

from __future__ import annotations

from itertools import product

import numpy as np

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import INPUT_ROLES
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.row_format import FLAG_SHIFT, ORIGIN_SHIFT, RELATION_SHIFT
from mlgraph.graph.csr.snapshot import rows_by_table
from mlgraph.graph.model.rows import COLUMN, DERIVES, FLAGGED_BY_PROPERTIES, INPUT_TO, PART_CODES, REQUIRED_BY, WALKED_CODES, Ints
from mlgraph.graph.projection.build import plain_rows
from mlgraph.graph.projection.lone_facts import are_lone, lone_rows
from mlgraph.ports.store import AssetRow, EdgeTable

NO_ASSETS: Ints = np.zeros(0, np.int32)
ROLES: dict[str | None, int] = {None: 0, **{role: number for number, role in enumerate(INPUT_ROLES, 1)}, "soft": -1}
TYPES = (np.int32, np.int16, np.int32, np.int16, np.int16, np.int16, np.int64, np.int64)


def table(*records: EdgeRecord) -> EdgeTable:
    columns = [(r.source, r.relation, r.target, r.origin, r.mode, ROLES[r.role], r.valid_from, r.valid_to) for r in records]
    return EdgeTable(*(np.array([row[i] for row in columns], kind) for i, kind in enumerate(TYPES)))


def derives(source: int, target: int, start: int = 1, end: int = FOREVER, mode: Mode = Mode.REPLACE) -> EdgeRecord:
    return EdgeRecord(source, DERIVES, target, 1, start, end, mode)


def test_rows_are_those_of_the_rules_for_every_relation_role_and_kind() -> None:
    asset_index = AssetIndex(Base.empty())
    kinds = (COLUMN, COLUMN + 1)
    for number, kind in enumerate(kinds, 1):
        asset_index.add(AssetRow(number, f"mlg://dataset/n/{number}", kind, 0))
    kind_of = np.array([0, *kinds, 1], np.uint8)
    compared = 0
    for relation, role, source in product(sorted((WALKED_CODES | PART_CODES) - FLAGGED_BY_PROPERTIES), ROLES, (1, 2)):
        record = EdgeRecord(source, relation, 3, 7, 5, 9, Mode.PATCH, role)
        expected = [
            (number, row[0].asset, row[2].asset, (row[6] | level) << FLAG_SHIFT | relation << RELATION_SHIFT | 7 << ORIGIN_SHIFT)
            for number, rows in rows_by_table(plain_rows([record], {}, asset_index)).items()
            for row, level in rows.items()
        ]
        found = [
            (number, *sources.tolist(), *targets.tolist(), rows[0, 0])
            for number, (sources, targets, rows) in enumerate(lone_rows(table(record), kind_of))
            if len(rows)
        ]
        assert found == expected, f"relation {relation}, role {role}, source of kind {kinds[source - 1]}"
        compared += len(expected)
    assert compared > 100


def test_a_fact_is_lone_where_nothing_else_bears_on_its_edge() -> None:
    others = derives(5, 6), derives(5, 6, 4)
    chosen = are_lone(table(derives(1, 2), *others, derives(3, 4, mode=Mode.RETRACT), derives(7, 8, 9, 9)), NO_ASSETS)
    assert chosen.tolist() == [True, False, False, False, False]
    assert are_lone(table(derives(1, 2), derives(2, 3), derives(3, 4)), np.array([2], np.int32)).tolist() == [False, False, True]
    assert are_lone(table(), NO_ASSETS).tolist() == []


def test_a_fact_whose_properties_matter_is_not_lone() -> None:
    assert frozenset({REQUIRED_BY}) == FLAGGED_BY_PROPERTIES
    needed = EdgeRecord(1, REQUIRED_BY, 2, 1, 1, FOREVER, Mode.REPLACE, properties={"requirement": "soft"})
    read = EdgeRecord(1, INPUT_TO, 2, 1, 1, FOREVER, Mode.REPLACE, "online")
    assert are_lone(table(needed, read), NO_ASSETS).tolist() == [False, True]
