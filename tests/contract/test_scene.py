"""Scenes over HTTP: the counts of lineage and impact, and bad input (docs/spec.md#scene)."""

from __future__ import annotations

import pytest

from tests.contract.producing import at
from tests.contract.serving import Api, Json, Names, asset, edge, retract

LONG = "x" * 1500


def checked(api: Api, uri: str, **query: object) -> Json:
    """A scene whose marks add up to the total of the call that it shows."""
    scene = api.ask("scene", uri=uri, **query)
    walk = {name: value for name, value in query.items() if name in ("direction", "as_of", "level", "kind", "certain")}
    if "change" in query:
        change = {} if query["change"] == "any" else {"change": query["change"]}
        total = api.ask("impact", uri=uri, **walk, **change)["total"] + 1
    else:
        total = api.ask("lineage", uri=uri, **walk)["total"]
    assert sum(mark["count"] for mark in scene["marks"]) == scene["total"] == total
    return scene


def test_the_counts_are_those_of_lineage_and_impact(api: Api, names: Names) -> None:
    root, jobs = names.dataset("root"), [names.workflow(f"job {number}") for number in range(60)]
    outputs = [names.dataset(f"out {number}") for number in range(60)]
    api.taken(*(edge(root, "input_to", job, at(1)) for job in jobs))
    api.taken(*(edge(job, "outputs", output, at(2)) for job, output in zip(jobs, outputs, strict=True)))
    for query in ({}, {"kind": "dataset"}, {"as_of": at(1)}, {"direction": "both"}, {"change": "schema"}, {"change": "any"}):
        checked(api, root, **query)
    scene = checked(api, root, direction="downstream")
    assert [moment["at"] for moment in scene["moments"]] == [at(1), at(2)]
    assert [moment["appeared"] for moment in scene["moments"]] == [60, 60]
    folds = [mark["id"] for mark in scene["marks"] if "fold" in mark]
    opened = checked(api, root, open=",".join(folds), select=outputs[7])
    assert opened["path_assets"] == [root, jobs[7], outputs[7]]
    assert opened["ignored"] == []
    assert api.ask("scene", uri=outputs[7], direction="upstream")["columns"][0]["step"] == -2


def test_columns_and_runs_have_scenes(api: Api, names: Names) -> None:
    columns = [names.column("wide", f"c{number}") for number in range(300)]
    wide, target = names.dataset("wide"), names.column("narrow", "total")
    schema = [{"name": f"c{number}", "type": "int"} for number in range(300)]
    api.taken(asset(wide, at(1), properties={"schema": schema}), *(edge(each, "derives", target, at(2)) for each in columns))
    assert checked(api, wide)["total"] == 1
    scene = checked(api, target, direction="upstream")
    assert scene["total"] == 301
    assert [moment["appeared"] for moment in scene["moments"]] == [300]
    run, output = names.run("r"), names.dataset("made")
    api.taken(edge(run, "outputs", output, at(1)))
    assert checked(api, run)["level"] == "run"


def test_cycles_share_a_column(api: Api, names: Names) -> None:
    a, b, c = (names.dataset(name) for name in "abc")
    api.taken(edge(a, "derives", b, at(1)), edge(b, "derives", a, at(1)), edge(b, "derives", c, at(1)))
    scene = checked(api, a)
    steps = {mark["asset"]["uri"]: scene["columns"][mark["at"][1]]["step"] for mark in scene["marks"]}
    assert steps == {a: 0, b: 0, c: 1}


def test_a_cycle_is_a_box_and_two_moments_are_compared(api: Api, names: Names) -> None:
    root, one, two, gone, came = (names.dataset(name) for name in ("root", "one", "two", "gone", "came"))
    api.taken(edge(root, "derives", one, at(1)), edge(one, "derives", two, at(1)), edge(two, "derives", one, at(1)))
    leaving = edge(two, "derives", gone, at(1))
    api.taken({"edge": leaving["edge"] | {"valid_to": at(3)}}, edge(two, "derives", came, at(4)))
    scene = checked(api, root, **{"from": at(2), "as_of": at(5)})
    [box] = [mark for mark in scene["marks"] if "cycle" in mark]
    assert (box["count"], box["fold"]["by"], box["fold"]["label"], box["cycle"]["count"]) == (2, "cycle", "cycle", 2)
    assert box["fold"]["compared"] == {"appeared": 0, "gone": 0, "same": 2}
    assert scene["compared"] == {"from": at(2), "total": 4, "appeared": 1, "gone": 1, "same": 3}
    present = {mark["asset"]["uri"]: mark["asset"]["present"] for mark in scene["marks"] if "asset" in mark}
    assert present == {root: "same", came: "appeared", gone: "gone"}


