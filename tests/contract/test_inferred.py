"""Inferred relations over HTTP: each shipped rule in show, why and diff, before and after a premise is retracted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.contract.producing import at
from tests.contract.serving import Api, Json, Names, Process, asset, edge, retract

Triple = tuple[str, str, str]
PROGRAM: Final = Path(sys.executable).parent / "mlgraph"


@dataclass
class Case:
    """A rule's premises in the order of the path, the inferred edge, and the position of the premise to retract."""

    rule: str
    premises: list[Triple]
    inferred: Triple
    retracted: int = 0


def cases(names: Names) -> dict[str, Case]:
    version, run, variant, experiment = (names.of(kind, kind) for kind in ("model_version", "run", "variant", "experiment"))
    data, feature, deployment, service = (
        names.dataset("d"),
        *(names.of(kind, kind) for kind in ("feature", "deployment", "service")),
    )
    one, other = names.of("team", "one"), names.of("team", "other")
    made, reads = (run, "outputs", version), (data, "input_to", run)
    deployed, serves = (version, "deployed_as", deployment), (deployment, "serves", service)
    return {
        "experiment": Case(
            "tested-in-experiment",
            [made, (run, "executed_for", variant), (variant, "variant_of", experiment)],
            (version, "tested_in", experiment),
            retracted=1,
        ),
        "dataset": Case("trained-on-dataset", [made, reads], (version, "trained_on", data), retracted=1),
        "feature": Case(
            "feature-used-by-service",
            [(feature, "input_to", run), made, deployed, serves],
            (feature, "used_by", service),
            retracted=3,
        ),
        "service": Case("service-depends-on-dataset", [serves, deployed, reads, made], (service, "depends_on", data)),
        "team": Case(
            "team-depends-on-team",
            [(service, "owned_by", one), (data, "input_to", service), (data, "owned_by", other)],
            (one, "depends_on", other),
            retracted=2,
        ),
    }


def shown(api: Api, uri: str, as_of: str | None = None) -> dict[Triple, Json]:
    answer = api.ask("asset", uri=uri, **({"as_of": as_of} if as_of else {}))
    return {(each["source"], each["relation"], each["target"]): each for each in answer["relations"]}


def why(api: Api, triple: Triple, as_of: str | None = None) -> Json:
    return api.ask("why", source=triple[0], relation=triple[1], target=triple[2], **({"as_of": as_of} if as_of else {}))


def leaves(path: list[Json]) -> list[Triple]:
    """The reported edges that an inferred edge is derived from, also through other inferred edges."""
    return [
        triple
        for each in path
        for triple in (leaves(each["path"]) if each["rule"] else [(each["source"], each["relation"], each["target"])])
    ]


KINDS: Final = ("experiment", "dataset", "feature", "service", "team")


@pytest.mark.parametrize("name", KINDS)
def test_a_shipped_rule_infers_explains_and_ends_with_its_premise(api: Api, names: Names, name: str) -> None:
    case = cases(names)[name]
    lines = [edge(*triple, at(minute)) for minute, triple in enumerate(case.premises, 1)]
    started, ended = at(len(lines)), at(20)
    api.taken(*lines[::-1])
    origin = f"rule:{case.rule}"
    for end in (case.inferred[0], case.inferred[2]):
        assert shown(api, end)[case.inferred]["origins"] == [origin]
        assert shown(api, end)[case.inferred]["valid_from"] == started
        assert case.inferred not in shown(api, end, at(0))
    before = why(api, case.inferred)
    assert (before["holds"], before["rule"]) == (True, case.rule)
    assert [(o["origin"], o["valid_from"], o["valid_to"]) for o in before["origins"]] == [(origin, started, None)]
    assert set(leaves(before["path"])) == set(case.premises)
    assert all(each["origins"] == ([f"rule:{each['rule']}"] if each["rule"] else ["facts"]) for each in before["path"])
    api.taken(retract(*case.premises[case.retracted], at=ended))
    after = why(api, case.inferred)
    assert (after["holds"], after["rule"]) == (False, case.rule)
    assert [(o["origin"], o["valid_from"], o["valid_to"]) for o in after["origins"]] == [(origin, started, ended)]
    assert set(leaves(after["path"])) == set(case.premises)
    assert after["path_as_of"] < ended
    for end in (case.inferred[0], case.inferred[2]):
        assert case.inferred not in shown(api, end)
        assert case.inferred in shown(api, end, at(19))
        changes = api.ask("diff", **{"from": at(0), "to": at(19), "uri": end})["edges"]
        assert [c["change"] for c in changes if (c["source"], c["relation"], c["target"]) == case.inferred] == ["added"]
        changes = api.ask("diff", **{"from": at(19), "to": at(21), "uri": end})["edges"]
        assert [c["change"] for c in changes if (c["source"], c["relation"], c["target"]) == case.inferred] == ["removed"]
    api.taken(edge(*case.premises[case.retracted], at(30)))
    again = why(api, case.inferred)
    assert again["holds"] is True
    assert [(o["valid_from"], o["valid_to"]) for o in again["origins"]] == [(started, ended), (at(30), None)]


