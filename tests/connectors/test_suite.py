"""Tests of the contract suite: a correct connector passes, and each planted fault is found by the right check."""

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlgraph.domain.errors import InvalidInput, MlgraphError
from mlgraph.domain.facts import AssetFact, Contact, EdgeFact, Mode, Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact
from mlgraph.domain.uri import AssetUri, person_uri
from mlgraph.ports.connector import Connector
from tests.connectors import suite

PAYLOAD = {"table": "t", "run": "r", "at": "2026-01-02T03:04:05Z", "notes": {"password": "hunter2", "list": [1]}}
OTHER = AssetUri("dataset", "there", "other")
Normalise = Callable[[suite.Json], list[Statement]]
Caught = type[Exception] | tuple[type[Exception], ...]


def sound(payload: suite.Json, _: NamingContext = NO_CONTEXT) -> list[Statement]:
    root = Located(payload)
    table = AssetUri("dataset", "there", root.need("table").name())
    run = AssetUri("run", "there", root.need("run").name())
    at = root.need("at").time()
    notes = root.get("notes")
    state = {"properties": {"notes": redact(notes.plain())}} if notes else {}
    return [
        AssetFact(table, "sound", at, state, Mode.PATCH),
        EdgeFact(table, "input_to", run, "sound", at, mode=Mode.PATCH),
    ]


SOUND = Connector(
    name="sound",
    event_types=("thing",),
    kinds=("dataset", "run"),
    relations=("input_to",),
    redacted=("notes",),
    normalise=sound,
)


@pytest.fixture
def subject(tmp_path: Path) -> suite.Subject:
    page = tmp_path / "sound.md"
    page.write_text("Sound reads thing; dataset and run, input_to; notes are redacted.")
    lines = suite.lines_of(sound(PAYLOAD))
    recordings = [suite.Recording(str(number), "tool 1.0", PAYLOAD, lines) for number in range(3)]
    return suite.Subject(SOUND, sound, recordings, page, PAYLOAD, ("hunter2",))


def test_a_sound_connector_passes(subject: suite.Subject) -> None:
    suite.check_all(subject)


def add(statement: Statement) -> Normalise:
    def normalise(payload: suite.Json) -> list[Statement]:
        if not isinstance(statement, AssetFact):
            return [*sound(payload), statement]
        own_state = copy.deepcopy(dict(statement.state))  # the suite changes the state that it gets
        return [*sound(payload), statement._replace(state=own_state)]

    return normalise


def remembers() -> Normalise:
    calls: list[int] = []

    def normalise(payload: suite.Json) -> list[Statement]:
        calls.append(1)
        return [*sound(payload), AssetFact(OTHER, "sound", len(calls))]

    return normalise


def changes_input(payload: suite.Json) -> list[Statement]:
    statements = sound(payload)
    payload["seen"] = True
    return statements


def shares_input(payload: suite.Json) -> list[Statement]:
    return [*sound(payload), AssetFact(OTHER, "sound", 0, {"properties": {"list": payload["notes"]["list"]}})]


def leaks(payload: suite.Json) -> list[Statement]:
    statements = sound(payload)
    notes = payload.get("notes") if isinstance(payload, dict) else None
    return [*statements, AssetFact(OTHER, "sound", 0, {"description": str(notes)})]


MAIL = "owner@example.com"
PERSON = person_uri(MAIL)


def leaks_mail(payload: suite.Json) -> list[Statement]:
    return [*sound(payload), AssetFact(OTHER, "sound", 0, {"description": MAIL}), Contact(PERSON, None, MAIL)]


BAD_STATEMENTS = [
    (remembers(), "second time"),
    (changes_input, "changed its input"),
    (shares_input, "changed its input"),
    (leaks_mail, "stands in a fact"),
    (add(EdgeFact(OTHER, "outputs", OTHER, "sound", 0)), "is not allowed from"),
    (add(EdgeFact(OTHER, "derives", OTHER, "sound", 0)), "relation derives is not in the spec"),
    (add(AssetFact(AssetUri("model", "a", "b"), "sound", 0)), "kind model is not in the spec"),
    (add(AssetFact(AssetUri("dataset", "a", "x" * 9000), "sound", 0)), "over the limit"),
    (add(AssetFact(OTHER, "somebody", 0)), "origin"),
    (add(AssetFact(OTHER, "sound")), "no time"),
    (add(AssetFact(OTHER, "sound", 1.5)), "no moment"),  # type: ignore[arg-type]
    (add(EdgeFact(OTHER, "input_to", AssetUri("run", "a", "b"), "sound", 5, 5)), None),
    (add(AssetFact(OTHER, "sound", 0, {"description": "a\0b"})), "cannot be stored"),
    (add(AssetFact(OTHER, "sound", 0, {"tags": "not a list"})), "must be"),
    (add(AssetFact(OTHER, "sound", 0, {"properties": {"n": float("nan")}})), "too large"),
]