def test_deleted_referenced_and_future_assets_and_hostile_names_have_scenes(api: Api, names: Names) -> None:
    gone, reader, later = names.dataset("gone"), names.workflow("reader"), names.dataset("later")
    hostile = [names.dataset(name) for name in (LONG, "\u202eevil", "<script>alert(1)</script>")]
    api.taken(edge(gone, "input_to", reader, at(1)), asset(gone, at(1)))
    api.taken(retract(gone, at=at(5)), edge(gone, "derives", later, "2999-01-01T00:00:00Z"))
    api.taken(*(edge(reader, "outputs", each, at(1)) for each in hostile))
    assert checked(api, gone, as_of=at(2))["total"] == 5
    assert checked(api, gone)["total"] >= 1
    assert checked(api, later)["total"] == 1
    present = {mark["asset"]["uri"]: mark["asset"]["present"] for mark in checked(api, gone, as_of=at(0))["marks"]}
    assert present[gone] == "same"
    assert present[reader] == "later"


def test_bad_parameters_are_refused_and_unknown_ids_listed(api: Api, names: Names) -> None:
    root = names.dataset("root")
    api.taken(edge(root, "derives", names.dataset("next"), at(1)))
    assert api.get("scene", uri=names.dataset("nobody named it")).status_code == 404
    for query in (
        {"marks": 5},
        {"by": "colour"},
        {"change": "colour"},
        {"change": "schema", "direction": "upstream"},
        {"kind": "colour"},
        {"as_of": "yesterday"},
        {"open": ",".join(f"f{number}" for number in range(101))},
        {"opened": "f0"},
        {"from": "yesterday"},
        {"from": at(0), "change": "any"},
        {"select": "x" * 3000},
    ):
        response = api.get("scene", uri=root, **query)
        assert response.status_code == 422, query
        assert response.json()["detail"], query
    scene = checked(api, root, open="f0,nonsense", select="mlg://dataset/never/heard-of")
    assert scene["ignored"] == [{"id": "f0", "reason": "unknown"}, {"id": "nonsense", "reason": "unknown"}]
    assert (scene["selected"], scene["path"], scene["path_assets"]) == (None, [], [])


@pytest.mark.parametrize("by", ["team", "kind", "platform", "namespace", "environment"])
def test_rows_are_what_was_asked_for(api: Api, names: Names, by: str) -> None:
    root, job = names.dataset("root"), names.workflow()
    team = names.of("team", "data")
    api.taken(asset(team, at(1), name="Data"), asset(root, at(1), owners=[team], properties={"environment": "production"}))
    api.taken(edge(root, "input_to", job, at(1)))
    scene = checked(api, root, by=by)
    rows = {
        "team": ["Data", "nobody"],
        "kind": ["dataset", "workflow"],
        "platform": ["s3", "no platform"],
        "namespace": sorted([names.store, names.space]),
        "environment": ["production", "no environment"],
    }
    assert [row["name"] for row in scene["rows"]] == rows[by]
    assert scene["by"] == by


def test_a_scene_is_compressed_for_those_who_accept_it(api: Api, names: Names) -> None:
    root = names.dataset("root")
    api.taken(*(edge(root, "derives", names.dataset(f"{number}"), at(1)) for number in range(35)))
    query: dict[str, str | int] = {"uri": root, "as_of": at(2), "at_least": api.written}
    plain, packed = (
        api.http.get("/api/v1/scene", params=query, headers={"accept-encoding": each}) for each in ("identity", "gzip")
    )
    assert plain.content == packed.content
    assert ("content-encoding" in plain.headers, packed.headers["content-encoding"]) == (False, "gzip")
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert packed.num_bytes_downloaded < plain.num_bytes_downloaded / 4


def test_a_moment_at_which_only_edges_or_their_certainty_change_is_a_moment(api: Api, names: Names) -> None:
    a, b, c, job = names.dataset("a"), names.dataset("b"), names.dataset("c"), names.workflow()
    x, y = names.dataset("x"), names.dataset("y")
    api.taken(edge(a, "derives", b, at(1)), edge(b, "derives", c, at(1)))
    api.taken(edge(a, "derives", c, at(2)), retract(a, "derives", c, at=at(3)), edge(a, "derives", c, at(5)))
    api.taken(
        edge(a, "derives", b, at(4)), edge(a, "derives", b, at(4), origin="other"), asset(b, at(4), description="no change")
    )
    api.taken(
        *(edge(each, "input_to", job, at(1)) for each in (x, y)),
        *(edge(job, "outputs", names.dataset(f"{n}"), at(1)) for n in "12"),
    )
    api.taken(edge(job, "outputs", names.dataset("1"), at(6), properties={"from": [x]}))
    changes = [(each["at"], each["appeared"], each["gone"]) for each in checked(api, a)["moments"]]
    assert changes == [(at(1), 2, 0), (at(2), 0, 0), (at(3), 0, 0), (at(5), 0, 0)]
    assert api.reached(x, at(5))[names.dataset("1")] == (2, "possible")
    assert api.reached(x, at(6))[names.dataset("1")] == (2, "certain")
    changes = [(each["at"], each["appeared"], each["gone"]) for each in checked(api, x)["moments"]]
    assert changes == [(at(1), 3, 0), (at(6), 0, 0)]
