"""Pairs of inputs and outputs (docs/spec.md#4-pairs); columns, parts and cycles (docs/spec.md#5-parts-and-wholes)."""

from __future__ import annotations

import pytest

from tests.contract.producing import Producer, arrive, at, facet
from tests.contract.serving import Api, Names, asset, edge

ORDERS = ("in order", "backwards", "streamed")


@pytest.mark.parametrize("order", ORDERS)
def test_columns_pair_inputs_with_outputs(api: Api, names: Names, order: str) -> None:
    p, d = Producer(names), names.dataset
    facets = {"x": {"columnLineage": p.columns(f="a.f")}, "y": {"columnLineage": p.columns(g="b.g")}}
    arrive(api, [p.run("r", 1, "START", "ab"), p.run("r", 2, "COMPLETE", None, "xy", facets=facets)], order)
    w = names.workflow()
    assert api.reached(d("a")) == {d("a"): (0, "certain"), w: (1, "certain"), d("x"): (2, "certain")}
    assert api.reached(d("y"), direction="upstream") == {d("y"): (0, "certain"), w: (1, "certain"), d("b"): (2, "certain")}
    # exactly the edges of lineage relations between the returned nodes
    assert api.edges(d("a")) == {p.reads("a"), p.writes("x")}
    assert api.reached(names.run("r"), direction="upstream", level="run").keys() == {names.run("r"), d("a"), d("b")}


@pytest.mark.parametrize("order", ORDERS)
def test_an_output_without_columns_is_possible_with_several_inputs_and_outputs(api: Api, names: Names, order: str) -> None:
    p, d = Producer(names), names.dataset
    facets = {"x": {"columnLineage": p.columns(f="a.f")}}
    arrive(api, [p.run("r", 1, "COMPLETE", "ab", "xy", facets=facets)], order)
    w = names.workflow()
    assert api.reached(d("a")) == {
        d("a"): (0, "certain"),
        w: (1, "certain"),
        d("x"): (2, "certain"),
        d("y"): (2, "possible"),
    }
    assert api.reached(d("b")) == {d("b"): (0, "certain"), w: (1, "certain"), d("y"): (2, "possible")}
    assert api.reached(d("b"), certain="true") == {d("b"): (0, "certain"), w: (1, "certain")}


def test_one_input_is_certain_for_all_outputs(api: Api, names: Names) -> None:
    p, d = Producer(names), names.dataset
    api.event(p.run("r", 1, "COMPLETE", "a", "xyz"))
    assert {certainty for _, certainty in api.reached(d("a")).values()} == {"certain"}


@pytest.mark.parametrize("order", ORDERS)
def test_a_pair_certain_in_one_run_is_certain(api: Api, names: Names, order: str) -> None:
    p, d = Producer(names), names.dataset
    arrive(api, [p.run("r1", 1, "COMPLETE", "ab", "xy"), p.run("r2", 2, "COMPLETE", "a", "x")], order)
    assert api.reached(d("a"))[d("x")] == (2, "certain")
    assert api.reached(d("a"))[d("y")] == (2, "possible")
    assert api.reached(d("a"), at(1.5))[d("x")] == (2, "possible")


@pytest.mark.parametrize("order", ORDERS)
def test_the_latest_run_with_lineage_decides(api: Api, names: Names, order: str) -> None:
    p, d = Producer(names), names.dataset
    first, second = ({"x": {"columnLineage": p.columns(f=source)}} for source in ("a.f", "b.f"))
    arrive(
        api,
        [
            p.run("r1", 1, "COMPLETE", "ab", "x", facets=first),
            p.run("r2", 2, "COMPLETE", "ab", "x", facets=second),
            p.run("r3", 3, "COMPLETE", "ab", "x"),
        ],
        order,
    )
    assert d("x") in api.reached(d("a"), at(1))
    assert d("x") not in api.reached(d("b"), at(1))
    for minute in (2, 3):
        assert d("x") not in api.reached(d("a"), at(minute))
        assert api.reached(d("b"), at(minute))[d("x")] == (2, "certain")


def test_what_a_facet_names_beside_the_inputs_is_a_possible_input(api: Api, names: Names) -> None:
    p, d = Producer(names), names.dataset
    facets = {"x": {"columnLineage": p.columns(f="q.f")}, "y": {"columnLineage": p.columns(f="a.f q.f")}}
    api.event(p.run("r", 1, "COMPLETE", "ab", "xy", facets=facets))
    assert api.reached(d("a")) == {d("a"): (0, "certain"), names.workflow(): (1, "certain"), d("y"): (2, "certain")}
    assert api.reached(d("b")) == {d("b"): (0, "certain"), names.workflow(): (1, "certain")}
    for level, middle in (("asset", names.workflow()), ("run", names.run("r"))):
        both = {d("x"): (2, "possible"), d("y"): (2, "possible")}
        assert api.reached(d("q"), level=level) == {d("q"): (0, "certain"), middle: (1, "possible"), **both}


def test_the_lineage_facet_comes_before_columns(api: Api, names: Names) -> None:
    p, d = Producer(names), names.dataset
    lineage = facet(inputs=[{**p.named("b"), "type": "DATASET"}])
    facets = {"x": {"columnLineage": p.columns(f="a.f"), "lineage": lineage}}
    api.event(p.run("r", 1, "COMPLETE", "ab", "x", facets=facets))
    assert d("x") not in api.reached(d("a"))
    assert api.reached(d("b"))[d("x")] == (2, "certain")


