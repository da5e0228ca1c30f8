"""Names of assets in commands: resolved by the server, refused if ambiguous, and advice if unknown."""

from __future__ import annotations

import pytest

from mlgraph.client.answer_shapes.name_shapes import MatchedAsset
from tests.api.double_answers import LAKE
from tests.api.services_double import Double
from tests.cli.conftest import Run

JOB = "mlg://workflow/etl/clean_ratings"
TIMES = ("--from", "2026-11-01T00:00:00Z", "--to", "2026-11-02T00:00:00Z")


def match(kind: str, number: int) -> MatchedAsset:
    uri = f"mlg://{kind}/ns/orders{number}"
    return {"uri": uri, "kind": kind, "name": "orders\x1b[31m", "how": "name", "same_case": True}


@pytest.mark.parametrize(
    ("command", "call", "given"),
    [
        (("show", "ratings/daily"), "asset", {"uri": LAKE}),
        (("lineage", "ratings/daily"), "lineage", {"uri": LAKE}),
        (("impact", "ratings/daily"), "impact", {"uri": LAKE}),
        (("propagation", "ratings/daily", "--since", TIMES[1]), "propagation", {"uri": LAKE}),
        (("path", "ratings/daily", JOB), "path", {"source": LAKE, "target": JOB}),
        (("diff", *TIMES, "ratings/daily"), "diff", {"uri": LAKE}),
        (("why", "ratings/daily", "input_to", JOB), "why", {"source": LAKE, "target": JOB}),
        (("live", "ratings/daily"), "live", {"service": LAKE}),
        (("names", "ratings/daily"), "names", {"uri": LAKE}),
        (("same", "ratings/daily", "mlg://dataset/ns/a"), "facts", {}),
    ],
)
def test_every_command_takes_names(command: tuple[str, ...], call: str, given: dict[str, str], run: Run, double: Double) -> None:
    assert run(*command).code == 0
    assert ("matches", {"name": "ratings/daily"}) in double.calls
    [arguments] = [arguments for called, arguments in double.calls if called == call]
    assert given.items() <= arguments.items()


def test_search_takes_names_of_owners_and_teams(run: Run, double: Double) -> None:
    assert run("search", "x", "--owner", "ada", "--team", "data").code == 0
    assert [arguments["name"] for call, arguments in double.calls if call == "matches"] == ["ada", "data"]
    [options] = [arguments["options"] for call, arguments in double.calls if call == "search"]
    assert (options.owner, options.team) == ((LAKE,), (LAKE,))


def test_annotate_takes_names_of_the_asset_its_owners_and_its_successor(run: Run, double: Double) -> None:
    assert run("annotate", "ratings/daily", "--owner", "ada", "--successor", "ratings/clean").code == 0
    assert [arguments["name"] for call, arguments in double.calls if call == "matches"] == [
        "ratings/daily",
        "ada",
        "ratings/clean",
    ]


def test_a_uri_is_sent_as_it_is(run: Run, double: Double) -> None:
    assert run("show", LAKE).code == 0
    assert [call for call, _ in double.calls] == ["asset"]


def test_the_resolution_includes_the_requested_watermark(run: Run, double: Double) -> None:
    assert run("show", "ratings/daily", "--at-least", "7").code == 0
    assert double.calls[:2] == [("wait_for", {"watermark": 7}), ("matches", {"name": "ratings/daily"})]


def test_an_ambiguous_name_is_refused_with_the_candidates(run: Run, double: Double) -> None:
    matches = [match("dataset", number) for number in range(12)]
    double.resolutions["orders"] = {"uri": None, "matches": matches, "total": 12}
    refused = run("show", "orders")
    assert (refused.code, refused.out) == (2, "")
    assert "'orders' may mean 12 assets" in refused.err
    assert [number for number in range(12) if f"mlg://dataset/ns/orders{number}\n" in refused.err] == list(range(10))
    assert "and 2 more" in refused.err
    assert "\x1b" not in refused.err
    assert run("show", "orders", "--json").printed["total"] == 12
    assert not [call for call, _ in double.calls if call == "asset"]


def test_kind_and_name_are_advised_only_if_they_decide(run: Run, double: Double) -> None:
    double.resolutions["orders"] = {"uri": None, "matches": [match("dataset", 1), match("model", 2)], "total": 2}
    assert run("show", "orders").err.endswith("Give a URI of these, or KIND:NAME.\n")
    double.resolutions["orders"] = {"uri": None, "matches": [match("dataset", 1), match("dataset", 2)], "total": 2}
    assert run("show", "orders").err.endswith("Give a URI of these.\n")


def test_an_unknown_name_is_refused_with_similar_ones(run: Run, double: Double) -> None:
    double.resolutions["odrers"] = {"uri": None, "matches": [], "total": 0, "nearest": [match("dataset", 1)]}
    unknown = run("lineage", "odrers")
    assert (unknown.code, unknown.out) == (1, "")
    assert "no asset has the name 'odrers'" in unknown.err
    assert "mlg://dataset/ns/orders1" in unknown.err
    double.resolutions["odrers"]["nearest"] = []
    assert "mlgraph search" in run("lineage", "odrers").err


def test_what_is_undone_is_named_by_its_uri(run: Run, double: Double) -> None:
    run("same", "ratings/daily", "orders", "--undo")
    assert [arguments for call, arguments in double.calls if call == "matches"] == [{"name": "orders"}]
