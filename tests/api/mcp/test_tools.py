"""What each tool answers about the company: results, filters, pages, handles, and text of sources as data."""

from __future__ import annotations

import itertools
import json

import pytest

from mlgraph.api.mcp.answers import DEFAULT_BUDGET, LEAST_BUDGET
from mlgraph.domain.uri import AssetUri
from tests.api.mcp import company
from tests.api.mcp.agents import Agent, Reply
from tests.contract.serving import Api, Process, asset, edge


def uris(reply: Reply) -> list[str]:
    return [item["uri"] for item in reply.items]


def test_impact_counts_everything_and_lists_the_worst_first_with_paths(agent: Agent) -> None:
    reply = agent.call("impact", asset=company.ORDERS, change="retire")
    first, summary, items = reply.first, reply.summary, reply.items
    assert (first["result"], first["returned"]) == ("found", first["total"])
    assert first["left_out"] == 0
    for count in ("by_effect", "by_severity", "by_kind", "by_team"):
        assert sum(summary[count].values()) == first["total"], count
    severities = ["critical", "high", "medium", "low"]
    ranks = [severities.index(item["severity"]) for item in items]
    assert ranks == sorted(ranks)
    assert [item["uri"] for item in items[:2]] == [company.HOME_FEED, company.EDGE], "models do not change by a retirement"
    for item in items:
        assert len(item["via"]) == item["distance"] - 1
        assert all(step.startswith("@") for step in item["via"])
    assert {company.TEAMS[name] for name in ("data", "growth", "risk")} <= summary["notify"].keys()


def test_a_handle_is_accepted_where_a_uri_is(agent: Agent) -> None:
    by_uri = agent.call("lineage", asset=company.ORDERS)
    handle = by_uri.summary["asset"]
    again = agent.call("lineage", asset=handle)
    assert (again.summary["uri"], uris(again)) == (company.ORDERS, uris(by_uri))
    for item in by_uri.items:
        assert agent.call("show", asset=item["asset"]).summary["uri"] == item["uri"]


@pytest.mark.parametrize(
    "handle", ["@dataset.1.000", "@model.999999.123", "@", "@dataset", "@nothing.1.1", "@dataset.99999999999.123"]
)
def test_a_handle_of_another_store_is_refused(agent: Agent, handle: str) -> None:
    reply = agent.call("show", asset=handle)
    assert reply.is_error
    assert "handle" in json.loads(reply.text)["detail"]


def test_an_asset_is_given_by_name(agent: Agent) -> None:
    names = {
        "home-feed": company.HOME_FEED,
        "service:home-feed": company.HOME_FEED,
        "orders_daily": company.ORDERS_DAILY,
        f"{company.DB}/shop.public.orders": company.ORDERS,
        "model:fraud-score": company.FRAUD,
        " home-feed ": company.HOME_FEED,
    }
    for name, uri in names.items():
        assert agent.call("show", asset=name).summary["uri"] == uri, name
    assert set(uris(agent.call("lineage", asset="orders_daily", team="risk"))) >= {company.TRAIN_FRAUD, company.CHECKOUT}


@pytest.mark.parametrize("name", ["home-fed", "service:home-fed", "mlg://service/acme/home-fed"])
def test_an_unknown_name_is_answered_with_the_five_nearest(agent: Agent, name: str) -> None:
    reply = agent.call("impact", asset=name, change="schema")
    assert reply.is_error
    [error] = reply.lines
    assert error["candidates"][0]["uri"] == company.HOME_FEED
    assert len(error["candidates"]) <= 5
    assert "call again" in error["detail"]
    again = agent.call("show", asset=error["candidates"][0]["asset"])
    assert again.summary["uri"] == company.HOME_FEED


def test_an_ambiguous_name_is_answered_with_its_candidates(server: Process, agent: Agent) -> None:
    api = Api(server.url)
    twins = [str(AssetUri("dataset", namespace, "twin")) for namespace in ("s3://a", "s3://b")]
    api.taken(*(asset(twin, company.FOUNDED) for twin in twins))
    reply = agent.call("show", asset="twin", at_least=api.written)
    api.close()
    assert reply.is_error
    assert [each["uri"] for each in reply.lines[0]["candidates"]] == twins
    assert "may mean 2 assets" in reply.lines[0]["detail"]


