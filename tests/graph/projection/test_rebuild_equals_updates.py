"""A base rebuilt from the store has the same rows as incremental projection, and answers as the naive model does."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import AssetFact, EdgeFact, Fact, Mode
from mlgraph.domain.timestamps import FOREVER, format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.row_format import FLAG_SHIFT, TO_MASK
from mlgraph.graph.model.rows import CERTAIN, WALK
from mlgraph.services.common.metrics import PROCESS
from mlgraph.services.projection.rebuild import rebuild
from tests.graph.memory import MemoryStore
from tests.graph.projected import Projected
from tests.graph.test_against_naive import disagreements
from tests.model import histories
from tests.model.naive import NaiveGraph
from tests.plugins.amounts import amounts

DATASETS = [AssetUri("dataset", "lake", name) for name in "ABCD"]
OUTPUTS = [*DATASETS[2:], AssetUri("model_version", "m", "1"), AssetUri("evaluation", "e", "1"), AssetUri("evaluation", "e", "2")]
WORKFLOWS = [AssetUri("workflow", "jobs", name) for name in "xy"]
ROLES = (None, None, "training", "online", "validation", "test", "custom")
ORIGINS = ("openlineage", "airflow", "facts")
Described = Counter[tuple[str, tuple[int, int], tuple[int, int], int, int, int]]


def described(base: Base) -> tuple[Described, Counter[tuple[int, int, int]]]:
    """Return all rows with their ends as assets and ports, and the rows of runs and workflows with their owner."""
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


def plain_history(rng: random.Random) -> list[Fact]:
    """Return ordinary reports of runs and edges of workflows, with few exceptions: times collide, code versions vary."""
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
    properties = {"version": "v1"} if rng.random() < 0.05 else {}
    role = rng.choice(ROLES) if rng.random() < 0.4 else None
    if role is not None and rng.random() < 0.95:
        properties["role"] = role
    if rng.random() < 0.55:
        return EdgeFact(rng.choice(DATASETS[:3]), "input_to", owner, origin, start, end, properties, mode)
    properties.pop("role", None)
    if rng.random() < 0.04:
        properties["role"] = "odd"
    return EdgeFact(owner, "outputs", rng.choice(OUTPUTS), origin, start, end, properties, mode)


@amounts(60, 300)
@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.integers(0, 2**32 - 1))
def test_a_base_from_the_store_has_the_rows_that_following_gives(seed: int) -> None:
    rng = random.Random(seed)
    facts = plain_history(rng)
    followed = Projected(histories.split(histories.shuffled(facts, rng), rng))
    assert described(rebuild(followed.store)) == described(compact(freeze(followed.graph)))


@amounts(15, 60)
@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_a_base_from_the_store_answers_as_the_naive_model_does(seed: int) -> None:
    rng = random.Random(seed)
    facts = plain_history(rng)
    naive, real = NaiveGraph(facts), Projected([facts])
    real.rebuild()
    for moment in rng.sample(range(5, 60), 2):
        assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == []


def test_outputs_have_no_role() -> None:
    """One of two runs gives its output a role: later runs that leave the output out end it as if it had none."""
    facts = plain_history(random.Random(3306))
    assert list(disagreements(NaiveGraph(facts), Projected([facts]), 31, 3)) == []


def test_the_histories_compared_are_not_trivial() -> None:
    """Among the rows are ports, closed edges, pairs that are only possible, and edges that one fact alone decides."""
    seen: Counter[str] = Counter()
    taken = partial(PROCESS.get_sample_value, "mlgraph_projection_shortcuts_total", {"reason": "lone_fact"})
    before = taken() or 0
    for seed in range(100):
        store = MemoryStore()
        store.append([*plain_history(random.Random(seed)), EdgeFact(DATASETS[0], "derives", DATASETS[1], "facts", 10)])
        rows, owned = described(rebuild(store))
        seen["rows"] += rows.total()
        seen["owned"] += owned.total()
        seen["ports"] += len({end for _, *ends, _, _, _ in rows for end in ends if end[1]})
        seen["closed"] += sum(until < FOREVER for *_, until in rows)
        seen["possible"] += sum(word >> FLAG_SHIFT & (WALK | CERTAIN) == WALK for *_, word, _, _ in rows)
    assert min(seen["ports"], seen["closed"], seen["possible"]) > 100
    assert seen["rows"] > seen["owned"] > 1000
    assert (taken() or 0) >= before + 100