@pytest.mark.parametrize(("normalise", "message"), BAD_STATEMENTS)
def test_a_fault_in_the_statements_is_caught(subject: suite.Subject, normalise: Normalise, message: str | None) -> None:
    with pytest.raises((AssertionError, InvalidInput), match=message):
        suite.check_payload(replace(subject, normalise=normalise), PAYLOAD)


def test_a_secret_that_passes_is_caught(subject: suite.Subject) -> None:
    with pytest.raises(AssertionError, match="passed"):
        suite.check_secrets(replace(subject, normalise=leaks))
    unsanitized = replace(SOUND, sanitize=lambda payload: payload.plain())
    with pytest.raises(AssertionError, match="in the copy that is stored"):
        suite.check_secrets(replace(subject, connector=unsanitized))
    with pytest.raises(AssertionError, match="not in the payload"):
        suite.check_secrets(replace(subject, secrets=("elsewhere",)))
    with pytest.raises(AssertionError, match="names the secrets"):
        suite.check_secrets(replace(subject, secrets=()))


def test_a_copy_that_cannot_be_stored_is_caught(subject: suite.Subject) -> None:
    unfit = replace(SOUND, sanitize=lambda payload: {"copy": payload.value, "text": "a\0b"})
    with pytest.raises(AssertionError, match="cannot be stored"):
        suite.check_every_mutation(replace(subject, connector=unfit), PAYLOAD)


def bare_index(payload: suite.Json) -> list[Statement]:
    return sound({**payload, "table": payload["table"]})


def no_place(payload: suite.Json) -> list[Statement]:
    try:
        return sound(payload)
    except InvalidInput as error:
        raise InvalidInput(error.detail) from None


def wrong_place(payload: suite.Json) -> list[Statement]:
    try:
        return sound(payload)
    except InvalidInput as error:
        raise InvalidInput(error.detail, pointer="/facts/0") from None


def other_refusal(payload: suite.Json) -> list[Statement]:
    try:
        return sound(payload)
    except InvalidInput as error:
        raise MlgraphError(error.detail, pointer=error.pointer) from None


CHECKS: dict[str, Callable[[suite.Subject], None]] = {
    "every": lambda subject: suite.check_every_mutation(subject, PAYLOAD),
    "random": lambda subject: suite.check_random_mutations(subject, examples=200),
}


@pytest.mark.parametrize(
    ("normalise", "caught", "message"),
    [
        (bare_index, (KeyError, TypeError), None),
        (no_place, AssertionError, "without a place"),
        (wrong_place, AssertionError, "no place in the payload"),
        (other_refusal, MlgraphError, None),
    ],
)
@pytest.mark.parametrize("check", CHECKS)
def test_a_fault_in_how_input_is_refused_is_caught(
    subject: suite.Subject, normalise: Normalise, caught: Caught, message: str | None, check: str
) -> None:
    faulty = replace(subject, normalise=normalise)
    with pytest.raises(caught, match=message):
        CHECKS[check](faulty)


def test_recordings_that_are_too_few_or_nameless_or_different_are_caught(subject: suite.Subject) -> None:
    with pytest.raises(AssertionError, match="three"):
        suite.check_recordings(replace(subject, recordings=subject.recordings[:2]))
    nameless = replace(subject.recordings[0], tool="tool")
    with pytest.raises(AssertionError, match="no version"):
        suite.check_recordings(replace(subject, recordings=[*subject.recordings, nameless]))
    different = replace(subject.recordings[0], lines=[])
    with pytest.raises(AssertionError):
        suite.check_recordings(replace(subject, recordings=[*subject.recordings, different]))


def test_an_unfit_name_that_passes_is_caught(subject: suite.Subject) -> None:
    def accept_names(payload: suite.Json) -> list[Statement]:
        statements = sound(payload)
        return [*statements, AssetFact(OTHER, "sound", 0, {"properties": dict.fromkeys(payload, 1)})]

    with pytest.raises(AssertionError, match="cannot be stored"):
        suite.check_every_mutation(replace(subject, normalise=accept_names), PAYLOAD)


@pytest.mark.parametrize("word", ["thing", "run", "input_to", "notes"])
def test_a_page_that_is_missing_or_silent_is_caught(subject: suite.Subject, word: str) -> None:
    subject.page.write_text(subject.page.read_text().replace(word, "?"))
    with pytest.raises(AssertionError, match=re.escape(word)):
        suite.check_documented(subject)
    subject.page.unlink()
    with pytest.raises(AssertionError, match="is missing"):
        suite.check_documented(subject)


def test_mutations_reach_every_depth() -> None:
    payload = {"a": [{"b": 1}]}
    assert suite.mutated(payload, ("a", 0, "b"), suite.GONE) == {"a": [{}]}
    assert suite.mutated(payload, ("a", 0), 7) == {"a": [7]}
    assert suite.mutated(payload, (), None) is None
    assert suite.renamed(payload, ("a", 0, "b")) == {"a": [{"b\0\ud800": 1}]}
    assert payload == {"a": [{"b": 1}]}