def test_similar_finds_what_exists_and_reports_that_nothing_is_like_it(agent: Agent) -> None:
    reply = agent.call("similar", text="I plan to build a score of the probability that a payment is fraudulent.", at_least=1)
    assert not reply.is_error, reply.text
    assert reply.first["result"] == "found"
    assert company.FRAUD in uris(reply)
    [hit] = [item for item in reply.items if item["uri"] == company.FRAUD]
    assert hit["why"]
    assert agent.call("similar", asset=company.SCRATCH).first["result"] == "nothing_like_it"
    for wrong in ({}, {"asset": company.FRAUD, "text": "x"}, {"asset": company.FRAUD, "kind": "model"}):
        assert agent.call("similar", **wrong).is_error


def test_kind_team_and_column_filter_lineage_and_impact(agent: Agent) -> None:
    for tool in ("lineage", "impact"):
        reply = agent.call(tool, asset=company.ORDERS, kind=["service"])
        assert set(uris(reply)) == {company.HOME_FEED, company.CHECKOUT, company.EDGE}
        reply = agent.call(tool, asset=company.ORDERS, team=company.TEAMS["risk"])
        assert set(uris(reply)) >= {company.TRAIN_FRAUD, company.CHECKOUT}
        assert company.HOME_FEED not in uris(reply)
        reply = agent.call(tool, asset=company.ORDERS, team="nobody", kind=["model_version"])
        assert reply.first["total"] == len(uris(reply))
        of_column = agent.call(tool, asset=company.ORDERS, column="user_id")
        assert of_column.summary["uri"] == company.USER_ID
        certain = {item["uri"] for item in of_column.items if "certainty" not in item}
        assert company.DAILY_USER in certain
        assert company.BUILD_ORDERS not in certain
        unknown = agent.call(tool, asset=company.ORDERS, column="userid")
        assert unknown.is_error
        assert "its known columns are amount, user_id" in json.loads(unknown.text)["detail"]


def test_no_path_nothing_downstream_and_not_read_yet_are_results(agent: Agent) -> None:
    nothing = agent.call("lineage", asset=company.SCRATCH)
    no_impact = agent.call("impact", asset=company.SCRATCH, change="schema")
    no_path = agent.call("path", asset=company.SCRATCH, to=company.HOME_FEED)
    not_read = agent.call("lineage", asset=company.SCRATCH, at_least=10**9)
    assert [reply.is_error for reply in (nothing, no_impact, no_path, not_read)] == [False] * 4
    results = [reply.first["result"] for reply in (nothing, no_impact, no_path, not_read)]
    assert results == ["nothing_downstream", "nothing_downstream", "no_path", "not_read_yet"]
    assert agent.call("lineage", asset=company.ORDERS, direction="upstream").first["result"] == "nothing_upstream"
    assert "1000000000 was requested" in not_read.first["detail"]


def test_a_path_is_found_in_either_direction(agent: Agent) -> None:
    down = agent.call("path", asset=company.ORDERS, to=company.HOME_FEED)
    up = agent.call("path", asset=company.HOME_FEED, to=company.ORDERS)
    assert (down.summary["direction"], up.summary["direction"]) == ("downstream", "upstream")
    assert uris(down)[0] == company.ORDERS
    assert uris(down)[-1] == company.HOME_FEED
    assert down.items[1]["relation"] == "input_to"


def test_the_past_is_answered_with_as_of(agent: Agent) -> None:
    reply = agent.call("live", asset=company.HOME_FEED, as_of="2026-03-01T00:00:00Z")
    [row] = reply.items
    assert [version["name"] for version in row["versions"]] == ["home-ranker/1"]
    assert agent.call("live", asset=company.HOME_FEED, as_of="2026-03-01").is_error


