"""Which input feeds which output (docs/spec.md#4-pairs), sentence by sentence."""

from __future__ import annotations

from mlgraph.domain.facts import AssetRetraction, EdgeFact, Fact, Mode
from mlgraph.domain.uri import AssetUri, column_uri
from tests.graph.projected import Projected
from tests.model.examples import A, B, C, W, run, run_uri

X, Y = (AssetUri("dataset", "lake", name) for name in "XY")
EVALUATION = AssetUri("evaluation", "lake", "E")
SHOP, STAGE = (AssetUri("dataset", "pg", name) for name in ("shop.public.t", "public.t"))
NOW = 99


def lineage(number: int, moment: int, output: AssetUri, *names: AssetUri) -> list[Fact]:
    """Return the lineage that a run reports of an output."""
    reported = {"from": sorted(map(str, names))}
    return [EdgeFact(run_uri(number), "outputs", output, "openlineage", moment, properties=reported, mode=Mode.PATCH)]


def column(number: int, moment: int, source: AssetUri, output: AssetUri) -> list[Fact]:
    ends = column_uri(source, "c"), "derives", column_uri(output, "c")
    return [EdgeFact(*ends, "openlineage", moment, properties={"by": str(run_uri(number))}, mode=Mode.PATCH)]


def reached(facts: list[Fact], root: AssetUri, moment: int = NOW, level: str = "asset") -> dict[AssetUri, str]:
    """Return what a root leads to, with its certainty."""
    real = Projected([facts])
    found = real.lineage(root, "downstream", "run" if level == "run" else "asset", moment)
    return {uri: certainty for uri, (_, certainty) in found.items() if uri not in (root, W) and uri.kind != "run"}


def test_all_inputs_of_a_run_lead_to_all_its_outputs_possibly_where_there_are_several_of_both() -> None:
    assert reached(run(1, 10, [A, B], [X, Y]), A) == {X: "possible", Y: "possible"}
    assert reached(run(1, 10, [A, B], [X]), A) == {X: "certain"}
    assert reached(run(1, 10, [A], [X, Y]), A) == {X: "certain", Y: "certain"}


def test_a_run_pairs_its_own_inputs_with_its_own_outputs_only() -> None:
    facts = [*run(1, 10, [A], [X]), *run(2, 20, [B], [Y])]
    assert reached(facts, A) == {X: "certain"}
    assert reached(facts, B) == {Y: "certain"}


def test_a_pair_certain_in_one_run_is_certain_at_asset_level() -> None:
    facts = [*run(1, 10, [A, B], [X, Y]), *run(2, 20, [A], [X])]
    assert reached(facts, A, 15) == {X: "possible", Y: "possible"}
    assert reached(facts, A) == {X: "certain", Y: "possible"}


def test_reported_lineage_decides_for_its_output_alone() -> None:
    facts = [*run(1, 10, [A, B], [X, Y]), *lineage(1, 10, X, A)]
    assert reached(facts, A) == {X: "certain", Y: "possible"}
    assert reached(facts, B) == {Y: "possible"}


def test_the_latest_complete_run_with_lineage_decides_else_the_latest() -> None:
    first = [*run(1, 10, [A, B], [X], "RUNNING"), *lineage(1, 10, X, A)]
    second = [*run(2, 20, [A, B], [X]), *lineage(2, 20, X, B)]
    third = [*run(3, 30, [A, B], [X], "RUNNING"), *lineage(3, 30, X, A)]
    assert reached(first, B, 15) == {}
    assert reached([*first, *second, *third], B) == {X: "certain"}
    assert reached([*first, *second, *third], A) == {}
    without_second = [*first, *third, *run(2, 20, [A, B], [X])]
    assert reached(without_second, A) == {X: "certain"}


def test_lineage_that_names_nothing_decides_nothing() -> None:
    assert reached([*run(1, 10, [A, B], [X]), *lineage(1, 10, X)], A) == {X: "certain"}


def test_the_names_of_all_events_of_a_run_count() -> None:
    facts = [*run(1, 10, [A, B, C], [X, Y], "START"), *run(1, 20, None, None), *lineage(1, 10, X, A), *lineage(1, 20, X, B)]
    assert reached(facts, A) == {X: "certain", Y: "possible"}
    assert reached(facts, B, 15) == {Y: "possible"}
    assert reached(facts, B) == {X: "certain", Y: "possible"}
    assert reached(facts, C) == {Y: "possible"}


def held_out(number: int, moment: int, source: AssetUri, role: str) -> list[Fact]:
    return [EdgeFact(source, "input_to", run_uri(number), "openlineage", moment, properties={"role": role}, mode=Mode.PATCH)]


def test_an_input_with_role_test_or_validation_leads_to_evaluations_only_and_is_not_counted() -> None:
    for role in ("test", "validation"):
        facts = [*run(1, 10, [A], [X, Y, EVALUATION]), *held_out(1, 10, B, role)]
        assert reached(facts, A) == {X: "certain", Y: "certain", EVALUATION: "certain"}
        assert reached(facts, B) == {EVALUATION: "certain"}
        assert reached([*facts, *lineage(1, 10, X, B)], B) == {EVALUATION: "certain"}


def test_evaluations_are_not_counted_as_outputs_and_their_pairs_are_certain() -> None:
    assert reached(run(1, 10, [A, B], [X, EVALUATION]), A) == {X: "certain", EVALUATION: "certain"}
    assert reached(run(1, 10, [A, B], [X, Y, EVALUATION]), A) == {X: "possible", Y: "possible", EVALUATION: "certain"}


