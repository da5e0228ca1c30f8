"""One asset under several names, over HTTP and from the command line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.contract.producing import Producer, at, facet
from tests.contract.serving import PROGRAM, Api, Json, Names, Process, asset, edge, retract


def reached(api: Api, uri: str, **options: str) -> set[str]:
    return {node["uri"] for node in api.ask("lineage", uri=uri, **options)["nodes"]}


def alias(name: str, of: str, since: str, **properties: str) -> Json:
    return edge(name, "alias_of", of, since, **({"properties": properties} if properties else {}))


def test_either_name_answers_with_all_edges_of_both(api: Api, names: Names) -> None:
    table, path, report, board = (names.dataset(name) for name in ("table", "path", "report", "board"))
    api.taken(edge(table, "derives", report, at(1)), edge(path, "derives", board, at(1)), alias(path, table, at(2)))
    for uri in (table, path):
        assert reached(api, uri) == {table, report, board}
        assert api.ask("lineage", uri=uri)["root"] == table
        assert api.ask("impact", uri=uri)["total"] == 2
        card = api.ask("asset", uri=uri)
        assert card["uri"] == table
        assert [(each["name"], each["asset"]) for each in card["names"]] == [(path, table)]
        assert {relation["target"] for relation in card["relations"] if relation["relation"] == "derives"} == {report, board}
        assert api.ask("why", source=uri, relation="derives", target=board)["holds"]
    assert reached(api, path, as_of=at(1)) == {path, board}
    assert reached(api, table, as_of=at(1)) == {table, report}


def test_a_merge_is_undone_with_its_history(api: Api, names: Names) -> None:
    one, other, report = (names.dataset(name) for name in ("one", "other", "report"))
    api.taken(edge(one, "derives", report, at(1)), asset(one, at(1), tags=["a"]), asset(other, at(1), tags=["b"]))
    api.taken(alias(other, one, at(2)))
    assert reached(api, other) == {one, report}
    api.taken(retract(other, "alias_of", one, at=at(4)))
    assert reached(api, other) == {other}
    assert api.ask("asset", uri=other)["tags"] == ["b"]
    assert reached(api, other, as_of=at(3)) == {one, report}


def test_why_show_and_diff_agree_with_lineage_on_a_merge(api: Api, names: Names) -> None:
    name, table, report = (names.dataset(each) for each in ("name", "table", "report"))
    training = edge(name, "derives", report, at(1), properties={"note": "nightly"})
    api.taken(training, asset(name, at(1.5), tags=["a"]), asset(table, at(1), tags=["b"]), alias(name, table, at(3)))
    for minute, resolved, other in ((2, name, table), (4, table, name)):
        assert api.ask("why", source=resolved, relation="derives", target=report, as_of=at(minute))["holds"]
        shown = api.ask("asset", uri=resolved, as_of=at(minute))["relations"]
        assert {"note": "nightly"} in [each["properties"] for each in shown]
        assert (resolved, "derives", report) in api.edges(resolved, at(minute))
        assert (other, "derives", report) not in api.edges(report, at(minute), direction="upstream")
    assert not api.ask("why", source=table, relation="derives", target=report, as_of=at(2))["holds"]
    spans = [(o["valid_from"], o["valid_to"]) for o in api.ask("why", source=table, relation="derives", target=report)["origins"]]
    assert spans == [(at(3), None)]
    for uri, moved in ((name, {"removed", "added"}), (table, {"added"})):
        diff = api.ask("diff", uri=uri, **{"from": at(2), "to": at(4)})
        assert {e["change"] for e in diff["edges"] if e["relation"] == "derives"} == moved
        assert [c["after"]["tags"] for c in diff["assets"] if c["uri"] == table] == [["a"]]
    everything = api.ask("diff", limit=100_000, **{"from": at(2), "to": at(4)})
    changes = {c["uri"]: c["change"] for c in everything["assets"] if names.space in c["uri"]}
    assert changes == {name: "removed", table: "changed"}


def renamed(producer: Producer, before: str, now: str, minute: float) -> Json:
    state = facet(lifecycleStateChange="RENAME", previousIdentifier=producer.named(before))
    return producer.dataset(minute, now, lifecycleStateChange=state)


def test_a_renamed_table_retains_its_readers_and_its_past(api: Api, names: Names) -> None:
    producer = Producer(names)
    old, new, job = names.dataset("a"), names.dataset("b"), names.workflow("job")
    api.event(producer.run("run-1", 1, inputs="a", outputs="m"))
    api.event(renamed(producer, "a", "b", 3))
    assert job in reached(api, new)
    assert job in reached(api, old)
    assert job in reached(api, new, as_of=at(2))
    assert api.ask("lineage", uri=new, as_of=at(2))["root"] == old
    assert api.ask("asset", uri=new)["deleted_at"] is None


def test_show_reports_which_names_an_asset_has_had_and_when(api: Api, names: Names, shared_server: Process) -> None:
    producer = Producer(names)
    api.event(producer.run("run-1", 1, inputs="a", outputs="m"))
    for before, now, minute in (("a", "b", 3), ("b", "c", 5)):
        api.event(renamed(producer, before, now, minute))
    for minute, name in ((6, "c"), (7, "z")):
        api.event(producer.dataset(minute, name, symlinks=facet(identifiers=[producer.named("link")])))
    assert api.ask("asset", uri=names.dataset("c"))["uri"] == names.dataset("c")
    shown = mlgraph(shared_server, "show", names.dataset("a")).stdout.replace("\n", " ")
    called = " ".join(shown.split()).split("also called ")[1:]
    answered = [(names.dataset("a"), "00:03"), (names.dataset("b"), "00:05"), (names.dataset("link"), "00:06")]
    assert [line.startswith(f"{name} since 2026-03-01 {time}") for line, (name, time) in zip(called, answered, strict=True)] == [
        True
    ] * 3


def test_reports_of_runs_and_schemas_are_found_under_every_name(api: Api, names: Names) -> None:
    producer = Producer(names)
    api.event(producer.run("run-1", 1, "FAIL", inputs="a", job="old-job"))
    api.taken(alias(names.workflow("old-job"), names.workflow("new-job"), at(2)))
    assert api.ask("asset", uri=names.workflow("new-job"))["health"]["status"] == "failing"
    api.event(producer.dataset(1, "t", schema=facet(fields=[{"name": "x", "type": "int"}])))
    api.event(producer.run("run-2", 2, inputs="t", outputs="m", facets={"m": {"columnLineage": producer.columns(y="t.x")}}))
    api.event(renamed(producer, "t", "u", 3))
    assert api.ask("asset", uri=names.column("t", "x"))["properties"] == {"type": "int"}


def test_a_table_that_is_rebuilt_under_another_name_every_day(api: Api, names: Names) -> None:
    """A repeated rename takes effect each time if the name was used in between."""
    producer = Producer(names)
    table, aside = names.dataset("t"), names.dataset("n")
    api.event(producer.run("reader", 1, inputs="t", outputs="r", job="report"))
    for day in (10, 20):
        api.event(producer.run(f"build-{day}", day, outputs="n", job="build"))
        for before, now, minute in (("t", "o", day + 1), ("n", "t", day + 2)):
            api.event(renamed(producer, before, now, minute))
        dropped = facet(lifecycleStateChange="DROP")
        api.event(producer.dataset(day + 3, "o", lifecycleStateChange=dropped))
    build, report = producer.writes("t", "build"), producer.reads("t", "report")
    for minute in (13, 19, 23, 30):
        assert {build, report} <= api.edges(table, at(minute), direction="both")
    assert api.lineage(aside)["root"] == table
    assert api.lineage(aside, at(21))["root"] == aside
    listed = [(each["name"], each["valid_from"], each["valid_to"]) for each in api.ask("names", uri=table)["names"]]
    assert [each for each in listed if each[0] == aside] == [(aside, at(12), at(20)), (aside, at(22), None)]
    aliases = [each for each in api.ask("asset", uri=table)["relations"] if each["relation"] == "alias_of"]
    assert [(each["source"], each["valid_from"]) for each in aliases] == [(aside, at(22))]


def test_a_mention_by_the_old_name_stays_a_mention_after_export(
    api: Api, names: Names, start: Callable[..., Process], tmp_path: Path
) -> None:
    producer = Producer(names)
    api.event(producer.run("run-1", 1, inputs="a", outputs="m"))
    api.event(renamed(producer, "a", "b", 3))
    api.event(producer.run("run-2", 4, inputs="a", outputs="m", facets={"a": {"schema": facet(fields=[{"name": "id"}])}}))
    exported = api.export()
    with closing(Api(start("--data", str(tmp_path / "data")).url)) as other:
        other.taken(*exported.splitlines())
        assert other.export() == exported
        for each in (api, other):
            assert each.edges(names.dataset("b")) == {producer.reads("b"), producer.writes("m")}
            assert each.lineage(names.dataset("a"))["root"] == names.dataset("b")


def test_a_run_omits_a_renamed_table_if_it_mentions_none_of_its_names(api: Api, names: Names) -> None:
    producer = Producer(names)
    old, new = names.dataset("a"), names.dataset("b")
    api.event(producer.run("run-1", 1, inputs="ac", outputs="m"))
    api.event(renamed(producer, "a", "b", 2))
    for minute, inputs in ((3, "c"), (4, "c"), (5, "bc"), (6, "c"), (7, "c"), (8, "c")):
        api.event(producer.run(f"run-{minute}", minute, inputs=inputs, outputs="m"))
    assert producer.reads("a") in api.edges(old, at(1.5))
    for later in (2.5, 3.5, 4.5, 5.5):
        assert producer.reads("b") in api.edges(new, at(later)), later
    assert api.edges(new, at(6.5)) == set(), "three omissions close the edge at the first of them"


def test_two_names_of_one_input_are_not_several(api: Api, names: Names) -> None:
    producer = Producer(names)
    api.event(producer.run("run-1", 1, inputs="ab", outputs="mn"))
    api.taken(alias(names.dataset("b"), names.dataset("a"), at(2)))
    for minute, certainty in ((1.5, "possible"), (2.5, "certain")):
        reached = api.reached(names.dataset("a"), at(minute))
        assert {reached[names.dataset(output)] for output in "mn"} == {(2, certainty)}


def test_two_tables_that_are_swapped_stay_two(api: Api, names: Names) -> None:
    producer = Producer(names)
    blue, green = names.dataset("b"), names.dataset("g")
    api.taken(edge(blue, "derives", names.dataset("x"), at(1)), edge(green, "derives", names.dataset("y"), at(1)))
    for before, now, minute in (("b", "s", 3), ("g", "b", 4), ("s", "g", 5)):
        api.event(renamed(producer, before, now, minute))
    assert reached(api, blue, as_of=at(2)) == {blue, names.dataset("x")}
    assert api.ask("asset", uri=blue)["uri"] == blue
    assert api.ask("asset", uri=green)["uri"] == green
    assert reached(api, blue) == {blue, names.dataset("x")}
    assert reached(api, green) == {green, names.dataset("y")}


def test_a_table_that_is_rebuilt_and_swapped_in_is_one_asset(api: Api, names: Names) -> None:
    producer, orders, version = Producer(names), names.dataset("o"), names.of("model_version", "m/1")
    for day in (0, 10, 20):  # t is built, o is renamed to k and dropped, t becomes o
        api.event(producer.run(f"build-{day}", day + 1, outputs="t", job="build"))
        if day:
            api.event(renamed(producer, "o", "k", day + 2))
        api.event(renamed(producer, "t", "o", day + 3))
        if day:
            dropped = {"lifecycleStateChange": facet(lifecycleStateChange="DROP")}
            api.event(producer.dataset(day + 4, "k", **dropped))
    api.event(producer.run("train", 5, inputs="o", job="train"))
    api.taken(edge(names.run("train"), "outputs", version, at(5)))
    for minute in (6, 16, 26):
        assert reached(api, names.workflow("build"), as_of=at(minute)) >= {orders, names.workflow("train"), version}
        relations = api.ask("asset", uri=version, as_of=at(minute))["relations"]
        assert [each["target"] for each in relations if each["relation"] == "trained_on"] == [orders]


def test_an_ambiguous_name_is_reported_and_decided_by_a_person(api: Api, names: Names, shared_server: Process) -> None:
    name, left, right = (names.dataset(each) for each in ("name", "left", "right"))
    answer = [{**alias(name, of, at(1))["edge"], "origin": "catalog"} for of in (left, right)]
    api.taken(edge(left, "derives", names.dataset("l"), at(1)), *({"edge": each} for each in answer))
    assert reached(api, name) == {name, left, right, names.dataset("l")}
    shown = mlgraph(shared_server, "lineage", name).stdout
    assert "This name is ambiguous: 2 assets claim it" in shown
    assert f"mlgraph apart {name} ASSET" in shown
    answered = [each for each in api.ask("names")["ambiguous"] if each["name"] == name]
    assert [each["assets"] for each in answered] == [sorted([left, right])]
    decided = mlgraph(shared_server, "same", name, left, "--from", at(2))
    assert decided.returncode == 0, decided.stderr
    assert reached(api, name) == {left, names.dataset("l")}
    assert api.ask("names", uri=name)["ambiguous"][0]["valid_to"] == at(2)
    mlgraph(shared_server, "apart", name, left, "--from", at(3))
    mlgraph(shared_server, "apart", name, right, "--from", at(3))
    assert reached(api, name) == {name}
    assert api.ask("names", uri=name)["ambiguous"][0]["valid_to"] == at(2)
    drawn = mlgraph(shared_server, "names", name)
    assert "is another name of" in drawn.stdout
    assert "is distinct from" in drawn.stdout


def test_an_invalid_decision_is_refused(names: Names, shared_server: Process) -> None:
    refused = mlgraph(shared_server, "same", names.dataset("x"), "mlg://model/m/y")
    assert refused.returncode == 1
    assert "alias_of" in refused.stderr


def test_mlgraph_yaml_declares_names_as_one_or_two_assets(start: Callable[..., Process], tmp_path: Path) -> None:
    names = Names("declared")
    path, table, other = (names.dataset(name) for name in ("path", "table", "other"))
    document = tmp_path / "mlgraph.yaml"
    document.write_text(f"aliases:\n  - {{name: '{path}', of: '{table}'}}\n  - apart: ['{other}', '{table}']\n")
    arguments = ("--data", str(tmp_path / "data"), "--config", str(document))
    server = start(*arguments)
    reported = {**alias(other, table, at(1))["edge"], "origin": "catalog"}
    with closing(Api(server.url)) as api:
        api.taken(edge(path, "derives", names.dataset("x"), at(1)), {"edge": reported})
        assert reached(api, path) == {table, names.dataset("x")}
        assert reached(api, other) == {other}
    server.stop()
    document.write_text("{}\n")
    with closing(Api(start(*arguments).url)) as api:
        assert reached(api, other) == {table}
        assert reached(api, path) == {path, names.dataset("x")}


def mlgraph(server: Process, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MLGRAPH_URL": server.url, "COLUMNS": "400"}
    return subprocess.run([PROGRAM, *words], env=environment, capture_output=True, text=True, check=False)
