"""Coverage of what MLflow, Feast and Unleash report: the facts of their recorded answers, and a deployment of two versions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from mlgraph.connectors import unleash
from mlgraph.domain.naming.naming_context import NamingContext
from tests.connectors.suite import lines_of
from tests.connectors.unleash.flag_payloads import Events, flag_payload, strategy, variant
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
)
AFTER: Final = "2026-12-01T00:00:00Z"
SINCE: Final = "2026-11-30T09:00:00Z"
FIRST, EIGHTH, NINTH = (f"mlg://model_version/mlflow%3Aprod/ranker%2F{number}" for number in (1, 8, 9))
FEATURES: Final = "mlg://feature_service/feast%3Aprod/shop%2Franker_v1"
RUN: Final = "mlg://run/mlflow%3Aprod/r9"
DEPLOYMENT, SERVICE = "mlg://deployment/prod/ranker", "mlg://service/prod/shop"
RANKER, PROMO = (f"mlg://variant/unleash%3Aprod/default%2F{flag}%40production%2F" for flag in ("ranker-test", "promo"))


def facts_of_tools() -> Iterator[Json]:
    """Yield the recorded facts, and those of a flag with a variant that names no model and one that names the first version."""
    for name in RECORDED:
        yield from sendable(json.loads((CONNECTORS / f"{name}.json").read_text("utf-8"))["facts"])
    events = Events()
    events.create("promo")
    events.add("production", strategy("s", [variant("blue", 500, {"colour": "blue"}), variant("first", 500, "models:/ranker/1")]))
    events.switch("production", on=True)
    yield from sendable(lines_of(unleash.normalise(flag_payload(events), NamingContext(registry="mlflow:prod"))))


def sendable(lines: Sequence[Json]) -> Iterator[Json]:
    """Yield facts as a client can send them: without contacts, and with whole states, so that a patch has what came before it."""
    known: dict[str, Json] = {}
    for line in lines:
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
        *facts_of_tools(),
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
    assert gaps_of(answer, "experiment")[NINTH]["fix"].startswith("set the payload of one of its variants")
    references = gaps_of(answer, "reference")
    assert expected["reference"] - reaching["reference"] == len(references)
    reasons = {uri: gap["reason"] for uri, gap in references.items()}
    assert reasons[f"{RANKER}champion"] == f"variant champion names {EIGHTH}, and no registry mlflow:prod is connected"
    assert reasons[DEPLOYMENT] == f"deployment ranker names {NINTH}, and no registry mlflow:prod is connected"
    assert references[DEPLOYMENT]["fix"] == "mlgraph connect mlflow '<URL>' --name prod"
    assert reasons.pop(f"{PROMO}blue") == "variant blue names no model"
    assert references[f"{PROMO}blue"]["fix"] == 'set its payload, of type json, to {"model": "models:/<NAME>/<VERSION>"}'
    assert f"{PROMO}first" not in reasons
    assert not [uri for uri in reasons if "%40development" in uri]  # turned off there
    ran = subprocess.run(
        [PROGRAM, "coverage", "--as-of", AFTER, "--url", company.url], capture_output=True, text=True, check=True
    )
    assert "no reference: variant blue names no model set its payload" in " ".join(ran.stdout.split())


def test_a_gap_is_closed_by_what_it_names(company: Api) -> None:
    before = gaps_of(company.ask("coverage", as_of=AFTER), "reference")
    described = (asset(EIGHTH, SINCE, name="ranker/8"), asset(NINTH, SINCE, name="ranker/9"))
    company.taken(*described, edge(FIRST, "tested_in", f"{PROMO}blue", SINCE))
    after = gaps_of(company.ask("coverage", as_of=AFTER), "reference")
    assert before.keys() - after.keys() == {f"{RANKER}champion", DEPLOYMENT, f"{PROMO}blue"}
    assert after.keys() < before.keys()
