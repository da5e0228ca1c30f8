"""Renderers of lineage, impact, path and why: cycles, cut answers, empty answers, premises."""

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from mlgraph.api.schema import operations
from mlgraph.cli.renderers import asset_renderers, closure_renderers
from mlgraph.client.answer_shapes import shapes


def uri(name: int | str) -> str:
    return f"mlg://dataset/a/{name}"


def rendered(renderable: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=400, highlight=False).print(renderable)
    return out.getvalue()


def closure(
    nodes: dict[str, int], edges: list[tuple[str, str]], *, direction: str = "downstream", relation: str = "derives"
) -> shapes.Lineage:
    """Return a closure of datasets with these names and distances, and edges between pairs of names."""
    answer = operations.LINEAGE.copy()
    answer["root"] = uri(next(iter(nodes)))
    answer["direction"] = direction
    answer["nodes"] = [
        {"uri": uri(name), "kind": "dataset", "name": name, "distance": far, "certainty": "certain"}
        for name, far in nodes.items()
    ]
    answer["edges"] = [
        {"source": uri(a), "relation": relation, "target": uri(b), "origins": ["facts"], "certainty": "certain"} for a, b in edges
    ]
    answer["total"] = len(nodes)
    return answer


def test_an_ambiguous_root_is_shown_with_its_claimants_and_what_to_do() -> None:
    answer = closure(
        {"r": 0, **{str(number): 1 for number in range(12)}}, [("r", str(number)) for number in range(12)], relation="alias_of"
    )
    answer["direction"], answer["ambiguous"] = "upstream", [uri(number) for number in range(12)]
    text = rendered(closure_renderers.lineage(answer))
    assert "-> alias_of  dataset 7" in text, "a step from a name to its claimant has the direction of the edge"
    impact: shapes.Impact = {**operations.IMPACT, "root": uri("r"), "ambiguous": answer["ambiguous"]}
    for shown in (
        text,
        rendered(closure_renderers.impact(impact)),
        rendered(closure_renderers.impact({**impact, "affected": []})),
    ):
        assert "This name is ambiguous: 12 assets claim it" in shown
        assert f"  {uri(9)}\n  and 2 more" in shown
        assert f"mlgraph same {uri('r')} ASSET" in shown
    assert "ambiguous" not in rendered(closure_renderers.lineage(closure({"r": 0, "a": 1}, [("r", "a")])))


def test_upstream_arrows_point_the_other_way() -> None:
    text = rendered(closure_renderers.lineage(closure({"r": 0, "a": 1}, [("a", "r")], direction="upstream")))
    assert "<- derives  dataset a" in text


def test_a_cycle_draws_each_node_once() -> None:
    text = rendered(
        closure_renderers.lineage(closure({"r": 0, "a": 1, "b": 2}, [("r", "a"), ("a", "b"), ("b", "r"), ("b", "a")]))
    )
    assert [text.count(f"dataset {name} ") for name in "rab"] == [1, 1, 1]


def test_a_node_without_a_listed_edge_shows_its_distance() -> None:
    assert "dataset far  3 steps away" in rendered(closure_renderers.lineage(closure({"r": 0, "far": 3}, [])))


def test_an_edge_against_the_flow_does_not_carry_a_node() -> None:
    text = rendered(closure_renderers.lineage(closure({"r": 0, "a": 1, "b": 2}, [("r", "a"), ("r", "b"), ("b", "a")])))
    assert "dataset b  2 steps away" in text


def test_part_edges_carry_a_node_either_way() -> None:
    text = rendered(closure_renderers.lineage(closure({"r": 0, "part": 1}, [("part", "r")], relation="part_of")))
    assert "<- part_of  dataset part" in text


def test_a_possible_node_is_marked() -> None:
    answer = closure({"r": 0, "a": 1}, [("r", "a")])
    answer["nodes"][1]["certainty"] = "possible"
    assert "dataset a  possible" in rendered(closure_renderers.lineage(answer))


def test_an_empty_closure_is_reported() -> None:
    assert "No downstream lineage is known at this moment." in rendered(closure_renderers.lineage(closure({"r": 0}, [])))


def test_a_long_closure_is_cut_and_reports_it() -> None:
    nodes = {"r": 0} | {str(number): 1 for number in range(1000)}
    text = rendered(closure_renderers.lineage(closure(nodes, [("r", str(number)) for number in range(1000)])))
    assert text.count("-> derives") == closure_renderers.MAX_NODES
    assert "301 of 1,001 shown" in text


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20), st.sampled_from(["upstream", "both"]))
def test_every_node_is_drawn_whatever_the_edges(pairs: list[tuple[int, int]], direction: str) -> None:
    nodes = {str(number): number // 2 for number in range(7)}
    answer = closure(nodes, [(str(a), str(b)) for a, b in pairs], direction=direction)
    text = rendered(closure_renderers.lineage(answer))
    assert all(text.count(uri(name)) == 1 for name in nodes)


def test_no_path_and_no_impact_are_answers() -> None:
    no_path = operations.PATH.copy()
    no_path["path"] = []
    assert "No path" in rendered(closure_renderers.path(no_path))
    unaffected = operations.IMPACT.copy()
    unaffected["affected"] = []
    assert "No known asset is affected" in rendered(closure_renderers.impact(unaffected))


def premise(source: str, relation: str, target: str, **answer: Any) -> Any:
    times = {"valid_from": "2026-01-01T00:00:00Z", "valid_to": None}
    origin = {"origins": ["facts"], "certainty": "certain", "rule": None, "path": []}
    return {"source": source, "relation": relation, "target": target, **times, **origin, **answer}


def test_premises_of_an_inferred_edge_are_rendered_and_their_own_premises_indented() -> None:
    data, version = "mlg://dataset/lake/d", "mlg://model_version/m/v%2F1"
    under = [premise(data, "input_to", "mlg://run/jobs/r")]
    rule = {"rule": "trained-on-dataset", "origins": ["rule:trained-on-dataset"], "certainty": "possible"}
    answer: Any = {
        **operations.WHY,
        "source": "mlg://service/prod/s",
        "relation": "depends_on",
        "target": data,
        "rule": "service-depends-on-dataset",
        "path": [premise(version, "trained_on", data, path=under, **rule)],
        "path_as_of": "2026-01-02T00:00:00Z",
    }
    lines = rendered(asset_renderers.why(answer)).splitlines()
    assert any(line.startswith("inferred by the rule service-depends-on-dataset, at 2026-01-02") for line in lines)
    (of_version,) = [line for line in lines if "-trained_on->" in line]
    (of_run,) = [line for line in lines if "-input_to->" in line and "run r" in line]
    assert "rule:trained-on-dataset" in of_version
    assert of_version.endswith("possible")
    assert (len(of_version) - len(of_version.lstrip()), len(of_run) - len(of_run.lstrip())) == (2, 4)
