"""Pages of closures over a real store: they neither repeat nor skip, whatever is written between them."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgraph.domain.errors import Conflict, InvalidInput, UnknownAsset
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.ports.store import FactReader
from mlgraph.services.common.listing_cache import ListingCache
from mlgraph.services.queries.paged.closure_pages import ClosurePages, ImpactPage, LineagePage
from mlgraph.services.queries.query import Queries
from tests.services.parts import Json, Serving

_numbers = count(1)
NODES: Final = 12


def dataset(space: str, number: int) -> str:
    return f"mlg://dataset/{space}/{number}"


def edge(space: str, source: int, target: int, valid_from: str | None = None) -> Json:
    times = {"valid_from": valid_from} if valid_from else {}
    return {"edge": {"source": dataset(space, source), "relation": "derives", "target": dataset(space, target), **times}}


def all_pages(pages: ClosurePages, uri: str, sizes: list[int], write: Any) -> list[list[tuple[str, int]]]:
    """Return the (URI, distance) of each page; `write` is called between two pages."""
    found: list[list[tuple[str, int]]] = []
    after: str | None = None
    while True:
        page = pages.lineage(uri, WalkOptions(), sizes[len(found) % len(sizes)], after)
        found.append([(entry.asset.uri, entry.distance) for entry in page.entries])
        assert page.total == sum(map(len, found)) or page.stop < page.total
        if page.stop == page.total:
            return found
        after = page.cursor(page.stop)
        write(len(found))


edges = st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), max_size=14)


@given(
    first=edges,
    later=st.lists(edges, min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    backdated=st.booleans(),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_under_writes_neither_repeat_nor_skip(
    serving: Serving, first: list[tuple[int, int]], later: list[list[tuple[int, int]]], sizes: list[int], backdated: bool
) -> None:
    space = f"s{next(_numbers)}"
    since = "2026-01-01T00:00:00Z" if backdated else None
    serving.store.append(edge(space, 0, 1), *(edge(space, *pair, since) for pair in first if pair[0] != pair[1]))
    serving.follow()
    complete = serving.queries.pages.lineage(dataset(space, 0), WalkOptions(), 100)
    expected = [(entry.asset.uri, entry.distance) for entry in complete.entries]

    def write(page: int) -> None:
        pairs = later[page % len(later)]
        retraction = {"retract": {"uri": dataset(space, 1)}}
        serving.store.append(*(edge(space, *pair, since) for pair in pairs if pair[0] != pair[1]), retraction)
        serving.follow()

    found = all_pages(serving.queries.pages, dataset(space, 0), sizes, write)

    assert [entry for page in found for entry in page] == expected
    assert len({uri for uri, _ in expected}) == len(expected) == complete.total


def test_the_first_page_after_a_write_shows_it(serving: Serving) -> None:
    serving.store.append(edge("fresh", 0, 1))
    serving.follow()
    before = serving.queries.pages.lineage(dataset("fresh", 0), WalkOptions(), 1)
    serving.store.append(edge("fresh", 0, 2))
    serving.follow()

    second = serving.queries.pages.lineage(dataset("fresh", 0), WalkOptions(), 9, before.cursor(1))
    again = serving.queries.pages.lineage(dataset("fresh", 0), WalkOptions(), 9)

    assert (second.total, again.total) == (2, 3)
    assert second.watermark == before.watermark < again.watermark


def test_a_list_that_was_dropped_is_refused_only_if_the_graph_has_changed(serving: Serving) -> None:
    serving.store.append(edge("dropped", 0, 1), edge("dropped", 1, 2))
    serving.follow()
    pages = serving.queries.pages
    cursor = pages.lineage(dataset("dropped", 0), WalkOptions(), 1).cursor(1)
    pages._lineages = ListingCache()

    again = pages.lineage(dataset("dropped", 0), WalkOptions(), 9, cursor)
    assert [entry.asset.uri for entry in again.entries] == [dataset("dropped", 1), dataset("dropped", 2)]

    pages._lineages = ListingCache()
    serving.store.append(edge("dropped", 0, 3))
    serving.follow()
    with pytest.raises(Conflict, match="start again from the first page"):
        pages.lineage(dataset("dropped", 0), WalkOptions(), 9, cursor)


def test_lists_of_one_page_push_no_other_out(serving: Serving) -> None:
    serving.store.append(edge("pushed", 0, 1), edge("pushed", 1, 2), edge("pushed", 1, 3))
    serving.follow()
    pages = serving.queries.pages
    cursor = pages.lineage(dataset("pushed", 0), WalkOptions(), 2).cursor(2)
    for _ in range(600):
        pages.lineage(dataset("pushed", 1), WalkOptions(), 100)
    assert len(pages._lineages) == 1
    serving.store.append(edge("pushed", 0, 4))
    serving.follow()
    assert pages.lineage(dataset("pushed", 0), WalkOptions(), 2, cursor).total == 4


def test_a_cursor_of_another_query_is_refused(serving: Serving) -> None:
    serving.store.append(edge("other", 0, 1))
    serving.follow()
    pages = serving.queries.pages
    cursor = pages.lineage(dataset("other", 0), WalkOptions(), 1).cursor(1)

    for uri, options in ((dataset("other", 1), WalkOptions()), (dataset("other", 0), WalkOptions(depth=1))):
        with pytest.raises(InvalidInput, match="another query"):
            pages.lineage(uri, options, 1, cursor)
    with pytest.raises(InvalidInput, match="another query"):
        pages.impact(dataset("other", 0), WalkOptions(), 1, cursor)


def test_pages_of_an_impact_show_one_state(serving: Serving) -> None:
    serving.store.append(*(edge("impact", 0, number) for number in range(1, 6)), edge("impact", 5, 6))
    serving.follow()
    pages = serving.queries.pages
    complete = pages.impact(dataset("impact", 0), WalkOptions(), 100, change="schema")
    first = pages.impact(dataset("impact", 0), WalkOptions(), 4, change="schema")
    serving.store.append(edge("impact", 0, 7), edge("impact", 0, 6))
    serving.follow()
    second = pages.impact(dataset("impact", 0), WalkOptions(), 4, first.cursor(4), change="schema")

    listed = [(each.asset.uri, each.distance, each.severity, list(each.path)) for each in complete.entries]
    assert [
        (each.asset.uri, each.distance, each.severity, list(each.path)) for each in (*first.entries, *second.entries)
    ] == listed
    assert (first.by_severity(), first.notify()) == (second.by_severity(), second.notify())


class CountingReader:
    """A reader that counts its calls, also those of readers of an earlier transaction."""

    def __init__(self, reader: FactReader, calls: Counter[str]) -> None:
        self._reader, self._calls = reader, calls

    def at(self, tx: int) -> CountingReader:
        return CountingReader(self._reader.at(tx), self._calls)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._reader, name)

        def counted(*arguments: Any) -> Any:
            self._calls[name] += 1
            return method(*arguments)

        return counted if callable(method) else method


def counted_pages(serving: Serving) -> tuple[ClosurePages, Counter[str]]:
    calls: Counter[str] = Counter()
    reader: Any = CountingReader(serving.store.reader, calls)
    return Queries(reader, serving.follower).pages, calls


def test_owners_and_health_of_a_hundred_assets_are_as_many_reads_as_of_one(serving: Serving) -> None:
    lines: list[Json] = []
    for number in range(60):
        workflow, run = f"mlg://workflow/etl/{number}", f"mlg://run/etl/{number}"
        lines += [
            {"edge": {"source": dataset("many", 0), "relation": "input_to", "target": workflow}},
            {"edge": {"source": workflow, "relation": "outputs", "target": dataset("many", number + 1)}},
            {"edge": {"source": run, "relation": "run_of", "target": workflow}},
            {"asset": {"uri": run, "properties": {"state": "FAIL", "endedAt": "2026-11-01T00:00:00Z"}}},
            {"asset": {"uri": workflow, "owners": [f"mlg://team/org/{number}"]}},
        ]
    serving.store.append(*lines)
    serving.follow()

    def reads(first: int) -> tuple[LineagePage, Counter[str]]:
        pages, calls = counted_pages(serving)
        page = pages.lineage(dataset("many", 0), WalkOptions(), first)
        assert not calls, "the graph itself has the owners, names and counts"
        states = pages.states([entry.asset for entry in page.entries])
        assert {state["health"]["status"] for state in states} <= {"failing", "unknown"}
        return page, calls

    few, reads_of_few = reads(2)
    many, reads_of_many = reads(100)

    assert [len(few.entries), len(many.entries)] == [2, 100]
    assert sum(bool(entry.asset.owners) for entry in many.entries) == 60
    assert reads_of_many == reads_of_few
    assert sum(reads_of_many.values()) <= 8


def test_states_are_those_that_single_assets_have(serving: Serving) -> None:
    schema = [{"name": "id", "type": "int", "description": "The key"}]
    column = "mlg://column/lake/orders%23id"
    serving.store.append(
        {
            "asset": {
                "uri": "mlg://dataset/lake/orders",
                "description": "Orders",
                "tags": ["gold"],
                "properties": {"schema": schema},
            }
        },
        {"edge": {"source": column, "relation": "part_of", "target": "mlg://dataset/lake/orders"}},
        {"edge": {"source": "mlg://dataset/lake/orders", "relation": "input_to", "target": "mlg://workflow/etl/w"}},
        {"asset": {"uri": "mlg://workflow/etl/w", "properties": {"health": "degraded"}}},
    )
    serving.follow()
    pages = serving.queries.pages
    uris = ["mlg://dataset/lake/orders", column, "mlg://workflow/etl/w"]

    states = pages.states([pages.asset(uri) for uri in uris])

    for uri, state in zip(uris, states, strict=True):
        single = serving.queries.asset(uri)
        assert state.get("description") == single["description"], uri
        assert state.get("tags", []) == single["tags"], uri
        assert state.get("properties", {}) == single["properties"], uri
        assert state["health"] == single["health"], uri
    assert states[1]["description"] == "The key"


def test_an_unknown_asset_is_refused(serving: Serving) -> None:
    with pytest.raises(UnknownAsset):
        serving.queries.pages.asset("mlg://dataset/nowhere/x")
    with pytest.raises(InvalidInput, match="unknown change"):
        serving.queries.pages.impact("mlg://dataset/nowhere/x", WalkOptions(), 1, change="explode")


def test_the_paths_of_a_page_are_bounded(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    serving.store.append(*(edge("chain", number, number + 1) for number in range(20)))
    serving.follow()
    monkeypatch.setattr("mlgraph.services.queries.paged.closure_pages.MAX_PATH_URIS", 30)
    listed: list[str] = []
    after: str | None = None
    sizes: list[int] = []
    while True:
        page: ImpactPage = serving.queries.pages.impact(dataset("chain", 0), WalkOptions(), 100, after)
        sizes.append(len(page.entries))
        listed += [entry.asset.uri for entry in page.entries]
        assert sum(len(entry.path) for entry in page.entries) <= 30
        if page.stop == page.total:
            break
        after = page.cursor(page.stop)
    assert listed == [dataset("chain", number) for number in range(1, 21)]
    assert len(sizes) > 3
