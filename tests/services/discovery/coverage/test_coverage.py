"""Coverage on facts: what counts as a deployed version, what each aspect means, and that the printed lines mend the gaps."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.services.discovery.coverage.coverage import ASPECTS, REFERENCE, Coverage
from mlgraph.stores.postgres.connection_table import PostgresConnections
from tests.services.parts import Json, Serving

T1, T2, T3 = (f"2026-03-0{day}T00:00:00Z" for day in (1, 2, 3))
SERVICE, DEPLOYMENT, OTHER = "mlg://service/acme/feed", "mlg://deployment/acme/main", "mlg://deployment/acme/canary"
MODEL, V1, V2 = "mlg://model/acme/ranker", "mlg://model_version/acme/ranker%2F1", "mlg://model_version/acme/ranker%2F2"
RUN, TRAIN, TABLE = "mlg://run/acme/r1", "mlg://workflow/acme/train", "mlg://dataset/lake/events"
COMMIT, EVALUATION = "mlg://commit/acme/0a1b", "mlg://evaluation/acme/offline"
EXPERIMENT, VARIANT, TEAM = "mlg://experiment/acme/e1", "mlg://variant/acme/e1%2Fb", "mlg://team/acme/ranking"


def edge(source: str, relation: str, target: str, since: str = T1, **more: Any) -> Json:
    return {"edge": {"source": source, "relation": relation, "target": target, "valid_from": since, **more}}


def asset(uri: str, **more: Any) -> Json:
    return {"asset": {"uri": uri, "valid_from": T1, **more}}


DEPLOYED = (edge(V1, "deployed_as", DEPLOYMENT), edge(DEPLOYMENT, "serves", SERVICE))


def covered(serving: Serving, *facts: Json, **options: Any) -> Json:
    serving.store.append(*facts)
    serving.follow()
    connections = PostgresConnections(serving.store.database)
    return Coverage(serving.store.reader, serving.follower, installed_connectors(), connections).coverage(**options)


def missing(answer: Json, uri: str = V1) -> list[str]:
    return [gap["missing"] for gap in answer["gaps"] if gap["uri"] == uri]


def test_an_empty_graph_has_no_gaps(serving: Serving) -> None:
    answer = covered(serving)
    assert (answer["deployed"], answer["gaps"], answer["total"], answer["partial"]) == (0, [], 0, False)
    assert answer["reaching"] == answer["expected"] == dict.fromkeys((*ASPECTS, REFERENCE), 0)


def test_deployed_is_what_serves_at_the_moment(serving: Serving) -> None:
    answer = covered(serving, *DEPLOYED, edge(V2, "deployed_as", OTHER))  # nothing is served by the other one
    assert answer["deployed"] == 1
    assert {gap["uri"] for gap in answer["gaps"]} == {V1}
    assert answer["gaps"][0]["services"] == [SERVICE]
    image = "mlg://image/acme/ranker"
    later = covered(serving, edge(V2, "packaged_in", image, T2), edge(image, "deployed_as", DEPLOYMENT, T2))
    assert later["deployed"] == 2
    assert covered(serving, as_of=T1)["deployed"] == 1
    serving.store.append({"retract": {"source": DEPLOYMENT, "relation": "serves", "target": SERVICE, "valid_to": T3}})
    assert covered(serving)["deployed"] == 0
    assert covered(serving, as_of=T2)["deployed"] == 2


def test_a_version_of_which_nothing_is_known_lacks_all_but_an_experiment(serving: Serving) -> None:
    answer = covered(serving, *DEPLOYED)
    assert missing(answer) == ["dataset", "owner", "commit", "evaluation"]
    assert answer["reaching"] == {**dict.fromkeys(ASPECTS, 0), REFERENCE: 1}  # its deployment names it
    assert answer["expected"] == {**dict.fromkeys(ASPECTS, 1), "experiment": 0, REFERENCE: 1}
    assert all(gap["reason"] and gap["fix"] for gap in answer["gaps"])


@pytest.mark.parametrize(
    ("aspect", "facts"),
    [
        ("dataset", [edge(TABLE, "input_to", TRAIN), edge(TRAIN, "outputs", V1)]),
        (
            "dataset",
            [edge(TABLE, "feeds", "mlg://feature/f/x"), edge("mlg://feature/f/x", "input_to", RUN), edge(RUN, "outputs", V1)],
        ),
        ("dataset", [edge(V2, "derives", V1), edge(TABLE, "input_to", RUN), edge(RUN, "outputs", V2)]),
        ("owner", [asset(V1, owners=[TEAM])]),
        ("owner", [edge(V1, "owned_by", TEAM)]),
        ("owner", [edge(V1, "version_of", MODEL), asset(MODEL, owners=[TEAM])]),
        ("commit", [edge(COMMIT, "input_to", RUN), edge(RUN, "outputs", V1)]),
        ("commit", [edge(RUN, "outputs", V1), asset(RUN, properties={"state": "COMPLETE", "code_version": "0a1b"})]),
        ("commit", [edge(RUN, "run_of", TRAIN), edge(RUN, "outputs", V1), asset(RUN, properties={"code_version": "0a1b"})]),
        ("commit", [edge(TRAIN, "outputs", V1), asset(TRAIN, properties={"source_code_location": {"version": "0a1b"}})]),
        ("evaluation", [edge(V1, "evaluated_by", EVALUATION)]),
        ("evaluation", [edge(V1, "input_to", RUN), edge(RUN, "outputs", EVALUATION)]),
    ],
)
def test_what_reaches_an_aspect(aspect: str, facts: list[Json], serving: Serving) -> None:
    answer = covered(serving, *DEPLOYED, *facts)
    assert answer["reaching"][aspect] == 1
    assert aspect not in missing(answer)


@pytest.mark.parametrize(
    ("aspect", "facts"),
    [
        ("dataset", [edge(TABLE, "input_to", TRAIN), edge(TRAIN, "outputs", V2)]),
        ("dataset", [edge(V1, "input_to", RUN), edge(RUN, "outputs", TABLE)]),
        ("owner", [edge(V1, "version_of", MODEL), asset(V2, owners=[TEAM])]),
        ("commit", [edge(RUN, "outputs", V1), asset(RUN, properties={"state": "COMPLETE"})]),
        ("evaluation", [edge(V1, "derives", V2), edge(V2, "evaluated_by", EVALUATION)]),
    ],
)
def test_what_does_not_reach_an_aspect(aspect: str, facts: list[Json], serving: Serving) -> None:
    assert aspect in missing(covered(serving, *DEPLOYED, *facts))


def test_an_experiment_is_expected_where_one_runs_on_the_service(serving: Serving) -> None:
    both = (*DEPLOYED, edge(V2, "deployed_as", OTHER), edge(OTHER, "serves", SERVICE))
    answer = covered(serving, *both, edge(V2, "tested_in", VARIANT), edge(VARIANT, "variant_of", EXPERIMENT))
    assert (answer["expected"]["experiment"], answer["reaching"]["experiment"]) == (2, 1)
    [gap] = [gap for gap in answer["gaps"] if gap["missing"] == "experiment"]
    assert gap["uri"] == V1
    assert EXPERIMENT in gap["reason"]  # inferred from the variant, as lineage lists it
    answer = covered(serving, edge(DEPLOYMENT, "tested_in", EXPERIMENT))
    assert (answer["expected"]["experiment"], answer["reaching"]["experiment"]) == (2, 2)
    finished = covered(serving, asset(EXPERIMENT, properties={"state": "stopped"}))
    assert (finished["expected"]["experiment"], finished["reaching"]["experiment"]) == (0, 0)


def test_an_experiment_that_ran_at_the_moment_is_expected_then(serving: Serving) -> None:
    ended = {"asset": {"uri": EXPERIMENT, "properties": {"state": "stopped"}, "valid_from": T3}}
    both = (*DEPLOYED, edge(V2, "deployed_as", OTHER), edge(OTHER, "serves", SERVICE), edge(V2, "tested_in", EXPERIMENT))
    answer = covered(serving, *both, asset(EXPERIMENT, properties={"state": "running"}), ended, as_of=T2)
    assert (answer["expected"]["experiment"], answer["reaching"]["experiment"]) == (2, 1)
    assert covered(serving)["expected"]["experiment"] == 0


def test_the_printed_lines_mend_the_gaps(serving: Serving) -> None:
    answer = covered(
        serving, *DEPLOYED, edge(V2, "deployed_as", OTHER), edge(OTHER, "serves", SERVICE), edge(V2, "tested_in", EXPERIMENT)
    )
    placeholders = {"<NAMESPACE>": "acme", "<NAME>": "x", "<RUN>": "r9", "<REPOSITORY>": "acme", "<SHA>": "0a1b"}
    for gap in answer["gaps"]:
        if gap["uri"] != V1 or gap["missing"] == "owner":
            continue
        line = gap["fix"]
        for placeholder, value in placeholders.items():
            line = line.replace(placeholder, value)
        assert line.endswith(" | mlgraph ingest - --format facts")
        serving.store.append(*(json.loads(fact) for fact in re.findall(r"'(\{.*?\})'", line)))
    answer = covered(serving)
    assert missing(answer) == ["owner"]
    [owner] = [gap["fix"] for gap in answer["gaps"] if gap["uri"] == V1]
    assert owner == f"mlgraph annotate '{V1}' --owner '<TEAM>'"


def test_a_line_for_a_version_of_mlflow_is_one_for_its_training(serving: Serving) -> None:
    version = "mlg://model_version/mlflow%3Aprod/ranker%2F1"
    answer = covered(
        serving, edge(version, "deployed_as", DEPLOYMENT), edge(DEPLOYMENT, "serves", SERVICE), edge(RUN, "outputs", version)
    )
    fixes = {gap["missing"]: gap["fix"] for gap in answer["gaps"]}
    assert fixes["dataset"].startswith("mlflow.log_input(")
    assert fixes["commit"].startswith("mlflow.set_tag(")


def test_a_list_that_is_cut_is_partial(serving: Serving) -> None:
    answer = covered(serving, *DEPLOYED, limit=3)
    assert (len(answer["gaps"]), answer["total"], answer["partial"], answer["reason"]) == (3, 4, True, "limit")
