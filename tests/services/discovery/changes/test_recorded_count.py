"""The count of facts recorded after an answer equals a naive count, and says where it was not completed."""

from __future__ import annotations

import random

import pytest

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.services.discovery.changes.recorded_count import RecordedCount
from mlgraph.stores.postgres.recorded_facts import PostgresRecordedFacts
from tests.services.parts import Json, Serving

DAYS = tuple(f"2026-03-0{day}T00:00:00Z" for day in range(1, 9))
LATER = "2999-01-01T00:00:00Z"


def counting(serving: Serving, most: int = 10_000) -> RecordedCount:
    serving.follow()
    return RecordedCount(serving.store.reader, PostgresRecordedFacts(serving.store.database), serving.follower, most)


def lines(rng: random.Random, batch: int) -> list[Json]:
    """Facts that no other batch has, about random times."""
    uris = [f"mlg://dataset/lake/{batch}-{number}" for number in range(rng.randint(1, 6))]
    times = (*DAYS, LATER)
    assets = [{"asset": {"uri": uri, "valid_from": rng.choice(times)}} for uri in uris]
    edges = [
        {"edge": {"source": uris[0], "relation": "derives", "target": uri, "valid_from": rng.choice(times)}} for uri in uris[1:]
    ]
    return [*assets, *edges]


def test_facts_are_counted_by_the_order_of_recording_and_by_their_time(serving: Serving) -> None:
    rng = random.Random(4)
    batches = [lines(rng, batch) for batch in range(12)]
    for batch in batches:
        serving.store.append(*batch)
    count = counting(serving)
    for after in range(13):
        for as_of in (*DAYS, "2999-06-01T00:00:00Z"):
            found = count.since(as_of, after)
            recorded = serving.store.reader.provenance([after])
            until = max([parse_time(as_of), *(each.recorded_at for each in recorded.values())])
            facts = [next(iter(line.values())) for batch in batches[after:] for line in batch]
            assert found["total"] == sum(parse_time(fact["valid_from"]) <= until for fact in facts)
            assert (found["until"], found["as_of"], found["after"]) == (format_time(until), as_of, after)
            assert (found["total_is"], found["watermark"]) == ("exact", 12)


def test_a_count_that_was_not_completed_is_a_lower_bound(serving: Serving) -> None:
    serving.store.append({"asset": {"uri": "mlg://dataset/lake/first", "valid_from": DAYS[0]}})
    serving.store.append(*({"asset": {"uri": f"mlg://dataset/lake/{number}", "valid_from": DAYS[1]}} for number in range(9)))
    found = counting(serving, most=5).since(DAYS[2], 1)
    assert (found["total"], found["total_is"]) == (5, "at_least")
    assert counting(serving, most=10).since(DAYS[2], 1)["total_is"] == "exact"
    with pytest.raises(InvalidInput):
        counting(serving).since("yesterday", 1)
