"""The shape of answers: paging, filters, watermarks, impact, why, diff, live, and the same from the command line."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.contract.producing import Producer, at
from tests.contract.serving import PATIENCE_S, PROGRAM, Api, Json, Names, Process, asset, edge, retract


def tree(names: Names, breadth: int = 3, depth: int = 4) -> list[Json]:
    """A tree of datasets, with a cross edge at every level."""
    lines, layer = [], ["t"]
    for _ in range(depth):
        following = [f"{parent}{number}" for parent in layer for number in range(breadth)]
        lines += [edge(names.dataset(child[:-1]), "derives", names.dataset(child), at(1)) for child in following]
        lines.append(edge(names.dataset(following[0]), "derives", names.dataset(following[1]), at(1)))
        layer = following
    return lines


@pytest.fixture(scope="module", autouse=True)
def waiting(shared_server: Process) -> Iterator[Future[tuple[httpx.Response, float]]]:
    """A query with a future `at_least`, started early because it waits until its time limit."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(_ask_for_the_future, Api(shared_server.url))


def _ask_for_the_future(api: Api) -> tuple[httpx.Response, float]:
    started = time.monotonic()
    try:
        return api.get("live", at_least=1_000_000_000), time.monotonic() - started
    finally:
        api.close()


@pytest.mark.parametrize("call", ["lineage", "impact"])
@pytest.mark.parametrize("limit", [1, 7, 40, 120, 121])
def test_pages_make_up_the_complete_answer(api: Api, names: Names, call: str, limit: int) -> None:
    api.taken(*tree(names))
    root, listed = names.dataset("t"), {"lineage": "nodes", "impact": "affected"}[call]
    complete = api.ask(call, uri=root)
    assert (complete["partial"], complete["reason"], complete["frontier"]) == (False, None, None)
    assert complete["total"] == len(complete[listed]) == (121 if call == "lineage" else 120)
    found: list[Json] = []
    cursor: dict[str, str] = {}
    for _ in range(200):
        part = api.ask(call, uri=root, limit=limit, **cursor)
        assert part["total"] == complete["total"]
        new = [each for each in part[listed] if each not in found]
        assert len(new) <= limit
        if call == "lineage":
            assert part["nodes"][0]["uri"] == root
        found += new
        if not part["partial"]:
            assert (part["reason"], part["frontier"]) == (None, None)
            break
        assert part["reason"]
        cursor = {"cursor": part["frontier"]}
    assert found == complete[listed]


def test_a_page_lists_the_edges_between_its_nodes(api: Api, names: Names) -> None:
    api.taken(*tree(names))
    part = api.lineage(names.dataset("t"), limit=4)
    inside = {node["uri"] for node in part["nodes"]}
    expected = {(names.dataset("t"), "derives", names.dataset(f"t{n}")) for n in range(3)}
    expected.add((names.dataset("t0"), "derives", names.dataset("t1")))
    assert {(e["source"], e["relation"], e["target"]) for e in part["edges"]} == expected
    assert inside == {names.dataset(name) for name in ("t", "t0", "t1", "t2")}


def test_order_kind_and_depth(api: Api, names: Names) -> None:
    p, d, w = Producer(names), names.dataset, names.workflow
    api.events([p.run("r1", 1, inputs="a", outputs="zb", job="one"), p.run("r2", 1, inputs="b", outputs="c", job="two")])
    answer = api.lineage(d("a"))
    assert [node["uri"] for node in answer["nodes"]] == [d("a"), w("one"), d("b"), d("z"), w("two"), d("c")]
    assert [node["distance"] for node in answer["nodes"]] == [0, 1, 2, 2, 3, 4]
    assert {node["kind"] for node in answer["nodes"]} == {"dataset", "workflow"}
    only = api.lineage(d("a"), kind="workflow")
    assert [node["uri"] for node in only["nodes"]] == [d("a"), w("one"), w("two")]
    assert (only["total"], only["partial"]) == (3, False)
    both = api.lineage(d("a"), kind=["workflow", "dataset"])
    assert both["nodes"] == answer["nodes"]
    for depth, count in ((0, 1), (1, 2), (2, 4), (3, 5), (9, 6)):
        cut = api.lineage(d("a"), depth=depth)
        assert (cut["total"], cut["partial"]) == (count, False)
        assert cut["nodes"] == answer["nodes"][:count]