def test_live_names_versions_weights_and_times(agent: Agent) -> None:
    by_name = {row["deployment_name"]: row for row in agent.call("live", asset=company.HOME_FEED).items}
    assert (by_name["home-main"]["weight"], by_name["home-canary"]["health"]) == (0.9, "failing")
    [version] = by_name["home-main"]["versions"]
    assert version["uri"].endswith(company.RANKER_2)
    assert version["since"] == "2026-03-20T00:00:00Z"
    assert agent.call("live").summary["services"] == 3
    of_model = agent.call("live", asset=company.FRAUD)
    assert [row["service_name"] for row in of_model.items] == ["checkout"]
    assert agent.call("live", asset=company.EMBEDDING).first["result"] == "nothing_serves"
    wrong = agent.call("live", asset=company.ORDERS)
    assert wrong.is_error
    assert "use lineage" in json.loads(wrong.text)["detail"]


def test_why_finds_the_edges_between_two_assets(agent: Agent) -> None:
    for ends in ((company.ORDERS, company.BUILD_ORDERS), (company.BUILD_ORDERS, company.ORDERS)):
        reply = agent.call("why", asset=ends[0], to=ends[1])
        edge_line, origin = reply.items
        assert (edge_line["relation"], edge_line["valid"]) == ("input_to", True)
        assert (origin["origin"], origin["valid_from"]) == ("facts", company.FOUNDED)
    past = agent.call("why", asset=company.RANKER_1, relation="deployed_as", to=company.HOME_MAIN)
    assert past.items[0]["valid"] is False
    assert agent.call("why", asset=company.ORDERS, to=company.HOME_FEED).first["result"] == "no_edge"
    assert agent.call("why", asset=company.ORDERS, relation="feeds", to=company.HOME_FEED).is_error


def test_text_of_sources_stays_in_its_string(agent: Agent) -> None:
    reply = agent.call("show", asset=company.INJECTION)
    assert reply.summary["name"] == company.HOSTILE
    assert reply.summary["tags"] == [company.HOSTILE]
    assert (reply.first["returned"], "never instructions" in reply.first["note"]) == (0, True)
    for invisible in ("\u202e", "\u200b", "\x1b"):
        assert invisible not in reply.text


def test_the_edges_of_an_asset_that_are_left_out_are_counted(server: Process, agent: Agent) -> None:
    hub = str(AssetUri("dataset", company.LAKE, "wide"))
    readers = [str(AssetUri("workflow", "wide", f"reader_{number:02}")) for number in range(30)]
    owned = (asset(each, company.FOUNDED, owners=[company.TEAMS["ads"]]) for each in readers[:10])
    api = Api(server.url)
    api.taken(*owned, *(edge(hub, "input_to", reader, company.FOUNDED) for reader in readers))
    reply = agent.call("show", asset=hub, at_least=api.written, budget=LEAST_BUDGET)
    api.close()
    left_out = reply.first["left_out"]
    assert left_out["total"] == 30 - len(reply.items) > 0
    for count in ("by_relation", "by_kind", "by_team"):
        assert sum(left_out[count].values()) == left_out["total"], count
    assert left_out["by_team"]["nobody"] == 20
    assert not any(key.startswith("_") for item in reply.items for key in item)


def test_find_matches_words_and_filters(agent: Agent) -> None:
    reply = agent.call("find", query="member", at_least=1)
    assert (reply.first["result"], reply.first["returned"]) == ("found", reply.first["total"])
    assert company.MEMBER_TASTE in uris(reply)
    [hit] = [item for item in reply.items if item["uri"] == company.MEMBER_TASTE]
    assert hit["team"] == company.TEAMS["growth"]
    assert "description" in hit["matched"] or "name" in hit["matched"]
    assert uris(agent.call("find", query="orders", kind="workflow")) == [company.BUILD_ORDERS]
    assert company.ORDERS not in uris(agent.call("find", query="orders", team=company.TEAMS["growth"]))
    assert agent.call("find", query="zzyzx qqqq").first["result"] == "nothing_found"
    assert agent.call("find", query="orders", kind="table").is_error
    small = agent.call("find", query="orders", budget=LEAST_BUDGET)
    left_out = small.first["left_out"]
    assert left_out["total"] == small.first["total"] - small.first["returned"] > 0
    assert sum(left_out["by_kind"].values()) == sum(left_out["by_team"].values()) == left_out["total"]
    second = agent.call("find", query="orders", budget=LEAST_BUDGET, next=small.first["next"])
    assert not {*uris(small)} & {*uris(second)}


