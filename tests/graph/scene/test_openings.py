"""How many folds have to be opened until an asset has a mark of its own."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.graph.model.rows import Longs
from mlgraph.graph.scene.fold_splitting import CYCLES, MOST_PARTS, NEAR, OPENINGS, SplitKeys, openings_of, split
from mlgraph.graph.scene.marks import Mark, MarkLayout, MarkTexts, parts_of_fold
from mlgraph.graph.scene.placement import Table, kind_order, placed

HUB: Final = 40_120
TEXTS: Final = MarkTexts(str, lambda by, key: f"{by} {key}", str)


def layout_of_random(size: int, *, teams: int, kinds: int, namespaces: int, steps: int, cycles: float, seed: int) -> MarkLayout:
    """The layout of `size` assets, most of them of few teams, kinds and namespaces, some in cycles."""
    rng = np.random.default_rng(seed)

    def some(many: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return np.minimum(rng.exponential(many / 4, size), many - 1).astype(np.int32)

    codes = some(kinds).astype(np.uint8)
    order = kind_order(codes, np.arange(size))
    groups, step = some(teams), rng.integers(1, steps + 1, size).astype(np.int32)
    step[0], order = 0, order[order != 0]
    order = np.concatenate([[0], order])
    table = placed(groups, teams, np.ones(size, np.int64), step, 150)
    number = np.full(size, -1, np.int32)
    chosen = rng.random(size) < cycles
    number[chosen] = step[chosen] * 1000 + rng.integers(0, max(1, int(chosen.sum()) // 3), int(chosen.sum()))
    keys = SplitKeys.of(groups, codes[order], np.sort(some(namespaces)))
    return MarkLayout.of(keys, number, TEXTS, Table(table.rows, table.columns, table.row, table.column), 0, 150, unfolded=False)


def depths(layout: MarkLayout, mark: Mark, before: int = 0) -> Iterator[tuple[int, bool]]:
    """Yield (openings, whether it is in the box of a cycle) for each asset of a mark, with room for all parts."""
    if not mark.is_fold:
        yield before, mark.in_cycle
        return
    parts = parts_of_fold(layout, mark)
    assert parts is not None
    assert 2 <= len(parts) <= MOST_PARTS
    assert np.array_equal(np.sort(np.concatenate([part.members for part in parts])), mark.members)
    assert len({part.id for part in parts}) == len(parts)
    for part in parts:
        yield from depths(layout, part, before + 1)


def of_all(layout: MarkLayout) -> Counter[tuple[int, bool]]:
    return Counter(found for mark in layout.closed for found in depths(layout, mark))


@pytest.mark.parametrize("seed", range(3))
def test_each_asset_of_the_hub_is_three_openings_away(seed: int) -> None:
    layout = layout_of_random(HUB, teams=28, kinds=9, namespaces=40, steps=8, cycles=0, seed=seed)
    assert len(layout.closed) <= 100
    found = of_all(layout)
    assert sum(found.values()) == HUB
    assert max(openings for openings, _ in found) <= OPENINGS


def test_a_cell_that_is_too_large_for_three_openings_is_split_from_the_beginning() -> None:
    layout = layout_of_random(15_000, teams=1, kinds=2, namespaces=3, steps=1, cycles=0, seed=1)
    assert max(openings for openings, _ in of_all(layout)) <= OPENINGS
    assert [mark.order for mark in layout.closed if mark.column == 1] == list(range(len(layout.closed) - 1))
    vast = layout_of_random(60_000, teams=1, kinds=2, namespaces=3, steps=1, cycles=0, seed=1)
    assert max(openings for openings, _ in of_all(vast)) == OPENINGS + 1


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    size=st.integers(2, 3000),
    teams=st.integers(1, 30),
    kinds=st.integers(1, 9),
    namespaces=st.integers(1, 50),
    steps=st.integers(1, 14),
    cycles=st.sampled_from((0, 0.2)),
    seed=st.integers(0, 2**31),
)
def test_openings_have_a_bound_and_cycles_stay_together(
    size: int, teams: int, kinds: int, namespaces: int, steps: int, cycles: float, seed: int
) -> None:
    layout = layout_of_random(size, teams=teams, kinds=kinds, namespaces=namespaces, steps=steps, cycles=cycles, seed=seed)
    found = of_all(layout)
    assert sum(found.values()) == size
    assert max((openings for openings, in_cycle in found if not in_cycle), default=0) <= OPENINGS
    if cycles == 0:
        assert not any(in_cycle for _, in_cycle in found)
    units = layout.keys.units
    for mark in layout.closed:
        assert np.isin(np.flatnonzero(np.isin(units, units[mark.members])), mark.members).all()


@settings(deadline=None, derandomize=True, max_examples=100)
@given(seed=st.integers(0, 2**31), size=st.integers(2, 2000), room=st.integers(2, MOST_PARTS))
def test_parts_are_at_most_as_large_as_asked_for(seed: int, size: int, room: int) -> None:
    chance = random.Random(seed)
    columns = [np.sort(np.array([chance.randrange(many) for _ in range(size)], np.int32)) for many in (1, 5, 20)]
    keys = SplitKeys.of(columns[0], columns[1].astype(np.uint8), columns[2])
    members: Longs = np.arange(size)
    most = -(-size // room) + chance.randrange(size)
    parts = split(keys, members, most, room)
    assert 1 <= len(parts) <= room or size <= MOST_PARTS
    assert max(len(part.members) for part in parts) <= most
    assert np.array_equal(np.sort(np.concatenate([part.members for part in parts])), members)


@pytest.mark.parametrize(
    ("size", "openings"), [(1, 1), (12, 1), (13, 2), (144, 2), (145, 3), (NEAR, OPENINGS), (NEAR + 1, OPENINGS + 1)]
)
def test_openings_are_logarithms(size: int, openings: int) -> None:
    assert openings_of(size) == openings


def test_cycles_are_units_of_a_kind_of_their_own() -> None:
    none = np.zeros(6, np.int32)
    keys = SplitKeys.of(none, none.astype(np.uint8), none).with_cycles(np.array([0, 0, 0, 1, -1, 1], np.int32), root=0)
    assert keys.units.tolist() == [0, 1, 1, 3, 4, 3]
    assert keys.kinds.tolist() == [0, CYCLES, CYCLES, CYCLES, 0, CYCLES]