def test_both_is_the_union(api: Api, names: Names) -> None:
    api.taken(*tree(names))
    middle = names.dataset("t0")
    down, up = (api.reached(middle, direction=direction) for direction in ("downstream", "upstream"))
    assert api.reached(middle, direction="both") == {**down, **up}
    # t1 derives from t0 here, so the answer has no sibling of t1
    assert names.dataset("t2") not in api.reached(middle, direction="both")


def test_watermarks_grow_and_are_waited_for(api: Api, names: Names) -> None:
    a = names.dataset("a")
    marks = [api.taken(asset(a, at(n), name=f"n{n}"))["watermark"] for n in range(5)]
    assert marks == sorted(set(marks))
    assert api.taken(asset(a, at(0), name="n0"))["watermark"] >= marks[-1]
    for call, query in (("asset", {"uri": a}), ("lineage", {"uri": a}), ("impact", {"uri": a}), ("live", {})):
        assert api.ask(call, **query)["watermark"] >= marks[-1]
    for wrong in ("-1", "x", "1.5"):
        assert api.get("asset", uri=a, at_least=wrong).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"direction": "sideways"},
        {"depth": -1},
        {"depth": "x"},
        {"level": "job"},
        {"kind": "table"},
        {"limit": 0},
        {"cursor": "nonsense"},
        {"as_of": "now"},
        {"certain": "perhaps"},
        {"colour": "red"},
        {"uri": "nonsense"},
        {"change": "schema"},
    ],
)
def test_wrong_parameters(api: Api, names: Names, query: dict[str, Any]) -> None:
    a = names.dataset("a")
    api.taken(asset(a, at(1)))
    response = api.get("lineage", **{"uri": a, **query})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def company(names: Names) -> dict[str, str]:
    """URIs of a small company: events, trained from by a workflow, served; and read online by another service."""
    return {
        "raw": names.dataset("raw"),
        "clean": names.dataset("clean"),
        "etl": names.workflow("etl"),
        "train": names.workflow("train"),
        "judge": names.of("evaluation", "auc"),
        "model": names.of("model", "m"),
        "v1": names.of("model_version", "m/1"),
        "blue": names.of("deployment", "blue"),
        "ranking": names.of("service", "ranking"),
        "search": names.of("service", "search"),
        "team": names.of("team", "ranking"),
        "person": names.of("person", "u-1"),
    }


def company_lines(c: dict[str, str]) -> list[Json]:
    return [
        edge(c["raw"], "input_to", c["etl"], at(1)),
        edge(c["etl"], "outputs", c["clean"], at(1)),
        edge(c["clean"], "input_to", c["train"], at(1), properties={"role": "training"}),
        edge(c["train"], "outputs", c["v1"], at(2)),
        edge(c["train"], "outputs", c["judge"], at(2)),
        edge(c["v1"], "version_of", c["model"], at(2)),
        edge(c["v1"], "deployed_as", c["blue"], at(3)),
        edge(c["blue"], "serves", c["ranking"], at(3)),
        edge(c["raw"], "input_to", c["search"], at(1), properties={"role": "online"}),
        asset(c["ranking"], at(1), owners=[c["team"]]),
        edge(c["train"], "owned_by", c["person"], at(1)),
        asset(c["search"], at(1), owners=[c["team"]]),
    ]


@pytest.mark.parametrize(
    ("change", "effects"),
    [
        (
            "schema",
            {"etl": "breaks_next_run", "search": "breaks_now", "clean": "breaks_next_run", "train": "breaks_next_run"},
        ),
        (
            "values",
            dict.fromkeys(("etl", "search", "clean", "train", "v1", "judge", "model", "blue", "ranking"), "tainted"),
        ),
        (
            "withdraw",
            {
                **dict.fromkeys(("clean", "train", "v1", "judge", "model", "blue", "ranking"), "tainted"),
                "etl": "breaks_next_run",
                "search": "breaks_next_run",
            },
        ),
        (
            "retire",
            {"etl": "breaks_next_run", "search": "breaks_now", "clean": "breaks_next_run", "train": "breaks_next_run"},
        ),
    ],
)
def test_impact_of_each_change(api: Api, names: Names, change: str, effects: dict[str, str]) -> None:
    c = company(names)
    api.taken(*company_lines(c))
    answer = api.ask("impact", uri=c["raw"], change=change)
    assert {each["uri"]: each["effect"] for each in answer["affected"]} == {c[key]: effect for key, effect in effects.items()}
    assert answer["change"] == change
    assert answer["total"] == len(effects)
    assert sum(answer["by_severity"].values()) == len(effects)