def test_changes_is_the_feed_newest_first_within_the_budget(server: Process, agent: Agent) -> None:
    api = Api(server.url)
    api.taken(
        {"asset": {"uri": company.SCRATCH, "origin": "notes", "description": "Trials of the data team."}},
        edge(company.SCRATCH, "derives", company.FRAUD_LABELS, origin="notes"),
    )
    reply = agent.call("changes", asset="scratch", at_least=api.ask("asset", uri=company.SCRATCH)["watermark"])
    altered, appeared, first = reply.items
    assert (altered["change"], altered["name"], altered["origin"]) == ("altered", "scratch", "notes")
    assert altered["fields"] == {"description": [None, "Trials of the data team."]}
    assert (appeared["kind"], appeared["relation"], appeared["target"].split(" ")[1]) == ("edge", "derives", "fraud_labels")
    assert (first["change"], first["valid_from"]) == ("appeared", company.FOUNDED)
    assert reply.first["total"] == api.ask("changes", uri=company.SCRATCH)["total"] == 3
    api.taken({"retract": {"source": company.SCRATCH, "relation": "derives", "target": company.FRAUD_LABELS, "origin": "notes"}})
    owned = agent.call("changes", owner="team:risk", kind=["service"])
    assert {each.get("relation") for each in owned.items} == {None, "serves", "required_by"}
    assert {each["name"] for each in owned.items if each["kind"] == "service"} == {"checkout"}
    nothing = agent.call("changes", **{"from": "2026-02-01T00:00:00Z", "to": "2026-02-02T00:00:00Z"})
    assert nothing.first["result"] == "nothing_changed"
    assert agent.call("changes", **{"from": "yesterday"}).is_error
    assert agent.call("changes", kind=["zeppelin"]).is_error
    api.close()


def test_pages_of_changes_repeat_and_skip_nothing_and_count_what_they_leave_out(server: Process, agent: Agent) -> None:
    api = Api(server.url)
    expected = [each["recorded_at"] for each in api.ask("changes", limit=1000)["changes"]]
    api.close()
    listed, following = list[str](), dict[str, str]()
    while following or not listed:
        reply = agent.call("changes", budget=LEAST_BUDGET, **following)
        assert reply.tokens <= LEAST_BUDGET
        first, left_out = reply.first, reply.first["left_out"]
        listed += [each["recorded_at"] for each in reply.items]
        assert first["total"] == len(expected)
        rest = left_out["total"] if left_out else 0
        assert len(listed) + rest == len(expected)
        assert not rest or sum(left_out["by_kind"].values()) == sum(left_out["by_team"].values()) == rest
        following = {"next": first["next"]} if first["next"] else {}
    assert listed == expected
    assert agent.call("changes", next="23.1795999537951215").is_error
    assert agent.call("changes", next="1.0.0.0.abcdefghijkl").is_error


def test_curate_writes_as_the_caller_in_the_second_list_of_tools_only(server: Process, agent: Agent) -> None:
    assert "curate" not in [tool.name for tool in agent.tools()]
    with Agent(f"{server.url}", path="/mcp?toolset=write") as writer:
        tools = {tool.name: tool for tool in writer.tools()}
        assert list(tools)[:-1] == [tool.name for tool in agent.tools()]
        assert tools["curate"].annotations is not None
        assert tools["curate"].annotations.read_only_hint is False
        reply = writer.call("curate", asset="clicks_daily", description="Clicks of each day.", tags=["gold"], owners=["team:ads"])
        assert (reply.first["result"], reply.summary["written_as"]) == ("written", "local")
        assert {item["field"]: item["value"] for item in reply.items} == {
            "description": "Clicks of each day.",
            "tags": ["gold"],
            "owners": [company.TEAMS["ads"]],
        }
        shown = agent.call("show", asset="clicks_daily", at_least=reply.first["watermark"]).summary
        assert (shown["description"], shown["written_by_people"]) == ("Clicks of each day.", ["description", "owners", "tags"])
        assert writer.call("curate", asset="clicks_daily", tags=["gold"]).first["result"] == "unchanged"
        undone = writer.call("curate", asset="clicks_daily", undo=["description", "owners", "tags"])
        assert {item["field"] for item in undone.items} == {"description", "owners", "tags"}
        shown = agent.call("show", asset="clicks_daily", at_least=undone.first["watermark"]).summary
        assert "written_by_people" not in shown
        assert shown["owners"] == [company.TEAMS["data"]]
        for wrong in (
            {},
            {"deprecated": "yes"},
            {"undo": ["name"]},
            {"description": "x", "undo": ["description"]},
            {"owners": ["me"]},
        ):
            assert writer.call("curate", asset="clicks_daily", **wrong).is_error


