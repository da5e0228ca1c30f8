"""The reader of rules: valid documents, and the errors with line and column of invalid ones."""

from __future__ import annotations

import pytest

from mlgraph.domain.errors import InvalidInput, StartError
from mlgraph.inference.conditions import parse_condition
from mlgraph.inference.patterns import parse_path
from mlgraph.inference.rules import combine_rules, load_rules, shipped_rules

RULE = """\
rules:
  - name: %(name)s
    relation: %(relation)s
    paths:
      - %(path)s
%(more)s"""
GOOD = {
    "name": "trained",
    "relation": "trained_on",
    "path": "(:model_version)<-[:outputs]-(run:run)<-[read:input_to]-(:dataset)",
    "more": "",
}


def written(**reported: str) -> str:
    return RULE % {**GOOD, **reported}


def test_a_rule_is_read() -> None:
    (rule,) = load_rules(written(more='    where: [read.role == "training", run.state != "FAIL"]'), "mine.yaml")
    assert (rule.name, rule.origin, rule.place) == ("trained", "rule:trained", "mine.yaml:2")
    assert rule.inferred_signatures() == {("model_version", "trained_on", "dataset")}
    assert rule.needed_signatures() == {("run", "outputs", "model_version"), ("dataset", "input_to", "run")}
    assert [condition.about for condition in rule.where] == ["read", "run"]
    assert list(load_rules("", "empty")) == []


def test_a_path_read_backwards_twice_is_itself() -> None:
    path = parse_path("(v:model_version|deployment) -[:tested_in]-> (:variant) -[ of : variant_of ]-> (e : experiment)")
    assert path.reversed().reversed() == path
    assert [edge.forward for edge in path.reversed().edges] == [False, False]
    assert set(path.names()) == {"v", "of", "e"}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (written(path="(:model_version)"), "5:9", "has no edge"),
        (written(path="(:model_version)-[:outputs]-(:run)"), "5:9", "expected an edge at character 17"),
        (written(path="(:model_version)-[:outputs]->(run)"), "5:9", "expected a node at character 30"),
        (written(path="(:model_version)<-[:outputs]-(:runs)<-[:input_to]-(:dataset)"), "5:9", "unknown kind 'runs'"),
        (written(path="(:model_version)<-[:output]-(:run)<-[:input_to]-(:dataset)"), "5:9", "unknown relation 'output'"),
        (written(path="(:model_version)-[:outputs]->(:run)<-[:input_to]-(:dataset)"), "5:9", "outputs does not connect model_v"),
        (
            written(path="(:dataset)-[:input_to]->(:run)-[:outputs]->(:model_version)"),
            "5:9",
            "trained_on does not lead from dataset",
        ),
        (written(path="(x:model_version)<-[x:outputs]-(:run)<-[:input_to]-(:dataset)"), "5:9", "'x' names two elements"),
        (written(path="(:model_version)<-[:outputs]-(:run|agent)<-[:input_to]-(:dataset)"), "5:9", "must not name other"),
        (written(path="(:model_version)" + "<-[:derives]-(:model_version)" * 9), "5:9", "at most 8"),
        (written(name="Trained!"), "2:11", "is not a valid rule name"),
        (written(relation="trained_by"), "3:15", "unknown relation 'trained_by'"),
        (written(more="    where: [role == 1]"), "6:13", "refers to 'role'"),
        (written(more="    where: ['1 == 1']"), "6:13", "exactly one element"),
        (written(more="    where: [read.role == run.name]"), "6:13", "refers to 'read' and 'run'"),
        (written(more="    where: ['read.role ==']"), "6:13", "is not a CEL expression"),
        (written(more="    where: ['strange(read)']"), "6:13", "Undefined variable or function: 'strange'"),
        (written(more="    where: read.role"), "6:12", "where must be a list"),
        (written(more="    wheer: []"), "6:5", "unknown key 'wheer' in a rule; did you mean 'where'?"),
        (written(more="    name: other"), "6:5", "this key is already in line 2"),
        (written(path="[]"), "5:9", "must be a text"),
        ("rules: {}", "1:8", "rules must be a list"),
        ("rules:\n  - name: x\n    paths: []\n", "2:5", "relation is missing here; add it"),
        ("rule: []", "1:1", "unknown key 'rule'"),
        ("rules:\n", "1:7", "rules has no value"),
        ("rules: &a []", "1:8", "anchors and aliases (& and *) are not supported here"),
        ("rules: []\n---\n", "2:1", "a second document begins here"),
        ('rules: ["\\0"]', "1:9", "a rule must be keys with values: name, description, relation, paths, where"),
        ("rules: [", "1:9", "not YAML"),
        ("{}", "1:1", "rules is missing here; add it"),
        ("- x", "1:1", "a file of rules must be keys with values: rules"),
    ],
)
def test_faults_are_refused_with_their_position(text: str, place: str, message: str) -> None:
    with pytest.raises(StartError) as refused:
        load_rules(text, "mine.yaml")
    faults = [line for line in refused.value.detail.splitlines() if line.startswith(f"mine.yaml:{place}: ")]
    assert any(message in line for line in faults), refused.value.detail


