"""The aspect `reference`: what running variants and serving deployments name, and the line that mends each gap."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from mlgraph.ports.connections import Connection
from mlgraph.services.discovery.coverage.coverage import Coverage
from mlgraph.stores.postgres.connection_table import PostgresConnections
from tests.services.discovery.coverage.test_coverage import DEPLOYED, DEPLOYMENT, T1, T2, T3, V1, asset, edge
from tests.services.parts import Json, Serving

EXPERIMENT, CHALLENGER = (
    "mlg://experiment/unleash%3Aab/default%2Ff%40production",
    "mlg://variant/unleash%3Aab/default%2Ff%40production%2Fb",
)
OWN = "mlg://variant/acme/own"
VERSION, MLFLOW = "mlg://model_version/mlflow%3Aprod/ranker%2F9", Connection("prod", "mlflow", "http://mlflow:5000", "s")
UNLEASH = Connection("ab", "unleash", "http://unleash:4242", "s", state="live")
RUNNING = asset(EXPERIMENT, properties={"state": "running"})


def variant(uri: str = CHALLENGER, references: list[str] | None = None, **properties: Any) -> list[Json]:
    given = {"references": references or [], **properties}
    return [asset(uri, name="challenger", properties=given), edge(uri, "variant_of", EXPERIMENT), RUNNING]


def found(serving: Serving, *facts: Json, sources: tuple[Connection, ...] = (), **options: Any) -> tuple[int, int, list[Json]]:
    """Return how many references there are, how many name a known version, and the gaps."""
    serving.store.append(*facts)
    serving.follow()
    connections = PostgresConnections(serving.store.database)
    for each in sources:
        connections.save(each)
    answer = Coverage(serving.store.reader, serving.follower, serving.connectors, connections).coverage(**options)
    gaps = [gap for gap in answer["gaps"] if gap["missing"] == "reference"]
    return answer["expected"]["reference"], answer["reaching"]["reference"], gaps


def test_a_running_variant_that_names_no_model_is_mended_in_the_tool_that_has_it(serving: Serving) -> None:
    expected, reaching, [gap] = found(serving, *variant())
    assert (expected, reaching, gap["uri"], gap["name"], gap["services"]) == (1, 0, CHALLENGER, "challenger", [])
    assert gap["reason"] == "variant challenger names no model"
    assert gap["fix"] == 'set its payload, of type json, to {"model": "models:/<NAME>/<VERSION>"}'
    assert found(serving, edge(V1, "tested_in", CHALLENGER)) == (1, 1, [])


def test_the_line_for_a_variant_of_no_connected_tool_mends_it(serving: Serving) -> None:
    _, _, [gap] = found(serving, *variant(OWN))
    line = gap["fix"].replace("<NAMESPACE>", "acme").replace("<NAME>", "ranker/3")
    [fact] = re.findall(r"'(\{.*?\})'", line)
    assert found(serving, json.loads(fact.replace("ranker/3", "ranker%2F3"))) == (1, 1, [])


@pytest.mark.parametrize(
    "facts",
    [
        variant(state="disabled"),
        variant(weight=0),
        [*variant(), {"asset": {"uri": EXPERIMENT, "valid_from": T2, "properties": {"state": "completed"}}}],
        [*variant(), {"asset": {"uri": EXPERIMENT, "valid_from": T2, "properties": {"state": "disabled"}}}],
        [edge(CHALLENGER, "variant_of", EXPERIMENT), asset(CHALLENGER)],  # nothing says that it runs
    ],
)
def test_only_variants_that_users_get_are_expected_to_name_a_model(facts: list[Json], serving: Serving) -> None:
    assert found(serving, *facts) == (0, 0, [])


def test_a_variant_is_expected_at_the_moments_at_which_its_experiment_runs(serving: Serving) -> None:
    stopped = {"asset": {"uri": EXPERIMENT, "valid_from": T3, "properties": {"state": "completed"}}}
    assert found(serving, *variant(), stopped)[0] == 0
    assert found(serving, as_of=T2)[0] == 1


def test_a_reference_without_a_registry_is_explained_by_the_sources(serving: Serving) -> None:
    facts = variant(references=["models:/ranker/9"])
    _, _, [gap] = found(serving, *facts)
    assert "no source unleash:ab is connected" in gap["reason"]
    _, _, [gap] = found(serving, sources=(UNLEASH,))
    assert gap["reason"] == "variant challenger names models:/ranker/9, and no model registry is connected"
    assert gap["fix"] == "mlgraph connect mlflow '<URL>' && mlgraph sync ab"
    _, _, [gap] = found(serving, sources=(MLFLOW,))
    assert "was read before mlflow:prod was the registry of source ab" in gap["reason"]
    assert gap["fix"] == "mlgraph sync ab"
    _, _, [gap] = found(serving, sources=(replace(MLFLOW, name="eu"),))
    assert gap["reason"].endswith("several registries are connected: set registry of source ab")
    start = "mlgraph connect unleash http://unleash:4242 --name ab --registry"
    assert gap["fix"] == f"{start} '<mlflow:eu or mlflow:prod>'"
    _, _, [gap] = found(serving, sources=(replace(UNLEASH, configured=True),))
    assert gap["fix"] == "registry: <mlflow:eu or mlflow:prod>  # of the source ab in mlgraph.yaml"
    _, _, [gap] = found(serving, sources=(replace(UNLEASH, registry="mlflow:eu"),))
    assert gap["fix"] == "mlgraph sync ab"
    _, _, gaps = found(serving, edge(VERSION, "tested_in", CHALLENGER), asset(VERSION))
    assert gaps == []


def test_a_version_that_its_registry_does_not_have_is_a_gap(serving: Serving) -> None:
    named = [*variant(references=["models:/ranker/9"]), edge(VERSION, "tested_in", CHALLENGER)]
    expected, reaching, [gap] = found(serving, *named)
    assert (expected, reaching) == (1, 0)
    assert gap["reason"] == f"variant challenger names {VERSION}, and no registry mlflow:prod is connected"
    assert gap["fix"] == "mlgraph connect mlflow '<URL>' --name prod"
    _, _, [gap] = found(serving, sources=(MLFLOW,))
    assert gap["reason"] == f"variant challenger names {VERSION}, which mlflow:prod does not have"
    assert gap["fix"].startswith("set its payload")
    assert found(serving, asset(VERSION, name="ranker/9"))[1:] == (1, [])
    gone = {"retract": {"uri": VERSION, "valid_to": T3}}
    assert len(found(serving, gone)[2]) == 1
    assert found(serving, as_of=T2)[2] == []


def test_an_alias_that_means_a_version_is_known_and_one_that_means_none_is_not(serving: Serving) -> None:
    alias = "mlg://model_version/mlflow%3Aprod/ranker%40best"
    assert len(found(serving, *variant(), edge(alias, "tested_in", CHALLENGER), sources=(MLFLOW,))[2]) == 1
    assert found(serving, edge(alias, "alias_of", VERSION), asset(VERSION)) == (1, 1, [])


def test_a_deployment_that_serves_names_versions_too(serving: Serving) -> None:
    assert found(serving, *DEPLOYED) == (1, 1, [])  # no registry is known to have to describe it
    _, reaching, [gap] = found(serving, edge(VERSION, "deployed_as", DEPLOYMENT), sources=(MLFLOW,))
    assert (reaching, gap["uri"]) == (0, DEPLOYMENT)
    assert gap["reason"] == f"deployment main names {VERSION}, which mlflow:prod does not have"
    other, service = "mlg://deployment/acme/other", "mlg://service/acme/web"
    assert found(serving, edge(other, "serves", service, T1))[0] == 1  # nothing says that it serves a model
    expected, _, gaps = found(serving, asset(other, properties={"references": ["models:/ranker/9"]}))
    assert (expected, [gap["uri"] for gap in gaps]) == (2, [DEPLOYMENT, other])
