"""The feed of changes over HTTP and from the command line."""

from __future__ import annotations

import json
import os
import subprocess

from tests.contract.producing import Producer
from tests.contract.serving import PROGRAM, Api, Names, Process, asset, edge, retract

T0 = "2026-03-01T00:00:00Z"


def test_the_feed_lists_what_was_recorded_newest_first(api: Api, names: Names, shared_server: Process) -> None:
    table, report, team = names.dataset("table"), names.dataset("report"), f"mlg://team/{names.space}/data"
    api.taken(asset(table, T0, description="old", owners=[team]), asset(report, T0))
    api.taken(asset(table, "2026-03-02T00:00:00Z", description="new", owners=[team]))
    api.taken(edge(table, "derives", report, T0))
    api.taken(retract(table, "derives", report))
    api.taken(asset(table, "2026-03-02T00:00:00Z", description="new", owners=[team]))
    answer = api.ask("changes", uri=table)
    listed = [(each["change"], each["asset"]["name"], (each["target"] or {}).get("name")) for each in answer["changes"]]
    assert listed == [
        ("ended", "table", "report"),
        ("appeared", "table", "report"),
        ("altered", "table", None),
        ("appeared", "table", None),
    ]
    [field] = answer["changes"][2]["fields"]
    assert (field["field"], field["before"], field["after"]) == ("description", "old", "new")
    assert (answer["total"], answer["total_is"], answer["partial"], answer["runs"]) == (4, "exact", False, 0)
    assert answer["watermark"] >= api.written
    pages, cursor = [], None
    while True:
        page = api.ask("changes", uri=table, limit=1, **({"cursor": cursor} if cursor else {}))
        pages += page["changes"]
        assert page["total"] == 4
        cursor = page["frontier"]
        if cursor is None:
            break
        api.taken(asset(names.dataset(f"other-{len(pages)}"), T0))
    assert pages == answer["changes"]
    assert [each["asset"]["name"] for each in api.ask("changes", owner=team)["changes"]] == ["table"] * 4

    shown = subprocess.run(
        [PROGRAM, "changes", f"{names.store}/table", "--owner", f"team:{names.space}/data", "--limit", "3"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MLGRAPH_URL": shared_server.url},
    )
    assert shown.returncode == 0, shown.stderr
    assert 'description: "old" -> "new"' in shown.stdout
    assert "--cursor " in shown.stdout
    as_json = subprocess.run(
        [PROGRAM, "changes", table, "--json"],
        capture_output=True,
        check=True,
        env={**os.environ, "MLGRAPH_URL": shared_server.url},
    )
    assert json.loads(as_json.stdout)["changes"] == answer["changes"]


def test_runs_are_counted_and_their_workflow_is_listed(fresh: Api, names: Names) -> None:
    producer = Producer(names)
    for number in range(1, 6):
        fresh.event(producer.run(f"run-{number}", number, inputs="a", outputs="m"))
    answer = fresh.ask("changes")
    edges = {(each["asset"]["name"], each["relation"], each["target"]["name"]) for each in answer["changes"] if each["relation"]}
    assert {("a", "input_to", "job"), ("job", "outputs", "m")} <= edges
    assert answer["runs"] == 5
    assert not [each for each in answer["changes"] if each["asset"]["kind"] == "run"]


def test_wrong_parameters_are_refused(api: Api) -> None:
    for query in ({"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"from": "yesterday"}, {"uri": "orders"}, {"since": T0}):
        assert api.get("changes", **query).status_code == 422, query
    assert api.get("changes", uri="mlg://dataset/nowhere/nothing").status_code == 404
