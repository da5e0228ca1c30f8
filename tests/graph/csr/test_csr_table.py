"""A table's rows in both directions, with base and overlay, compared with a dictionary."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr import overlay
from mlgraph.graph.csr.assemble import Arcs, table_of_arcs
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.csr_table import Arc, DirectedRows, Group, MutableTable, View, level_view
from mlgraph.graph.model.rows import AT_ASSET, AT_RUN

FLAGS = 7 | AT_ASSET


def arc(source: int, target: int, start: int = 0, end: int = FOREVER, *, relation: int = 1, origin: int = 1) -> Arc:
    return Arc(source, target, relation, origin, FLAGS, start, end)


def published(rows: MutableTable) -> View:
    arrays = rows.publish()
    assert arrays is not None
    return level_view(*arrays, AT_ASSET)


def targets(rows: DirectedRows, node: int, moment: int) -> list[int]:
    return sorted(other for other, _, _, _ in rows.rows_of(node, moment))


def based(groups: dict[Group, list[Arc]], nodes: int) -> MutableTable:
    """Return a table with these groups in its base."""
    arcs = Arcs()
    for group, rows in groups.items():
        for each in dict.fromkeys(rows):
            arcs.add([(each.source, each.target, *each.packed(0), group if isinstance(group, int) else 0)])
    return MutableTable(table_of_arcs(arcs.take(), np.arange(nodes, dtype=np.int32), nodes, np.zeros))


@pytest.mark.parametrize("merge_at", [0, 100])
def test_a_group_is_replaced_as_a_unit(merge_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "MERGE_AT", merge_at)
    rows = MutableTable(Base.empty().lineage)
    rows.replace(1, [arc(0, 1), arc(0, 2, 10, 20)])
    rows.replace(2, [arc(0, 1, origin=2)])
    first = published(rows)
    assert targets(first.out, 0, 9) == [1, 1]
    assert targets(first.out, 0, 10) == [1, 1, 2]
    assert targets(first.out, 0, 20) == [1, 1]
    assert targets(first.into, 2, 19) == [0]
    rows.replace(1, [arc(2, 0)])
    second = published(rows)
    assert [row[3] for row in second.out.rows_of(0, 15)] == [2]
    assert targets(second.out, 2, 15) == [0]
    rows.replace(1, [])
    third = published(rows)
    assert targets(third.out, 2, 15) == []
    # published views are immutable
    assert targets(first.out, 0, 10) == [1, 1, 2]
    assert targets(second.into, 0, 15) == [2]


def test_nothing_is_published_where_nothing_changed() -> None:
    rows = MutableTable(Base.empty().lineage)
    rows.replace(1, [arc(0, 1)])
    assert rows.publish() is not None
    assert rows.publish() is None
    rows.replace(1, [arc(0, 1)])
    rows.replace(2, [])
    assert rows.publish() is None


def test_of_equal_rows_of_two_groups_one_is_masked() -> None:
    rows = based({1: [arc(0, 1)], 2: [arc(0, 1)], (0, 1, 1): [arc(0, 1)]}, 3)
    rows.replace(2, [])
    view = published(rows)
    assert targets(view.out, 0, 5) == [1, 1]
    assert targets(view.into, 1, 5) == [0, 0]
    assert rows.added() == {2: []}
    rows.replace((0, 1, 1), [])
    rows.replace(1, [])
    view = published(rows)
    assert targets(view.out, 0, 5) == targets(view.into, 1, 5) == []


@pytest.mark.parametrize("merge_at", [0, 2, 1000])
def test_after_any_replacements_each_group_has_its_last_rows(merge_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Base and both generations of patches are compared with a dictionary, for every published view."""
    monkeypatch.setattr(overlay, "MERGE_AT", merge_at)
    for seed in range(40):
        rng = random.Random(seed)
        groups: list[Group] = [1, 2, 3, (4, 1, 5)]
        present: dict[Group, list[Arc]] = {group: some_arcs(group, rng) for group in groups}
        rows = based(present, 6)
        present[9] = []
        views = [(dict(present), published(rows))]
        for _ in range(12):
            for _ in range(rng.randint(1, 3)):
                group = rng.choice(list(present))
                present[group] = some_arcs(group, rng)
                rows.replace(group, present[group])
            arrays = rows.publish()
            if arrays is not None:
                views.append((dict(present), level_view(*arrays, AT_ASSET)))
        for expected, view in views:
            check(expected, view)


def some_arcs(group: Group, rng: random.Random) -> list[Arc]:
    if isinstance(group, tuple):
        return [arc(group[0], group[2], 0, end, relation=group[1]) for end in rng.sample(range(1, 9), rng.randint(0, 2))]
    return [arc(rng.randrange(6), rng.randrange(6), 0, rng.choice([5, 9]), relation=2) for _ in range(rng.randint(0, 5))]


def check(present: dict[Group, list[Arc]], view: View) -> None:
    every = [each for rows in present.values() for each in set(rows)]
    for node in range(6):
        for moment in (0, 4, 5, 8):
            now = [each for each in every if each.start <= moment < each.end]
            assert Counter(targets(view.out, node, moment)) == Counter(each.target for each in now if each.source == node)
            assert Counter(targets(view.into, node, moment)) == Counter(each.source for each in now if each.target == node)
            gathered = view.out.gather(np.array([node], np.int32), moment)
            assert Counter(gathered.other.tolist()) == Counter(each.target for each in now if each.source == node)


def test_levels_read_their_own_rows_and_those_of_both() -> None:
    rows = [arc(0, 1)._replace(flags=7 | level) for level in (AT_ASSET, AT_RUN, AT_ASSET | AT_RUN)]
    rows = [each._replace(target=place + 1) for place, each in enumerate(rows)]
    for table in (based({1: rows}, 4), MutableTable(Base.empty().lineage)):
        table.replace(1, rows)
        arrays = table.publish()
        assert arrays is not None
        for level, expected in ((AT_ASSET, [1, 3]), (AT_RUN, [2, 3])):
            view = level_view(*arrays, level)
            assert targets(view.out, 0, 5) == expected
            assert sorted(view.out.gather(np.zeros(1, np.int32), 5).other.tolist()) == expected