@pytest.mark.parametrize("name", ["dataset", "feature", "service", "team"])
def test_other_inferred_edges_than_of_experiments_are_not_walked(api: Api, names: Names, name: str) -> None:
    case = cases(names)[name]
    api.taken(*(edge(*triple, at(1)) for triple in case.premises))
    source, _, target = case.inferred
    assert case.inferred in shown(api, source)
    for direction, uri in (("downstream", source), ("upstream", target)):
        assert case.inferred not in api.edges(uri, direction=direction)
    if name in ("dataset", "service", "team"):  # a feature leads to its service by reported edges
        assert target not in api.reached(source)


def test_an_edge_reported_and_inferred_has_both_origins(api: Api, names: Names) -> None:
    case = cases(names)["dataset"]
    api.taken(*(edge(*triple, at(1)) for triple in case.premises), edge(*case.inferred, at(3), origin="registry"))
    assert shown(api, case.inferred[0])[case.inferred]["origins"] == ["registry", "rule:trained-on-dataset"]
    assert {each["origin"] for each in why(api, case.inferred)["origins"]} == {"registry", "rule:trained-on-dataset"}
    api.taken(retract(*case.premises[0], at=at(5)))
    assert shown(api, case.inferred[0])[case.inferred]["origins"] == ["registry"]
    assert why(api, case.inferred)["holds"] is True


def test_owners_in_states_count_as_owners_at_their_time(api: Api, names: Names) -> None:
    case = cases(names)["team"]
    (service, _, one), reads, (data, _, other) = case.premises
    api.taken(asset(service, at(1), owners=[one]), edge(*reads, at(1)), asset(data, at(2), owners=[other]))
    assert shown(api, one)[case.inferred]["valid_from"] == at(2)
    api.taken(asset(data, at(5), owners=[one]))
    for end in (one, other):
        assert case.inferred not in shown(api, end)
        assert case.inferred in shown(api, end, at(4))
    assert [(o["valid_from"], o["valid_to"]) for o in why(api, case.inferred)["origins"]] == [(at(2), at(5))]
    assert (one, "depends_on", one) not in shown(api, one)


def test_held_out_data_and_inputs_of_other_outputs_are_not_trained_on(api: Api, names: Names) -> None:
    version, run, report = names.of("model_version", "v"), names.run("r"), names.dataset("report")
    train, test, calendar, plain = (names.dataset(name) for name in ("train", "test", "calendar", "plain"))
    api.taken(
        edge(train, "input_to", run, at(1), properties={"role": "training"}),
        edge(test, "input_to", run, at(1), properties={"role": "test"}),
        edge(calendar, "input_to", run, at(1)),
        edge(plain, "input_to", run, at(1)),
        edge(run, "outputs", version, at(2), properties={"from": [train, plain]}),
        edge(run, "outputs", report, at(2), properties={"from": [calendar]}),
    )
    trained = {target for _, relation, target in shown(api, version) if relation == "trained_on"}
    assert trained == {train, plain}


