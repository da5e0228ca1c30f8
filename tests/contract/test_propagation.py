"""Propagation of a change over HTTP, independent of the order of the events (docs/propagation.md)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.producing import Producer, arrive, at
from tests.contract.serving import Api, Json, Names, asset, edge, retract

ORDERS = ("in order", "backwards", "one by one", "streamed")


def states(api: Api, root: str, since: float = 10, as_of: float | None = None, **query: Any) -> dict[str, str]:
    """The state of each entry of an answer, by name."""
    return {name: entry["state"] for name, entry in entries(api, root, since, as_of, **query).items()}


def entries(api: Api, root: str, since: float = 10, as_of: float | None = None, **query: Any) -> dict[str, Json]:
    at_moment = {} if as_of is None else {"as_of": at(as_of)}
    answer = api.ask("propagation", uri=root, since=at(since), **at_moment, **query)
    listed = [*answer["workflows"], *answer["assets"]]
    assert answer["total"] == len(listed)
    assert sum(sum(counts.values()) for counts in answer["by_state"].values()) == answer["total"]
    return {entry["name"]: entry for entry in listed}


def propagation_of(
    p: Producer, run: str, times: tuple[float, float], sides: tuple[str, str], job: str, state: str = "COMPLETE"
) -> list[Json]:
    """A run's start and end. `sides` are its inputs and outputs, one-letter datasets."""
    begins, ends = times
    return [p.run(run, begins, "START", sides[0], job=job), p.run(run, ends, state, *sides, job=job)]


def chain(p: Producer) -> list[Json]:
    """Before the change: r -> one -> a -> two -> b."""
    return [*propagation_of(p, "r1", (1, 2), ("r", "a"), "one"), *propagation_of(p, "r2", (3, 4), ("a", "b"), "two")]


@pytest.mark.parametrize("order", ORDERS)
def test_a_change_is_followed_run_by_run(api: Api, names: Names, order: str) -> None:
    p, root = Producer(names), names.dataset("r")
    events = chain(p)
    events += propagation_of(p, "early", (9, 11), ("r", "a"), "one")  # started before the change: it read the old state
    events += propagation_of(p, "broken", (12, 13), ("r", "a"), "one", "FAIL")
    events += propagation_of(p, "good", (14, 16), ("r", "a"), "one")
    events += propagation_of(p, "hasty", (15, 17), ("a", "b"), "two")  # started before its input was new
    events += [p.run("next", 20, "START", "a", job="two")]
    events += [p.run("next", 22, "ABORT", "a", "b", job="two")]
    events += propagation_of(p, "last", (24, 25), ("a", "b"), "two")
    arrive(api, events, order)
    expected: dict[float, tuple[str, str, str, str]] = {
        10: ("old", "stale", "waiting", "stale"),
        12: ("running", "stale", "waiting", "stale"),
        13: ("failed", "stale", "waiting", "stale"),
        14: ("running", "stale", "waiting", "stale"),
        16: ("rebuilt", "fresh", "old", "stale"),
        20: ("rebuilt", "fresh", "running", "stale"),
        22: ("rebuilt", "fresh", "failed", "stale"),
        25: ("rebuilt", "fresh", "rebuilt", "fresh"),
    }
    for moment, (one, a, two, b) in expected.items():
        assert states(api, root, as_of=moment) == {"one": one, "a": a, "two": two, "b": b}, moment
    reported = entries(api, root)
    assert (reported["one"]["run"], reported["one"]["since"]) == (names.run("good"), at(16))
    assert (reported["a"]["run"], reported["a"]["since"]) == (names.run("good"), at(16))
    assert entries(api, root, as_of=22)["two"]["run"] == names.run("next")
    waiting = entries(api, root, as_of=14)["two"]
    assert waiting["waits_on"] == waiting["missing"] == [names.dataset("a")]
    assert [reported[name]["distance"] for name in ("one", "a", "two", "b")] == [1, 2, 3, 4]


