"""Owners of many assets, of the base and of the overlay, rendered as JSON."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.asset_index import DisplayAttributes
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.snapshot import MutableGraph
from mlgraph.graph.response.json_rendering import owners_json
from tests.graph.projected import Projected

ASSETS = [AssetUri("dataset", 'n"\n', f"d{number}") for number in range(8)]
PEOPLE = ["mlg://team/n/a", "mlg://team/n/b", "mlg://person/n/é", 'not a "URI"']
_attributes = st.dictionaries(
    st.integers(1, 8),
    st.builds(
        lambda name, owners: DisplayAttributes(name, tuple(owners)),
        st.none() | st.sampled_from(["plain", 'a "name"', "back\\slash", "é\n"]),
        st.lists(st.sampled_from(PEOPLE), unique=True, max_size=3),
    ),
)


@settings(deadline=None)  # the first call compiles
@given(_attributes, _attributes, st.permutations(range(1, 9)), st.integers(0, 8))
def test_owners_and_names_are_those_of_the_attributes(
    early: dict[int, DisplayAttributes], late: dict[int, DisplayAttributes], order: list[int], many: int
) -> None:
    reported = [EdgeFact(source, "derives", target, "facts", 1) for source, target in pairwise(ASSETS)]
    graph = Projected([reported[:4]]).graph
    for number, card in early.items():
        if number < len(graph.asset_index):
            graph.asset_index.set_display_attributes(number, card)
    graph = MutableGraph(compact(freeze(graph)))
    asset_index = graph.asset_index
    for row in Projected([reported]).store.assets_by_uri.values():
        asset_index.add(row)
    for number, card in late.items():
        asset_index.set_display_attributes(number, card)
    chosen = [number for number in order if number < len(asset_index)][:many]
    assets = np.array(chosen, np.int32)

    cards = {number: asset_index.display_attributes(number) for number in chosen}
    owners = {number: list(known.owners) if known else [] for number, known in cards.items()}
    people = sorted({person for each in owners.values() for person in each})
    names, index, places = asset_index.owned(assets)
    answer = orjson.dumps(owners_json(names, index, places, asset_index.uri_texts(assets)))
    assert orjson.loads(answer) == [
        {"owner": person, "assets": [asset_index.uri(number) for number in chosen if person in owners[number]]}
        for person in people
    ]
    assert asset_index.names_and_owners(assets) == [(asset_index.name(number), owners[number]) for number in chosen]
