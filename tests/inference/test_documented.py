"""The example of docs/rules.md is valid and infers the documented edges while its conditions are true."""

from __future__ import annotations

import re
from pathlib import Path

from mlgraph.domain.facts import AssetFact, EdgeFact, Fact
from mlgraph.domain.uri import AssetUri
from mlgraph.inference.evaluation import Inference
from mlgraph.inference.rules import Rules, combine_rules, load_rules, shipped_rules
from mlgraph.services.inference.premise_reader import PremiseReader
from tests.graph.projected import Projected

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
DATA, RUN, VERSION = AssetUri("dataset", "lake", "d"), AssetUri("run", "jobs", "r"), AssetUri("model_version", "m", "v/1")
DEPLOYMENT, SERVICE = AssetUri("deployment", "prod", "d"), AssetUri("service", "prod", "s")
GROUND = (
    (DATA, "input_to", RUN),
    (RUN, "outputs", VERSION),
    (VERSION, "deployed_as", DEPLOYMENT),
    (DEPLOYMENT, "serves", SERVICE),
)


def documented() -> Rules:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return combine_rules(shipped_rules(), load_rules(example, "docs/rules.md"))


def test_the_example_is_valid_while_its_conditions_are_true() -> None:
    facts: list[Fact] = [EdgeFact(*triple, "facts", 1) for triple in GROUND]
    facts += [
        AssetFact(SERVICE, "facts", 1, {"properties": {"tier": "1"}}),
        AssetFact(DATA, "facts", 1, {"tags": []}),
        AssetFact(DATA, "facts", 5, {"tags": ["gold", "pii"]}),
        AssetFact(SERVICE, "facts", 9, {"properties": {"tier": "2"}}),
    ]
    rules = documented()
    real = Projected([facts])
    inference = Inference(rules, PremiseReader(real.store, real.snapshot))
    numbers = {uri: real.store.assets_by_uri[str(uri)].asset for uri in (SERVICE, DATA)}
    (rule,) = [rule for rule in rules if rule.name == "served-from-gold"]
    (found,) = inference.of(numbers[SERVICE], rule)
    assert (found.triple[0], found.triple[2], found.validity.spans) == (numbers[SERVICE], numbers[DATA], [(5, 9)])


def test_every_shipped_rule_is_in_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \| [a-z ]+ `(\w+)`", page, re.MULTILINE) == [
        (rule.name, rule.relation) for rule in shipped_rules()
    ]
