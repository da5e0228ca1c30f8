"""Which input feeds which output (docs/spec.md#4-pairs), sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterable

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.spans import Spans, intersect
from mlgraph.graph.projection.port_pairs import Decision, Pair, PortInputs, Sides, pair_up, segments_of

A, B, C, X, Y, EVALUATION = range(1, 7)
ALWAYS: Spans = [(0, FOREVER)]


def one_by_one(ports: Iterable[PortInputs], sides: Sides) -> dict[tuple[int, int], Pair]:
    """Return every pair (input, output) that is ever valid, while both of its ends are."""
    writes = sides.writes
    pairs: dict[tuple[int, int], Pair] = {}
    for port_inputs in ports:
        for output in port_inputs.outputs:
            for source, pair in port_inputs.sources.items():
                certain, possible = intersect(pair.certain, writes[output]), intersect(pair.possible, writes[output])
                if certain or possible:
                    pairs[source, output] = Pair(certain, possible)
    return pairs


def sides(inputs: dict[int, str], outputs: list[int]) -> Sides:
    return Sides(
        {(asset, role): {1: list(ALWAYS)} for asset, role in inputs.items()},
        {asset: {1: list(ALWAYS)} for asset in outputs},
    )


def paired(reported: Sides, decisions: dict[int, list[Decision]] | None = None) -> dict[tuple[int, int], str]:
    """Each pair that holds, as `certain` or `possible`."""
    pairs = one_by_one(pair_up(reported, decisions or {}, lambda asset: asset == EVALUATION), reported)
    return {pair: "certain" if found.certain else "possible" for pair, found in pairs.items()}


def test_all_inputs_lead_to_all_outputs_possibly_where_there_are_several_of_both() -> None:
    assert set(paired(sides({A: "", B: ""}, [X, Y])).values()) == {"possible"}
    assert paired(sides({A: "", B: ""}, [X])) == {(A, X): "certain", (B, X): "certain"}
    assert paired(sides({A: ""}, [X, Y])) == {(A, X): "certain", (A, Y): "certain"}


def test_reported_lineage_decides_for_its_output_alone() -> None:
    reported = sides({A: "", B: ""}, [X, Y])
    found = paired(reported, {X: [Decision(0, 9, frozenset({A}))]})
    assert found == {(A, X): "certain", (A, Y): "possible", (B, Y): "possible"}


def test_an_input_with_role_test_or_validation_leads_to_evaluations_only() -> None:
    for role in ("test", "validation"):
        found = paired(sides({A: "", B: role}, [X, EVALUATION]))
        assert found == {(A, X): "certain", (A, EVALUATION): "certain", (B, EVALUATION): "certain"}


def test_test_and_validation_inputs_and_evaluations_are_not_counted_as_several() -> None:
    assert set(paired(sides({A: "", B: "test"}, [X, Y])).values()) == {"certain"}
    assert set(paired(sides({A: "", B: ""}, [X, EVALUATION])).values()) == {"certain"}


def test_a_pair_certain_in_one_run_is_certain_at_asset_level() -> None:
    reported = sides({A: "", B: ""}, [X, Y])
    more_certain = {X: {A: [(20, FOREVER)]}}
    pairs = one_by_one(pair_up(reported, {}, lambda _: False, lambda: more_certain), reported)
    assert pairs[A, X] == Pair([(20, FOREVER)], [(0, 20)])
    assert pairs[B, X] == Pair([], ALWAYS)


def test_a_pair_is_valid_only_while_both_ends_are() -> None:
    reported = Sides({(A, ""): {1: [(10, 30)], 2: [(20, 40)]}}, {X: {1: [(0, 35)]}})
    assert one_by_one(pair_up(reported, {}, lambda _: False), reported) == {(A, X): Pair([(10, 35)], [])}


def test_a_decision_is_valid_until_the_next_and_may_be_withdrawn() -> None:
    first, none = Decision(10, 9, frozenset({A})), Decision(20, 9, None)
    assert segments_of([first, none]) == [(10, 20, first), (20, FOREVER, None)]
    reported = sides({A: "", B: ""}, [X])
    pairs = one_by_one(pair_up(reported, {X: [first, none]}, lambda _: False), reported)
    assert pairs[B, X] == Pair([(0, 10), (20, FOREVER)], [])


def test_thousands_of_inputs_and_outputs_share_one_port() -> None:
    reported = sides(dict.fromkeys(range(1, 2001), ""), list(range(3001, 5001)))
    ports = pair_up(reported, {3001: [Decision(0, 1, frozenset({1}))]}, lambda _: False)
    assert [len(port_inputs.outputs) for port_inputs in ports] == [1, 1999]
    assert isinstance(ports[1], PortInputs)
    assert len(ports[1].sources) == 2000
