"""Examples for the naive model itself: pairs, parts, columns and the walk.

Sections: docs/spec.md#4-pairs, docs/spec.md#5-parts-and-wholes.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, column_uri
from tests.model.examples import A, B, C, V, W, declared, run, run_uri
from tests.model.naive import Direction, NaiveGraph
from tests.model.pairs import Level

D = AssetUri("dataset", "lake", "D")
X, Y, Z = (AssetUri("dataset", "out", name) for name in "XYZ")
EVALUATION = AssetUri("evaluation", "mlflow", "auc")
MODEL = AssetUri("model", "mlflow", "m")
NOW = 99


def plain(source: AssetUri, relation: str, target: AssetUri, moment: int = 1, **reported: object) -> EdgeFact:
    return EdgeFact(source, relation, target, "facts", moment, properties=reported)


def reached(
    facts: list[Fact], root: AssetUri, direction: Direction = "downstream", level: Level = "asset", t: int = NOW
) -> dict[str, tuple[int, str]]:
    """Return name, distance and first letter of the certainty of all reached assets except the root."""
    found = NaiveGraph(facts).lineage(root, direction, level, t)
    assert found.pop(root) == (0, "certain")
    return {uri.name: (distance, certainty[0]) for uri, (distance, certainty) in found.items()}


def with_lineage(facts: list[Fact], **reported: Mapping[str, object]) -> list[Fact]:
    """Return the same run's facts with properties on the edge of each named dataset."""
    named = {uri.name: uri for uri in (A, B, C, D, X, Y, Z)}
    return [
        fact._replace(properties={**fact.properties, **reported[name]})
        if isinstance(fact, EdgeFact)
        and (name := next((key for key in reported if named[key] in (fact.source, fact.target)), None))
        else fact
        for fact in facts
    ]


def feeds(*uris: AssetUri) -> dict[str, list[str]]:
    return {"from": sorted(str(uri) for uri in uris)}


# docs/spec.md#4-pairs
def test_all_inputs_lead_to_all_outputs_as_possible_where_there_are_several_of_both() -> None:
    for level in ("asset", "run"):
        node = "w" if level == "asset" else "r1"
        assert reached(run(1, 10, [A, B], [X, Y]), A, level=level) == {node: (1, "c"), "X": (2, "p"), "Y": (2, "p")}
        assert reached(run(1, 10, [A, B], [X]), A, level=level) == {node: (1, "c"), "X": (2, "c")}
        assert reached(run(1, 10, [A], [X, Y]), A, level=level) == {node: (1, "c"), "X": (2, "c"), "Y": (2, "c")}


def test_the_walk_upstream_mirrors_it_and_both_is_the_union() -> None:
    facts = [*run(1, 10, [A, B], [X, Y]), plain(Y, "derives", Z)]
    assert reached(facts, Z, "upstream") == {"Y": (1, "c"), "w": (2, "c"), "A": (3, "p"), "B": (3, "p")}
    assert reached(facts, Y, "both") == {"w": (1, "c"), "A": (2, "p"), "B": (2, "p"), "Z": (1, "c")}


def test_a_workflow_as_root_leads_to_all_its_outputs_for_certain() -> None:
    facts = run(1, 10, [A, B], [X, Y])
    assert reached(facts, W) == {"X": (1, "c"), "Y": (1, "c")}
    assert reached(facts, W, "upstream") == {"A": (1, "c"), "B": (1, "c")}


@pytest.mark.parametrize("level", ["asset", "run"])
def test_a_lineage_facet_decides_for_its_output(level: Level) -> None:
    facts = with_lineage(run(1, 10, [A, B], [X, Y]), X=feeds(A), Y=feeds(B))
    node = "w" if level == "asset" else "r1"
    assert reached(facts, A, level=level) == {node: (1, "c"), "X": (2, "c")}
    assert reached(facts, B, level=level) == {node: (1, "c"), "Y": (2, "c")}


