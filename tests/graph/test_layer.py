"""A layer's rows both ways, with base and overlay."""

from __future__ import annotations

import pytest

from mlgraph.domain.times import FOREVER
from mlgraph.graph import layer
from mlgraph.graph.layer import Arc, Direction, Layer

FLAGS = 7


def arc(source: int, target: int, start: int = 0, end: int = FOREVER, *, relation: int = 1, origin: int = 1) -> Arc:
    return Arc(source, relation, target, origin, start, end, FLAGS)


def targets(rows: Direction, node: int, moment: int) -> list[int]:
    return sorted(other for other, _, _, _ in rows.rows_of(node, moment))


@pytest.mark.parametrize("compact_at", [0, 100])
def test_a_group_is_replaced_as_a_whole_in_base_and_overlay(compact_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "COMPACT_AT", compact_at)
    rows = Layer()
    rows.replace("one", [arc(0, 1), arc(0, 2, 10, 20)])
    rows.replace("two", [arc(0, 1, origin=2)])
    first = rows.publish(3)
    assert first is not None
    assert targets(first.out, 0, 9) == [1, 1]
    assert targets(first.out, 0, 10) == [1, 1, 2]
    assert targets(first.out, 0, 20) == [1, 1]
    assert targets(first.into, 2, 19) == [0]
    rows.replace("one", [arc(2, 0)])
    second = rows.publish(4)
    assert second is not None
    assert [row[3] for row in second.out.rows_of(0, 15)] == [2]
    assert targets(second.out, 2, 15) == [0]
    rows.replace("one", [])
    third = rows.publish(4)
    assert third is not None
    assert targets(third.out, 2, 15) == []
    # What was published stays as it was.
    assert targets(first.out, 0, 10) == [1, 1, 2]
    assert targets(second.into, 0, 15) == [2]


def test_nothing_is_published_where_nothing_changed() -> None:
    rows = Layer()
    rows.replace("one", [arc(0, 1)])
    assert rows.publish(2) is not None
    assert rows.publish(2) is None
    rows.replace("one", [arc(0, 1)])
    rows.replace("none", [])
    assert rows.publish(2) is None
    assert rows.publish(3) is not None


def test_of_equal_rows_of_two_groups_one_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "COMPACT_AT", 0)
    rows = Layer()
    rows.replace("one", [arc(0, 1)])
    rows.replace("two", [arc(0, 1)])
    rows.publish(2)
    rows.replace("one", [])
    view = rows.publish(2)
    assert view is not None
    assert targets(view.out, 0, 5) == [1]
    assert targets(view.into, 1, 5) == [0]
