"""Coverage of what MLflow, Feast and Unleash report: the facts of their recorded answers, and a deployment of two versions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.contract.serving import PROGRAM, Api, Json, asset, edge

CONNECTORS: Final = Path(__file__).parents[1] / "connectors"
RECORDED: Final = (
    "mlflow/payloads/registered_model",
    "mlflow/payloads/model_version",
    "mlflow/payloads/run_that_trains",
    "mlflow/payloads/run_that_evaluates",
    "feast/payloads/view",
    "feast/payloads/feature_service",
    "unleash/payloads/flag_ranker_test",
    "unleash/payloads/flag_checkout",
)
AFTER: Final = "2026-12-01T00:00:00Z"
SINCE: Final = "2026-11-30T09:00:00Z"
FIRST, EIGHTH, NINTH = (f"mlg://model_version/mlflow%3Aprod/ranker%2F{number}" for number in (1, 8, 9))
FEATURES: Final = "mlg://feature_service/feast%3Aprod/shop%2Franker_v1"
RUN: Final = "mlg://run/mlflow%3Aprod/r9"
DEPLOYMENT, SERVICE = "mlg://deployment/prod/ranker", "mlg://service/prod/shop"
RANKER, CHECKOUT = (f"mlg://variant/unleash%3Aprod/default%2F{flag}%40production%2F" for flag in ("ranker-test", "checkout"))


def recorded_facts() -> Iterator[Json]:
    """Yield the facts of the recorded answers; a client sends whole states, so that a patch has what came before it."""
    for name in RECORDED:
        known: dict[str, Json] = {}
        for line in json.loads((CONNECTORS / f"{name}.json").read_text("utf-8"))["facts"]:
            if "asset" in line:
                before = known.get(line["asset"]["uri"], {})
                properties = {**before.get("properties", {}), **line["asset"].get("properties", {})}
                known[line["asset"]["uri"]] = {**before, **line["asset"], "properties": properties}
                yield {"asset": known[line["asset"]["uri"]]}
            elif "contact" not in line:
                yield {key: value for key, value in line.items() if key != "mode"}


@pytest.fixture
def company(fresh: Api) -> Api:
    """A version that MLflow has, and one that was trained on features of Feast and that MLflow does not have; both serve."""
    fresh.taken(
        *recorded_facts(),
        edge(FEATURES, "input_to", RUN, SINCE),
        edge(RUN, "outputs", NINTH, SINCE),
        edge(FIRST, "deployed_as", DEPLOYMENT, SINCE),
        edge(NINTH, "deployed_as", DEPLOYMENT, SINCE),
        edge(DEPLOYMENT, "serves", SERVICE, SINCE),
    )
    return fresh


def gaps_of(answer: Json, missing: str) -> dict[str, Json]:
    return {gap["uri"]: gap for gap in answer["gaps"] if gap["missing"] == missing}


def test_what_the_tools_say_is_reached_and_each_broken_reference_is_a_gap(company: Api) -> None:
    answer = company.ask("coverage", as_of=AFTER)
    reaching, expected = answer["reaching"], answer["expected"]
    assert answer["deployed"] == expected["dataset"] == reaching["dataset"] == 2  # the ninth over Feast alone
    assert (reaching["commit"], set(gaps_of(answer, "commit"))) == (1, {NINTH})
    assert set(gaps_of(answer, "evaluation")) == {NINTH}
    assert gaps_of(answer, "commit")[NINTH]["fix"].startswith("mlflow.set_tag(")
    references = gaps_of(answer, "reference")
    assert expected["reference"] - reaching["reference"] == len(references)
    reasons = {uri: gap["reason"] for uri, gap in references.items()}
    assert reasons[f"{RANKER}champion"] == f"variant champion names {EIGHTH}, and no registry mlflow:prod is connected"
    assert reasons[DEPLOYMENT] == f"deployment ranker names {NINTH}, and no registry mlflow:prod is connected"
    assert references[DEPLOYMENT]["fix"] == "mlgraph connect mlflow '<URL>' --name prod"
    assert not [uri for uri in reasons if "%40development" in uri]  # turned off there


def test_a_gap_is_closed_by_what_it_names(company: Api) -> None:
    company.taken(asset(EIGHTH, SINCE, name="ranker/8"), asset(NINTH, SINCE, name="ranker/9"))
    closed = gaps_of(company.ask("coverage", as_of=AFTER), "reference")
    assert not {f"{RANKER}champion", DEPLOYMENT} & closed.keys()
    unnamed = {uri for uri, gap in closed.items() if gap["reason"].endswith("names no model")}
    assert all(closed[uri]["fix"].startswith("set its payload") for uri in unnamed)


def test_the_command_prints_the_gaps_of_references(company: Api) -> None:
    url = company.url
    ran = subprocess.run([PROGRAM, "coverage", "--as-of", AFTER, "--url", url], capture_output=True, text=True, check=True)
    assert "no reference: variant champion names" in " ".join(ran.stdout.split())
