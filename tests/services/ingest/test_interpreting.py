"""What a connector says of an event is held to what it declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, Contact, Declaration, EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.payload import canonical_json
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri, person_uri
from mlgraph.ports.connector import Connector
from mlgraph.services.common.identity import LOCAL, Caller
from mlgraph.services.ingest.interpreting import interpreted

RUN, JOB, TABLE = AssetUri("run", "n", "r"), AssetUri("workflow", "n", "j"), AssetUri("dataset", "n", "t")
PERSON = person_uri("ann@example.org")


def saying(*statements: Statement) -> Connector:
    def normalise(payload: object, scope: str | None) -> Sequence[Statement]:
        del payload, scope
        return statements

    return Connector(
        name="toy",
        event_types=("thing",),
        kinds=("run", "workflow"),
        relations=("run_of", "part_of"),
        normalise=normalise,
        event_id=lambda payload: str(payload.get("id")),
    )


def test_what_is_declared_becomes_an_item_with_the_event() -> None:
    said = (AssetFact(RUN, "toy", 1), AssetFact(PERSON, "toy", 1), EdgeFact(RUN, "run_of", JOB, "toy", 1), Contact(PERSON, "Ann"))
    document = {"id": "7", "password": "hunter2"}
    arrival = interpreted(saying(*said), document, Caller("bot", "airflow"))
    assert arrival.letter is None
    assert (list(arrival.item.facts), list(arrival.item.contacts)) == (list(said[:3]), [said[3]])
    event = arrival.item.event
    assert event is not None
    assert (event.format, event.source, event.event_id) == ("toy", "airflow", "7")
    assert event.body == canonical_json({"id": "7", "password": "[redacted]"})


def test_one_event_of_two_connectors_is_two_events() -> None:
    one, other = saying(), replace(saying(), name="other")
    digests = {
        event.digest
        for connector in (one, other)
        for caller in (LOCAL, Caller("bot", "a"), Caller("bot", "b"))
        if (event := interpreted(connector, {"id": "7"}, caller).item.event) is not None
    }
    assert len(digests) == 6


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (AssetFact(RUN, "facts", 1), "of the origin 'facts', not 'toy'"),
        (AssetRetraction(RUN, "*", 1), "of the origin '*'"),
        (Declaration(JOB, "other", 1, ("inputs",)), "of the origin 'other'"),
        (AssetFact(TABLE, "toy", 1), "a dataset, which it does not declare"),
        (AssetRetraction(TABLE, "toy", 1), "a dataset, which it does not declare"),
        (EdgeFact(RUN, "alias_of", RUN, "toy", 1), "run alias_of run: undeclared, or not allowed"),
        (EdgeRetraction(JOB, "run_of", RUN, "toy", 1), "workflow run_of run: undeclared, or not allowed"),
    ],
)
def test_what_is_not_declared_makes_a_dead_letter_and_no_fact(statement: Statement, why: str) -> None:
    arrival = interpreted(saying(AssetFact(RUN, "toy", 1), statement), {"id": "7", "token": "t0ken"}, LOCAL)
    assert arrival.letter is not None
    assert why in arrival.letter.error
    assert (arrival.letter.format, arrival.letter.body) == ("toy", canonical_json({"id": "7", "token": "[redacted]"}))
    assert (list(arrival.item.facts), arrival.item.event) == ([], None)


def test_a_uri_that_is_too_long_is_the_senders_fault() -> None:
    for name, fits in (
        ("r" * (MAX_URI_CHARS - 200), True),
        ("r" * MAX_URI_CHARS, False),
        ("\u2211" * (MAX_URI_CHARS // 9 + 1), False),
    ):
        connector = saying(AssetFact(AssetUri("run", "n", name), "toy", 1))
        if fits:
            assert interpreted(connector, {}, LOCAL).letter is None
        else:
            with pytest.raises(InvalidInput, match="over the limit"):
                interpreted(connector, {}, LOCAL)


@pytest.mark.parametrize("document", [[], "text", None, 1])
def test_an_event_is_an_object(document: object) -> None:
    with pytest.raises(InvalidInput, match="of the format toy must be a JSON object"):
        interpreted(saying(), document, LOCAL)
