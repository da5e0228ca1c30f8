"""Inferred relations of assets that very much stands in relation to: what is left out is named, never cut silently."""

from __future__ import annotations

import json

import pytest

from mlgraph.domain.errors import TooMuch
from mlgraph.services import grounds
from mlgraph.services.identity import LOCAL
from tests.services.parts import Json, Serving

HUB = "mlg://dataset/n/hub"
VERSION = "mlg://model_version/n/m%2F1"
AT = "2026-01-01T00:00:00Z"


def tell(serving: Serving, *edges: tuple[str, str, str]) -> None:
    lines = [
        {"edge": {"source": source, "relation": relation, "target": target, "valid_from": AT}}
        for source, relation, target in edges
    ]
    serving.intake.facts(iter(json.dumps(line).encode() for line in lines), LOCAL)
    serving.follow()


def trained(serving: Serving, versions: int) -> None:
    edges = []
    for number in range(versions):
        run = f"mlg://run/n/r{number}"
        edges += [(HUB, "input_to", run), (run, "outputs", f"mlg://model_version/n/m%2F{number}")]
    edges += [(f"mlg://dataset/n/d{number}", "input_to", f"mlg://run/n/plain{number}") for number in range(5)]
    tell(serving, *edges)


def inferred(answer: Json) -> list[Json]:
    return [each for each in answer["relations"] if each["origins"][0].startswith("rule:")]


def test_what_needs_too_many_facts_is_left_out_and_named(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounds, "MAX_FACTS", 30)
    trained(serving, 20)
    hub = serving.queries.asset(HUB)
    assert inferred(hub) == []
    assert len(hub["relations"]) == hub["relations_total"] == 20
    assert hub["partial"] is True
    rules = ("trained-on-dataset", "service-depends-on-dataset")
    assert hub["reason"] == "; ".join(f"the rule {rule} needs more than 30 facts here" for rule in rules)
    changes = serving.queries.diff("2025-01-01T00:00:00Z", "2026-02-01T00:00:00Z", HUB)
    assert (changes["partial"], changes["reason"]) == (True, hub["reason"])
    version = serving.queries.asset(VERSION)  # nearby, all is told
    assert [each["target"] for each in inferred(version)] == [HUB]
    assert version["partial"] is False


def test_why_looks_from_the_end_that_has_less(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounds, "MAX_FACTS", 30)
    trained(serving, 20)
    tell(serving, *((f"mlg://dataset/n/{number}", "input_to", "mlg://service/n/s") for number in range(40)))
    tell(serving, ("mlg://dataset/n/1", "input_to", "mlg://service/n/other"))
    assert serving.queries.why(VERSION, "trained_on", HUB)["holds"] is True
    assert serving.queries.why("mlg://service/n/s", "depends_on", "mlg://dataset/n/1")["holds"] is True
    tell(serving, *(("mlg://dataset/n/1", "input_to", f"mlg://service/n/{number}") for number in range(40)))
    with pytest.raises(TooMuch, match="the rule service-depends-on-dataset needs more than 30 facts, from either end"):
        serving.queries.why("mlg://service/n/s", "depends_on", "mlg://dataset/n/1")


def test_runs_that_lead_to_nothing_asked_for_are_not_counted(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounds, "MAX_FACTS", 30)
    tell(serving, *((HUB, "input_to", f"mlg://run/n/{number}") for number in range(50)))
    tell(serving, (HUB, "input_to", "mlg://run/n/last"), ("mlg://run/n/last", "outputs", VERSION))
    hub = serving.queries.asset(HUB)
    assert [each["source"] for each in inferred(hub)] == [VERSION]
    assert hub["partial"] is False


def test_an_inferred_edge_lists_what_is_inferred_under_it(serving: Serving) -> None:
    deployment, service, run = "mlg://deployment/n/d", "mlg://service/n/s", "mlg://run/n/r"
    tell(
        serving, (HUB, "input_to", run), (run, "outputs", VERSION), (VERSION, "deployed_as", deployment),
        (deployment, "serves", service),
    )  # fmt: skip
    path = serving.queries.why(service, "depends_on", HUB)["path"]
    assert [(each["relation"], each["rule"]) for each in path] == [
        ("serves", None), ("deployed_as", None), ("trained_on", "trained-on-dataset"),
    ]  # fmt: skip
    assert [(each["relation"], each["source"]) for each in path[2]["path"]] == [("outputs", run), ("input_to", HUB)]
