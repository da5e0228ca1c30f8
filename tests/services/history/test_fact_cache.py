"""The fact cache returns what the store returns, whatever was evicted in the meantime."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import Fact, Mode
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.services.history import fact_cache
from mlgraph.services.history.fact_cache import CachedGroupReader
from tests.graph.memory import MemoryStore
from tests.model import histories
from tests.plugins.amounts import amounts

_INPUT_TO, _OUTPUTS, _RUN_OF, _DERIVES = (RELATIONS[name].code for name in ("input_to", "outputs", "run_of", "derives"))


def sorted_records(records: Collection[Any]) -> list[str]:
    return sorted(map(repr, records))


def queries_of(store: MemoryStore, rng: random.Random) -> list[tuple[str, tuple[Any, ...]]]:
    """Return some of the calls that the projection makes."""
    numbers = [row.asset for row in store.assets_by_uri.values()]
    some = rng.sample(numbers, min(len(numbers), 4))
    triples = list({edge.triple for edge in store.edge_facts})
    queries: list[tuple[str, tuple[Any, ...]]] = [
        ("edges_into", (some, (_RUN_OF,))),
        ("edges_into", (some, (_INPUT_TO, _DERIVES))),
        ("edges_from", (some, (_OUTPUTS,))),
        ("edges_from", (some, (_DERIVES, _RUN_OF))),
        ("columns_seen_by", (some,)),
        ("asset_records", (some,)),
        ("declarations", (some,)),
        ("retracted", (some,)),
        ("edges", (rng.sample(triples, min(len(triples), 4)),)),
        ("runs", (some,)),
        ("asset_records_in", (some, max(0, store.tx - 1), store.tx)),
    ]
    return rng.sample(queries, 5)


@amounts(60, 300)
@settings(derandomize=True, deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(facts=histories.histories(), seed=st.integers(0, 2**32 - 1))
def test_the_cache_returns_what_the_store_returns(facts: list[Fact], seed: int) -> None:
    rng = random.Random(seed)
    store = MemoryStore()
    cache = CachedGroupReader(store)
    generation, longest = rng.choice([(2, 3), (10, 4), (10_000, 10_000)])
    with patch.object(fact_cache, "GENERATION", generation), patch.object(fact_cache, "LONGEST", longest):
        for batch in histories.split(histories.shuffled(facts, rng), rng):
            before, greatest = store.tx, len(store.assets_by_uri)
            store.append(batch)
            choice = rng.random()
            if choice < 0.1:
                cache.invalidate(store)
            else:
                cache.apply_appended(store, store.appended_between(before, store.tx), greatest, (before, store.tx))
                if choice < 0.3:  # a failed step is repeated
                    cache.apply_appended(
                        store, store.appended_between(before, store.tx), len(store.assets_by_uri), (before, store.tx)
                    )
            for name, arguments in queries_of(store, rng):
                found, expected = getattr(cache, name)(*arguments), getattr(store, name)(*arguments)
                parts = zip(found, expected, strict=True) if name == "runs" else [(found, expected)]
                for cached, stored in parts:
                    assert sorted_records(cached) == sorted_records(stored), (name, arguments)


class CountingStore(MemoryStore):
    """A store that counts its reads of runs."""

    reads = 0

    def runs(self, runs: Collection[int]) -> Any:
        self.reads += 1
        return super().runs(runs)


def test_a_run_in_the_commit_feed_is_not_read() -> None:
    store = CountingStore()
    cache = CachedGroupReader(store)
    rng = random.Random(1)
    for _ in range(5):
        before, greatest = store.tx, len(store.assets_by_uri)
        store.append(histories.random_history(rng))
        cache.apply_appended(store, store.appended_between(before, store.tx), greatest, (before, store.tx))
    reported = {state.asset for state in store.asset_facts if state.mode == Mode.PATCH}
    assert reported
    cache.runs(reported)
    assert store.reads == 0
    cache.invalidate(store)
    cache.runs(reported)
    assert store.reads == 1