def test_all_faults_are_reported_at_once() -> None:
    more = "    where: [read.role, nobody.x == 1]\n  - name: No\n    paths: []\n"
    with pytest.raises(StartError) as refused:
        load_rules(written(path="(:dataset)-[:input_to]->(:run)-[:outputs]->(:model_version)", more=more), "mine.yaml")
    header, *lines = refused.value.detail.splitlines()
    assert header == "mine.yaml has 6 faults"
    expected = [
        "5:9: the relation trained_on does not lead from",
        "6:13: ",
        "6:24: ",
        "7:5: relation is missing",
        "7:11: 'No' is not a valid rule name",
        "8:12: a rule",
    ]
    assert all(line.startswith(f"mine.yaml:{start}") for line, start in zip(lines, expected, strict=True)), lines


def test_rules_in_a_cycle_are_refused_and_named() -> None:
    cycle = """\
rules:
  - name: one
    relation: depends_on
    paths: ["(:service)<-[:used_by]-(:feature)<-[:feeds]-(:dataset)"]
  - name: other
    relation: used_by
    paths: ["(:feature)<-[:feeds]-(:dataset)<-[:depends_on]-(:service)"]
"""
    with pytest.raises(StartError, match=r"c\.yaml:2: rules depend on each other in a cycle: one needs other needs one;"):
        load_rules(cycle, "c.yaml")


def test_a_relation_between_other_kinds_is_no_cycle() -> None:
    tested = "(:model_version)-[:tested_in]->(:variant)-[:variant_of]->(:experiment)"
    assert len(list(load_rules(written(relation="tested_in", path=tested), "mine"))) == 1


def test_a_name_given_twice_is_refused_with_both_places() -> None:
    with pytest.raises(StartError, match=r"two rules are named 'trained': a:2 and b:2"):
        combine_rules(load_rules(written(), "a"), load_rules(written(), "b"))


def test_conditions_without_reported_values_are_false() -> None:
    condition = parse_condition('set.properties.tier == "gold" && set.tags.exists(tag, tag.startsWith("p"))', {"set"})
    gold = {"properties": {"tier": "gold"}, "tags": ["pii"]}
    assert condition.matches(gold)
    assert not condition.matches({**gold, "tags": []})
    assert not condition.matches({**gold, "properties": {}})
    assert not condition.matches({**gold, "properties": {"tier": {"of": 10**400}}})
    assert not parse_condition("set.properties.tier", {"set"}).matches(gold)  # true means true, not something that is there
    with pytest.raises(InvalidInput, match="refers to 'tag'"):
        parse_condition("set.tags == [tag]", {"set"})


def test_the_shipped_rules_infer_what_is_documented() -> None:
    rules = shipped_rules()
    assert {(rule.name, signature) for rule in rules for signature in rule.inferred_signatures()} == {
        ("tested-in-experiment", ("model_version", "tested_in", "experiment")),
        ("trained-on-dataset", ("model_version", "trained_on", "dataset")),
        ("feature-used-by-service", ("feature", "used_by", "service")),
        ("service-depends-on-dataset", ("service", "depends_on", "dataset")),
        ("team-depends-on-team", ("team", "depends_on", "team")),
    }
    assert all(rule.description for rule in rules)