def test_impact_names_paths_and_owners(api: Api, names: Names) -> None:
    c = company(names)
    api.taken(*company_lines(c))
    answer = api.ask("impact", uri=c["raw"])
    for each in answer["affected"]:
        assert len(each["path"]) == each["distance"] + 1
        assert (each["path"][0], each["path"][-1]) == (c["raw"], each["uri"])
        assert each["severity"] in answer["by_severity"]
    assert c["raw"] not in {each["uri"] for each in answer["affected"]}
    assert {each["owner"]: sorted(each["assets"]) for each in answer["notify"]} == {
        c["team"]: sorted([c["ranking"], c["search"]]),
        c["person"]: [c["train"]],
    }
    assert answer["affected"] == sorted(answer["affected"], key=lambda each: (each["distance"], each["uri"]))
    retired = api.ask("impact", uri=c["v1"], change="retire")
    assert {each["uri"]: each["effect"] for each in retired["affected"]}[c["blue"]] == "breaks_now"
    assert {each["uri"]: each["effect"] for each in retired["affected"]}[c["ranking"]] == "breaks_now"
    api.taken(asset(names.run("done"), at(1), properties={"state": "COMPLETE", "ended_at": at(2)}))
    api.taken(edge(c["raw"], "input_to", names.run("done"), at(1)), edge(names.run("done"), "outputs", names.dataset("d"), at(1)))
    affected = {each["uri"] for each in api.ask("impact", uri=c["raw"])["affected"]}
    assert names.run("done") not in affected
    assert names.dataset("d") in affected


def test_live_at_present_and_in_the_past(api: Api, names: Names) -> None:
    c = company(names)
    v2, green = names.of("model_version", "m/2"), names.of("deployment", "green")
    api.taken(*company_lines(c), edge(v2, "deployed_as", green, at(10)), edge(green, "serves", c["ranking"], at(10)))
    api.taken(retract(c["blue"], "serves", c["ranking"], at=at(11)), edge(c["model"], "points_to", v2, at(4)))

    def serving(minute: float) -> dict[str, list[str]]:
        (service,) = api.ask("live", service=c["ranking"], as_of=at(minute))["services"]
        return {d["uri"]: [version["uri"] for version in d["versions"]] for d in service["deployments"]}

    assert serving(2) == {}
    assert serving(5) == {c["blue"]: [c["v1"]]}  # an alias does not serve
    assert serving(10) == {c["blue"]: [c["v1"]], green: [v2]}
    assert serving(11) == {green: [v2]}
    assert api.get("live", service=c["raw"]).status_code == 422


@pytest.mark.parametrize("backwards", [False, True], ids=["by URI", "against URI"])
def test_ties_are_broken_by_uri_in_any_order_of_arrival(api: Api, names: Names, backwards: bool) -> None:
    service, job = names.of("service", "tied"), names.workflow("tied")
    deployments = [names.of("deployment", name) for name in "ab"]
    versions = [names.of("model_version", f"m/{number}") for number in (1, 2)]
    runs = {names.run(name): state for name, state in (("a", "COMPLETE"), ("b", "FAIL"))}
    lines = [edge(deployment, "serves", service, at(1)) for deployment in deployments]
    lines += [edge(version, "deployed_as", deployments[0], at(1)) for version in versions]
    for run, state in runs.items():
        ended = {"state": state, "ended_at": at(2)}
        lines += [asset(run, at(1), properties=ended), edge(run, "run_of", job, at(1))]
    for line in reversed(lines) if backwards else lines:
        api.taken(line)
    (output,) = api.ask("live", service=service)["services"]
    assert [each["uri"] for each in output["deployments"]] == deployments
    assert [each["uri"] for each in output["deployments"][0]["versions"]] == versions
    assert api.ask("asset", uri=job)["health"]["status"] == "failing"  # of two runs that ended at one moment, the greater URI


