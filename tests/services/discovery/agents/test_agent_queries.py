"""Pages of closures against the complete answers of HTTP; handles; and a graph that lags behind its store."""

from __future__ import annotations

from collections import Counter

import pytest

from mlgraph.domain.errors import InvalidInput, NotReadYet, UnknownAsset
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.graph.noise.rules import Noise
from mlgraph.services.discovery.agents import agent_queries
from mlgraph.services.discovery.agents.agent_queries import AgentQueries
from mlgraph.services.discovery.agents.ranked_page import NO_OWNER, PagePosition
from mlgraph.services.queries import resolver
from tests.services.parts import Json, Serving, Store

SINCE = "2026-01-01T00:00:00Z"
MOST = 1_000
TEAMS = [f"mlg://team/org/{name}" for name in ("a", "b", "c")]
SEVERITIES = ["critical", "high", "medium", "low"]
HUB = "mlg://dataset/n/hub"


def asset(uri: str, **state: object) -> Json:
    return {"asset": {"uri": uri, "valid_from": SINCE, **state}}


def edge(source: str, relation: str, target: str) -> Json:
    return {"edge": {"source": source, "relation": relation, "target": target, "valid_from": SINCE}}


def fan_out(readers: int) -> list[Json]:
    """A hub with readers, each with an output, every third with a version, a deployment and a service."""
    lines = [asset(HUB), *(asset(team) for team in TEAMS)]
    for number in range(readers):
        workflow, dataset = f"mlg://workflow/n/w{number:03}", f"mlg://dataset/n/d{number:03}"
        owners = {"owners": [TEAMS[number % 4]]} if number % 4 < 3 else {}
        lines += [asset(workflow, **owners), asset(dataset, **owners)]
        lines += [edge(HUB, "input_to", workflow), edge(workflow, "outputs", dataset)]
        if number % 3 == 0:
            version, deployment, service = (f"mlg://{kind}/n/x{number:03}" for kind in ("model_version", "deployment", "service"))
            lines += [
                edge(workflow, "outputs", version),
                edge(version, "deployed_as", deployment),
                edge(deployment, "serves", service),
            ]
            lines.append(asset(service, **owners))
    lines.append(asset("mlg://dataset/n/w__dbt_tmp"))
    return [*lines, edge(HUB, "derives", "mlg://dataset/n/w__dbt_tmp")]


@pytest.fixture
def agents(serving: Serving) -> AgentQueries:
    return AgentQueries(serving.store.reader, serving.follower, Noise())


@pytest.fixture
def company(serving: Serving) -> None:
    serving.store.append(*fan_out(40))
    serving.follow()


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("change", [None, "schema", "values", "retire", "withdraw"])
def test_impact_pages_have_the_assets_and_counts_of_the_complete_answer(
    serving: Serving, agents: AgentQueries, change: str | None
) -> None:
    every = serving.queries.impact(HUB, WalkOptions(fold=True), change=change)
    complete = {each["uri"]: each for each in every["affected"] if not each["uri"].endswith("__dbt_tmp")}
    found = agents.impact(HUB, WalkOptions(), change=change, team=None, most=MOST)
    entries = found.page.entries
    assert {entry["uri"] for entry in entries} == complete.keys()
    assert found.page.total == len(complete)
    ranks = [(SEVERITIES.index(entry["severity"]), entry["distance"]) for entry in entries]
    assert [rank for rank, _ in ranks] == sorted(rank for rank, _ in ranks)
    for entry in entries:
        expected = complete[entry["uri"]]
        assert (entry["severity"], entry.get("effect"), entry["distance"]) == (
            expected["severity"],
            expected["effect"],
            expected["distance"],
        )
        via = [step.split(" ")[0] for step in entry["via"]]
        assert via == [agents.handles([uri])[uri] for uri in expected["path"][1:-1]]
    assert found.summary["by_severity"] == dict(Counter(each["severity"] for each in complete.values()))
    assert found.summary["by_kind"] == dict(Counter(each["kind"] for each in complete.values()))
    assert sum(found.summary["by_effect"].values()) == len(complete)
    assert found.summary["hidden_by_noise_rules"] == {"dbt-temporary": 1}


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("direction", ["downstream", "upstream", "both"])
def test_lineage_pages_have_the_assets_of_the_complete_answer(serving: Serving, agents: AgentQueries, direction: str) -> None:
    root = "mlg://model_version/n/x003"
    options = WalkOptions(direction=direction)  # type: ignore[arg-type] # a parameter of the test
    complete = {node["uri"]: node["distance"] for node in serving.lineage(root, direction=direction)["nodes"]}
    complete.pop(root)
    found = agents.lineage(root, options, team=None, most=MOST)
    assert {entry["uri"]: entry["distance"] for entry in found.page.entries} == complete
    assert all(entry["edges"] for entry in found.page.entries), "each is connected to one that is listed before it"