def test_a_run_that_ends_late_writes_the_old_state_again(api: Api, names: Names) -> None:
    p, root = Producer(names), names.dataset("r")
    events = [
        *chain(p),
        *propagation_of(p, "slow", (9, 20), ("r", "a"), "one"),
        *propagation_of(p, "good", (11, 12), ("r", "a"), "one"),
    ]
    events += propagation_of(p, "between", (13, 14), ("a", "b"), "two")
    arrive(api, events, "streamed")
    assert states(api, root, as_of=15) == {"one": "rebuilt", "a": "fresh", "two": "rebuilt", "b": "fresh"}
    assert states(api, root) == {"one": "old", "a": "stale", "two": "rebuilt", "b": "fresh"}
    assert entries(api, root)["a"]["run"] == names.run("slow")


@pytest.mark.parametrize("order", ORDERS)
def test_some_of_the_inputs(api: Api, names: Names, order: str) -> None:
    p, root = Producer(names), names.dataset("r")
    events = [*propagation_of(p, "r1", (1, 2), ("r", "a"), "one"), *propagation_of(p, "r2", (1, 2), ("r", "b"), "two")]
    events += propagation_of(p, "r3", (3, 4), ("ab", "c"), "three")
    events += [*propagation_of(p, "n1", (11, 12), ("r", "a"), "one"), *propagation_of(p, "n3", (13, 14), ("ab", "c"), "three")]
    arrive(api, events, order)
    reported = entries(api, root)
    assert {name: entry["state"] for name, entry in reported.items()} == {
        "one": "rebuilt",
        "a": "fresh",
        "two": "old",
        "b": "stale",
        "three": "partly",
        "c": "partly",
    }
    assert reported["three"]["missing"] == reported["three"]["waits_on"] == [names.dataset("b")]
    more = [*propagation_of(p, "n2", (15, 16), ("r", "b"), "two"), *propagation_of(p, "n4", (17, 18), ("a", "c"), "three")]
    arrive(api, more, order)
    # the last run omitted b, so nothing was rebuilt from b
    reported = entries(api, root)
    assert (reported["three"]["state"], reported["c"]["state"]) == ("partly", "partly")
    assert (reported["three"]["missing"], reported["three"]["waits_on"]) == ([names.dataset("b")], [])
    arrive(api, propagation_of(p, "n5", (19, 20), ("b", "c"), "three"), order)
    assert states(api, root)["c"] == "fresh"
    assert states(api, root)["three"] == "rebuilt"


def test_a_run_counts_for_its_outputs_and_their_inputs(api: Api, names: Names) -> None:
    job, other, of = names.workflow(), names.dataset("other"), names.dataset
    input_properties = {"properties": {"from": [of("r")]}}, {"properties": {"from": [other]}}

    def reported(run: str, begins: float, ends: float, outputs: str, state: str = "COMPLETE") -> list[Json]:
        uri = names.run(run)
        lines = [asset(uri, at(ends), properties={"state": state, "started_at": at(begins), "ended_at": at(ends)})]
        lines += [edge(uri, "run_of", job, at(begins)), edge(other, "input_to", uri, at(begins))]
        lines += [edge(of("r"), "input_to", uri, at(begins))]
        return lines + [edge(uri, "outputs", of(each), at(ends), **input_properties[each == "z"]) for each in outputs]

    api.taken(*reported("r1", 1, 2, "xyz"), *reported("r2", 11, 12, "xz"))
    assert states(api, of("r")) == {"job": "rebuilt", "x": "fresh", "y": "stale"}, "z is not derived from r"
    api.taken(*reported("r3", 13, 14, "y", "FAIL"))
    assert states(api, of("r"))["y"] == "stale"
    api.taken(*reported("r4", 13, 15, "y"))
    assert states(api, of("r")) == {"job": "rebuilt", "x": "fresh", "y": "fresh"}
    assert states(api, other) == {"job": "rebuilt", "z": "fresh"}


