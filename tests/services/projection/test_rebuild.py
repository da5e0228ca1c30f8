"""Building the base from PostgreSQL: the columns that are read, and the rows that result."""

from __future__ import annotations

import pytest

from mlgraph.domain.vocabulary import INPUT_ROLES, RELATIONS
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.snapshot import MutableGraph
from mlgraph.services.projection.projector import Projector
from mlgraph.services.projection.rebuild import rebuild
from tests.graph.projection.test_rebuild_equals_updates import described
from tests.services.parts import Json, Store

JANUARY, MARCH = "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"
A, B, C = (f"mlg://dataset/lake/{name}" for name in "ABC")


def run(number: int) -> str:
    return f"mlg://run/jobs/{number}"


def edge(source: str, relation: str, target: str, **properties: object) -> Json:
    return {"edge": {"source": source, "relation": relation, "target": target, "valid_from": JANUARY, "properties": properties}}


def facts_of_run(number: int, *edges: Json) -> list[Json]:
    state = {"state": "COMPLETE", "ended_at": f"2026-02-{number + 1:02}T00:00:00Z", "code_version": "1"}
    workflow = f"mlg://workflow/jobs/{number % 4}"
    asset = {"asset": {"uri": run(number), "properties": state, "valid_from": JANUARY}}
    return [asset, edge(run(number), "run_of", workflow), *edges]


@pytest.fixture
def filled_store(store: Store) -> Store:
    for number in range(0, 20, 4):
        store.append(*facts_of_run(number, edge(A, "input_to", run(number)), edge(run(number), "outputs", C)))
        read = [edge(A, "input_to", run(number + 1), role="validation"), edge(B, "input_to", run(number + 1), role="config")]
        store.append(*facts_of_run(number + 1, *read, edge(run(number + 1), "outputs", C)))
        read = [edge(A, "input_to", run(number + 2), role="online"), edge(B, "input_to", run(number + 2), version="7")]
        written = {"from": [A]} if number == 8 else {}
        store.append(*facts_of_run(number + 2, *read, edge(run(number + 2), "outputs", C, **written)))
        store.append(*facts_of_run(number + 3, edge(B if number else A, "input_to", run(number + 3), role="test")))
    store.append({"retract": {"uri": B, "valid_to": MARCH}})
    return store


def test_facts_are_read_as_columns(filled_store: Store) -> None:
    table = filled_store.reader.edge_table(0, 2**31 - 1, [RELATIONS[name].code for name in ("input_to", "outputs")])
    roles = [0, *(INPUT_ROLES.index(role) + 1 for role in ("validation", "online", "test", "config"))]
    assert sorted(set(table.role.tolist())) == sorted(roles)
    assert len(filled_store.reader.all_retracted()) == 1


def test_a_built_base_has_the_rows_of_the_projector(filled_store: Store) -> None:
    graph = MutableGraph()
    Projector(filled_store.reader, graph).apply(filled_store.reader.changes(0, 10_000))
    assert described(rebuild(filled_store.reader)) == described(compact(freeze(graph)))
