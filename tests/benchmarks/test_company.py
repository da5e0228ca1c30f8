"""The generated company: sizes, hubs, closed edges, seeds, and its facts and events."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import orjson
import pytest

from benchmarks.company import FIRST_DAY_US, NOW_US, Company, Edges, generate_company
from benchmarks.engines.plain import Plain
from benchmarks.event_generator import arrival, fact_chunks, openlineage_lines
from benchmarks.sizes import SIZES, Size
from mlgraph.domain.fact_json import check_edge, parse_line
from mlgraph.domain.facts import AssetFact, EdgeFact, split_contacts
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KIND_NAMES, RELATION_NAMES, RELATIONS


@pytest.fixture(scope="module", params=["XS", "S"])
def sized(request: pytest.FixtureRequest) -> Company:
    return generate_company(SIZES[request.param])


def test_there_are_as_many_nodes_and_edges_as_the_size_asks_for(sized: Company) -> None:
    edges = len(sized.edges) + len(sized.run_edges)
    assert sized.layout.nodes == sized.size.nodes
    assert edges == pytest.approx(sized.size.edges, rel=0.02)
    assert (sized.kinds == 0).sum() == 0


def test_runs_are_a_tenth_of_the_nodes(sized: Company) -> None:
    assert len(sized.runs.run) == pytest.approx(sized.size.nodes / 10, rel=0.02)


def test_every_edge_is_allowed_by_the_vocabulary_and_unique(sized: Company) -> None:
    for edges in (sized.edges, sized.run_edges):
        kinds = np.unique(np.stack([sized.kinds[edges.source], edges.relation, sized.kinds[edges.target]]), axis=1)
        for source, relation, target in kinds.T.tolist():
            ends = (AssetUri(KIND_NAMES[kind], "x", "y") for kind in (source, target))
            check_edge(next(ends), RELATION_NAMES[relation], next(ends))
        pairs = edges.source.astype(np.int64) * sized.layout.nodes + edges.target
        assert len(np.unique(pairs)) == len(pairs)


def test_hubs_have_closures_of_the_wanted_size(sized: Company) -> None:
    engine = Plain(sized)
    for hub in sized.hubs.tolist():
        reached = len(engine.closure(hub, "downstream", NOW_US).nodes)
        assert sized.size.hub_closure <= reached <= sized.size.hub_closure * 1.15
    assert len(sized.hubs) == sized.size.hubs


def test_fifteen_per_cent_of_the_edges_are_closed(sized: Company) -> None:
    closed = (sized.edges.valid_to <= NOW_US).sum()
    assert closed / (len(sized.edges) + len(sized.run_edges)) == pytest.approx(0.15, abs=0.01)


def test_times_lie_in_the_two_years_and_in_order(sized: Company) -> None:
    for edges in (sized.edges, sized.run_edges):
        assert (edges.valid_from >= FIRST_DAY_US).all()
        assert (edges.valid_from < NOW_US).all()
        assert (edges.valid_from < edges.valid_to).all()
    assert (sized.edges.valid_to[sized.edges.valid_to != FOREVER] < NOW_US).all()


def test_most_edges_stay_within_their_domain(sized: Company) -> None:
    edges = sized.edges
    hub = np.isin(edges.source, sized.hubs)
    apart = sized.layout.domain_of(edges.source) != sized.layout.domain_of(edges.target)
    assert 0.02 < apart[~hub].mean() < 0.2
    assert apart[hub].mean() > 0.5


def test_runs_report_declared_edges_after_their_declaration(sized: Company) -> None:
    declared = {
        (source, relation, target): (start, end)
        for source, relation, target, start, end in zip(*_columns(sized.edges)[:5], strict=True)
    }
    workflow = dict(zip(sized.runs.run.tolist(), sized.runs.workflow.tolist(), strict=True))
    reported_count = 0
    for source, relation, target, start, _, _ in zip(*_columns(sized.run_edges), strict=True):
        if relation == RELATIONS["run_of"].code:
            assert workflow[source] == target
            continue
        ends = (source, workflow[target]) if relation == RELATIONS["input_to"].code else (workflow[source], target)
        since, until = declared[ends[0], relation, ends[1]]
        assert since < start
        assert until == FOREVER
        reported_count += 1
    assert reported_count > len(sized.runs.run)


def _columns(edges: Edges) -> list[list[int]]:
    return [getattr(edges, field.name).tolist() for field in fields(edges)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(company: Company) -> None:
    def text(generated: Company) -> bytes:
        return b"".join(chunk for _, chunk in fact_chunks(generated)) + b"".join(openlineage_lines(generated, 20))

    assert text(generate_company(company.size, company.seed)) == text(company)
    assert text(generate_company(company.size, company.seed + 1)) != text(company)


def test_facts_report_every_asset_and_every_edge_once(company: Company) -> None:
    lines: list[bytes] = []
    for count, chunk in fact_chunks(company):
        assert chunk.count(b"\n") == count
        lines += chunk.splitlines()
    facts = [fact for line in lines for fact in split_contacts(parse_line(Located(orjson.loads(line)), "facts"))[0]]
    assets = [str(fact.uri) for fact in facts if isinstance(fact, AssetFact)]
    layout = company.layout
    assert sorted(assets) == sorted(layout.uris(np.arange(layout.nodes)) + layout.teams(np.arange(layout.domains)))
    printed = {
        (str(fact.source), fact.relation, str(fact.target), fact.valid_from, fact.valid_to)
        for fact in facts
        if isinstance(fact, EdgeFact)
    }
    expected: set[tuple[str, str, str, int, int | None]] = set()
    for edges in (company.edges, company.run_edges):
        ends = layout.uris(edges.source), layout.uris(edges.target)
        relations = [RELATION_NAMES[code] for code in edges.relation.tolist()]
        until = [None if end == FOREVER else end for end in edges.valid_to.tolist()]
        expected |= set(zip(ends[0], relations, ends[1], edges.valid_from.tolist(), until, strict=True))
    assert printed == expected
    assert len(printed) == len(facts) - len(assets)


def test_facts_of_all_domains_are_mixed() -> None:
    order = arrival(np.random.default_rng(1), 10_001)
    assert sorted(order.tolist()) == list(range(10_001))
    assert len(np.unique(order[:1000] // 2000)) == 5


def test_events_are_pairs_of_one_run(company: Company) -> None:
    events = [orjson.loads(line) for line in openlineage_lines(company, 50)]
    assert len(events) == 50
    for start, complete in zip(events[::2], events[1::2], strict=True):
        assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
        assert start["run"]["runId"] == complete["run"]["runId"]
        assert complete["outputs"]


def test_a_company_that_does_not_divide_into_domains_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be divided into 5 domains"):
        generate_company(Size("odd", 1001, 5000, 5, 1, 200, 0))


def test_more_edges_than_possible_are_refused() -> None:
    with pytest.raises(ValueError, match="no room for"):
        generate_company(Size("dense", 200, 20_000, 2, 1, 40, 0))
