"""Names of assets over HTTP and from the command line."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.contract.serving import PROGRAM, Api, Json, Names, Process, asset, edge, retract

T0 = "2026-03-01T00:00:00Z"


def mlgraph(server: Process, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MLGRAPH_URL": server.url}
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False, env=environment)


def matched(answer: Json) -> list[tuple[str, str]]:
    return [(each["uri"], each["how"]) for each in answer["matches"]]


def test_a_table_is_found_by_all_that_people_call_it(api: Api, names: Names, shared_server: Process) -> None:
    table = f"shop_{names.space.replace('-', '_')}.public.orders"
    uri = f"mlg://dataset/postgres%3A%2F%2Fdb%3A5432/{table}"
    api.taken(asset(uri, T0, name="Orders of the shop " + names.space))
    ways = {
        uri: "uri",
        f"postgres://db:5432/{table}": "pair",
        f"postgresql://DB/{table}": "pair",
        f"dataset:{table}": "kind_name",
        table: "name",
        table.upper(): "name",
        f"orders of the shop {names.space}": "name",
    }
    for name, how in ways.items():
        answer = api.ask("resolve", name=name)
        assert (answer["uri"], matched(answer), answer["total"], answer["nearest"]) == (uri, [(uri, how)], 1, []), name
    shown = mlgraph(shared_server, "show", f"postgres://db:5432/{table}", "--json")
    assert f'"uri":"{uri}"' in shown.stdout
    assert mlgraph(shared_server, "lineage", table).returncode == 0


def test_an_ambiguous_name_is_refused_and_a_more_exact_one_is_not(api: Api, names: Names, shared_server: Process) -> None:
    word = "w" + names.space.replace("-", "")
    one, other = (f"mlg://{kind}/ns/{word}" for kind in ("dataset", "model"))
    part = f"mlg://dataset/ns/schema.{word}"
    api.taken(asset(one, T0), asset(other, T0), asset(part, T0))
    answer = api.ask("resolve", name=word)
    assert (answer["uri"], matched(answer)) == (None, [(one, "name"), (other, "name"), (part, "last_part")])
    refused = mlgraph(shared_server, "impact", word)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert one in refused.stderr
    assert other in refused.stderr
    assert mlgraph(shared_server, "impact", f"model:{word}").returncode == 0
    assert api.ask("resolve", name=f"schema.{word}")["uri"] == part


def test_aliases_denote_their_assets_and_deleted_assets_come_last(api: Api, names: Names) -> None:
    old, new, gone = (names.dataset(name) for name in ("old", "new", "gone"))
    api.taken(asset(new, T0), asset(gone, T0), edge(old, "alias_of", new, T0), retract(gone, at="2026-03-02T00:00:00Z"))
    assert api.ask("resolve", name=old)["uri"] == new
    assert api.ask("resolve", name=gone)["uri"] == gone
    api.taken(asset(names.workflow("gone"), T0))
    found = matched(api.ask("resolve", name="gone"))
    assert (names.workflow("gone"), "name") in found
    assert gone not in [uri for uri, _ in found]


def test_an_unknown_name_lists_the_nearest(api: Api, names: Names, shared_server: Process) -> None:
    word = "q" + names.space.replace("-", "")[:20] + "orders"
    uri = f"mlg://dataset/ns/shop.{word}"
    api.taken(asset(uri, T0))
    typed = word[:-3] + "res"
    answer = api.ask("resolve", name=typed)
    assert (answer["uri"], answer["matches"], answer["total"]) == (None, [], 0)
    assert answer["nearest"][0] == {"uri": uri, "kind": "dataset", "name": f"shop.{word}"}
    unknown = mlgraph(shared_server, "show", typed)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert uri in unknown.stderr


@pytest.mark.parametrize("name", ["", "   ", "x" * 5000, "\ud800"])
def test_what_no_name_can_be_is_refused(name: str, api: Api) -> None:
    if name == "\ud800":
        response = api.http.get("/api/v1/resolve?name=%ED%A0%80")
        assert response.status_code in (200, 422)
        return
    response = api.get("resolve", name=name)
    assert response.status_code == 422
    assert "parameter 'name'" in response.json()["detail"]


def test_calls_that_take_uris_say_how_to_get_one(api: Api) -> None:
    response = api.get("lineage", uri="orders")
    assert response.status_code == 422
    assert "/api/v1/resolve" in response.json()["detail"]


def test_sixteen_kilobytes_of_separators_take_no_time(api: Api) -> None:
    assert api.ask("resolve", name=("a.b/c:" * 680))["matches"] == []
