"""Closures as the server answers them, generated, with hostile names."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from mlgraph.client.answer_shapes.shapes import Edge, Impact, Lineage, Node
from mlgraph.client.display.impact_answer import ImpactAnswer
from mlgraph.client.display.lineage_answer import LineageAnswer
from tests.domain.text.hostile_texts import hostile_texts


def lineage_of(nodes: list[Node], edges: list[Edge], direction: str = "downstream", **more: Any) -> Lineage:
    answer: Any = {
        "root": nodes[0]["uri"],
        "direction": direction,
        "level": "asset",
        "as_of": "2026-11-01T00:00:00Z",
        "ambiguous": [],
        "nodes": nodes,
        "edges": edges,
        "total": len(nodes),
        "partial": False,
        "reason": None,
        "frontier": None,
        "folded": {"count": 0, "by_rule": {}},
        "cold_runs": 0,
        "watermark": 42,
        **more,
    }
    found: Lineage = answer
    return found


def node(number: int, distance: int, name: str | None = None, kind: str = "dataset") -> Node:
    return {
        "uri": f"mlg://{kind}/lake/{number}",
        "kind": kind,
        "name": f"asset {number}" if name is None else name,
        "distance": distance,
        "certainty": "certain",
    }


def edge(source: Node, target: Node) -> Edge:
    return {
        "source": source["uri"],
        "relation": "derives",
        "target": target["uri"],
        "origins": ["facts"],
        "certainty": "certain",
    }


@st.composite
def lineages(draw: st.DrawFn) -> Lineage:
    """Return a strategy of closures of up to forty assets in up to nine columns, in any direction."""
    direction = draw(st.sampled_from(["downstream", "upstream", "both"]))
    distances = sorted(draw(st.lists(st.integers(1, 9), max_size=40)))
    names = draw(st.lists(hostile_texts(), min_size=len(distances) + 1, max_size=len(distances) + 1))
    kinds = st.sampled_from(["dataset", "model_version", "service", "a kind from a later version"])
    nodes = [
        node(number, distance, name, draw(kinds))
        for number, (distance, name) in enumerate(zip([0, *distances], names, strict=True))
    ]
    pairs = st.tuples(st.sampled_from(nodes), st.sampled_from(nodes))
    edges = [edge(*pair) for pair in draw(st.lists(pairs, max_size=60))]
    return lineage_of(nodes, edges, direction)


def lineage_answer(lineage: Lineage) -> LineageAnswer:
    return LineageAnswer(200, json_of(lineage))


def impact_answer(impact: Impact) -> ImpactAnswer:
    return ImpactAnswer(200, json_of(impact))


def json_of(value: object) -> bytes:
    return json.dumps(value).encode()