@pytest.mark.parametrize("level", ["asset", "run"])
def test_a_named_dataset_that_is_no_input_is_a_possible_input_of_that_output(level: Level) -> None:
    facts = with_lineage(run(1, 10, [A, B], [X, Y]), X=feeds(A, C), Y=feeds(C))
    node = "w" if level == "asset" else "r1"
    assert reached(facts, A, level=level) == {node: (1, "c"), "X": (2, "c")}
    assert reached(facts, B, level=level) == {node: (1, "c")}
    assert reached(facts, C, level=level) == {node: (1, "p"), "X": (2, "p"), "Y": (2, "p")}
    assert reached(facts, X, "upstream", level) == {node: (1, "c"), "A": (2, "c"), "C": (2, "p")}


def test_column_lineage_decides_like_a_lineage_facet() -> None:
    column = plain(column_uri(B, "b"), "derives", column_uri(X, "x"), by=str(run_uri(1)))
    facts = [*run(1, 10, [A, B], [X, Y]), column]
    assert reached(facts, A) == {"w": (1, "c"), "Y": (2, "p")}
    assert reached(facts, B) == {"w": (1, "c"), "X": (2, "c"), "Y": (2, "p")}
    # Where both name inputs, the facet decides.
    assert reached(with_lineage(facts, X=feeds(A)), A) == {"w": (1, "c"), "X": (2, "c"), "Y": (2, "p")}
    assert reached(with_lineage(facts, X=feeds(A)), B) == {"w": (1, "c"), "Y": (2, "p")}


@pytest.mark.parametrize("role", ["test", "validation"])
def test_held_out_inputs_lead_to_evaluations_only_and_are_not_counted(role: str) -> None:
    facts = with_lineage(run(1, 10, [A, B], [X, Y, EVALUATION]), B={"role": role})
    assert reached(facts, A) == {"w": (1, "c"), "X": (2, "c"), "Y": (2, "c"), "auc": (2, "c")}
    assert reached(facts, B) == {"w": (1, "c"), "auc": (2, "c")}


def test_evaluations_are_not_counted_as_several() -> None:
    assert reached(run(1, 10, [A, B], [X, EVALUATION]), A) == {"w": (1, "c"), "X": (2, "c"), "auc": (2, "c")}


def test_an_input_that_is_also_used_in_training_leads_everywhere() -> None:
    facts = [*with_lineage(run(1, 10, [A], [X]), A={"role": "test"}), *with_lineage(run(2, 20, [A]), A={"role": "training"})]
    assert reached(facts, A) == {"w": (1, "c")}
    facts += with_lineage(run(1, 30, [A]), A={"role": "training"})
    assert reached(facts, A) == {"w": (1, "c"), "X": (2, "c")}


def test_without_lineage_the_pairs_are_the_union_over_the_runs_that_wrote_the_output() -> None:
    facts = [*run(1, 10, [A], [X]), *run(2, 20, [B], [Y])]
    assert reached(facts, A) == {"w": (1, "c"), "X": (2, "c")}
    assert reached(facts, B) == {"w": (1, "c"), "Y": (2, "c")}
    both = [*run(1, 10, [A], [X]), *run(2, 20, [A, B], [X, Y])]
    assert reached(both, A) == {"w": (1, "c"), "X": (2, "c"), "Y": (2, "p")}


def test_the_latest_run_with_lineage_for_the_output_decides() -> None:
    first = with_lineage(run(1, 10, [A, B], [X, Y]), X=feeds(A))
    second = with_lineage(run(2, 20, [A, B], [X, Y]), X=feeds(B))
    third = run(3, 30, [A, B], [X, Y])
    facts = [*first, *second, *third]
    assert reached(facts, A, t=15) == {"w": (1, "c"), "X": (2, "c"), "Y": (2, "p")}
    assert reached(facts, A) == {"w": (1, "c"), "Y": (2, "p")}
    # By completion: the first run's completion after the second's report makes it the latest.
    assert reached([*facts, *run(1, 40, None, None)], A) == {"w": (1, "c"), "X": (2, "c"), "Y": (2, "p")}


