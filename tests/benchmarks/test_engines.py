"""Every engine agrees with the plain search over the generator's arrays; the bulk-loaded store agrees with the writer's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bulk_storing import store
from benchmarks.company import NOW_US, Company
from benchmarks.engines.base import DirectionName, Engine, NodeDistances, same
from benchmarks.engines.plain import Plain
from benchmarks.engines.with_igraph import Igraph
from benchmarks.engines.with_mlgraph import Mlgraph
from benchmarks.engines.with_postgres import Postgres
from benchmarks.engines.with_rustworkx import Rustworkx
from benchmarks.event_generator import fact_chunks, openlineage_lines
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.facts import split_contacts
from mlgraph.domain.payloads.payload import Located, decode_json
from mlgraph.domain.vocabulary import KINDS
from mlgraph.ports.store import Actor, Item
from mlgraph.services.queries.export import export_lines
from mlgraph.stores.append.writer import PostgresWriter
from mlgraph.stores.embedded.server import EmbeddedPostgres
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.reader import PostgresReader

EARLIER_US = NOW_US - 300 * 86_400_000_000


@pytest.fixture(scope="module", params=["mlgraph", "postgres", "igraph", "rustworkx"])
def engine(
    request: pytest.FixtureRequest, company: Company, stored: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    opened: Engine
    match request.param:
        case "mlgraph":
            opened = Mlgraph(stored, company.layout)
        case "postgres":
            opened = Postgres(company, tmp_path_factory.mktemp("beside") / "data")
        case "igraph":
            opened = Igraph(company)
        case _:
            opened = Rustworkx(company)
    yield opened
    opened.close()


@pytest.mark.parametrize("direction", ["downstream", "upstream"])
def test_closures_agree_from_every_node(engine: Engine, company: Company, direction: DirectionName) -> None:
    plain = Plain(company)
    moments = (NOW_US, EARLIER_US) if engine.has_history else (NOW_US,)
    for node in range(0, company.layout.nodes, 1 if engine.name == "mlgraph" else 7):
        if company.kinds[node] == KINDS["run"].code:
            continue
        for moment in moments:
            found = engine.nodes_of(engine.closure(engine.start(node), direction, moment))
            assert same(found, plain.closure(node, direction, moment)), (node, moment)


def test_three_hops_of_a_kind_agree(engine: Engine, company: Company) -> None:
    plain, kind = Plain(company), KINDS["model_version"].code
    sizes = []
    for node in company.layout.nodes_of("raw", "derived", "feature").tolist():
        found = engine.nodes_of(engine.within(engine.start(node), 3, kind, NOW_US))
        expected = plain.within(node, 3, kind, NOW_US)
        assert same(found, expected)
        sizes.append(len(expected.nodes))
    assert max(sizes) > 5


def test_paths_are_as_long(engine: Engine, company: Company) -> None:
    plain = Plain(company)
    for node in company.layout.nodes_of("raw").tolist()[::4]:
        nodes = plain.closure(node, "downstream", NOW_US).nodes
        for end in nodes[[-1, len(nodes) // 2]].tolist():
            if end != node:
                assert engine.hops(engine.start(node), engine.start(end), NOW_US) == plain.hops(node, end, NOW_US)


def test_different_results_are_not_the_same() -> None:
    def found(nodes: list[int], distances: list[int] | None) -> NodeDistances:
        return NodeDistances(np.array(nodes, np.int32), None if distances is None else np.array(distances, np.int32))

    assert same(found([3, 1], [0, 1]), found([1, 3], [1, 0]))
    assert same(found([3, 1], None), found([1, 3], [1, 0]))
    assert not same(found([3, 1], [0, 1]), found([1, 3], [2, 0]))
    assert not same(found([3], None), found([1, 3], None))


def test_the_export_of_a_bulk_loaded_store_equals_that_of_the_writers(company: Company, stored: Path, data_dir: Path) -> None:
    with EmbeddedPostgres(stored) as server:
        database = Database(server.url)
        database.open()
        copied = b"".join(export_lines(PostgresReader(database)))
        again = _written(company, database)
        database.close()
    with EmbeddedPostgres(data_dir) as server:
        database = Database(server.url)
        database.open()
        assert all(_written(company, database))
        written = b"".join(export_lines(PostgresReader(database)))
        database.close()
    assert copied == written
    assert not any(again)  # the digests equal the writer's: repeated facts are duplicates


def _written(company: Company, database: Database) -> list[bool]:
    """Append all facts with the store's writer; return which were new."""
    lines = [line for _, chunk in fact_chunks(company) for line in chunk.splitlines()]
    items = [Item(*split_contacts(parse_line(Located(decode_json(line)), "facts"))) for line in lines]
    return list(PostgresWriter(database).append(items, Actor("tester")).new)


def test_a_store_that_is_not_empty_is_refused(company: Company, stored: Path) -> None:
    with EmbeddedPostgres(stored) as server, pytest.raises(ValueError, match="an empty one"):
        store(company, server.url)


def test_another_company_is_refused(company: Company, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not contain"):
        Mlgraph(tmp_path / "empty", company.layout)


def test_events_are_of_the_company(company: Company) -> None:
    uris = set(company.layout.uris(np.arange(company.layout.nodes)))
    for line in openlineage_lines(company, 20):
        event = decode_json(line)
        job = event["job"]
        assert f"mlg://workflow/{job['namespace']}/{job['name']}" in uris
