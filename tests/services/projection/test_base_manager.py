"""The base between starts: opened if it fits the store, else rebuilt; a compaction changes no answer."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import orjson
import pytest

from mlgraph.domain.facts import AssetFact, Mode
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.snapshot import MutableGraph
from mlgraph.ports.store import Changes, Item
from mlgraph.services.history.display_attributes import DisplayAttributesUpdater
from mlgraph.services.projection import base_manager as module
from mlgraph.services.projection.base_manager import BaseManager
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.projection.projector import Projector
from mlgraph.services.queries.query import Queries
from mlgraph.stores.base_files import BaseFileDirectory
from mlgraph.stores.postgres import reader as postgres_reader
from tests.services.parts import TESTER, Json, Store

JANUARY = "2026-01-01T00:00:00Z"


def uri(number: int) -> str:
    return f"mlg://dataset/n{number % 3}/{number:03}"


def edge(source: int, target: int) -> Json:
    return {"edge": {"source": uri(source), "relation": "derives", "target": uri(target), "valid_from": JANUARY}}


def state_fact(number: int, name: str) -> Json:
    return {"asset": {"uri": uri(number), "name": name, "owners": ["mlg://team/n/t"], "valid_from": JANUARY}}


class Followed:
    """A follower with base files in `directory`, stepped by hand."""

    def __init__(self, store: Store, directory: Path, *, writes_files: bool = True) -> None:
        self.base_manager = BaseManager(store.reader, BaseFileDirectory(directory), writes_files=writes_files)
        self.follower = Follower(store.reader, self.base_manager)
        self.queries = Queries(store.reader, self.follower)
        self.catch_up()

    def catch_up(self) -> None:
        while self.follower.step():
            pass

    def answers(self, number: int = 0) -> list[dict[str, Any]]:
        moment = "2026-06-01T00:00:00Z"
        lineage = self.queries.lineage(uri(number), WalkOptions(direction="both", as_of=moment))
        impact = self.queries.impact(uri(number), WalkOptions(as_of=moment))
        return [orjson.loads(orjson.dumps(answer)) for answer in (lineage, impact)]


@pytest.fixture
def filled_store(store: Store) -> Store:
    rng = random.Random(1)
    store.append(*(edge(0, number) for number in range(1, 20)), *(state_fact(number, f"name {number}") for number in range(10)))
    store.append(*(edge(rng.randrange(20), 20 + rng.randrange(40)) for _ in range(80)))
    return store


def test_the_second_start_opens_what_the_first_saved(
    filled_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        first = Followed(filled_store, tmp_path)
        assert "built from the store" in caplog.text
        caplog.clear()
        filled_store.append(edge(3, 99))
        second = Followed(filled_store, tmp_path)
        assert "built from the store" not in caplog.text
    assert second.follower.snapshot().watermark == filled_store.reader.last_tx()
    first.catch_up()
    assert second.answers() == first.answers()
    assert {node["uri"]: node["name"] for node in second.answers()[0]["nodes"]}[uri(1)] == "name 1"


@pytest.mark.parametrize("change", ["truncated", "of another store", "ahead of the store"])
def test_a_base_file_that_does_not_fit_is_rebuilt_and_reported(
    filled_store: Store, tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = Followed(filled_store, tmp_path).answers()
    (path,) = tmp_path.iterdir()
    directory = BaseFileDirectory(tmp_path)
    stored = directory.newest()
    assert stored is not None
    if change == "truncated":
        path.write_bytes(path.read_bytes()[:-100])
    elif change == "of another store":
        directory.save(stored.sections, stored.watermark, "1 5 another store")
    else:
        directory.save(stored.sections, stored.watermark + 5, stored.stamp)
    with caplog.at_level(logging.INFO):
        again = Followed(filled_store, tmp_path)
    assert "is not used" in caplog.text
    assert "built from the store" in caplog.text
    assert again.answers() == expected


def test_compaction_changes_no_answer_and_others_switch_to_the_base(
    filled_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPACT_AT", 10)
    monkeypatch.setattr(module, "_POLL_FILES_S", 0.0)
    writer, reader = Followed(filled_store, tmp_path), Followed(filled_store, tmp_path, writes_files=False)
    plain = Follower(filled_store.reader)
    rng = random.Random(2)
    until = time.monotonic() + 120
    while writer.base_manager.compactions < 3:
        assert time.monotonic() < until, "no compaction happened"
        filled_store.append(
            *(edge(rng.randrange(60), 60 + rng.randrange(40)) for _ in range(5)),
            state_fact(rng.randrange(20), f"{rng.random()}"),
            {"retract": {"source": uri(0), "relation": "derives", "target": uri(rng.randrange(1, 20)), "valid_to": JANUARY}},
        )
        for each in (writer, reader):
            each.catch_up()
        while plain.step():
            pass
        answers = writer.answers(), reader.answers()
        writer.follower, stored = plain, writer.follower
        writer.queries = Queries(filled_store.reader, plain)
        assert answers == (writer.answers(), writer.answers())
        writer.follower, writer.queries = stored, Queries(filled_store.reader, stored)
    assert writer.base_manager.failures == reader.base_manager.compactions == 0
    reader.catch_up()
    writer.base_manager.stop()
    assert reader.follower._graph.base.watermark > 0


def test_display_attributes_are_adopted_by_a_newer_base(
    filled_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPACT_AT", 5)
    read: list[int] = []
    rebuild = DisplayAttributesUpdater._rebuild

    def counted(updater: DisplayAttributesUpdater, assets: Collection[int]) -> None:
        read.extend(assets)
        rebuild(updater, assets)

    monkeypatch.setattr(DisplayAttributesUpdater, "_rebuild", counted)
    writer, named = Followed(filled_store, tmp_path), AssetUri.parse(uri(90))
    bases: set[int] = set()
    until, asset, minute = time.monotonic() + 120, 0, 0
    while len(bases) < 3:
        assert time.monotonic() < until, "no compaction happened"
        minute += 1
        fact = AssetFact(named, "tool", 10**15 + minute, {"name": f"n{minute}"}, Mode.PATCH)
        filled_store.writer.append([Item([fact])], TESTER)
        filled_store.append(*(edge(minute % 60, 60 + number) for number in range(5)))
        writer.catch_up()
        bases.add(writer.follower._graph.base.watermark)
        asset_index = writer.follower.snapshot().asset_index
        asset = asset_index.number(str(named)) or 0
        assert asset_index.name(asset) == f"n{minute}"
    writer.base_manager.stop()
    assert read.count(asset) == 1  # its records are read once, however often the follower switches to a newer base


def test_the_overlay_is_compacted_before_further_processes_start(
    filled_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPACT_FOR_OTHERS_AT", 10)
    writer = Followed(filled_store, tmp_path)
    filled_store.append(*(edge(0, number) for number in range(100, 120)))
    writer.catch_up()
    assert writer.base_manager.compactions == 0
    expected = writer.answers()
    writer.follower.start()
    writer.follower.flush_to_base(60)
    assert writer.base_manager.compactions == 1
    reader = Followed(filled_store, tmp_path, writes_files=False)
    assert reader.follower._graph.overlay == 0
    assert reader.answers() == expected
    writer.follower.flush_to_base(60)  # nothing was appended: nothing to compact
    assert writer.base_manager.compactions == 1
    writer.follower.stop()


def test_a_graph_that_lags_is_compacted_later(filled_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Followed(filled_store, tmp_path)
    filled_store.append(*(edge(0, number) for number in range(100, 103)))
    writer.catch_up()
    graph = writer.follower._graph
    assert graph.base.rows // 50 < graph.overlay == graph.base.rows // 25
    monkeypatch.setattr(module, "COMPACT_AT", 1)
    writer.base_manager.newer_base(graph, lags=True)
    writer.base_manager.stop()
    assert writer.base_manager.compactions == 0
    writer.base_manager.newer_base(graph)
    writer.base_manager.stop()
    assert [writer.base_manager.compactions] == [1]  # in a list: for the type checker, the number is 0


def test_a_newer_base_catches_up_in_the_middle_of_a_load(
    filled_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_reader, "FACTS_AT_ONCE", 1)  # each transaction is a part of a bulk load
    writer, plain = Followed(filled_store, tmp_path / "writer"), Followed(filled_store, tmp_path / "plain")
    base, before = writer.follower._graph.base, writer.follower.snapshot().watermark
    offered: list[int] = []

    def newer_base(graph: MutableGraph, **_: bool) -> Base | None:
        if offered or graph.snapshot.watermark < before + 10:
            return None
        offered.append(graph.snapshot.watermark)
        return base

    monkeypatch.setattr(writer.base_manager, "newer_base", newer_base)
    for number in range(40):
        filled_store.append(edge(0, 100 + number), edge(1, 100 + number), edge(2, 100 + number))
    applied: list[int] = []
    apply = Projector.apply

    def counted(projector: Projector, changes: Changes, **options: bool) -> None:
        applied.append(changes.upto)
        apply(projector, changes, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Projector, "apply", counted)
        writer.catch_up()
    plain.catch_up()
    assert len(applied) <= 40 + (offered[0] - before)
    assert writer.answers() == plain.answers()


def test_a_directory_that_cannot_be_written_leaves_the_graph_in_memory(
    filled_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mlgraph.stores.base_files._write", full)
    followed = Followed(filled_store, tmp_path)
    assert "No space left on device; the graph stays in memory" in caplog.text
    assert followed.answers()[0]["total"] > 1


def test_owners_are_the_current_ones_whether_followed_or_built_from_the_store(store: Store, tmp_path: Path) -> None:
    """One owner has an end, one is retracted, and one asset has no fact other than its owner."""
    team = "mlg://team/n/{}"

    def owned(number: int, of: int, **more: str) -> Json:
        edge_line = {"source": uri(number), "relation": "owned_by", "target": team.format(of), "valid_from": JANUARY, **more}
        return {"edge": edge_line}

    retraction = {
        "retract": {"source": uri(0), "relation": "owned_by", "target": team.format(3), "valid_to": "2026-02-01T00:00:00Z"}
    }
    followed = Followed(store, tmp_path / "followed")
    store.append(
        state_fact(0, "zero"), owned(0, 1), owned(0, 2, valid_to="2026-02-01T00:00:00Z"), owned(0, 3), retraction, owned(1, 4)
    )
    followed.catch_up()
    built = BaseManager(store.reader).build()
    for asset_index in (followed.follower.snapshot().asset_index, built.asset_index):
        attributes = [asset_index.display_attributes(asset_index.number(uri(number)) or 0) for number in (0, 1)]
        assert [each and each.owners for each in attributes] == [(team.format(1), "mlg://team/n/t"), (team.format(4),)]


def test_aliases_apply_from_the_first_query_after_a_start_and_a_compaction(
    filled_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alias = {"source": uri(1), "relation": "alias_of", "target": uri(2), "valid_from": JANUARY}
    filled_store.append({"edge": alias})
    built, opened = Followed(filled_store, tmp_path), Followed(filled_store, tmp_path)
    for followed in (built, opened):
        assert followed.queries.asset(uri(1))["uri"] == uri(2)
    monkeypatch.setattr(module, "COMPACT_FOR_OTHERS_AT", 10)
    filled_store.append(*(edge(0, number) for number in range(100, 120)))
    built.catch_up()
    built.follower.start()
    built.follower.flush_to_base(60)
    assert built.base_manager.compactions == 1
    assert built.queries.asset(uri(1))["uri"] == uri(2)
    built.follower.stop()