def test_a_run_without_inputs_and_outputs_has_those_of_its_workflow(api: Api, names: Names) -> None:
    job, of = names.workflow(), names.dataset
    api.taken(edge(of("r"), "input_to", job, at(1)), edge(job, "outputs", of("a"), at(1)))
    assert states(api, of("r")) == {"job": "old", "a": "stale"}
    run = names.run("r1")
    api.taken(asset(run, at(11), properties={"state": "RUNNING"}), edge(run, "run_of", job, at(11)))
    assert states(api, of("r")) == {"job": "running", "a": "stale"}
    api.taken(asset(run, at(12), properties={"state": "COMPLETE", "started_at": at(11), "ended_at": at(12)}))
    assert states(api, of("r")) == {"job": "rebuilt", "a": "fresh"}


def test_an_end_that_is_only_a_property_is_found(api: Api, names: Names) -> None:
    job, of, run = names.workflow(), names.dataset, names.run("slow")
    api.taken(edge(of("r"), "input_to", job, at(1)), edge(job, "outputs", of("a"), at(1)))
    good = names.run("good")
    api.taken(
        asset(run, at(2), properties={"state": "COMPLETE", "started_at": at(2), "ended_at": at(20).replace("Z", "+00:00")}),
        edge(run, "run_of", job, at(2)),
        asset(good, at(12), properties={"state": "COMPLETE", "started_at": at(11), "ended_at": at(12)}),
        edge(good, "run_of", job, at(11)),
    )
    assert states(api, of("r"), as_of=15) == {"job": "rebuilt", "a": "fresh"}
    assert states(api, of("r")) == {"job": "old", "a": "stale"}, "the slow run wrote the old state again"


def test_views_follow_their_source_and_a_workflows_own_outputs_do_not_count_as_inputs(api: Api, names: Names) -> None:
    p, of = Producer(names), names.dataset
    arrive(
        api,
        [*propagation_of(p, "r1", (1, 2), ("ra", "a"), "one"), *propagation_of(p, "n1", (11, 12), ("ra", "a"), "one")],
        "in order",
    )
    view, again = of("view"), of("again")
    api.taken(edge(of("a"), "derives", view, at(3)), edge(view, "derives", again, at(14)), edge(again, "derives", view, at(3)))
    assert states(api, of("r"), as_of=11) == {"one": "running", "a": "stale", "view": "stale"}
    reported = entries(api, of("r"))
    assert {name: each["state"] for name, each in reported.items()} == {
        "one": "rebuilt",
        "a": "fresh",
        "view": "fresh",
        "again": "fresh",
    }
    assert (reported["view"]["since"], reported["again"]["since"]) == (at(12), at(14))


def test_versions_never_change_and_deployments_move_to_new_ones(api: Api, names: Names) -> None:
    of, root, train = names.of, names.dataset("r"), names.workflow("train")
    model, service = of("model", "ranker"), of("service", "api")
    team = of("team", "ml")

    def trained(run: str, version: str, begins: float, ends: float) -> list[Json]:
        uri, made = names.run(run), of("model_version", version)
        return [
            asset(uri, at(ends), properties={"state": "COMPLETE", "started_at": at(begins), "ended_at": at(ends)}),
            edge(uri, "run_of", train, at(begins)),
            edge(root, "input_to", uri, at(begins)),
            edge(uri, "outputs", made, at(ends)),
            edge(made, "version_of", model, at(ends)),
        ]

    blue, green = of("deployment", "blue"), of("deployment", "green")
    api.taken(
        *trained("t1", "v1", 1, 2),
        *trained("t2", "v2", 11, 12),
        asset(blue, at(3), owners=[team], properties={"weight": 0.9}),
        asset(green, at(13), properties={"weight": 0.1}),
        edge(of("model_version", "v1"), "deployed_as", blue, at(3)),
        edge(blue, "serves", service, at(3)),
        edge(of("model_version", "v2"), "deployed_as", green, at(13)),
        edge(green, "serves", service, at(13)),
    )
    reported = entries(api, root)
    assert {name: each["state"] for name, each in reported.items()} == {
        "train": "rebuilt",
        "v1": "old",
        "v2": "fresh",
        "ranker": "fresh",
        "blue": "on_old",
        "green": "on_new",
        "api": "mixed",
    }
    assert reported["v1"]["successor"] == of("model_version", "v2")
    assert reported["green"]["since"] == at(13)
    assert reported["api"]["served_by"] == [
        {"uri": blue, "state": "on_old", "since": at(3), "weight": 0.9},
        {"uri": green, "state": "on_new", "since": at(13), "weight": 0.1},
    ]
    answer = api.ask("propagation", uri=root, since=at(10))
    assert answer["remind"] == [{"owner": team, "assets": [blue]}]
    # the change is a new version: everything downstream of the model that uses earlier versions is old
    assert states(api, model) == {"v1": "old", "v2": "fresh", "blue": "on_old", "green": "on_new", "api": "mixed"}
    moved = at(20)
    api.taken(
        retract(of("model_version", "v1"), "deployed_as", blue, at=moved),
        edge(of("model_version", "v2"), "deployed_as", blue, moved),
    )
    assert states(api, model)["api"] == states(api, root)["blue"] == "on_new"
    assert states(api, model, as_of=19)["api"] == "mixed"


