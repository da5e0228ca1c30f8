"""Concurrent readers during repeated compactions: each answer is correct for its watermark."""

from __future__ import annotations

import random
import threading
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, Api, Json, Names, Process, asset, edge, retract

ROUNDS: Final = 45
FILLERS: Final = 1_600
"""Facts per round about unrelated assets: in total many times the number that triggers a compaction of the overlay."""
CHANGES: Final = 20
TABLES: Final = 40
READERS: Final = 3
Pair = tuple[str, str]


@dataclass
class ExpectedEdges:
    """Facts about the queried edges, in order, with their transactions."""

    transactions: list[int] = field(default_factory=list)
    changes: list[list[tuple[Pair, int, bool]]] = field(default_factory=list)

    def valid_pairs(self, watermark: int, minute: int) -> set[Pair]:
        """The edges valid at `minute` as of a transaction, by replaying all facts up to it."""
        last: dict[Pair, tuple[int, bool]] = {}
        for change in self.changes[: bisect_right(self.transactions, watermark)]:
            for pair, when, opens in change:
                if when <= minute and (pair not in last or when > last[pair][0]):
                    last[pair] = (when, opens)
        return {pair for pair, (_, opens) in last.items() if opens}


def distances(edges: set[Pair], root: str, *, downstream: bool) -> dict[str, int]:
    """Distances by a simple breadth-first search."""
    following: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        following[source if downstream else target].append(target if downstream else source)
    found, latest = {root: 0}, [root]
    while latest:
        reached = {other: found[uri] + 1 for uri in latest for other in following[uri] if other not in found}
        found |= reached
        latest = list(reached)
    return found


@dataclass
class Reader:
    """Sends queries without a pause and records every answer."""

    url: str
    tables: list[str]
    seed: int
    stopping: threading.Event
    answers: list[tuple[str, dict[str, Any], int, Json]] = field(default_factory=list)
    failure: BaseException | None = None

    def run(self) -> None:
        rng, api = random.Random(self.seed), Api(self.url)
        try:
            while not self.stopping.is_set():
                minute = rng.choice((rng.randrange(ROUNDS), 10 * ROUNDS))
                call = rng.choice(("lineage", "lineage", "impact"))
                query = {"uri": rng.choice(self.tables)}
                if call == "lineage":
                    query["direction"] = rng.choice(("downstream", "upstream"))
                response = api.http.get(f"/api/v1/{call}", params={**query, "as_of": at(minute)})
                assert response.status_code == 200, response.text
                self.answers.append((call, query, minute, response.json()))
        except BaseException as error:  # noqa: BLE001 - the test fails with it, in its own thread
            self.failure = error
        finally:
            api.close()


def wrong(reported: ExpectedEdges, call: str, query: dict[str, Any], minute: int, answer: Json) -> Iterator[str]:
    """Errors of an answer."""
    edges = reported.valid_pairs(answer["watermark"], minute)
    expected = distances(edges, query["uri"], downstream=query.get("direction") != "upstream")
    if call == "lineage":
        if {node["uri"]: node["distance"] for node in answer["nodes"]} != expected:
            yield "nodes"
        if {(e["source"], e["target"]) for e in answer["edges"]} != {(a, b) for a, b in edges if {a, b} <= expected.keys()}:
            yield "edges"
        if answer["total"] != len(answer["nodes"]):
            yield "total"
        return
    if {each["uri"]: each["distance"] for each in answer["affected"]} | {query["uri"]: 0} != expected:
        yield "affected"
    for each in answer["affected"]:
        path = each["path"]
        if len(path) != each["distance"] + 1 or not set(pairwise(path)) <= edges:
            yield f"path to {each['uri']}"


