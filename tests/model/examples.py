"""Builders for histories written by hand; times are small whole numbers."""

from __future__ import annotations

from mlgraph.domain.facts import AssetFact, Declaration, EdgeFact, Fact, Mode
from mlgraph.domain.uri import AssetUri
from tests.model.naive import NaiveGraph
from tests.model.pairs import Level
from tests.model.records import Triple

A, B, C = (AssetUri("dataset", "lake", name) for name in "ABC")
W = AssetUri("workflow", "jobs", "w")
V = AssetUri("model_version", "mlflow", "m/1")
EDGE = (A, "derives", B)


def edge(start: int, end: int | None = None, origin: str = "facts", **reported: str) -> EdgeFact:
    return EdgeFact(*EDGE, origin, start, end, reported)


def run_uri(number: int) -> AssetUri:
    return AssetUri("run", "jobs", f"r{number}")


def run(
    number: int,
    moment: int,
    inputs: list[AssetUri] | None,
    outputs: list[AssetUri] | None = None,
    state: str = "COMPLETE",
    *,
    code: str | None = None,
    origin: str = "openlineage",
    workflow: AssetUri | None = W,
) -> list[Fact]:
    """Return one event of a run; a side that is None was not reported."""
    sides = {side: True for side, listed in (("inputs", inputs), ("outputs", outputs)) if listed is not None}
    properties = {"state": state, "sides": sides, **({"code_version": code} if code else {})}
    uri = run_uri(number)
    facts: list[Fact] = [AssetFact(uri, origin, moment, {"properties": properties}, Mode.PATCH)]
    if workflow:
        facts.append(EdgeFact(uri, "run_of", workflow, origin, moment, mode=Mode.PATCH))
    facts += [EdgeFact(source, "input_to", uri, origin, moment, mode=Mode.PATCH) for source in inputs or ()]
    facts += [EdgeFact(uri, "outputs", target, origin, moment, mode=Mode.PATCH) for target in outputs or ()]
    return facts


def declared(
    moment: int, inputs: list[AssetUri], sides: tuple[str, ...] = ("inputs",), origin: str = "openlineage"
) -> list[Fact]:
    """Return a job event that lists these inputs."""
    return [
        Declaration(W, origin, moment, sides),
        *(EdgeFact(source, "input_to", W, origin, moment, mode=Mode.DECLARED) for source in inputs),
    ]


def when(facts: list[Fact], triple: Triple, level: Level = "asset", origin: str | None = None) -> list[tuple[int, int | None]]:
    """Return the intervals in which the edge is valid, found by probing moments 0 to 100; end None: still valid at 100."""
    graph = NaiveGraph(facts)
    is_open = [
        triple in origins and (origin is None or origin in origins[triple])
        for origins in (graph.edge_origins(level, t) for t in range(101))
    ]
    found: list[tuple[int, int | None]] = []
    for t, now in enumerate(is_open):
        if now and (t == 0 or not is_open[t - 1]):
            found.append((t, None))
        elif not now and t > 0 and is_open[t - 1]:
            found[-1] = (found[-1][0], t)
    return found


READS: Triple = (A, "input_to", W)
R = {"A": [A], "B": [B], "AB": [A, B]}
