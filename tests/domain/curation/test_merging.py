"""What people write on top of what sources report: any interleaving, in any order, against a naive model."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.curation.changes import CurationChange, changed_fields, read_change
from mlgraph.domain.curation.merging import (
    curate,
    effective_owners,
    field_value,
    is_deprecated,
    links_of,
    successor_of,
)
from mlgraph.domain.facts import ANY_ORIGIN, CURATION, AssetFact, AssetRetraction, Fact, Mode
from mlgraph.domain.history import asset_intervals, curated_at, deleted_at, state_at
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri
from tests.graph.memory import MemoryStore
from tests.graph.projected import Projected
from tests.model.curation import CuratedAssets, shown

TABLE = AssetUri.parse("mlg://dataset/n/t")
OTHER = "mlg://dataset/n/other"
OWNERS = ("mlg://team/org/a", "mlg://team/org/b", "mlg://person/org/c")
FIELDS = ("description", "owners", "tags", "links", "deprecated", "successor")

texts = st.sampled_from(("x", "y"))
tags = st.lists(st.sampled_from(("t", "u", "v")), unique=True, min_size=1, max_size=2).map(sorted)
links = st.lists(st.sampled_from(("http://a", "https://b")), unique=True, min_size=1, max_size=2).map(sorted)
owners = st.lists(st.sampled_from(OWNERS), unique=True, min_size=1, max_size=2).map(sorted)


def partial(items: st.SearchStrategy[list[str]]) -> st.SearchStrategy[dict[str, list[str]]]:
    """Items to add and to remove, of which none is both."""
    return st.tuples(items, st.booleans()).map(lambda drawn: {"add" if drawn[1] else "remove": drawn[0]})


requests = st.fixed_dictionaries(
    {},
    optional={
        "description": st.none() | texts,
        "owners": st.none() | owners,
        "tags": st.none() | partial(tags),
        "links": st.none() | partial(links),
        "deprecated": st.none() | st.booleans(),
        "successor": st.none() | st.just(OTHER),
    },
).filter(bool)
reported_properties = st.fixed_dictionaries(
    {}, optional={"links": links, "deprecated": st.booleans(), "successor": st.just(OTHER), "rows": st.integers(0, 2)}
)
reported_states = st.fixed_dictionaries(
    {}, optional={"description": texts, "owners": owners, "tags": tags, "properties": reported_properties}
)


def fact_of_source(origin: str, moment: int, state: dict[str, Any] | None, mode: Mode) -> Fact:
    if state is None:
        return AssetRetraction(TABLE, origin, moment)
    return AssetFact(TABLE, "a" if origin == ANY_ORIGIN else origin, moment, state, mode)


facts_of_sources = st.builds(
    fact_of_source,
    st.sampled_from(("a", "b", ANY_ORIGIN)),
    st.integers(1, 12).map(lambda moment: 2 * moment),
    st.none() | reported_states,
    st.sampled_from((Mode.REPLACE, Mode.PATCH)),
)


def written_facts(asked: list[tuple[int, dict[str, Any]]]) -> list[Fact]:
    """Return the facts that requests store, one after the other, as the service does."""
    state: dict[str, Any] = {}
    facts: list[Fact] = []
    for moment, request in sorted(asked, key=lambda each: each[0]):
        after = read_change(Located(request), "dataset").apply(state)
        if changed_fields(state, after):
            facts.append(AssetFact(TABLE, CURATION, moment, after))
        else:
            assert after == state
        state = after
    return facts


def shown_of(state: dict[str, Any]) -> dict[str, Any]:
    """Return what the fields of a state show, without empty ones."""
    found = {field: field_value(state, field) for field in FIELDS}
    return {field: value for field, value in found.items() if value not in (None, [])}


moments_of_requests = st.lists(st.integers(0, 13).map(lambda moment: 2 * moment + 1), unique=True, max_size=5)


@given(st.lists(facts_of_sources, max_size=6), moments_of_requests, st.data())
def test_what_people_write_outranks_sources_in_any_order(reported: list[Fact], moments: list[int], data: st.DataObject) -> None:
    asked = [(moment, data.draw(requests)) for moment in moments]
    naive = CuratedAssets(reported, asked)
    facts = data.draw(st.permutations([*reported, *written_facts(asked)]))
    store = MemoryStore()
    for fact in [*facts, *facts[:1]]:
        store.append([fact])
    records = store.asset_facts
    intervals = asset_intervals(records)
    for t in range(28):
        state = state_at(intervals, t)
        assert (None if state is None else shown_of(state), deleted_at(records, t)) == naive.state(TABLE, t)


@given(st.lists(facts_of_sources, max_size=5), moments_of_requests, st.booleans(), st.data())
def test_owners_of_the_graph_are_those_of_the_state(
    reported: list[Fact], moments: list[int], rebuilt: bool, data: st.DataObject
) -> None:
    asked = [(moment, data.draw(requests)) for moment in moments]
    facts = data.draw(st.permutations([*reported, *written_facts(asked)]))
    if not facts:
        return
    real = Projected([[fact] for fact in facts])
    if rebuilt:
        real.rebuild()
    state = real.state(TABLE, 1_000)[0] or {}
    number = real.store.assets_by_uri[str(TABLE)].asset
    attributes = real.snapshot.asset_index.display_attributes(number)
    assert attributes is not None
    assert list(attributes.owners) == state.get("owners", [])


@given(reported_states, st.lists(requests, max_size=4))
def test_a_request_is_applied_without_regard_to_sources_and_undoing_all_restores_them(
    reported: dict[str, Any], asked: list[dict[str, Any]]
) -> None:
    state: dict[str, Any] = {}
    for request in asked:
        state = read_change(Located(request), "dataset").apply(state)
        assert read_change(Located(request), "dataset").apply(state) == state, "a repetition changes nothing"
    naive = CuratedAssets([], list(enumerate(asked))).state(TABLE, len(asked))[0] or {}
    assert shown_of(curate({}, state)) == naive
    assert CurationChange(undone=frozenset(FIELDS)).apply(state) == {}
    assert curate(reported, {}) == reported
    assert shown_of(reported) == shown(reported, {})


def test_an_asset_that_its_source_drops_is_deleted_although_people_wrote_about_it() -> None:
    store = MemoryStore()
    facts: list[Fact] = [AssetFact(TABLE, "a", 10, {"description": "d"}), AssetFact(TABLE, CURATION, 20, {"description": "w"})]
    store.append([*facts, AssetRetraction(TABLE, ANY_ORIGIN, 30)])
    records = store.asset_facts
    assert deleted_at(records, 40) == 30
    assert state_at(asset_intervals(records), 40) is None
    assert curated_at(asset_intervals(records), 40) == {"description": "w"}
    store.append([AssetFact(TABLE, "b", 50, {"description": "again"})])
    assert state_at(asset_intervals(store.asset_facts), 60) == {"description": "w"}


def test_curation_of_an_asset_that_only_edges_name_is_its_state() -> None:
    store = MemoryStore()
    store.append([AssetFact(TABLE, CURATION, 20, {"tags": ["t"], "properties": {"removed_tags": ["u"]}})])
    assert state_at(asset_intervals(store.asset_facts), 20) == {"tags": ["t"]}
    assert state_at(asset_intervals(store.asset_facts), 19) is None


def test_what_is_not_of_the_form_is_ignored() -> None:
    reported = {
        "properties": {"links": [{"url": "https://a", "title": "A"}, "ftp://b", 3], "deprecated": "false", "successor": 3}
    }
    assert links_of(reported) == ["https://a"]
    assert not is_deprecated(reported)
    assert successor_of(reported) is None
    assert is_deprecated({"properties": {"state": "Deprecated"}})
    assert not is_deprecated({"properties": {"state": "deprecated", "deprecated": False}})
    odd = {"tags": "t", "properties": {"links": 3, "removed_tags": [3, "t"], "removed_links": "x"}}
    assert curate({"tags": ["t", "u"]}, odd) == {"tags": ["u"]}


def test_owners_that_people_wrote_replace_those_of_edges_too() -> None:
    assert effective_owners({"owners": ["b"]}, {}, ["a"]) == ["a", "b"]
    assert effective_owners({"owners": ["b"]}, {"owners": ["b"]}, ["a"]) == ["b"]
    assert effective_owners({}, {"description": "d"}, ["a"]) == ["a"]
