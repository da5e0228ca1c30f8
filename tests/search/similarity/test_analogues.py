"""Analogues: assets of one topic made from other data connect assets that are worded differently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.search.similarity.analogues import analogue_agreement
from mlgraph.search.similarity.local_rarity import LocalRarity
from tests.search.similarity.planted import Planted


def test_assets_like_analogues_from_other_data_are_about_the_same_topic() -> None:
    planted = Planted()
    for number in range(40):  # other tables, so that words and columns are rare
        planted.put(100 + number, f"table{number}", f"holds things{number} of sort{number}", f"field{number}:int")
    query = planted.put(1, "gas_ledger", "greenhouse exhaust caused by planes", "kg_co2:double audited:boolean", [901, 902])
    same = planted.put(
        2, "climate_accounts", "harm done to nature by aviation", "carbonMass:double thirdParty:boolean", [901, 902]
    )
    other = planted.put(3, "seat_upgrades", "bids for legroom by flyers", "bidValue:double legroom:int", [901, 902])
    # elsewhere, one asset speaks like the first and has the columns of the second
    planted.put(
        4, "climate_accounts_food", "greenhouse exhaust caused by dishes", "carbonMass:double thirdParty:boolean", [911, 912]
    )
    agreed = analogue_agreement(query, [planted.subject(n) for n in (2, 3, 4)], planted.context(), LocalRarity())
    assert agreed[0] > 0.3
    assert agreed[1] == pytest.approx(0.0, abs=0.05)
    assert agreed[2] == 0.0, "an analogue is no candidate: it has no source in common"
    assert planted.ranked(1)[0] == 2
    without = analogue_agreement(query, [same, other], planted.context(), LocalRarity())
    assert without == [0.0, 0.0]


def test_assets_of_unknown_sources_have_analogues_but_none_agree() -> None:
    planted = Planted()
    query = planted.put(1, "gas_ledger", "greenhouse exhaust caused by planes")
    other = planted.put(2, "gas_ledger_copy", "greenhouse exhaust caused by planes")
    assert analogue_agreement(query, [other], planted.context(), LocalRarity()) == [0.0]
    assert analogue_agreement(query, [], planted.context(), LocalRarity()) == []


@given(
    st.lists(st.tuples(st.sets(st.sampled_from("abcdefgh"), min_size=1), st.sampled_from([0, 1, 2, 3])), min_size=1, max_size=8)
)
def test_agreement_lies_between_0_and_1(assets: list[tuple[set[str], int]]) -> None:
    planted = Planted()
    subjects = [
        planted.put(number, f"n{number}", " ".join(f"word{letter}" for letter in sorted(words)), "", [source] if source else [])
        for number, (words, source) in enumerate(assets, 1)
    ]
    for value in analogue_agreement(subjects[0], subjects[1:], planted.context(), LocalRarity()):
        assert 0.0 <= value <= 1.0