def test_of_two_runs_at_one_moment_the_greater_uri_decides() -> None:
    facts = [*with_lineage(run(1, 10, [A, B], [X]), X=feeds(A)), *with_lineage(run(2, 10, [A, B], [X]), X=feeds(B))]
    assert reached(facts, A) == {"w": (1, "c")}
    assert reached(facts, B) == {"w": (1, "c"), "X": (2, "c")}


def test_an_input_that_closed_leads_nowhere_even_if_the_decider_names_it() -> None:
    facts = with_lineage(run(1, 10, [A, B], [X]), X=feeds(A))
    facts += [fact for n in (2, 3, 4) for fact in run(n, 10 * n, [B], [X])]
    assert reached(facts, A, t=15) == {"w": (1, "c"), "X": (2, "c")}
    assert reached(facts, A) == {}
    assert reached(facts, B) == {"w": (1, "c")}


def test_a_declared_output_may_name_its_inputs() -> None:
    facts: list[Fact] = [*declared(10, [A, B]), plain(W, "outputs", X, moment=10, **feeds(A))]
    assert reached(facts, A) == {"w": (1, "c"), "X": (2, "c")}
    assert reached(facts, B) == {"w": (1, "c")}


def test_pairs_know_only_what_was_reported_by_then() -> None:
    facts = [*run(1, 10, [A], [X, Y], "RUNNING"), *run(1, 20, [B], None)]
    assert reached(facts, A, t=19) == {"w": (1, "c"), "X": (2, "c"), "Y": (2, "c")}
    assert reached(facts, A, t=20) == {"w": (1, "c"), "X": (2, "p"), "Y": (2, "p")}


def test_a_node_is_certain_if_any_path_is_and_its_distance_is_over_all() -> None:
    facts = [*run(1, 10, [A, B], [X, Y]), plain(A, "derives", C), plain(C, "derives", D), plain(D, "derives", X)]
    assert reached(facts, A)["X"] == (2, "c")
    assert reached(facts, A)["Y"] == (2, "p")
    found = NaiveGraph(facts).lineage(A, "downstream", "asset", NOW, depth=1)
    assert {uri.name for uri in found} == {"A", "w", "C"}


def test_a_cycle_ends() -> None:
    facts: list[Fact] = [plain(A, "derives", B), plain(B, "derives", C), plain(C, "derives", A)]
    assert reached(facts, A) == {"B": (1, "c"), "C": (2, "c")}


# docs/spec.md#5-parts-and-wholes
def test_a_root_is_walked_from_its_parts_and_their_parts_too() -> None:
    version, inner = AssetUri("dataset_version", "lake", "A@1"), AssetUri("dataset_version", "lake", "A@1/p")
    facts: list[Fact] = [plain(version, "version_of", A), plain(inner, "part_of", version), plain(A, "derives", B)]
    facts += [plain(version, "input_to", W), plain(inner, "input_to", EVALUATION)]
    assert reached(facts, A) == {"A@1": (1, "c"), "B": (1, "c"), "w": (2, "c"), "A@1/p": (2, "c"), "auc": (3, "c")}
    # Parts of what is reached are not walked.
    assert reached([*facts, plain(C, "derives", A)], C) == {"A": (1, "c"), "B": (2, "c")}


def test_tasks_of_a_workflow_are_walked_completely() -> None:
    dag = AssetUri("workflow", "jobs", "dag")
    facts = [*run(1, 10, [A, B], [X, Y]), plain(W, "part_of", dag)]
    assert reached(facts, dag) == {"w": (1, "c"), "X": (2, "c"), "Y": (2, "c")}


def test_columns_are_no_parts() -> None:
    column = column_uri(A, "a")
    facts: list[Fact] = [plain(column, "part_of", A), plain(column, "derives", column_uri(B, "b"))]
    assert reached(facts, A) == {}