def test_what_is_declared_is_one_further_complete_run() -> None:
    own = [EdgeFact(A, "input_to", W, "facts", 5), EdgeFact(W, "outputs", Y, "facts", 5)]
    facts = [*own, *run(1, 10, [B], [X])]
    assert reached(facts, A) == {Y: "certain"}
    assert reached(facts, B) == {X: "certain"}


def test_the_latest_of_a_declaration_and_the_complete_runs_decides() -> None:
    named = {"from": [str(B)]}
    inputs = [EdgeFact(source, "input_to", W, "facts", 5) for source in (A, B)]
    runs = [*run(1, 20, [A, B], [X]), *lineage(1, 20, X, A)]
    for declared_at, deciding in ((15, A), (25, B)):
        facts = [*inputs, *runs, EdgeFact(W, "outputs", X, "facts", declared_at, properties=named)]
        assert {source for source in (A, B) if X in reached(facts, source)} == {deciding}


def test_inputs_declared_without_any_output_lead_to_all_outputs_without_lineage_possibly() -> None:
    facts = [EdgeFact(C, "input_to", W, "facts", 5), *run(1, 10, [A], [X, Y]), *lineage(1, 10, Y, A)]
    assert reached(facts, C) == {X: "possible"}


def test_a_name_means_the_one_input_that_ends_in_it() -> None:
    facts = [*run(1, 10, [SHOP, B], [X, Y]), *lineage(1, 10, X, STAGE), *column(1, 10, STAGE, X)]
    assert reached(facts, SHOP) == {X: "certain", Y: "possible"}
    assert reached(facts, column_uri(SHOP, "c")) == {column_uri(X, "c"): "certain", SHOP: "possible", Y: "possible"}
    assert reached(facts, column_uri(STAGE, "c")) == {}
    rebuilt = Projected([facts])
    rebuilt.rebuild()
    assert column_uri(X, "c") in rebuilt.lineage(column_uri(SHOP, "c"), "downstream", "asset", NOW)


def test_a_name_means_the_one_input_of_which_it_is_a_partition() -> None:
    table, partition = (AssetUri("dataset", "lake", name) for name in ("t", "t/day=1/hour=2"))
    assert reached([*run(1, 10, [table, B], [X, Y]), *lineage(1, 10, X, partition)], table)[X] == "certain"


def test_a_name_that_several_inputs_end_in_means_none_of_them() -> None:
    other = AssetUri("dataset", "pg", "crm.public.t")
    facts = [*run(1, 10, [SHOP, other], [X]), *lineage(1, 10, X, STAGE)]
    assert reached(facts, SHOP) == {}
    assert reached(facts, STAGE) == {X: "possible"}


def test_a_name_that_is_no_input_is_a_possible_input_of_its_output_at_both_levels() -> None:
    for reported in (lineage(1, 10, X, STAGE), column(1, 10, STAGE, X)):
        facts = [*run(1, 10, [A], [X, Y]), *reported]
        assert reached(facts, STAGE) == {X: "possible"}
        assert reached(facts, STAGE, level="run") == {X: "possible"}
        assert reached(facts, A) == {Y: "certain"}
    assert reached([*run(1, 10, [A], [X]), *column(1, 10, STAGE, X)], column_uri(STAGE, "c")) == {column_uri(X, "c"): "certain"}


def test_an_input_known_from_lineage_alone_ends_when_it_is_retracted() -> None:
    retracted = AssetRetraction(STAGE, "*", 20)
    for reported in (lineage(1, 10, X, STAGE), column(1, 10, STAGE, X)):
        facts = [*run(1, 10, [A], [X]), *reported]
        orders: list[list[list[Fact]]] = [[[*facts, retracted]], [facts, [retracted]], [[retracted], facts]]
        for batches in orders:
            real = Projected(batches)
            assert W not in real.lineage(STAGE, "downstream", "asset", NOW)
            assert W in real.lineage(STAGE, "downstream", "asset", 15)


def test_an_input_known_from_lineage_alone_is_certain_once_a_run_lists_it() -> None:
    facts = [*run(1, 10, [A], [X]), *lineage(1, 10, X, STAGE), *run(2, 20, [STAGE], [X])]
    assert reached(facts, STAGE, 15) == {X: "possible"}
    certain = Projected([facts]).lineage(STAGE, "downstream", "asset", NOW)
    assert certain[W] == (1, "certain")


def test_of_a_parameterised_workflow_the_latest_complete_run_of_an_output_counts() -> None:
    facts = [fact for number in range(1, 5) for fact in run(number, 10 * number, [A, number_of(number)], [output_of(number)])]
    again = [*facts, *run(9, 90, [B], [output_of(1)])]
    assert reached(facts, number_of(1)) == {output_of(1): "certain"}
    assert reached(again, number_of(1)) == {}
    assert reached(again, B) == {output_of(1): "certain"}


def number_of(number: int) -> AssetUri:
    return AssetUri("dataset", "lake", f"in{number}")


def output_of(number: int) -> AssetUri:
    return AssetUri("dataset", "lake", f"out{number}")


def test_thousands_of_inputs_and_outputs_share_one_port() -> None:
    sources = [AssetUri("dataset", "wide", f"in{number}") for number in range(300)]
    outputs = [AssetUri("dataset", "wide", f"out{number}") for number in range(300)]
    real = Projected([[*run(1, 10, sources, outputs), *lineage(1, 10, outputs[0], sources[0])]])
    rows = sum(len(each) for by_group in real.graph.added() for each in by_group.values())
    assert rows < 5_000
    assert len(real.lineage(sources[1], "downstream", "asset", NOW)) == 301
    assert len(real.lineage(sources[0], "downstream", "asset", NOW)) == 302