def test_a_reader_of_versions_has_rebuilt_when_it_reads_a_new_one(api: Api, names: Names) -> None:
    of, root, score, scores = names.of, names.dataset("r"), names.workflow("score"), names.dataset("scores")
    train = names.workflow("train")

    def ran(run: str, job: str, source: str, output: str, begins: float, ends: float) -> list[Json]:
        uri = names.run(run)
        return [
            asset(uri, at(ends), properties={"state": "COMPLETE", "started_at": at(begins), "ended_at": at(ends)}),
            edge(uri, "run_of", job, at(begins)),
            edge(source, "input_to", uri, at(begins)),
            edge(uri, "outputs", output, at(ends)),
        ]

    first, second = of("model_version", "v1"), of("model_version", "v2")
    api.taken(
        *ran("t1", train, root, first, 1, 2), *ran("s1", score, first, scores, 3, 4), *ran("t2", train, root, second, 11, 12)
    )
    api.taken(*ran("s2", score, first, scores, 13, 14))
    reported = entries(api, root)
    assert (reported["score"]["state"], reported["score"]["missing"], reported["score"]["waits_on"]) == ("old", [first], [])
    assert reported["scores"]["state"] == "stale"
    api.taken(*ran("s3", score, second, scores, 15, 16))
    assert states(api, root)["score"] == "rebuilt"
    assert states(api, root)["scores"] == "fresh"
    api.taken(*ran("s4", score, first, scores, 17, 18))
    assert (states(api, root)["score"], states(api, root)["scores"]) == ("old", "stale"), "it returned to the old version"


def test_the_change_of_a_workflow_itself(api: Api, names: Names) -> None:
    p = Producer(names)
    arrive(api, chain(p), "in order")
    assert states(api, names.workflow("one")) == {"one": "old", "a": "stale", "two": "waiting", "b": "stale"}
    arrive(api, propagation_of(p, "n", (11, 12), ("r", "a"), "one"), "in order")
    assert states(api, names.workflow("one")) == {"one": "rebuilt", "a": "fresh", "two": "old", "b": "stale"}


def test_runs_without_a_workflow_that_are_over_are_not_listed(api: Api, names: Names) -> None:
    root = names.dataset("r")
    for run, begins in (("before", 1), ("after", 11)):
        uri = names.run(run)
        api.taken(
            asset(uri, at(begins + 1), properties={"state": "COMPLETE", "started_at": at(begins), "ended_at": at(begins + 1)}),
            edge(root, "input_to", uri, at(begins)),
            edge(uri, "outputs", names.dataset(f"of {run}"), at(begins + 1)),
        )
    assert states(api, root) == {"after": "rebuilt", "of before": "stale", "of after": "fresh"}