def test_an_inferred_edge_over_a_possible_pair_is_possible(api: Api, names: Names) -> None:
    version, other, run, one, two = (
        names.of("model_version", "v"),
        names.of("model_version", "w"),
        names.run("r"),
        names.dataset("a"),
        names.dataset("b"),
    )
    ends = (one, "input_to", run), (two, "input_to", run), (run, "outputs", version), (run, "outputs", other)
    api.taken(*(edge(*triple, at(1)) for triple in ends))
    triple = (version, "trained_on", one)
    assert shown(api, version)[triple]["certainty"] == "possible"
    assert shown(api, version)[ends[2]]["certainty"] == "certain"
    api.taken(edge(*ends[2], at(5), properties={"from": [one]}))
    assert shown(api, version)[triple]["certainty"] == "certain"
    assert shown(api, version, at(4))[triple]["certainty"] == "possible"


def test_why_of_an_edge_that_is_neither_reported_nor_inferred_is_404(api: Api, names: Names) -> None:
    case = cases(names)["dataset"]
    api.taken(edge(*case.premises[0], at(1)), asset(case.inferred[2], at(1)))
    answer = api.get("why", source=case.inferred[0], relation=case.inferred[1], target=case.inferred[2])
    assert answer.status_code == 404
    assert "no rule infers it" in answer.json()["detail"]


def test_deleting_an_end_closes_its_inferred_edges(api: Api, names: Names) -> None:
    case = cases(names)["dataset"]
    data = case.inferred[2]
    api.taken(asset(data, at(1)), *(edge(*triple, at(1)) for triple in case.premises), retract(data, at=at(9)))
    assert case.inferred not in shown(api, case.inferred[0])
    assert case.inferred in shown(api, case.inferred[0], at(8))


FURTHER: Final = """
rules:
  - name: next-of-kin
    relation: supersedes
    paths: ["(:model_version)<-[:derives]-(:model_version)"]
"""


def test_rules_of_a_file_add_to_the_shipped_ones(start: Callable[..., Process], tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(FURTHER)
    (tmp_path / "mlgraph.yaml").write_text("rules: [own.yaml]\n")
    server = start("--data", str(tmp_path / "data"), "--config", str(tmp_path / "mlgraph.yaml"))
    api, names = Api(server.url), Names("further")
    old, new = names.of("model_version", "1"), names.of("model_version", "2")
    api.taken(edge(old, "derives", new, at(1)))
    assert why(api, (new, "supersedes", old))["rule"] == "next-of-kin"
    api.close()


def test_a_file_with_a_wrong_rule_is_refused_with_its_line(tmp_path: Path) -> None:
    file, config = tmp_path / "own.yaml", tmp_path / "mlgraph.yaml"
    config.write_text("rules: [own.yaml]\n")
    file.write_text(FURTHER.replace("derives", "derive"))
    command = [str(PROGRAM), "up", "--port", "0", "--data", str(tmp_path / "data"), "--config", str(config)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode != 0
    assert f"{file}:5:13: unknown relation 'derive'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_inferred_edges_have_the_names_of_their_time(api: Api, names: Names) -> None:
    case = cases(names)["dataset"]
    version, old, new = case.inferred[0], case.inferred[2], names.dataset("renamed")
    api.taken(*(edge(*triple, at(1)) for triple in case.premises), edge(old, "alias_of", new, at(5)))
    renamed = (version, "trained_on", new)
    assert renamed in shown(api, version)
    assert renamed in shown(api, new)
    assert case.inferred not in shown(api, version)
    assert case.inferred in shown(api, version, at(4))
    assert why(api, renamed)["holds"] is True
    assert [each["relation"] for each in why(api, renamed)["path"]] == ["outputs", "input_to"]


def test_an_owner_named_of_either_name_counts(api: Api, names: Names) -> None:
    case = cases(names)["team"]
    (service, _, one), reads, (data, _, other) = case.premises
    renamed = names.dataset("renamed")
    api.taken(
        edge(service, "owned_by", one, at(1)),
        edge(*reads, at(1)),
        asset(data, at(1), owners=[other]),
        edge(data, "alias_of", renamed, at(5)),
    )
    for end in (one, other):
        assert case.inferred in shown(api, end, at(3))
        assert case.inferred in shown(api, end)
