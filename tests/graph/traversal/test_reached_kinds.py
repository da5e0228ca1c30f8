"""Which assets have an asset of some kinds upstream, in one walk, against a walk from each of them."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, Layer
from mlgraph.graph.traversal.closures import walk
from mlgraph.graph.traversal.reached_kinds import DownstreamOfKinds
from tests.graph.projected import Projected
from tests.graph.test_against_naive import in_batches, some_moments
from tests.graph.test_ambiguous_names import history_with_claims
from tests.model import histories
from tests.plugins.amounts import amounts

CHOICES = (("dataset", "dataset_version"), ("dataset",), ("run",), ("workflow", "experiment"), ("commit",), ("model_version",))


def one_by_one(graph: GraphVersion, assets: list[int], kinds: list[int], moment: int) -> list[bool]:
    """Return the answer as coverage gave it with a walk from each version."""
    reached = (walk(graph, asset, "upstream", Layer.ASSET, moment).assets for asset in assets)
    return [bool(np.isin(graph.asset_index.kinds(each), kinds).any()) for each in reached]


@amounts(4, 60)
@pytest.mark.parametrize("ambiguous", [False, True])
def test_one_walk_finds_what_a_walk_from_each_asset_finds(ambiguous: bool, seeds: range) -> None:
    found: Counter[bool] = Counter()
    for seed in seeds:
        rng = random.Random(70_000 + seed)
        facts = history_with_claims(rng) if ambiguous else histories.random_history(rng)
        real = Projected(in_batches(facts, rng), compact_at=rng.choice((None, 0, 3)))
        graph = real.snapshot
        assets = [asset for asset in range(1, len(graph.asset_index)) if graph.asset_index.kind(asset) != COLUMN]
        for moment in some_moments(facts, rng, 2):
            for choice in CHOICES:
                kinds = [KINDS[name].code for name in choice]
                expected = one_by_one(graph, assets, kinds, moment)
                reaches = DownstreamOfKinds(graph, kinds, moment).reaches(np.array(assets, np.int32)).tolist()
                assert reaches == expected, f"seed {seed} at {moment}, {choice}"
                found.update(expected)
    assert min(found[True], found[False]) > 50
