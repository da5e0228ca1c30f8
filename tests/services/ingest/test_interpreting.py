"""Interpretation of an event: checked against the declarations of the connector, with dead letters for its faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, Contact, Declaration, EdgeFact, EdgeRetraction, Fact, Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri, person_uri
from mlgraph.ports.connector import Connector
from mlgraph.services.common.identity import LOCAL, Caller
from mlgraph.services.ingest.interpreting import interpret

RUN, JOB, TABLE = AssetUri("run", "n", "r"), AssetUri("workflow", "n", "j"), AssetUri("dataset", "n", "t")
PERSON = person_uri("ann@example.org")


def emitting(*statements: Statement) -> Connector:
    """Return a connector that interprets every event as these statements."""

    def normalise(payload: object, context: NamingContext) -> Sequence[Statement]:
        del payload, context
        return statements

    return Connector(
        name="toy",
        event_types=("job",),
        kinds=("run", "workflow"),
        relations=("run_of", "part_of"),
        normalise=normalise,
        event_id=lambda payload: str(payload.get("id")),
    )


def test_declared_facts_become_an_item_with_the_event() -> None:
    facts: list[Fact] = [AssetFact(RUN, "toy", 1), AssetFact(PERSON, "toy", 1), EdgeFact(RUN, "run_of", JOB, "toy", 1)]
    contact = Contact(PERSON, "Ann")
    document = {"id": "7", "password": "hunter2"}
    interpreted = interpret(emitting(*facts, contact), document, Caller("bot", "airflow"))
    assert interpreted.dead_letter is None
    assert (list(interpreted.item.facts), list(interpreted.item.contacts)) == (facts, [contact])
    event = interpreted.item.event
    assert event is not None
    assert (event.format, event.source, event.event_id) == ("toy", "airflow", "7")
    assert event.body == canonical_json({"id": "7", "password": "[redacted]"})


def test_facts_and_errors_of_a_connector_have_no_secrets() -> None:
    """Also of a connector that redacts nothing itself, and where the event does not show what is a secret."""
    state = {"name": "a", "description": "password=hunter2", "properties": {"args": ["--token", "hunter2"]}}
    document = {"id": "7", "encoded": "cGFzc3dvcmQ9aHVudGVyMg=="}
    interpreted = interpret(emitting(AssetFact(RUN, "toy", 1, state)), document, LOCAL)
    assert "hunter2" not in repr(interpreted)
    (fact,) = interpreted.item.facts
    assert isinstance(fact, AssetFact)
    assert fact.state == {
        "name": "a", "description": "password=[redacted]", "properties": {"args": ["--token", "[redacted]"]},
    }  # fmt: skip
    own = replace(emitting(), sanitize=lambda value: value.plain())
    event = interpret(own, {"id": "7", "note": "password=hunter2"}, LOCAL).item.event
    assert event is not None
    assert event.body == canonical_json({"id": "7", "note": "password=[redacted]"})


def test_the_identity_of_an_event_depends_on_connector_and_scope() -> None:
    one, other = emitting(), replace(emitting(), name="other")
    digests = {
        event.digest
        for connector in (one, other)
        for caller in (LOCAL, Caller("bot", "a"), Caller("bot", "b"))
        if (event := interpret(connector, {"id": "7"}, caller).item.event) is not None
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
def test_an_undeclared_fact_makes_the_event_a_dead_letter(statement: Statement, why: str) -> None:
    interpreted = interpret(emitting(AssetFact(RUN, "toy", 1), statement), {"id": "7", "token": "t0ken"}, LOCAL)
    assert interpreted.dead_letter is not None
    assert why in interpreted.dead_letter.error
    assert (interpreted.dead_letter.format, interpreted.dead_letter.body) == (
        "toy",
        canonical_json({"id": "7", "token": "[redacted]"}),
    )
    assert (list(interpreted.item.facts), interpreted.item.event) == ([], None)


def test_a_uri_that_is_too_long_is_refused() -> None:
    for name, fits in (
        ("r" * (MAX_URI_CHARS - 200), True),
        ("r" * MAX_URI_CHARS, False),
        ("\u2211" * (MAX_URI_CHARS // 9 + 1), False),
    ):
        connector = emitting(AssetFact(AssetUri("run", "n", name), "toy", 1))
        if fits:
            assert interpret(connector, {}, LOCAL).dead_letter is None
        else:
            with pytest.raises(InvalidInput, match="over the limit"):
                interpret(connector, {}, LOCAL)


@pytest.mark.parametrize("document", [[], "text", None, 1])
def test_an_event_is_an_object(document: object) -> None:
    with pytest.raises(InvalidInput, match="of the format toy must be a JSON object"):
        interpret(emitting(), document, LOCAL)