def test_every_answer_is_correct_for_its_watermark(start: Callable[..., Process], tmp_path: Path) -> None:
    rng, names, reported = random.Random(3), Names("readers"), ExpectedEdges()
    process = start("--data", str(tmp_path / "data"))
    api = Api(process.url)
    tables = [names.dataset(f"t{number}") for number in range(TABLES)]
    fillers = [names.dataset(f"filler{number}") for number in range(2_000)]
    api.taken(*(asset(uri, at(0)) for uri in tables))
    api.ask("asset", uri=tables[0])
    stopping = threading.Event()
    readers = [Reader(process.url, tables, number, stopping) for number in range(READERS)]
    threads = [threading.Thread(target=reader.run, daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    opened: set[Pair] = set()
    for number in range(ROUNDS):
        api.taken(*(edge(rng.choice(fillers), "derives", rng.choice(fillers), at(number)) for _ in range(FILLERS)))
        pairs = set(rng.sample(sorted(opened), len(opened) // 8))
        pairs |= {(tables[a], tables[b]) for a, b in (rng.sample(range(TABLES), 2) for _ in range(CHANGES // 2))}
        change = [(pair, number, pair not in opened) for pair in sorted(pairs)]
        # Few enough facts for one transaction, so that no answer has a part of them.
        lines = [edge(a, "derives", b, at(n)) if opens else retract(a, "derives", b, at=at(n)) for (a, b), n, opens in change]
        reported.transactions.append(api.taken(*lines)["watermark"])
        reported.changes.append(change)
        opened ^= pairs
    until = time.monotonic() + 2 * PATIENCE_S
    while api.http.get("/readyz").json().get("watermark", 0) < api.written:  # readers continue until the last write is visible
        assert time.monotonic() < until
        time.sleep(0.1)
    stopping.set()
    for thread in threads:
        thread.join()
    assert [reader.failure for reader in readers] == [None] * READERS
    answers = [answer for reader in readers for answer in reader.answers]
    assert len(answers) > 100
    assert len({answer["watermark"] for _, _, _, answer in answers}) > ROUNDS // 5
    assert max(len(answer.get("nodes", ())) for _, _, _, answer in answers) > TABLES // 2
    counted = [line.rpartition(" ") for line in api.http.get("/metrics").text.splitlines()]
    bases = {name: float(value) for name, _, value in counted if name.startswith("mlgraph_graph_bases_total")}
    assert sum(value for name, value in bases.items() if "compacted" in name or "rebuilt" in name) > 0, bases
    faults = [
        (call, query, minute, answer["watermark"], what)
        for call, query, minute, answer in answers
        for what in wrong(reported, call, query, minute, answer)
    ]
    assert faults == []
    api.close()
    assert process.stop() == 0


def test_the_check_finds_wrong_answers() -> None:
    reported = ExpectedEdges([3, 5], [[(("a", "b"), 1, True), (("b", "c"), 1, True)], [(("b", "c"), 2, False)]])
    query = {"uri": "a", "direction": "downstream"}
    nodes = [{"uri": uri, "distance": distance} for distance, uri in enumerate("abc")]
    edges = [{"source": "a", "target": "b"}, {"source": "b", "target": "c"}]
    complete: Json = {"watermark": 4, "nodes": nodes, "edges": edges, "total": 3}
    assert list(wrong(reported, "lineage", query, 2, complete)) == []
    assert list(wrong(reported, "lineage", query, 2, {**complete, "watermark": 5})) == ["nodes", "edges"]
    assert list(wrong(reported, "lineage", query, 1, {**complete, "watermark": 5})) == []
    assert list(wrong(reported, "lineage", query, 0, complete)) == ["nodes", "edges"]
    assert list(wrong(reported, "lineage", query, 2, {**complete, "total": 2})) == ["total"]
    affected = [{"uri": "b", "distance": 1, "path": ["a", "b"]}, {"uri": "c", "distance": 2, "path": ["a", "c"]}]
    assert list(wrong(reported, "impact", {"uri": "a"}, 2, {"watermark": 4, "affected": affected})) == ["path to c"]