def test_diff_between_two_moments(api: Api, names: Names) -> None:
    a, b, c = (names.dataset(name) for name in "abc")
    api.taken(
        asset(a, at(1), name="old"),
        asset(a, at(5), name="new"),
        asset(b, at(6)),
        asset(c, at(1)),
        retract(c, at=at(5)),
        edge(a, "derives", c, at(1)),
        edge(a, "derives", b, at(6)),
    )
    everything = api.ask("diff", **{"from": at(2), "to": at(7)})
    mine = [each for each in everything["assets"] if each["uri"] in (a, b, c)]
    assert [(each["uri"], each["change"]) for each in mine] == [(a, "changed"), (b, "added"), (c, "removed")]
    assert (mine[0]["before"]["name"], mine[0]["after"]["name"]) == ("old", "new")
    around = api.ask("diff", **{"from": at(2), "to": at(7), "uri": a})
    assert [(e["source"], e["target"], e["change"]) for e in around["edges"]] == [(a, b, "added"), (a, c, "removed")]
    nothing = api.ask("diff", **{"from": at(2), "to": at(2), "uri": a})
    assert (nothing["assets"], nothing["edges"], nothing["total"]) == ([], [], 0)


def test_why_names_origin_actor_event_and_runs(api: Api, names: Names) -> None:
    p = Producer(names)
    api.events([p.run("r1", 1, inputs="a"), p.run("r2", 2, inputs="a")])
    source, relation, target = p.reads("a")
    answer = api.ask("why", source=source, relation=relation, target=target)
    (origin,) = answer["origins"]
    assert (answer["holds"], answer["rule"], answer["path"]) == (True, None, [])
    assert (origin["origin"], origin["valid_from"], origin["valid_to"], origin["actor"]) == ("openlineage", at(1), None, "local")
    assert set(origin["runs"]) == {names.run("r1"), names.run("r2")}
    assert "r1" in origin["event"]
    assert api.get("why", source=names.dataset("q"), relation=relation, target=target).status_code == 404
    assert api.get("why", source=source, relation="serves", target=target).status_code == 422


def cli(api: Api, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(PROGRAM), *arguments, "--url", api.url], input=stdin, capture_output=True, timeout=PATIENCE_S, check=False
    )


def test_the_command_line_prints_the_http_body(api: Api, names: Names) -> None:
    c = company(names)
    lines = "\n".join(json.dumps(line) for line in [*company_lines(c), {"asset": {}}])
    sent = cli(api, "ingest", "-", "--json", stdin=lines.encode())
    assert sent.returncode == 1  # one line was rejected
    body = json.loads(sent.stdout)
    assert (body["accepted"], [each["index"] for each in body["rejected"]]) == (12, [12])
    api.written = body["watermark"]
    then = {"as_of": at(30)}
    queries: tuple[tuple[tuple[str, ...], str, dict[str, Any]], ...] = (
        (("lineage", c["raw"], "--as-of", at(30), "--depth", "2"), "lineage", {"uri": c["raw"], "depth": 2, **then}),
        (("impact", c["raw"], "--change", "schema", "--as-of", at(30)), "impact", {"uri": c["raw"], "change": "schema", **then}),
        (("diff", "--from", at(0), "--to", at(9), c["v1"]), "diff", {"from": at(0), "to": at(9), "uri": c["v1"]}),
        (("show", names.dataset("unknown")), "asset", {"uri": names.dataset("unknown")}),
    )
    for arguments, call, query in queries:
        printed = cli(api, *arguments, "--json")
        response = api.http.get(f"/api/v1/{call}", params=query)
        assert printed.stdout == response.content
        assert printed.returncode == (0 if response.status_code == 200 else 1)
    exported = cli(api, "export")
    assert exported.stdout == api.export()
    away = subprocess.run(
        [str(PROGRAM), "live", "--url", "http://127.0.0.1:9"], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert away.returncode == 3


def test_a_query_waits_until_its_answer_includes_a_write(api: Api, names: Names) -> None:
    a = names.dataset("a")
    written = api.taken(asset(a, at(1)))["watermark"]
    api.written = written + 1
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(api.ask, "lineage", uri=a)
        time.sleep(0.2)
        assert not answer.done()
        other = Api(api.url)
        other.taken(edge(a, "derives", names.dataset("b"), at(1)))
        other.close()
        assert answer.result(PATIENCE_S)["total"] == 2


def test_a_query_waits_for_a_limited_time(waiting: Future[tuple[httpx.Response, float]]) -> None:
    response, took_s = waiting.result(PATIENCE_S)  # not longer: its own client would have timed out
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) >= 1
    assert took_s > 5
