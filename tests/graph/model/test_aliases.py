"""Alias resolution, compared with a naive search at one moment."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.aliases import BEGINNING, Aliases, AmbiguousName, split
from mlgraph.graph.model.claims import Alias
from tests.model.names import Resolved, resolve_all

NAMES = 6


def naive(reported: Sequence[Alias], name: int, moment: int) -> Resolved:
    return resolve_all(reported, range(NAMES), str, moment)[name]


def alias_table(reported: Sequence[Alias]) -> Aliases:
    return Aliases(reported, str)


_ALIASES = st.builds(
    lambda name, of, start, length, rank, apart: Alias(name, of, start, FOREVER if length > 8 else start + length, rank, apart),
    st.integers(0, NAMES - 1),
    st.integers(0, NAMES - 1),
    st.integers(0, 9),
    st.integers(1, 10),
    st.integers(0, 2),
    st.sampled_from([False, False, False, True]),
)


@given(st.lists(_ALIASES, max_size=9))
def test_every_name_resolves_as_in_the_naive_search(reported: list[Alias]) -> None:
    aliases = alias_table(reported)
    for name in range(NAMES):
        for moment in range(-1, 20):
            assert aliases.at(name, moment) == naive(reported, name, moment)[0]


def test_a_rename_that_a_person_denies_has_no_effect() -> None:
    rename, denied = Alias(1, 2, 5, FOREVER, 0, apart=False), Alias(1, 2, 0, FOREVER, 1, apart=True)
    assert alias_table([rename]).renamed_to(2, 3) == 1
    assert alias_table([rename, denied]).renamed_to(2, 3) is None
    assert alias_table([rename, replace(denied, start=7)]).renamed_to(2, 3) == 1
    assert alias_table([rename]).renamed_to(2, 5) is None


@given(st.lists(_ALIASES, max_size=9))
def test_segments_cover_all_time_without_gap(reported: list[Alias]) -> None:
    aliases = alias_table(reported)
    for name in range(NAMES):
        segments = aliases.segments(name)
        assert (segments[0].start, segments[-1].end) == (BEGINNING, FOREVER)
        assert all(left.end == right.start and left.asset != right.asset for left, right in itertools.pairwise(segments))


@given(st.lists(_ALIASES, max_size=9))
def test_ambiguous_names_are_reported_for_exactly_their_ambiguous_time(reported: list[Alias]) -> None:
    found = alias_table(reported).ambiguities()
    for name in range(NAMES):
        for moment in range(-1, 20):
            listed = any(each.name == name and each.start <= moment < each.end for each in found)
            assert listed == naive(reported, name, moment)[1]


@given(st.lists(_ALIASES, max_size=9))
def test_an_ambiguous_name_has_the_claimants_of_the_naive_search(reported: list[Alias]) -> None:
    aliases = alias_table(reported)
    for name in range(NAMES):
        for moment in range(-1, 20):
            found = naive(reported, name, moment)
            assert aliases.claimants_at(name, moment) == (sorted(found.ends, key=str) if found.ambiguous else [])


def seconds_to_resolve(many: int) -> float:
    """Resolve a name that each of `many` partitions of a table is reported with; return the processor time of the resolution."""
    apart = [Alias(0, each, 0, rank=1, apart=True) for each in range(1, 100)]
    aliases = alias_table([*(Alias(0, each, each // 2) for each in range(1, many)), *apart])
    started = time.process_time()
    assert [segment.asset for segment in aliases.segments(0)] == [0]
    assert len(aliases.claimants_at(0, many)) == many - 100
    assert len(aliases.ambiguities()[0].assets) == many - 100
    return time.process_time() - started


def test_a_name_that_many_assets_claim_is_resolved_in_linear_time() -> None:
    """Each partition of a table is reported with the table as its other name (OpenLineage issues 714 and 3306)."""
    few, many = (min(seconds_to_resolve(claimants) for _ in range(3)) for claimants in (5_000, 40_000))
    assert many / few < 24, "eight times as many take about eight times as long, not 64 times"


@given(st.lists(_ALIASES, max_size=9), st.permutations(range(9)))
def test_the_order_of_reports_does_not_matter(reported: list[Alias], order: list[int]) -> None:
    shuffled = [reported[place] for place in order if place < len(reported)]
    assert all(alias_table(reported).segments(name) == alias_table(shuffled).segments(name) for name in range(NAMES))


def test_a_swap_of_two_tables_leaves_two_tables() -> None:
    # 1 is renamed to 3 at 10, and 2 to 1 at 20: from then on the name 1 is in use again, which ends its alias
    aliases = alias_table([Alias(1, 3, 10, 20), Alias(2, 1, 20)])
    assert [aliases.at(1, moment) for moment in (9, 10, 19, 20)] == [1, 3, 3, 1]
    assert [aliases.at(2, moment) for moment in (19, 20)] == [2, 1]


def test_what_people_declare_outranks_what_sources_report() -> None:
    aliases = alias_table([Alias(1, 2, 0), Alias(1, 3, 0, rank=1)])
    assert aliases.at(1, 5) == 3
    assert aliases.ambiguities() == []


def test_an_ambiguous_name_resolves_to_itself_and_is_reported() -> None:
    aliases = alias_table([Alias(1, 2, 0), Alias(1, 3, 5)])
    assert [aliases.at(1, moment) for moment in (4, 5)] == [2, 1]
    assert aliases.ambiguities() == [AmbiguousName(1, (2, 3), 5, FOREVER)]


def test_assets_that_a_person_separates_are_not_merged() -> None:
    aliases = alias_table([Alias(1, 2, 0), Alias(2, 1, 7, 9, rank=1, apart=True)])
    assert [aliases.at(1, moment) for moment in (6, 7, 8, 9)] == [2, 1, 1, 2]


def test_assets_that_are_separated_are_not_merged_through_a_third_name() -> None:
    apart = Alias(1, 3, 5, rank=1, apart=True)
    chain = alias_table([Alias(1, 2, 0), Alias(2, 3, 0), Alias(4, 1, 0), apart])
    assert [[chain.at(name, moment) for name in (4, 1, 2, 3)] for moment in (4, 5)] == [[3, 3, 3, 3], [1, 1, 3, 3]]
    shared = alias_table([Alias(1, 2, 0), Alias(3, 2, 0), apart])
    assert [shared.at(name, 5) for name in (1, 2, 3)] == [1, 2, 3], "of equal rank: neither remains an alias"
    decided = alias_table([Alias(1, 2, 0), Alias(3, 2, 0, rank=1), apart])
    assert [decided.at(name, 5) for name in (1, 2, 3)] == [1, 2, 2]
    outranked = alias_table([Alias(1, 2, 0, rank=2), Alias(3, 2, 0, rank=2), apart])
    assert [outranked.at(name, 5) for name in (1, 2, 3)] == [2, 2, 2]


def test_an_edge_is_split_where_its_ends_change_their_names() -> None:
    aliases = alias_table([Alias(1, 2, 10), Alias(4, 5, 20, 30)])
    assert list(split(aliases, 1, 4, 0, 100)) == [(1, 4, 0, 10), (2, 4, 10, 20), (2, 5, 20, 30), (2, 4, 30, 100)]


def test_an_edge_between_two_names_of_one_asset_is_left_out() -> None:
    aliases = alias_table([Alias(1, 2, 10)])
    assert list(split(aliases, 1, 2, 0, 100)) == [(1, 2, 0, 10)]