def test_pages_and_refusals(api: Api, names: Names) -> None:
    p, root = Producer(names), names.dataset("r")
    arrive(api, chain(p), "in order")
    listed, cursor, counts = [], None, set()
    while True:
        answer = api.ask("propagation", uri=root, since=at(10), limit=1, **({"cursor": cursor} if cursor else {}))
        listed += [entry["name"] for entry in (*answer["workflows"], *answer["assets"])]
        counts.add((answer["total"], str(answer["by_state"]), answer["as_of"]))
        assert answer["partial"] is (answer["frontier"] is not None)
        cursor = answer["frontier"]
        if cursor is None:
            break
        assert answer["reason"] == "limit"
    assert listed == ["one", "a", "two", "b"]
    assert len(counts) == 1, "all pages are of one moment"
    nothing = api.ask("propagation", uri=names.dataset("b"), since=at(10))
    assert (nothing["total"], nothing["workflows"], nothing["assets"], nothing["remind"]) == (0, [], [], [])
    assert api.get("propagation", uri=root).status_code == 422
    assert api.get("propagation", uri=root, since="2026-03-01T00:10:00").status_code == 422
    assert api.get("propagation", uri=names.dataset("never"), since=at(10)).status_code == 404
    late = api.get("propagation", uri=root, since=at(10), as_of=at(9))
    assert (late.status_code, "since" in late.json()["detail"]) == (422, True)
    api.taken(edge(names.column("r", "x"), "derives", names.column("a", "x"), at(1)))
    assert "dataset" in api.get("propagation", uri=names.column("r", "x"), since=at(10)).json()["detail"]


def test_a_renamed_table_continues_under_its_new_name(api: Api, names: Names) -> None:
    p, of = Producer(names), names.dataset
    arrive(
        api,
        [*propagation_of(p, "r1", (1, 2), ("r", "a"), "one"), *propagation_of(p, "n1", (11, 12), ("r", "a"), "one")],
        "in order",
    )
    api.taken(edge(of("a"), "derives", of("v"), at(3)))
    arrive(
        api,
        [*propagation_of(p, "r2", (4, 5), ("v", "b"), "two"), *propagation_of(p, "n2", (13, 14), ("v", "b"), "two")],
        "in order",
    )
    api.taken(edge(of("v"), "alias_of", of("w"), at(20)), edge(of("r"), "alias_of", of("q"), at(21)))
    expected = {"one": "rebuilt", "a": "fresh", "w": "fresh", "two": "rebuilt", "b": "fresh"}
    assert states(api, of("r")) == states(api, of("q")) == expected
    assert entries(api, of("q"))["w"]["since"] == at(12)
    assert set(states(api, of("r"), as_of=19)) == {"one", "a", "v", "two", "b"}
    model, version = names.of("model", "m"), names.of("model_version", "m1")
    api.taken(
        edge(version, "version_of", model, at(2)),
        edge(version, "deployed_as", names.of("deployment", "d"), at(2)),
        edge(model, "alias_of", names.of("model", "n"), at(20)),
    )
    assert states(api, model) == {"m1": "old", "d": "on_old"}, "a rename makes no version new"


@pytest.mark.parametrize("order", ORDERS)
def test_a_value_that_is_corrected_twice_and_a_run_that_is(api: Api, names: Names, order: str) -> None:
    p, root = Producer(names), names.dataset("r")
    api.taken(*(asset(root, at(minute), properties={"rows": minute}) for minute in (1, 10, 20)))
    events = [
        *chain(p),
        *propagation_of(p, "n1", (11, 12), ("r", "a"), "one"),
        *propagation_of(p, "n2", (13, 14), ("a", "b"), "two"),
    ]
    arrive(api, [*events, *propagation_of(p, "m1", (21, 22), ("r", "a"), "one")], order)
    rebuilt = {"one": "rebuilt", "a": "fresh", "two": "rebuilt", "b": "fresh"}
    assert states(api, root, since=10) == rebuilt
    assert states(api, root, since=20) == {**rebuilt, "two": "old", "b": "stale"}
    assert entries(api, root, since=20)["one"]["run"] == names.run("m1")
    # a later report of the run's end counts; its start is unchanged
    arrive(api, [p.run("m1", 23, "FAIL", job="one")], order)
    assert states(api, root, since=20) == {"one": "failed", "a": "stale", "two": "waiting", "b": "stale"}
    assert states(api, root, since=20, as_of=22) == {**rebuilt, "two": "old", "b": "stale"}