def test_held_out_inputs_reach_evaluations_only(api: Api, names: Names) -> None:
    train, test, run, w = names.dataset("train"), names.dataset("test"), names.run("r"), names.workflow()
    model, evaluation = names.of("model_version", "m/1"), names.of("evaluation", "auc")
    api.taken(
        asset(run, at(1), properties={"state": "COMPLETE", "ended_at": at(1)}),
        edge(run, "run_of", w, at(1)),
        edge(train, "input_to", run, at(1), properties={"role": "training"}),
        edge(test, "input_to", run, at(1), properties={"role": "test"}),
        edge(run, "outputs", model, at(1)),
        edge(run, "outputs", evaluation, at(1)),
    )
    for level, middle in (("asset", w), ("run", run)):
        assert api.reached(test, level=level) == {test: (0, "certain"), middle: (1, "certain"), evaluation: (2, "certain")}
        assert api.reached(train, level=level).keys() == {train, middle, model, evaluation}
        assert api.reached(model, level=level, direction="upstream").keys() == {model, middle, train}


@pytest.mark.parametrize("order", ORDERS)
def test_a_column_root_is_followed_by_columns(api: Api, names: Names, order: str) -> None:
    p, d, c = Producer(names), names.dataset, names.column
    one = {"x": {"columnLineage": p.columns(f="a.f", g="a.g")}}
    two = {"y": {"columnLineage": p.columns(h="x.f")}}
    arrive(
        api,
        [
            p.run("r1", 1, "COMPLETE", "a", "x", facets=one),
            p.run("r2", 2, "COMPLETE", "x", "y", job="second", facets=two),
            p.run("r3", 3, "COMPLETE", "x", "z", job="third"),
        ],
        order,
    )
    assert api.reached(c("a", "f")) == {
        c("a", "f"): (0, "certain"),
        c("x", "f"): (1, "certain"),
        c("y", "h"): (2, "certain"),
        # the third job reports no columns: the traversal continues from the complete dataset, as possible
        d("x"): (2, "possible"),
        names.workflow("third"): (3, "possible"),
        d("z"): (4, "possible"),
    }
    assert api.reached(c("y", "h"), direction="upstream") == {
        c("y", "h"): (0, "certain"),
        c("x", "f"): (1, "certain"),
        c("a", "f"): (2, "certain"),
    }
    assert api.reached(d("a")).keys() == {d(name) for name in "axyz"} | {
        names.workflow(job) for job in ("job", "second", "third")
    }
    assert (c("a", "f"), "derives", c("x", "f")) in api.edges(c("a", "f"))


def test_a_cycle_ends(api: Api, names: Names) -> None:
    p, d, w = Producer(names), names.dataset, names.workflow
    api.events(
        [
            p.run("r1", 1, "COMPLETE", "a", "b", job="one"),
            p.run("r2", 1, "COMPLETE", "b", "c", job="two"),
            p.run("r3", 1, "COMPLETE", "c", "a", job="three"),
            p.run("r4", 1, "COMPLETE", "a", "a", job="self"),
        ]
    )
    expected = {
        d("a"): (0, "certain"),
        w("one"): (1, "certain"),
        w("self"): (1, "certain"),
        d("b"): (2, "certain"),
        w("two"): (3, "certain"),
        d("c"): (4, "certain"),
        w("three"): (5, "certain"),
    }
    assert api.reached(d("a")) == expected
    assert api.reached(d("a"), direction="upstream")[d("b")] == (4, "certain")
    assert api.reached(d("a"), direction="both")[d("c")] == (2, "certain")
    assert api.ask("impact", uri=d("a"))["total"] == len(expected) - 1
    assert len(api.edges(d("a"))) == 8
    assert [node["uri"] for node in api.ask("paths", source=d("b"), target=d("a"))["path"]] == [
        d("b"),
        w("two"),
        d("c"),
        w("three"),
        d("a"),
    ]


def test_parts_and_parents(api: Api, names: Names) -> None:
    model, one, two = names.of("model", "m"), names.of("model_version", "m/1"), names.of("model_version", "m/2")
    deployment, service = names.of("deployment", "blue"), names.of("service", "s")
    api.taken(
        edge(one, "version_of", model, at(1)),
        edge(two, "version_of", model, at(2)),
        edge(one, "deployed_as", deployment, at(1)),
        edge(deployment, "serves", service, at(1)),
    )
    assert {uri: distance for uri, (distance, _) in api.reached(model).items()} == {
        model: 0,
        one: 1,
        two: 1,
        deployment: 2,
        service: 3,
    }
    assert (one, "version_of", model) in api.edges(model)
    # a reached version adds its model as a leaf; the other version is not reached
    assert {uri: distance for uri, (distance, _) in api.reached(one).items()} == {
        one: 0,
        model: 1,
        deployment: 1,
        service: 2,
    }
    assert {uri: d for uri, (d, _) in api.reached(service, direction="upstream").items()} == {
        service: 0,
        deployment: 1,
        one: 2,
        model: 3,
    }