def test_a_page_leads_to_the_next_until_the_end(server: Process, agent: Agent) -> None:
    hub = str(AssetUri("dataset", company.LAKE, "hub"))
    readers = [str(AssetUri("workflow", "many", f"reader_{number:03}")) for number in range(150)]
    api = Api(server.url)
    api.taken(asset(hub, company.FOUNDED), *(edge(hub, "input_to", reader, company.FOUNDED) for reader in readers))
    try:
        for tool in ("lineage", "impact"):
            listed: list[str] = []
            arguments: dict[str, object] = {"asset": hub, "at_least": api.written, "budget": LEAST_BUDGET}
            reply = agent.call(tool, **arguments)
            while True:
                listed += uris(reply)
                left_out = reply.first["left_out"] or {"total": 0, "by_kind": {}, "by_team": {}}
                assert left_out["total"] == len(readers) - len(listed)
                assert sum(left_out["by_kind"].values()) == sum(left_out["by_team"].values()) == left_out["total"]
                if reply.first["next"] is None:
                    break
                reply = agent.call(tool, **arguments, next=reply.first["next"])
            assert listed == sorted(readers)
        other = agent.call("lineage", asset=company.ORDERS, next="999999.1790000000000000")
        assert other.is_error
        assert "another query" in json.loads(other.text)["detail"]
        assert agent.call("lineage", asset=company.ORDERS, next="nonsense").is_error
    finally:
        api.close()


@pytest.mark.parametrize("name", ["数据表" * 200, "%\u202e" * 300, "a.b-c_" * 300, "x" * 1_900])
def test_very_long_names_leave_whole_items_within_the_budget(server: Process, agent: Agent, name: str) -> None:
    chain = [str(AssetUri("dataset", company.LAKE, f"{number:02}{name}")) for number in range(40)]
    api = Api(server.url)
    api.taken(*(asset(each, company.FOUNDED, description=name, tags=[name]) for each in chain))
    api.taken(*(edge(source, "derives", target, company.FOUNDED) for source, target in itertools.pairwise(chain)))
    written = api.written
    api.close()
    calls = [("show", {"asset": chain[1]}), ("path", {"asset": chain[0], "to": chain[-1]}), ("find", {"query": name[:6]})]
    calls += [(tool, {"asset": chain[0]}) for tool in ("lineage", "impact")]
    for budget in (LEAST_BUDGET, DEFAULT_BUDGET):
        for tool, arguments in calls:
            reply = agent.call(tool, **arguments, at_least=written, budget=budget)
            assert not reply.is_error, reply.text[:500]
            assert reply.tokens <= budget
            assert len(reply.lines) == reply.first["returned"] + 2
            assert reply.first["returned"] >= 1 or reply.first["total"] == 0
    unknown = agent.call("show", asset=chain[0] + "x")
    assert unknown.is_error
    assert unknown.tokens <= DEFAULT_BUDGET


def test_every_answer_is_within_its_budget(agent: Agent) -> None:
    for budget in (None, LEAST_BUDGET, 20_000):
        given = {} if budget is None else {"budget": budget}
        for each in (company.ORDERS, company.INJECTION, company.HOME_FEED, company.RANKER):
            for tool in ("show", "lineage", "impact"):
                assert agent.call(tool, asset=each, **given).tokens <= (budget or DEFAULT_BUDGET)
