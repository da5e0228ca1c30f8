"""One broken detail in an event of each of ten producers: the rest of the event counts. The proof has the full number."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mlgraph.connectors import openlineage
from mlgraph.connectors.openlineage import CONNECTOR
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from tests.connectors.openlineage import mutations
from tests.connectors.openlineage.mutations import GONE, Mutation, check
from tests.connectors.openlineage.producers import PRODUCERS


@pytest.mark.parametrize("seed", range(4))
def test_the_rest_of_an_event_with_one_broken_detail_is_there(seed: int) -> None:
    for mutation in mutations.mutations(50, seed):
        check(mutation)


@pytest.mark.parametrize("producer", PRODUCERS)
def test_the_events_of_the_producers_are_in_order(producer: str) -> None:
    statements = openlineage.normalise(PRODUCERS[producer]())
    assert len(statements) >= 7
    assert not [each for each in statements if isinstance(each, DetailWarning)]


def silent(statements: list[Statement]) -> list[Statement]:
    """Return an answer without warnings."""
    return [each for each in statements if not isinstance(each, DetailWarning)]


def misplaced(statements: list[Statement]) -> list[Statement]:
    """Return an answer whose warnings are about another place."""
    return [DetailWarning("/producer", "x") if isinstance(each, DetailWarning) else each for each in statements]


def greedy(statements: list[Statement]) -> list[Statement]:
    """Return an answer that lacks most facts."""
    return [*statements[:2], *(each for each in statements if isinstance(each, DetailWarning))]


@pytest.mark.parametrize("fault", [silent, misplaced, greedy])
@pytest.mark.parametrize(
    "mutation",
    [
        Mutation("spark", ("inputs", 1, "namespace"), 3),
        Mutation("dbt", ("outputs", 1, "name"), GONE),
        Mutation("airflow", ("run", "facets", "nominalTime"), "today"),
    ],
    ids=str,
)
def test_the_check_finds_planted_faults(
    fault: Callable[[list[Statement]], list[Statement]], mutation: Mutation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(event: object, context: NamingContext) -> list[Statement]:
        statements = openlineage.normalise(event, context)
        return fault(statements) if any(isinstance(each, DetailWarning) for each in statements) else statements

    check(mutation)
    monkeypatch.setattr(mutations, "CONNECTOR", replace(CONNECTOR, normalise=faulty))
    with pytest.raises(AssertionError):
        check(mutation)
