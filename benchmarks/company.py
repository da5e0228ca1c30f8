"""Seeded generator of a company's lifecycle graph, from raw data to services, with the expected asset-level graph.

The asset-level graph is known without projecting runs: runs report only edges that their workflow declares, after the declaration
and without an end, so that they add nothing to it (docs/spec.md#3-asset-level).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.edge_generator import PLAIN, TRAINING, draw
from benchmarks.layout import LAYERS, Bytes, Ints, Layout, Longs
from benchmarks.reachability import CompressedRows, first_that_reach
from benchmarks.sizes import Size
from mlgraph.domain.timestamps import FOREVER, parse_time
from mlgraph.domain.vocabulary import RELATIONS

DAY_US: Final = 86_400_000_000
SECOND_US: Final = 1_000_000
FIRST_DAY_US: Final = parse_time("2023-07-01T00:00:00Z")
NOW_US: Final = parse_time("2025-07-01T00:00:00Z")
"""The present of the company: all ends of closed edges are before it, and nothing starts after it."""
CLOSED_RATIO: Final = 0.15
RUN_EDGES: Final = 5
"""Edges of a run whose workflow has at least three inputs: to its workflow, from three inputs, to an output."""
RUN_INPUTS: Final = 3
_INPUT_TO: Final = RELATIONS["input_to"].code
_OUTPUTS: Final = RELATIONS["outputs"].code
_RUN_OF: Final = RELATIONS["run_of"].code
_READ_BY: Final = np.array(
    [RELATIONS[{"dataset": "derives", "feature": "feeds"}.get(layer.kind, "input_to")].code for layer in LAYERS], np.uint8
)
"""By layer: the relation of an edge from a dataset to a node of the layer."""
_TRAIN: Final = next(code for code, layer in enumerate(LAYERS) if layer.name == "train")


@dataclass(frozen=True, slots=True)
class Edges:
    """Edges as columns: ends as node numbers, relation by the vocabulary's code, [valid_from, valid_to) in microseconds."""

    source: Ints
    relation: Bytes
    target: Ints
    valid_from: Longs
    valid_to: Longs
    role: Bytes

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: NDArray[np.integer]) -> Edges:
        """Return these rows, in this order."""
        return Edges(
            self.source[rows], self.relation[rows], self.target[rows], self.valid_from[rows], self.valid_to[rows], self.role[rows]
        )

    def valid_at(self, moment: int) -> NDArray[np.bool_]:
        """Return a mask of the edges that are valid at `moment` (microseconds)."""
        return (self.valid_from <= moment) & (moment < self.valid_to)


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of workflows as columns: node numbers, start and end (microseconds), completion, number of the code version."""

    run: Ints
    workflow: Ints
    started_at: Longs
    ended_at: Longs
    complete: NDArray[np.bool_]
    code_version: Ints


@dataclass(frozen=True, slots=True)
class Company:
    """A generated company: `edges` is the complete asset-level graph, `run_edges` are the edges of runs.

    `kinds` and `known_since` are indexed by node number; runs are nodes without asset-level edges.
    """

    size: Size
    seed: int
    layout: Layout
    kinds: Bytes
    known_since: Longs
    edges: Edges
    runs: Runs
    run_edges: Edges
    hubs: Ints


def generate_company(size: Size, seed: int = 1) -> Company:
    """Return the company of this size and seed. Raises `ValueError` if the nodes cannot be divided into the domains."""
    rng = np.random.default_rng(seed)
    layout = Layout(size.domains, size.nodes // size.domains)
    if layout.nodes != size.nodes:
        raise ValueError(f"{size.nodes} nodes cannot be divided into {size.domains} domains of one width")
    runs = size.domains * layout.count("run")
    wanted = size.edges - runs * RUN_EDGES
    source, relation, target, role = draw(layout, rng, wanted)
    has_runs = _run_workflows(layout)
    owner = np.where(relation == _OUTPUTS, source, np.where(relation == _INPUT_TO, target, -1))
    selected = has_runs[owner] & (owner >= 0)
    valid_from, valid_to = _times(rng, selected, int(size.edges * CLOSED_RATIO))
    edges = Edges(source, relation, target, valid_from, valid_to, role)
    hubs = _hub_tables(layout, size.hubs)
    edges = _with_hubs(layout, rng, edges, hubs, size.hub_closure)
    reported, run_edges = _runs(layout, rng, edges, has_runs)
    known_since = FIRST_DAY_US - rng.integers(1, 30, size.nodes) * DAY_US
    known_since[reported.run] = reported.started_at
    kinds = layout.kinds_of(np.arange(size.nodes))
    return Company(size, seed, layout, kinds, known_since, edges, reported, run_edges, hubs)


def _run_workflows(layout: Layout) -> NDArray[np.bool_]:
    """Return a mask of every third workflow: these have the runs, and their edges never close."""
    marks = np.zeros(layout.nodes, np.bool_)
    marks[layout.nodes_of("etl", "train")[::3]] = True
    return marks


def _seconds(rng: np.random.Generator, many: int, days: float, power: float = 1.0) -> Longs:
    """Return durations of up to `days`, in microseconds (full seconds); a `power` above 1 makes short ones more frequent."""
    return (rng.random(many) ** power * (days * 86_400)).astype(np.int64) * SECOND_US


def _times(rng: np.random.Generator, has_runs: NDArray[np.bool_], closed: int) -> tuple[Longs, Longs]:
    many = len(has_runs)
    valid_from = FIRST_DAY_US + np.where(has_runs, _seconds(rng, many, 300), _seconds(rng, many, 700, 2.0))
    valid_to = np.full(many, FOREVER, np.int64)
    may_close = np.flatnonzero(~has_runs)
    closing = rng.choice(may_close, min(closed, len(may_close)), replace=False)
    days_left = (NOW_US - valid_from[closing]) / DAY_US - 2
    lasted = (rng.random(len(closing)) * days_left * 86_400).astype(np.int64) * SECOND_US
    valid_to[closing] = valid_from[closing] + DAY_US + lasted
    return valid_from, valid_to


def _hub_tables(layout: Layout, hubs: int) -> Ints:
    """Return the last raw dataset of as many domains; these have no other readers."""
    domains = np.arange(hubs, dtype=np.int32) * (layout.domains // hubs)
    return layout.at(domains, "raw", np.full(hubs, layout.count("raw") - 1, np.int32))


def _with_hubs(layout: Layout, rng: np.random.Generator, edges: Edges, hubs: Ints, closure: int) -> Edges:
    """Add readers from all domains to each hub until its closure has `closure` assets."""
    rows = CompressedRows.of(layout.nodes, edges.source, edges.target, edges.valid_at(NOW_US))
    candidates = layout.nodes_of("derived", "etl", "feature", "train", "evaluation")
    sources, targets, ends = [edges.source], [edges.target], [edges.valid_to]
    for hub in hubs:
        order = rng.permutation(candidates)
        many = first_that_reach(rows, order, closure)
        closed = int(many * CLOSED_RATIO / (1 - CLOSED_RATIO))
        readers = order[: many + closed]
        sources.append(np.full(len(readers), hub, np.int32))
        targets.append(readers)
        until = np.full(len(readers), FOREVER, np.int64)
        until[many:] = NOW_US - DAY_US - _seconds(rng, len(readers) - many, 200)
        ends.append(until)
    source, target, valid_to = np.concatenate(sources), np.concatenate(targets), np.concatenate(ends)
    added = len(source) - len(edges)
    layer = layout.layer_of(target[len(edges) :])
    joined = Edges(
        source,
        np.concatenate([edges.relation, _READ_BY[layer]]),
        target,
        np.concatenate([edges.valid_from, FIRST_DAY_US + _seconds(rng, added, 300)]),
        valid_to,
        np.concatenate([edges.role, np.where(layer == _TRAIN, TRAINING, PLAIN).astype(np.uint8)]),
    )
    return joined.take(np.argsort(joined.source, kind="stable"))


def _runs(layout: Layout, rng: np.random.Generator, edges: Edges, has_runs: NDArray[np.bool_]) -> tuple[Runs, Edges]:
    domain, _ = layout.all_of("run")
    run = layout.at(*_places(layout, "run"))
    workflows = np.flatnonzero(has_runs).astype(np.int32)
    per_domain = np.searchsorted(layout.domain_of(workflows), np.arange(layout.domains + 1))
    first, many = per_domain[domain], (per_domain[1:] - per_domain[:-1])[domain]
    workflow = workflows[first + (rng.random(len(run)) * many).astype(np.int64)]
    started_at = FIRST_DAY_US + 310 * DAY_US + _seconds(rng, len(run), 400)
    ended_at = started_at + SECOND_US + _seconds(rng, len(run), 0.25)
    version = ((started_at - FIRST_DAY_US) // (120 * DAY_US)).astype(np.int32)
    reported = Runs(run, workflow, started_at, ended_at, rng.random(len(run)) < 0.95, version)
    return reported, _run_edges(layout, rng, reported, edges)


def _places(layout: Layout, layer: str) -> tuple[Ints, str, Ints]:
    domain, place = layout.all_of(layer)
    return domain, layer, place


def _run_edges(layout: Layout, rng: np.random.Generator, runs: Runs, edges: Edges) -> Edges:
    """Return the edges of runs: to their workflow, from up to three of its inputs, to its first output."""
    open_now = edges.valid_at(NOW_US)  # runs do not read a hub whose edge to the workflow has closed
    inputs = np.flatnonzero((edges.relation == _INPUT_TO) & open_now)
    inputs = inputs[np.argsort(edges.target[inputs], kind="stable")]
    reads = np.searchsorted(edges.target[inputs], np.arange(layout.nodes + 1))
    outputs = np.flatnonzero((edges.relation == _OUTPUTS) & open_now)
    writes = np.searchsorted(edges.source[outputs], np.arange(layout.nodes + 1))
    degree = (reads[1:] - reads[:-1])[runs.workflow]
    begin = (rng.random(len(degree)) * np.maximum(degree, 1)).astype(np.int64)
    parts = [(runs.run, _RUN_OF, runs.workflow, runs.started_at, np.zeros(len(runs.run), np.uint8))]
    for number in range(RUN_INPUTS):
        has = np.flatnonzero(degree > number)
        row = inputs[reads[runs.workflow[has]] + (begin[has] + number) % degree[has]]
        parts.append((edges.source[row], _INPUT_TO, runs.run[has], runs.started_at[has], edges.role[row]))
    has = np.flatnonzero((writes[1:] - writes[:-1])[runs.workflow] > 0)
    written = edges.target[outputs[writes[runs.workflow[has]]]]
    parts.append((runs.run[has], _OUTPUTS, written, runs.ended_at[has], np.zeros(len(has), np.uint8)))
    return Edges(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([np.full(len(part[0]), part[1], np.uint8) for part in parts]),
        np.concatenate([part[2] for part in parts]),
        np.concatenate([part[3] for part in parts]),
        np.full(sum(len(part[0]) for part in parts), FOREVER, np.int64),
        np.concatenate([part[4] for part in parts]),
    )
