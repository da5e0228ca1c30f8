"""The facts of a flag are a function of its events: any order, any repetition, and any number of earlier readings."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.connectors.unleash import normalise
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Mode, Statement
from mlgraph.domain.history import AssetRecord, EdgeRecord, asset_intervals, edge_intervals
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.timestamps import FOREVER, parse_time
from mlgraph.domain.uri import AssetUri
from tests.connectors.suite import warnings_of
from tests.connectors.unleash.flag_payloads import Events, Json, flag_payload, strategy, variant

CONTEXT = NamingContext(registry="mlflow:prod")
ENVIRONMENTS = st.sampled_from(["production", "development"])
MODELS = st.sampled_from(["models:/r/1", "models:/r/2", None])


@st.composite
def histories(draw: st.DrawFn) -> Events:
    """Events of a flag that is created, changed, archived, revived, deleted and created again."""
    events = Events()
    events.create("f")
    exists, archived = True, False
    places: dict[str, set[str]] = defaultdict(set)
    for _ in range(draw(st.integers(0, 14))):
        environment, number = draw(ENVIRONMENTS), draw(st.sampled_from(["s1", "s2"]))
        names = draw(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2, unique=True))
        body = {**strategy(number, [variant(name, 500, draw(MODELS)) for name in names]), "disabled": draw(st.booleans())}
        match draw(st.sampled_from(["strategy", "strategy", "remove", "on", "on", "off", "tag", "archive", "delete"])):
            case "strategy" if exists and not archived:
                kind = "update" if number in places[environment] else "add"
                places[environment].add(number)
                events.add_event(f"feature-strategy-{kind}", environment, body)
            case "remove" if number in places[environment] and not archived:
                places[environment].discard(number)
                events.remove(environment, body)
            case "on" | "off" as state if exists and not archived:
                events.switch(environment, on=state == "on")
            case "tag" if exists and not archived:
                events.tag("mlflow-a", "models:/r/3")
            case "archive" if exists:
                archived = not archived
                events.add_event("feature-archived" if archived else "feature-revived")
            case "delete" if archived or not exists:
                exists, archived = not exists, False
                places.clear()
                if exists:
                    events.create("f")
                else:
                    events.add_event("feature-deleted")
    return events


def payload_of(events: Events, count: int | None = None) -> Json:
    part = Events(events.start, events.listed[:count], events.name)
    return flag_payload(part)


def graph_of(statements: list[Statement]) -> dict[str, Any]:
    """What these facts say, whatever their order: the intervals of each asset and edge, by the rules of the store."""
    assets: dict[AssetUri, list[AssetRecord]] = defaultdict(list)
    edges: dict[tuple[AssetUri, str, AssetUri], list[EdgeRecord]] = defaultdict(list)
    cuts: dict[tuple[AssetUri, str, AssetUri], set[int]] = defaultdict(set)
    ends: dict[AssetUri, set[int]] = defaultdict(set)
    for each in statements:
        if isinstance(each, AssetFact):
            assert each.valid_from is not None
            assets[each.uri].append(AssetRecord(1, 1, each.valid_from, each.mode, each.state))
        elif isinstance(each, AssetRetraction):
            assert each.valid_to is not None
            assets[each.uri].append(AssetRecord(1, 1, each.valid_to, Mode.RETRACT, {}))
            ends[each.uri].add(each.valid_to)
        elif isinstance(each, EdgeFact):
            assert each.valid_from is not None
            record = EdgeRecord(
                1, 1, 2, 1, each.valid_from, each.valid_to or FOREVER, each.mode, properties=dict(each.properties)
            )
            edges[each.source, each.relation, each.target].append(record)
        elif isinstance(each, EdgeRetraction):
            assert each.valid_to is not None
            cuts[each.source, each.relation, each.target].add(each.valid_to)
    graph: dict[str, Any] = {}
    for uri, records in assets.items():
        graph[str(uri)] = [(one.start, one.end, one.state) for one in asset_intervals(records)]
    for triple, known in edges.items():
        closing = cuts[triple] | ends[triple[0]] | ends[triple[2]]
        graph[" ".join(map(str, triple))] = [(one.start, one.end, one.properties) for one in edge_intervals(known, closing)]
    return graph


@given(events=histories(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_order_and_repetition_of_events_change_nothing(events: Events, data: st.DataObject) -> None:
    plain = payload_of(events)
    listed = plain["data"]["events"]
    mixed = data.draw(st.permutations(listed + data.draw(st.lists(st.sampled_from(listed), max_size=5))))
    shuffled = {**plain, "data": {**plain["data"], "events": mixed}}
    assert normalise(shuffled, CONTEXT) == normalise(plain, CONTEXT)
    assert not warnings_of(normalise(plain, CONTEXT))


@given(events=histories(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_earlier_readings_in_any_order_and_number_change_nothing(events: Events, data: st.DataObject) -> None:
    counts = data.draw(st.lists(st.integers(1, len(events.listed)), max_size=6))
    readings = data.draw(st.permutations([*counts, len(events.listed)]))
    statements = [one for count in readings for one in normalise(payload_of(events, count), CONTEXT)]
    assert graph_of(statements) == graph_of(normalise(payload_of(events), CONTEXT))


@given(events=histories())
@settings(max_examples=60, deadline=None)
def test_at_every_moment_the_tested_versions_are_those_of_the_state_then(events: Events) -> None:
    """Replaying all events gives, as of each event, what a reading of only the earlier events says is open."""
    graph = graph_of(normalise(payload_of(events), CONTEXT))
    for count in range(1, len(events.listed) + 1):
        at = parse_time(events.listed[count - 1]["createdAt"])
        now = {key for key, intervals in graph.items() if any(start <= at < end for start, end, _ in intervals)}
        then = graph_of(normalise(payload_of(events, count), CONTEXT))
        assert now == {key for key, intervals in then.items() if any(end == FOREVER for _, end, _ in intervals)}
