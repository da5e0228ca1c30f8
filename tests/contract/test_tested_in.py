"""From a table to the experiment: lineage, impact and path follow inferred `tested_in` edges, at every time."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.contract.producing import at
from tests.contract.serving import Api, Json, Names, Process, asset, edge, retract

PROGRAM: Final = Path(sys.executable).parent / "mlgraph"
ORIGIN: Final = "rule:tested-in-experiment"
Triple = tuple[str, str, str]


class Company:
    """A table, a feature, a run that trains a version for a cell of an experiment, and what serves the version."""

    def __init__(self, names: Names) -> None:
        self.table, self.run, self.workflow = names.dataset("clicks"), names.run("r"), names.workflow("train")
        kinds = ("feature", "model_version", "deployment", "service", "variant", "experiment")
        self.feature, self.version, self.deployment, self.service, self.variant, self.experiment = (
            names.of(kind, kind) for kind in kinds
        )
        self.tested = (self.version, "tested_in", self.experiment)
        self.grounds: list[Triple] = [
            (self.run, "outputs", self.version),
            (self.run, "executed_for", self.variant),
            (self.variant, "variant_of", self.experiment),
        ]
        self.edges: list[Triple] = [
            (self.table, "feeds", self.feature),
            (self.feature, "input_to", self.run),
            (self.run, "run_of", self.workflow),
            *self.grounds,
            (self.version, "deployed_as", self.deployment),
            (self.deployment, "serves", self.service),
        ]

    def lines(self) -> list[Json]:
        return [edge(*triple, at(minute)) for minute, triple in enumerate(self.edges, 1)]


@pytest.fixture
def company(names: Names) -> Company:
    return Company(names)


def inferred_edge(api: Api, uri: str, as_of: str | None = None, **query: str) -> Json | None:
    """Return the inferred edge of the answer to a lineage query, None if it lists none."""
    edges = [each for each in api.lineage(uri, as_of, **query)["edges"] if each["relation"] == "tested_in"]
    assert len(edges) < 2
    return edges[0] if edges else None


@pytest.mark.parametrize("seed", range(6))
def test_a_table_leads_to_the_experiment_and_back_in_any_order_of_facts(api: Api, company: Company, seed: int) -> None:
    lines = company.lines()
    random.Random(seed).shuffle(lines)
    for line in lines:
        api.taken(line)
    reached = api.reached(company.table)
    kinds = {each["kind"] for each in api.lineage(company.table)["nodes"]}
    assert kinds == {"dataset", "feature", "workflow", "model_version", "deployment", "service", "experiment"}
    assert reached[company.experiment] == (4, "certain")
    assert reached[company.service] == (5, "certain")
    found = inferred_edge(api, company.table)
    assert found is not None
    assert (found["source"], found["target"], found["origins"], found["certainty"]) == (
        company.version,
        company.experiment,
        [ORIGIN],
        "certain",
    )
    assert api.reached(company.experiment, direction="upstream")[company.table] == (4, "certain")
    path = api.ask("paths", source=company.table, target=company.experiment)
    assert [step["uri"] for step in path["path"]] == [
        company.table,
        company.feature,
        company.workflow,
        company.version,
        company.experiment,
    ]
    begins = at(6)  # the last of its grounds
    assert inferred_edge(api, company.version, at(5)) is None
    assert inferred_edge(api, company.version, begins) is not None
    assert company.experiment in api.reached(company.run)
    assert company.run in api.reached(company.experiment, direction="upstream", level="run")
    assert not [line for line in api.export().splitlines() if company.experiment.encode() in line and b"tested_in" in line]


@pytest.mark.parametrize("ground", range(3))
def test_it_ends_with_each_ground_and_begins_with_it_again(api: Api, company: Company, ground: int) -> None:
    api.taken(*company.lines())
    lost = company.grounds[ground]
    api.taken(retract(*lost, at=at(20)))
    assert company.experiment not in api.reached(company.table)
    assert company.experiment in api.reached(company.table, at(19))
    api.taken(edge(*lost, at(30)))
    assert company.experiment in api.reached(company.table)
    assert company.experiment not in api.reached(company.table, at(25))
    api.taken(retract(*lost, at=at(10)))  # a correction in the past ends only what began before it
    assert [company.experiment in api.reached(company.table, at(minute)) for minute in (9, 11, 31)] == [True, False, True]
    origins = api.ask("why", source=company.tested[0], relation="tested_in", target=company.tested[2])["origins"]
    assert [(each["origin"], each["valid_from"], each["valid_to"]) for each in origins] == [
        (ORIGIN, at(6), at(10)),
        (ORIGIN, at(30), None),
    ]


def test_a_deleted_run_hides_neither_its_version_nor_its_experiment(api: Api, company: Company) -> None:
    api.taken(*company.lines(), asset(company.run, at(1)), retract(company.run, at=at(20)))
    assert company.experiment in api.reached(company.version)
    api.taken(retract(*company.grounds[1], at=at(21)))
    assert company.experiment not in api.reached(company.version)


def test_a_variant_that_tests_the_version_leads_to_its_experiment(api: Api, company: Company) -> None:
    api.taken(
        edge(company.version, "tested_in", company.variant, at(1)), edge(company.variant, "variant_of", company.experiment, at(1))
    )
    assert api.reached(company.version)[company.experiment] == (1, "certain")


def test_running_experiments_are_tainted_and_finished_ones_are_not(api: Api, company: Company) -> None:
    api.taken(*company.lines(), asset(company.experiment, at(1), properties={"state": "running"}))
    affected = {each["uri"]: each for each in api.ask("impact", uri=company.table, change="values")["affected"]}
    assert affected[company.experiment]["effect"] == "tainted"
    assert affected[company.experiment]["path"][-2:] == [company.version, company.experiment]
    api.taken(asset(company.experiment, at(30), properties={"state": "finished"}))
    remaining = {each["uri"] for each in api.ask("impact", uri=company.table, change="values")["affected"]}
    assert company.experiment not in remaining
    assert company.version in remaining


def test_reported_and_inferred_it_has_both_origins(api: Api, company: Company) -> None:
    api.taken(*company.lines(), edge(*company.tested, at(2), origin="registry"))
    found = inferred_edge(api, company.version)
    assert found is not None
    assert found["origins"] == ["registry", ORIGIN]
    api.taken(retract(*company.grounds[1], at=at(20)))
    found = inferred_edge(api, company.version)
    assert found is not None
    assert found["origins"] == ["registry"]
    related = [each for each in api.ask("asset", uri=company.version)["relations"] if each["relation"] == "tested_in"]
    assert [each["origins"] for each in related] == [["registry"]]


def test_lineage_show_why_and_diff_agree(api: Api, company: Company) -> None:
    api.taken(*company.lines(), retract(*company.grounds[0], at=at(20)), edge(*company.grounds[0], at(30)))
    minutes = (5, 6, 19, 20, 29, 30, 31)
    validity = []
    for minute in minutes:
        walked = inferred_edge(api, company.version, at(minute))
        for end in (company.version, company.experiment):
            relations = api.ask("asset", uri=end, as_of=at(minute))["relations"]
            listed = [each for each in relations if each["relation"] == "tested_in"]
            assert [(each["origins"], each["certainty"]) for each in listed] == (
                [(walked["origins"], walked["certainty"])] if walked else []
            )
        why = api.ask("why", source=company.tested[0], relation="tested_in", target=company.tested[2], as_of=at(minute))
        assert why["holds"] == (walked is not None)
        validity.append(walked is not None)
    for (one, before), (other, after) in itertools.combinations(zip(minutes, validity, strict=True), 2):
        for query in ({}, {"uri": company.version}, {"uri": company.experiment}):
            changes = api.ask("diff", **{"from": at(one), "to": at(other), **query})["edges"]
            found = [each["change"] for each in changes if (each["source"], each["relation"], each["target"]) == company.tested]
            assert found == ([] if before == after else ["added" if after else "removed"])


CONFIGURED: Final = """
rules:
  - name: tested-by-owner
    relation: tested_in
    paths: ["(:deployment)-[:owned_by]->(:team)<-[:owned_by]-(:experiment)"]
