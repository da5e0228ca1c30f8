"""What is remembered of the store is what the store would answer, whatever was forgotten meanwhile."""

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

_INPUT_TO, _OUTPUTS, _RUN_OF, _DERIVES = (RELATIONS[name].code for name in ("input_to", "outputs", "run_of", "derives"))


def sorted_records(records: Collection[Any]) -> list[str]:
    return sorted(map(repr, records))


def queries_of(store: MemoryStore, rng: random.Random) -> list[tuple[str, tuple[Any, ...]]]:
    """Some of the questions that are asked while the log is followed."""
    numbers = [row.asset for row in store.assets_by_uri.values()]
    some = rng.sample(numbers, min(len(numbers), 4))
    triples = list({edge.triple for edge in store.edge_facts})
    asked: list[tuple[str, tuple[Any, ...]]] = [
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
    return rng.sample(asked, 5)


@settings(derandomize=True, deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(facts=histories.histories(), seed=st.integers(0, 2**32 - 1))
def test_it_answers_as_the_store_does(facts: list[Fact], seed: int) -> None:
    rng = random.Random(seed)
    store = MemoryStore()
    known = CachedGroupReader(store)
    generation, longest = rng.choice([(2, 3), (10, 4), (10_000, 10_000)])
    with patch.object(fact_cache, "GENERATION", generation), patch.object(fact_cache, "LONGEST", longest):
        for batch in histories.split(histories.shuffled(facts, rng), rng):
            before, greatest = store.tx, len(store.assets_by_uri)
            store.append(batch)
            way = rng.random()
            if way < 0.1:
                known.invalidate(store)
            else:
                known.apply_appended(store, store.appended_between(before, store.tx), greatest, (before, store.tx))
                if way < 0.3:  # a step that failed is tried again
                    known.apply_appended(
                        store, store.appended_between(before, store.tx), len(store.assets_by_uri), (before, store.tx)
                    )
            for name, asked in queries_of(store, rng):
                found, expected = getattr(known, name)(*asked), getattr(store, name)(*asked)
                parts = zip(found, expected, strict=True) if name == "runs" else [(found, expected)]
                for mine, theirs in parts:
                    assert sorted_records(mine) == sorted_records(theirs), (name, asked)


class Asked(MemoryStore):
    """A store that counts how often it is asked for runs."""

    asked = 0

    def runs(self, runs: Collection[int]) -> Any:
        self.asked += 1
        return super().runs(runs)


def test_a_run_that_was_appended_meanwhile_is_not_read() -> None:
    store = Asked()
    known = CachedGroupReader(store)
    rng = random.Random(1)
    for _ in range(5):
        before, greatest = store.tx, len(store.assets_by_uri)
        store.append(histories.random_history(rng))
        known.apply_appended(store, store.appended_between(before, store.tx), greatest, (before, store.tx))
    reported = {state.asset for state in store.asset_facts if state.mode == Mode.PATCH}
    assert reported
    known.runs(reported)
    assert store.asked == 0
    known.invalidate(store)
    known.runs(reported)
    assert store.asked == 1
