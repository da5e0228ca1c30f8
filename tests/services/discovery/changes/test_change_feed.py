"""The feed of changes equals a naive comparison of what was known before and after each transaction, however it is paged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.history import asset_intervals, state_at
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.projection.histories import triple_intervals
from mlgraph.services.discovery.changes.change_feed import ChangeFeed
from mlgraph.services.discovery.changes.recorded_changes import field_differences
from mlgraph.stores.postgres.recorded_facts import PostgresRecordedFacts
from tests.services.parts import Json, Serving

DATASETS = tuple(f"mlg://dataset/lake/{name}" for name in "abc")
TEAMS = tuple(f"mlg://team/acme/{name}" for name in ("core", "data"))
TRAIN = "mlg://workflow/jobs/train"
EDGES = ((DATASETS[0], "derives", DATASETS[1]), (DATASETS[1], "derives", DATASETS[2]), (DATASETS[2], "owned_by", TEAMS[0]))
TIMES = tuple(f"2026-03-0{day}T00:00:00Z" for day in range(1, 9))
ALWAYS = "2000-01-01T00:00:00Z"


def feed(serving: Serving, most: int = 10_000) -> ChangeFeed:
    return ChangeFeed(serving.store.reader, PostgresRecordedFacts(serving.store.database), serving.follower, most)


def some_line(rng: random.Random) -> Json:
    origin, moment = rng.choice(("facts", "dbt")), rng.choice((*TIMES, None))
    choice = rng.random()
    if choice < 0.5:
        state = {"description": rng.choice("xyz"), "owners": rng.sample(TEAMS, rng.randint(0, 1))}
        fact = {"uri": rng.choice(DATASETS), "origin": origin, **state}
        return {"asset": {**fact, **({"valid_from": moment} if moment else {})}}
    source, relation, target = rng.choice(EDGES)
    edge = {"source": source, "relation": relation, "target": target, "origin": origin}
    if choice < 0.75:
        properties = {"properties": {"note": rng.choice("xy")}} if rng.random() < 0.5 else {}
        return {"edge": {**edge, **properties, **({"valid_from": moment} if moment else {})}}
    gone: Json = edge if choice < 0.9 else {"uri": rng.choice(DATASETS), "origin": origin}
    return {"retract": {**gone, **({"valid_to": moment} if moment else {})}}


def naive(serving: Serving, upto: int) -> list[tuple[Any, ...]]:
    """Return (transaction, change, asset, relation, target, fields) by reading everything up to each transaction."""
    reader = serving.store.reader
    numbers = reader.ids([*DATASETS, *TEAMS])
    found: list[tuple[Any, ...]] = []
    for tx in range(upto, 0, -1):
        recorded = reader.provenance([tx])[tx].recorded_at
        before, after = reader.at(tx - 1), reader.at(tx)
        for uri in DATASETS:
            listed = after.asset_records([numbers[uri]]) if uri in numbers else []
            new = [record for record in listed if record.tx == tx]
            if new:
                moment = max(recorded, *(record.valid_from for record in new))
                old_state = state_at(asset_intervals(before.asset_records([numbers[uri]])), moment)
                new_state = state_at(asset_intervals(listed), moment)
                if old_state != new_state:
                    change = "appeared" if old_state is None else "ended" if new_state is None else "altered"
                    fields = field_differences(old_state or {}, new_state or {}) if change == "altered" else {}
                    found.append((tx, change, uri, None, None, sorted(fields)))
        for source, relation, target in sorted(EDGES, key=lambda edge: (edge[0], RELATIONS[edge[1]].code, edge[2])):
            triple = (numbers.get(source, 0), RELATIONS[relation].code, numbers.get(target, 0))
            edges = after.edges([triple])
            new_edges = [record for record in edges if record.tx == tx]
            if new_edges:
                moment = max(recorded, *(record.valid_from for record in new_edges))
                notes = [valid_notes([r for r in edges if r.tx < tx], moment), valid_notes(edges, moment)]
                if notes[0] != notes[1]:
                    change = "appeared" if notes[0] is None else "ended" if notes[1] is None else "altered"
                    found.append((tx, change, source, relation, target, ["note"] if change == "altered" else []))
    return found


def valid_notes(records: list[Any], moment: int) -> object:
    """Return the note of an edge that is valid at the moment, that of the latest origin; None if the edge is not valid."""
    valid = [each for each in triple_intervals(records, {}) if each.start <= moment < each.end]
    notes = [
        each.properties["note"] for each in sorted(valid, key=lambda e: (e.start, e.record.origin)) if "note" in each.properties
    ]
    return (notes[-1] if notes else "none") if valid else None


def entries(answer: Json) -> Iterator[tuple[Any, ...]]:
    for each in answer["changes"]:
        target = each["target"]["uri"] if each["target"] else None
        fields = sorted(listed["field"] for listed in each["fields"])
        yield each["change"], each["asset"]["uri"], each["relation"], target, fields


@pytest.mark.parametrize("seed", range(12))
def test_pages_together_are_the_naive_feed_although_more_is_recorded_meanwhile(seed: int, serving: Serving) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        serving.store.append(*(some_line(rng) for _ in range(rng.randint(1, 4))))
    serving.follow()
    upto = serving.store.reader.last_tx()
    expected = naive(serving, upto)
    one_answer = feed(serving).changes(ALWAYS, limit=1000)
    assert list(entries(one_answer)) == [each[1:] for each in expected]
    assert (one_answer["total"], one_answer["total_is"], one_answer["partial"]) == (len(expected), "exact", False)
    for most in (3, 10_000):
        paged: list[tuple[Any, ...]] = []
        cursor = None
        while True:
            answer = feed(serving, most).changes(ALWAYS, limit=rng.randint(1, 7), cursor=cursor)
            paged += entries(answer)
            if answer["total_is"] == "exact":
                assert answer["total"] == len(expected)
            assert answer["total"] <= len(expected)
            cursor = answer["frontier"]
            assert answer["partial"] == (cursor is not None)
            if cursor is None:
                break
            serving.store.append(some_line(rng))
            serving.follow()
        assert paged == [each[1:] for each in expected], most
        expected = naive(serving, upto := serving.store.reader.last_tx())
    del upto


def test_a_change_has_its_values_times_owner_and_team(serving: Serving) -> None:
    schema = [{"name": "id", "type": "int"}, {"name": "x", "type": "int"}]
    described = {"uri": DATASETS[0], "description": "old", "owners": [TEAMS[0]], "properties": {"schema": schema}}
    serving.store.append({"asset": {**described, "valid_from": TIMES[0]}})
    changed = [{"name": "id", "type": "str"}, {"name": "y", "type": "int"}]
    serving.store.append(
        {"asset": {**described, "description": "d" * 3000, "properties": {"schema": changed}, "valid_from": TIMES[1]}}
    )
    serving.follow()
    altered, appeared = feed(serving).changes()["changes"]
    assert (appeared["change"], appeared["fields"], appeared["valid_from"]) == ("appeared", [], TIMES[0])
    assert altered["asset"] == {"uri": DATASETS[0], "kind": "dataset", "name": "a", "owners": [TEAMS[0]], "team": TEAMS[0]}
    assert (altered["change"], altered["origin"], altered["actor"], altered["valid_from"]) == (
        "altered",
        "facts",
        "tester",
        TIMES[1],
    )
    fields = {each["field"]: (each["before"], each["after"], each["left_out_bytes"]) for each in altered["fields"]}
    assert fields == {
        "description": (None, None, 3007),
        "properties.schema.id": (schema[0], changed[0], None),
        "properties.schema.x": (schema[1], None, None),
        "properties.schema.y": (None, changed[1], None),
    }


def run(number: int, day: int, inputs: list[str]) -> list[Json]:
    uri, at = f"mlg://run/jobs/r{number}", TIMES[day]
    properties = {"state": "COMPLETE", "ended_at": at, "sides": {"inputs": True, "outputs": True}}
    return [
        {"asset": {"uri": uri, "properties": properties, "valid_from": at}},
        {"edge": {"source": uri, "relation": "run_of", "target": TRAIN, "valid_from": at}},
        *({"edge": {"source": name, "relation": "input_to", "target": uri, "valid_from": at}} for name in inputs),
    ]


def test_runs_are_counted_and_what_their_workflow_reads_is_listed(serving: Serving) -> None:
    for number, inputs in enumerate([["a", "b"], ["a"], ["a"], ["a"], ["a", "c"]]):
        serving.store.append(*run(number, number, [f"mlg://dataset/lake/{name}" for name in inputs]))
    serving.follow()
    answer = feed(serving).changes()
    listed = [(each["change"], each["asset"]["name"], each["relation"], each["valid_from"]) for each in answer["changes"]]
    assert listed == [
        ("appeared", "c", "input_to", TIMES[4]),
        ("ended", "b", "input_to", TIMES[1]),
        ("appeared", "a", "input_to", TIMES[0]),
        ("appeared", "b", "input_to", TIMES[0]),
    ]
    assert {each["target"]["uri"] for each in answer["changes"]} == {TRAIN}
    recorded = [each["recorded_at"] for each in answer["changes"]]
    assert recorded == sorted(recorded, reverse=True)
    assert recorded[0] > recorded[1] > recorded[2] == recorded[3]
    assert (answer["runs"], answer["total"]) == (5, 4)
    of_b = feed(serving).changes(uri=DATASETS[1])
    assert [(each["change"], each["asset"]["name"]) for each in of_b["changes"]] == [("ended", "b"), ("appeared", "b")]
    assert len(feed(serving).changes(uri=TRAIN)["changes"]) == 4


def test_only_the_changes_of_an_owner_or_a_team(serving: Serving) -> None:
    person = "mlg://person/acme/u1"
    serving.store.append(
        {"asset": {"uri": DATASETS[0], "owners": [person]}},
        {"asset": {"uri": DATASETS[1], "owners": [TEAMS[1]]}},
        {"asset": {"uri": DATASETS[2]}},
        {"edge": {"source": person, "relation": "member_of", "target": TEAMS[0]}},
        {"edge": {"source": DATASETS[2], "relation": "derives", "target": DATASETS[0]}},
    )
    serving.follow()

    def found(owner: str) -> list[tuple[str, str | None]]:
        return [(each["asset"]["name"], each["relation"]) for each in feed(serving).changes(owner=owner)["changes"]]

    assert found(person) == [("a", None), ("c", "derives")]
    assert found(TEAMS[0]) == [("a", None), ("c", "derives")]
    assert found(TEAMS[1]) == [("b", None)]


def test_the_range_is_of_recording_and_bad_input_is_refused(serving: Serving) -> None:
    serving.store.append({"asset": {"uri": DATASETS[0], "valid_from": TIMES[0]}})
    serving.follow()
    changes = feed(serving).changes
    assert changes(TIMES[0], TIMES[1])["changes"] == []
    assert changes(to="2999-01-01T00:00:00Z", from_=ALWAYS)["total"] == 1
    with pytest.raises(InvalidInput, match="from is after to"):
        changes(TIMES[1], TIMES[0])
    with pytest.raises(InvalidInput, match="limit must be from 1 to 1000"):
        changes(limit=0)
    serving.store.append({"asset": {"uri": DATASETS[1]}})
    serving.follow()
    cursor = changes(limit=1)["frontier"]
    for wrong in ("x", cursor[:-4], "WzEsMiwzLDQsW10sIngiXQ=="):
        with pytest.raises(InvalidInput, match="cursor"):
            changes(cursor=wrong)
    with pytest.raises(InvalidInput, match="the cursor is one of another query"):
        changes(uri=DATASETS[0], cursor=cursor)
    assert changes(limit=1, cursor=cursor)["changes"][0]["asset"]["name"] == "a"
