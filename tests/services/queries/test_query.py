"""`lineage_at_once` returns the answer of `lineage` or None; unknown assets wait for committed transactions."""

from __future__ import annotations

import json

import orjson
import pytest

from mlgraph.domain.errors import Unavailable, UnknownAsset
from mlgraph.domain.options.walk_options import LevelName, WalkOptions
from mlgraph.graph.traversal import small_closures
from mlgraph.services.common.identity import LOCAL
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries import resolver
from mlgraph.services.queries.query import Queries
from tests.services.parts import Json, Serving, Store

ROOT = "mlg://dataset/n/root"
MOMENT = "2026-06-01T00:00:00Z"


def edge(target: int) -> Json:
    return {
        "edge": {
            "source": ROOT,
            "relation": "derives",
            "target": f"mlg://dataset/n/{target}",
            "valid_from": "2026-01-01T00:00:00Z",
        }
    }


def test_a_small_closure_is_answered_at_once_and_a_large_one_is_not(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append(*(edge(number) for number in range(5)))
    follower = Follower(store.reader)
    while follower.step():
        pass
    queries = Queries(store.reader, follower)
    assert queries.lineage_at_once(ROOT, WalkOptions(as_of=MOMENT)) is None, "the names of origins are not read yet"
    for options in ({}, {"direction": "upstream"}, {"limit": 2}, {"depth": 0}):
        expected = orjson.dumps(queries.lineage(ROOT, WalkOptions(as_of=MOMENT, **options)))
        assert orjson.dumps(queries.lineage_at_once(ROOT, WalkOptions(as_of=MOMENT, **options))) == expected
    assert queries.lineage_at_once(ROOT, WalkOptions(direction="both", as_of=MOMENT)) is None
    monkeypatch.setattr(small_closures, "SMALL_NODES", 5)
    assert queries.lineage_at_once(ROOT, WalkOptions(as_of=MOMENT)) is None
    assert queries.lineage_at_once("mlg://dataset/n/never") is None, "the store may contain it already"
    with pytest.raises(UnknownAsset):
        queries.lineage("mlg://dataset/n/never")
    watermark = follower.snapshot().watermark
    assert queries.reached(watermark)
    assert not queries.reached(watermark + 1)


def test_a_committed_asset_is_never_reported_as_unknown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    follower = Follower(store.reader)
    queries = Queries(store.reader, follower)
    with pytest.raises(UnknownAsset):
        queries.asset(ROOT)
    store.append(edge(1))
    monkeypatch.setattr(resolver, "UNKNOWN_WAIT_S", 0.05)
    with pytest.raises(Unavailable, match=r"root is not in the graph yet.*at watermark 0, the store at 1"):
        queries.asset(ROOT)
    monkeypatch.setattr(resolver, "UNKNOWN_WAIT_S", 60.0)
    follower.start()
    try:
        assert queries.asset(ROOT)["uri"] == ROOT
    finally:
        follower.stop()
    with pytest.raises(UnknownAsset):
        queries.asset("mlg://dataset/n/never")


def test_the_node_of_a_deleted_run_is_marked_where_the_run_stands_for_itself(serving: Serving) -> None:
    run, source, output = "mlg://run/n/r", "mlg://dataset/n/in", "mlg://model_version/n/m%2F1"

    def day(number: int) -> str:
        return f"2026-01-{number:02}T00:00:00Z"

    def edge_at(*triple: str) -> Json:
        return {"edge": dict(zip(("source", "relation", "target"), triple, strict=True)) | {"valid_from": day(1)}}

    def mark(level: LevelName = "asset", as_of: str | None = None) -> object:
        answer = json.loads(orjson.dumps(serving.queries.lineage(source, WalkOptions(level=level, as_of=as_of))))
        nodes = {node["uri"]: node for node in answer["nodes"]}
        assert nodes.keys() == {source, run, output}
        assert not any("deleted" in nodes[uri] for uri in (source, output))
        return nodes[run].get("deleted")

    state = {"properties": {"state": "COMPLETE"}}
    edges = edge_at(source, "input_to", run), edge_at(run, "outputs", output)
    append_lines(serving, {"asset": {"uri": run, "valid_from": day(1), **state}}, *edges)
    assert mark() is None
    append_lines(serving, {"retract": {"uri": run, "valid_to": day(3)}})
    assert (mark(), mark("run"), mark(as_of=day(2)), mark(as_of=day(4))) == (True, True, None, True)
    assert serving.queries.lineage_at_once(source) is None, "the store must be read"
    append_lines(serving, {"asset": {"uri": run, "valid_from": day(5), **state}})
    assert (mark(), mark(as_of=day(4))) == (None, True)


def append_lines(serving: Serving, *lines: Json) -> None:
    found = serving.intake.facts(iter([json.dumps(line).encode() for line in lines]), LOCAL)
    assert not found["rejected"], found
    serving.follow()
