"""What snapshots say is a function of their set: any order and any repetition give the same deployments."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.connectors.kubernetes import normalise
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.timestamps import FOREVER, format_time, parse_time
from tests.connectors.kubernetes.objects import Json, deployment, inference_service, snapshot, target
from tests.connectors.unleash.test_histories import graph_of

CONTEXT = NamingContext(registry="mlflow:prod")
HOUR_US = 3_600_000_000
START_US = parse_time("2026-11-20T00:00:00Z")


def at(hour: float) -> str:
    return format_time(START_US + round(hour * HOUR_US))


def revisions(number: int, percent: int, hour: int) -> Json:
    """An InferenceService in revision `number`, which gets `percent` of the requests."""
    name, before = f"r{number}", f"r{number - 1}"
    traffic = [target(name, percent, latest=True), *([target(before, 100 - percent, latest=False)] if percent < 100 else [])]
    status = {"latestCreatedRevision": name, "latestReadyRevision": name, "previousRolledoutRevision": before}
    return inference_service(storage=f"s3://models/churn/{number}", traffic=traffic, status=status, since=at(hour))


@st.composite
def snapshots(draw: st.DrawFn) -> list[Json]:
    """Snapshots of a Deployment with rollouts, replicas that come and go, and an InferenceService with canaries."""
    found: list[Json] = []
    rolled, number, model = 0, 2, 1
    for hour in range(1, draw(st.integers(1, 8)) + 1):
        if draw(st.booleans()):
            rolled, model = hour, draw(st.integers(1, 4))
        number += draw(st.integers(0, 1))
        item = deployment(model=f"models:/ranker/{model}", ready=draw(st.integers(0, 3)), rolled_out=at(rolled))
        found.append(snapshot(item, revisions(number, draw(st.sampled_from([10, 50, 100])), hour), at=at(hour + 0.5)))
    return found


def facts(listed: list[Json]) -> list[Statement]:
    return [one for each in listed for one in normalise(each, CONTEXT)]


def open_at(graph: dict[str, Any], moment: int, part: str) -> list[str]:
    return [key for key, spans in graph.items() if part in key and any(start <= moment < end for start, end, _ in spans)]


@given(listed=snapshots(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_order_and_repetition_of_snapshots_change_nothing(listed: list[Json], data: st.DataObject) -> None:
    mixed = data.draw(st.permutations(listed + data.draw(st.lists(st.sampled_from(listed), max_size=4))))
    assert graph_of(facts(mixed)) == graph_of(facts(listed))


@given(listed=snapshots())
@settings(max_examples=60, deadline=None)
def test_after_each_snapshot_a_workload_runs_its_version_alone(listed: list[Json]) -> None:
    graph = graph_of(facts(listed))
    for each in listed:
        name = each["items"][0]["spec"]["template"]["metadata"]["annotations"]["mlgraph.dev/model"].rpartition("/")[2]
        running = open_at(graph, parse_time(each["at"]), "deployed_as mlg://deployment/kubernetes%3Aprod/recs%2Fdeployment")
        assert [key.split()[0] for key in running] == [f"mlg://model_version/mlflow%3Aprod/ranker%2F{name}"]


@given(listed=snapshots())
@settings(max_examples=60, deadline=None)
def test_the_last_snapshot_decides_what_is_open(listed: list[Json]) -> None:
    graph = graph_of(facts(listed))
    now = parse_time(listed[-1]["at"])
    (ranker,) = [key for key in graph if " " not in key and key.endswith("recs%2Fdeployment%2Franker")]
    _, end, state = graph[ranker][-1]
    assert end == FOREVER
    assert state["properties"]["ready_replicas"] == listed[-1]["items"][0]["status"]["readyReplicas"]
    latest = listed[-1]["items"][1]["status"]["components"]["predictor"]["latestReadyRevision"]
    assert open_at(graph, now, f"deployed_as mlg://deployment/kubernetes%3Aprod/ml%2Finferenceservice%2Fchurn%2F{latest}")
