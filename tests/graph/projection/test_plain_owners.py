"""What compiled code makes of plain runs and workflows is what the one place that knows the rules makes of them, one by one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import AssetFact, EdgeFact, Fact, Mode
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.row_format import TO_MASK
from mlgraph.graph.csr.string_index import Strings
from mlgraph.graph.model.rows import RUN, WORKFLOW
from mlgraph.graph.projection.batch import plain_owners
from mlgraph.services.projection.rebuild import rebuild
from tests.graph.memory import MemoryStore
from tests.model import histories

DATASETS = [AssetUri("dataset", "lake", name) for name in "ABCD"]
OUTPUTS = [*DATASETS[2:], AssetUri("model_version", "m", "1"), AssetUri("evaluation", "e", "1"), AssetUri("evaluation", "e", "2")]
WORKFLOWS = [AssetUri("workflow", "jobs", name) for name in "xy"]
ROLES = (None, None, "training", "online", "validation", "test", "custom")
ORIGINS = ("openlineage", "airflow", "facts")
Described = Counter[tuple[str, tuple[int, int], tuple[int, int], int, int, int]]


def described(base: Base) -> tuple[Described, Counter[tuple[int, int, int]]]:
    """All rows with what their ends stand for, and those that belong to a run or workflow with whose they are."""
    rows: Described = Counter()
    owned: Counter[tuple[int, int, int]] = Counter()
    for name in ("lineage", "column_lineage", "structure"):
        table = getattr(base, name)
        near = np.repeat(np.arange(len(table.out_index) - 1) // 3, np.diff(table.out_index))
        for node, (word, start, end) in zip(near.tolist(), table.out_rows.tolist(), strict=True):
            ends = [(int(base.asset_of[number]), int(base.port_of[number])) for number in (node, word & TO_MASK)]
            rows[name, ends[0], ends[1], word & ~TO_MASK, start, end] += 1
        nodes, starts = near[table.owned].tolist(), table.out_rows[table.owned, 1].tolist()
        owned.update(
            (owner, int(base.asset_of[node]), start)
            for owner, node, start in zip(table.owner.tolist(), nodes, starts, strict=True)
        )
    return rows, owned


def one_by_one(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> Base:
    with monkeypatch.context() as patch:
        patch.setattr(plain_owners, "COMPILED_FROM", 2**31)
        return rebuild(store)


def plain_history(rng: random.Random) -> list[Fact]:
    """Reports of runs and edges of workflows as plain as they come, but for a rare odd one: times collide, code varies."""
    facts: list[Fact] = []
    moments = range(10, 10 + rng.choice([6, 12, 40]))
    origins = [rng.choice(ORIGINS) for _ in range(12)]
    for _ in range(rng.randint(0, 6)):
        workflow, start = rng.choice(WORKFLOWS), rng.choice(moments)
        end = rng.choice([None, None, start + rng.randint(1, 20)])
        facts.append(_edge(rng, workflow, start, end, rng.choice(ORIGINS)))
    for number in (rng.randrange(12) for _ in range(rng.randint(1, 24))):
        facts += _report(rng, number, rng.choice(moments), origins[number])
    if rng.random() < 0.1:
        facts += histories.random_history(rng, most=3)
    return facts


def _report(rng: random.Random, number: int, moment: int, origin: str) -> Iterator[Fact]:
    run = AssetUri("run", "jobs", f"{number * 7 % 12}")
    if rng.random() < 0.03:
        origin = rng.choice(ORIGINS)
    state = rng.choice(["COMPLETE", "COMPLETE", "COMPLETE", "FAIL", "START", None])
    properties: dict[str, object] = {"code_version": rng.choice(["1", "1", "2"])} if rng.random() < 0.7 else {}
    if state:
        properties["state"] = state
    if rng.random() < 0.5:
        properties["sides"] = {side: True for side in ("inputs", "outputs") if rng.random() < 0.8}
    if state == "COMPLETE" and rng.random() < 0.3:
        properties["ended_at"] = format_time(moment + rng.randint(-9, 9))
    mode = rng.choice([Mode.PATCH, Mode.REPLACE])
    if rng.random() < 0.95:
        yield AssetFact(run, origin, moment, {"properties": properties}, mode)
    for workflow in WORKFLOWS[:2] if number == 5 else WORKFLOWS[number % 3 : number % 3 + 1]:  # every third has none
        yield EdgeFact(run, "run_of", workflow, origin, moment, mode=mode)
    end = moment + rng.randint(1, 9) if rng.random() < 0.05 else None
    for _ in range(rng.randint(0, 5)):
        yield _edge(rng, run, moment, end, origin, mode)


def _edge(rng: random.Random, owner: AssetUri, start: int, end: int | None, origin: str, mode: Mode = Mode.REPLACE) -> EdgeFact:
    answer = {"version": "v1"} if rng.random() < 0.05 else {}
    role = rng.choice(ROLES) if rng.random() < 0.4 else None
    if role is not None and rng.random() < 0.95:
        answer["role"] = role
    if rng.random() < 0.55:
        return EdgeFact(rng.choice(DATASETS[:3]), "input_to", owner, origin, start, end, answer, mode)
    answer.pop("role", None)
    if rng.random() < 0.04:
        answer["role"] = "odd"
    return EdgeFact(owner, "outputs", rng.choice(OUTPUTS), origin, start, end, answer, mode)


@settings(derandomize=True, deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_compiled_rows_are_those_that_are_computed_one_by_one(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    store = MemoryStore()
    store.append(plain_history(random.Random(seed)))
    with monkeypatch.context() as patch:
        patch.setattr(plain_owners, "COMPILED_FROM", 0)
        compiled = rebuild(store)
    assert described(compiled) == described(one_by_one(store, monkeypatch))


def test_the_histories_compared_are_plain_and_not_trivial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most owners are computed by compiled code; among their rows are ports, closed edges and pairs that are only possible."""
    monkeypatch.setattr(plain_owners, "COMPILED_FROM", 0)
    seen: Counter[str] = Counter()
    complete = plain_owners.OwnedEdges.sorted_out

    def noted(self: plain_owners.OwnedEdges, uris: Strings) -> plain_owners.Plain:
        plain = complete(self, uris)
        for output in plain.rows(1 << 20):
            seen["rows"] += len(output.rows)
            seen["ports"] += len(output.ports)
            seen["closed"] += int((output.rows[:, 4] < 2**62).sum())
            seen["possible"] += int((output.rows[:, 2] >> 32 & 7 == 1).sum())
        for kind, name in ((RUN, "runs"), (WORKFLOW, "workflows")):
            seen[f"plain {name}"] += int((plain.usual & (self._kind == kind)).sum())
            seen[name] += int((self._kind == kind).sum())
        return plain

    monkeypatch.setattr(plain_owners.OwnedEdges, "sorted_out", noted)
    for seed in range(100):
        store = MemoryStore()
        store.append(plain_history(random.Random(seed)))
        rebuild(store)
    assert min(seen["ports"], seen["closed"], seen["possible"]) > 100
    assert seen["runs"] > seen["plain runs"] > seen["runs"] / 2
    assert seen["workflows"] > seen["plain workflows"] > seen["workflows"] / 4