@pytest.mark.usefixtures("company")
def test_pages_of_any_size_add_up_to_the_list_with_exact_counts(agents: AgentQueries) -> None:
    complete = [entry["uri"] for entry in agents.impact(HUB, WalkOptions(), change="values", team=None, most=MOST).page.entries]
    for size in (1, 7, 40):
        listed: list[str] = []
        after = None
        while True:
            page = agents.impact(HUB, WalkOptions(), change="values", team=None, after=after, most=size).page
            listed += [entry["uri"] for entry in page.entries]
            left_out = page.left_out(len(page.entries))
            assert left_out["total"] == len(complete) - len(listed)
            assert sum(left_out["by_kind"].values()) == sum(left_out["by_team"].values()) == left_out["total"]
            after = page.next(len(page.entries))
            if after is None:
                break
        assert listed == complete


@pytest.mark.usefixtures("company")
def test_a_team_selects_its_assets_and_nobody_the_others(agents: AgentQueries) -> None:
    total = 0
    for team in (*TEAMS, NO_OWNER):
        page = agents.impact(HUB, WalkOptions(), change="values", team=team, most=MOST).page
        assert {entry["team"] for entry in page.entries} == {NO_OWNER if team == NO_OWNER else team.rpartition("/")[2]}
        total += page.total
    assert total == agents.impact(HUB, WalkOptions(), change="values", team=None, most=MOST).page.total
    assert agents.impact(HUB, WalkOptions(), change="values", team="mlg://team/org/other", most=MOST).page.total == 0


@pytest.mark.usefixtures("company")
def test_a_position_of_another_query_is_refused(agents: AgentQueries) -> None:
    for wrong in ("", "x", "1", "1.2.3", "-1.5", "9" * 11 + ".1", "1." + "9" * 20):
        with pytest.raises(InvalidInput, match="next must be"):
            PagePosition.decode(wrong)
    position = PagePosition(999_999, 1_790_000_000_000_000).encode()
    with pytest.raises(InvalidInput, match="another query"):
        agents.lineage(HUB, WalkOptions(), team=None, after=position, most=MOST)


@pytest.mark.usefixtures("company")
def test_a_handle_is_resolved_by_another_process_and_not_in_another_store(serving: Serving, agents: AgentQueries) -> None:
    handle = agents.handles([HUB])[HUB]
    other = Serving(serving.store)
    other.follow()
    assert AgentQueries(serving.store.reader, other.follower).uri_of(handle) == HUB
    kind, number, check = handle[1:].split(".")
    changed = f"{(int(check) + 1) % 1000:03}"
    for wrong in (
        f"@{kind}.{number}.{changed}",
        f"@model.{number}.{check}",
        f"@{kind}.{int(number) + 1}.{check}",
        "@x",
        "@a.0.000",
    ):
        with pytest.raises(UnknownAsset, match="no asset has the handle"):
            agents.uri_of(wrong)


def test_while_the_graph_lags_nothing_is_known_to_be_absent(
    store: Store, serving: Serving, agents: AgentQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (resolver, agent_queries):
        monkeypatch.setattr(module, "UNKNOWN_WAIT_S", 0.05)
    store.append(asset(HUB))
    serving.follow()
    assert agents.behind() == 0
    store.append(edge(HUB, "derives", "mlg://dataset/n/new"))
    assert agents.behind() == 1
    with pytest.raises(NotReadYet):
        agents.is_known("mlg://dataset/n/new")
    with pytest.raises(NotReadYet):
        agents.uri_of("@dataset.99.123")
    serving.follow()
    assert agents.behind() == 0
    assert agents.is_known("mlg://dataset/n/new")
    assert not agents.is_known("mlg://dataset/n/never")