"""


def test_a_configured_rule_is_walked_and_a_restart_with_other_rules_follows(
    start: Callable[..., Process], tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text(CONFIGURED)
    config, data = tmp_path / "mlgraph.yaml", tmp_path / "data"
    names = Names("configured")
    company, team = Company(names), names.of("team", "ads")
    both = ["rule:tested-by-owner", ORIGIN]
    for rules, expected in (("[own.yaml]", both), ("[]", [ORIGIN]), ("[own.yaml]", both)):
        config.write_text(f"rules: {rules}\n")
        server = start("--data", str(data), "--config", str(config))
        api = Api(server.url)
        api.taken(
            *company.lines(),
            asset(company.deployment, at(1), owners=[team]),
            asset(company.experiment, at(1), owners=[team]),
        )
        edges = [each for each in api.lineage(company.table)["edges"] if each["relation"] == "tested_in"]
        assert sorted(origin for each in edges for origin in each["origins"]) == expected
        api.close()
        assert server.stop() == 0


def test_the_command_line_lists_the_experiment(api: Api, company: Company) -> None:
    api.taken(*company.lines())
    command = [str(PROGRAM), "lineage", company.table, "--url", api.url, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    nodes = {each["uri"]: each["distance"] for each in json.loads(ended.stdout)["nodes"]}
    assert nodes[company.experiment] == 4
    ended = subprocess.run([*command[:-1]], capture_output=True, text=True, check=True, timeout=60)
    assert "experiment" in ended.stdout