def test_a_reached_model_version_brings_its_model_as_a_leaf() -> None:
    other = AssetUri("model_version", "mlflow", "m/2")
    facts = [*run(1, 10, [A, B], [V, X]), plain(V, "version_of", MODEL), plain(other, "version_of", MODEL)]
    assert reached(facts, A) == {"w": (1, "c"), "m/1": (2, "p"), "m": (3, "p"), "X": (2, "p")}
    assert reached(facts, V) == {"m": (1, "c")}
    assert reached(facts, MODEL, "upstream") == {
        "m/1": (1, "c"),
        "m/2": (1, "c"),
        "w": (2, "c"),
        "A": (3, "p"),
        "B": (3, "p"),
    }


def test_columns_are_walked_from_a_column_root_only() -> None:
    a, b, c = (column_uri(dataset, "f") for dataset in (A, B, C))
    feature = AssetUri("feature", "feast", "f")
    facts: list[Fact] = [plain(a, "derives", b), plain(b, "derives", c), plain(c, "feeds", feature)]
    assert reached(facts, a) == {"B#f": (1, "c"), "C#f": (2, "c"), "f": (3, "c")}
    assert reached(facts, c, "upstream") == {"B#f": (1, "c"), "A#f": (2, "c")}
    assert reached(facts, feature, "upstream") == {}
    assert reached(facts, A) == {}


def test_where_a_consumer_has_no_column_lineage_the_dataset_is_walked_as_possible() -> None:
    a, x = column_uri(A, "f"), column_uri(X, "f")
    facts = [*run(1, 10, [A], [X]), plain(a, "derives", x, by=str(run_uri(1))), plain(X, "derives", Y)]
    facts += [plain(Y, "derives", Z)]
    assert reached(facts, a) == {"X#f": (1, "c"), "X": (2, "p"), "Y": (3, "p"), "Z": (4, "p")}
    facts = [*run(1, 10, [A], [X]), plain(Y, "derives", A)]
    assert reached(facts, a) == {"A": (1, "p"), "w": (2, "p"), "X": (3, "p")}
    assert reached(facts, x, "upstream") == {"X": (1, "p"), "w": (2, "p"), "A": (3, "p"), "Y": (4, "p")}


def test_column_lineage_belongs_to_the_run_that_decides() -> None:
    a, b, c, x = (column_uri(dataset, "f") for dataset in (A, B, C, X))
    first, second = str(run_uri(1)), str(run_uri(2))
    facts = [*run(1, 10, [A, B], [X]), plain(a, "derives", x, by=first), plain(c, "derives", x, by=first)]
    facts += [*run(2, 20, [A, B], [X]), plain(b, "derives", x, by=second, moment=20)]
    graph = NaiveGraph(facts)
    assert (a, "derives", x) in graph.edges("asset", 19)
    assert (a, "derives", x) not in graph.edges("asset", 20)
    assert (b, "derives", x) in graph.edges("asset", 20)
    assert (c, "derives", x) in graph.edges("asset", 19) & graph.edges("run", 19)
    assert (c, "derives", x) not in graph.edges("asset", 20)
    assert {(a, "derives", x), (b, "derives", x)} <= graph.edges("run", 20)


def test_a_deleted_asset_is_in_no_current_closure_but_in_earlier_ones_and_at_run_level() -> None:
    facts: list[Fact] = [*run(1, 10, [A], [X]), AssetFact(X, "openlineage", 10, {}, Mode.PATCH)]
    facts += [AssetRetraction(X, "openlineage", 20)]
    assert reached(facts, A, t=19) == {"w": (1, "c"), "X": (2, "c")}
    assert reached(facts, A, t=20) == {"w": (1, "c")}
    assert reached(facts, A, level="run", t=20) == {"r1": (1, "c"), "X": (2, "c")}


def test_a_membership_that_was_never_valid_makes_no_member() -> None:
    facts: list[Fact] = [*run(1, 10, [A], [X]), EdgeRetraction(run_uri(1), "run_of", W, "*", 10)]
    assert reached(facts, A, t=FOREVER - 1) == {"r1": (1, "c"), "X": (2, "c")}
