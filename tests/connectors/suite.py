"""The contract suite: the requirements of docs/architecture.md for every connector, as functions for the connector's tests.

A connector's tests make a `Subject` and call `check_all`; tests/connectors/test_suite.py plants a fault for each check.
That any order or repetition of a corpus gives the same graph needs a store: it is tested with the services.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.fact_json import check_edge, parse_line
from mlgraph.domain.facts import (
    AssetFact,
    AssetRetraction,
    Contact,
    Declaration,
    EdgeFact,
    EdgeRetraction,
    Fact,
    Mode,
    Statement,
)
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.payloads.payload import Located, canonical_json, clean, clean_text
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connector import Connector

Json = Any
Asserted = Fact | Contact
Path_ = tuple[str | int, ...]
REPLACEMENTS: Final[tuple[Json, ...]] = (
    None,
    True,
    0,
    1.5,
    "",
    "x",
    "\0",
    "\ud800",
    [],
    {},
    [None],
    ["x"],
    {"x": "y"},
    [[{}]],
)
"""The replacement values of mutations: every type, and text that a URI cannot contain."""
GONE: Final = object()
"""The replacement value of a mutation that drops a member."""


@dataclass(frozen=True)
class Recording:
    """A payload as a named version of a tool sent it, and the lines that it must give."""

    name: str
    tool: str
    payload: Json
    lines: list[Json]


@dataclass(frozen=True)
class Subject:
    """A connector under test: its declaration, its function, its recordings, its page, a payload full of secrets."""

    connector: Connector
    normalise: Callable[[Any], Sequence[Statement]]
    recordings: list[Recording]
    page: Path
    secretive: Json
    secrets: tuple[str, ...]


def load_recordings(folder: Path, key: str = "payload") -> list[Recording]:
    """Return the recordings in a folder: JSON files {tool, KEY, facts}, read anew at each call."""
    found = []
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        found.append(Recording(path.stem, document["tool"], document[key], document["facts"]))
    return found


def check_all(subject: Subject) -> None:
    """Run every check."""
    check_recordings(subject)
    check_documented(subject)
    check_secrets(subject)
    for recording in subject.recordings:
        check_payload(subject, recording.payload)
        check_every_mutation(subject, recording.payload)
    check_random_mutations(subject)


def check_payload(subject: Subject, payload: Json) -> None:
    """Check what must be true of the statements of any payload."""
    check_deterministic(subject, payload)
    check_leaves_payload_alone(subject, payload)
    statements = subject.normalise(copy.deepcopy(payload))
    assert not warnings_of(statements), "warns about a payload that is in order"
    check_vocabulary(subject, statements)
    check_times(statements)
    check_storable(statements)
    check_people(statements)


def check_recordings(subject: Subject) -> None:
    """At least three recordings, each of a named version, each giving exactly the lines recorded, in any order."""
    assert len(subject.recordings) >= 3, "three recorded payloads or more"
    for recording in subject.recordings:
        name, _, version = recording.tool.partition(" ")
        assert name, f"{recording.name}: names no tool"
        assert version[:1].isdigit(), f"{recording.name}: names no version of {name}"
        lines = lines_of(subject.normalise(copy.deepcopy(recording.payload)))
        assert sorted(map(canonical_json, lines)) == sorted(map(canonical_json, recording.lines)), recording.name


def check_documented(subject: Subject) -> None:
    """The page names every event type, kind, relation and redacted place of the spec."""
    assert subject.page.is_file(), f"{subject.page} is missing"
    text = subject.page.read_text("utf-8")
    spec = subject.connector
    for word in (spec.name, *spec.event_types, *spec.kinds, *spec.relations, *spec.redacted):
        assert word.casefold() in text.casefold(), f"{subject.page.name} does not mention {word!r}"


def check_secrets(subject: Subject) -> None:
    """No secret of the secretive payload is in what it gives or in the copy that is stored; all of them are in the payload."""
    assert subject.secrets, "names the secrets"
    given_text = json.dumps(subject.secretive, ensure_ascii=False)
    payloads = json.dumps(lines_of(subject.normalise(copy.deepcopy(subject.secretive))), ensure_ascii=False)
    stored = canonical_json(subject.connector.sanitize(Located(copy.deepcopy(subject.secretive))))
    for secret in subject.secrets:
        assert secret in given_text, f"{secret!r} is not in the payload"
        assert secret not in payloads, f"{secret!r} passed"
        assert secret not in stored, f"{secret!r} is in the copy that is stored"


def check_deterministic(subject: Subject, payload: Json) -> None:
    """The same payload gives the same statements in the same order, whatever came between."""
    first = subject.normalise(copy.deepcopy(payload))
    for recording in subject.recordings:
        subject.normalise(copy.deepcopy(recording.payload))
    assert list(first) == list(subject.normalise(copy.deepcopy(payload))), "gives different statements a second time"


def check_leaves_payload_alone(subject: Subject, payload: Json) -> None:
    """Neither normalising nor changing what comes out changes what went in."""
    mine = copy.deepcopy(payload)
    for statement in subject.normalise(mine):
        for known_state in (getattr(statement, "state", None), getattr(statement, "properties", None)):
            _spoil(known_state)
    assert mine == payload, "changed its input, or shares it with what it gives"


def check_vocabulary(subject: Subject, statements: Sequence[Statement]) -> None:
    """Every edge is one that the vocabulary allows, and kinds and relations are among those declared; one origin."""
    for statement in without_warnings(statements):
        for uri in _uris(statement):
            assert AssetUri.parse(str(uri)) == uri, f"{uri} cannot be read back"
            people = isinstance(statement, Contact) or uri.kind in ("person", "team")
            assert people or uri.kind in subject.connector.kinds, f"kind {uri.kind} is not in the spec"
        if isinstance(statement, EdgeFact | EdgeRetraction):
            check_edge(statement.source, statement.relation, statement.target)
            assert statement.relation in subject.connector.relations, f"relation {statement.relation} is not in the spec"
        if not isinstance(statement, Contact):
            assert statement.origin == subject.connector.name, f"origin {statement.origin!r}"


def check_times(statements: Sequence[Statement]) -> None:
    """Facts know from when they hold, in microseconds of the calendar; no interval is empty."""
    for statement in without_warnings(statements):
        payloads = [getattr(statement, name, None) for name in ("valid_from", "valid_to")]
        assert isinstance(statement, Contact) or any(time is not None for time in payloads), f"no time in {statement}"
        for time in payloads:
            assert time is None or isinstance(time, int), f"{time!r} is no moment"
            assert time is None or format_time(time)
        if isinstance(statement, EdgeFact) and statement.valid_to is not None and statement.valid_from is not None:
            assert statement.valid_from < statement.valid_to


def check_storable(statements: Sequence[Statement]) -> None:
    """All statements are JSON without characters that cannot be stored, and their JSON lines are accepted by intake."""
    for line in lines_of(statements):
        assert clean(line) == line, "has characters that cannot be stored"
        canonical_json(line)
        fields = {key: value for key, value in line.items() if key in ("asset", "edge", "retract")}
        if fields:
            parse_line(Located(fields), "suite")  # origin and times included


def check_stored(subject: Subject, payload: Json) -> None:
    """Of a payload that is understood there is a copy to store, JSON without unfit characters, and a text to know it by."""
    try:
        stored = subject.connector.sanitize(Located(payload))
    except InvalidInput as error:
        refusal = error
    else:
        assert clean(stored) == stored, "the copy has characters that cannot be stored"
        canonical_json(stored)
        if isinstance(payload, dict):
            assert isinstance(subject.connector.event_id(payload), str)
        return
    assert refusal.pointer is not None, f"the copy is refused without a place: {refusal.detail}"


def check_warnings(payload: Json, warnings: Sequence[DetailWarning]) -> None:
    """Every warning leads to a place in the payload, says what happened there, and can be stored; none is repeated."""
    for warning in warnings:
        assert warning.message, f"no message at {warning.pointer!r}"
        assert clean_text(warning.message) == warning.message, "a warning has characters that cannot be stored"
        assert _is_place(payload, warning.pointer), f"{warning.pointer!r} is no place in the payload: {warning.message}"
    assert len(set(warnings)) == len(warnings), "gives a warning twice"


def warnings_of(statements: Sequence[Statement]) -> list[DetailWarning]:
    """Return the warnings among statements."""
    return [statement for statement in statements if isinstance(statement, DetailWarning)]


def without_warnings(statements: Sequence[Statement]) -> list[Asserted]:
    """Return the facts and contacts among statements."""
    return [statement for statement in statements if not isinstance(statement, DetailWarning)]


def check_people(statements: Sequence[Statement]) -> None:
    """What a contact holds of a person stands in no fact."""
    text = json.dumps([line for line in lines_of(statements) if "contact" not in line], ensure_ascii=False)
    for statement in statements:
        for private in (statement.mail,) if isinstance(statement, Contact) else ():
            assert private is None or private not in text, f"{private!r} stands in a fact"


def check_every_mutation(subject: Subject, payload: Json) -> None:
    """Each value dropped, replaced by each type, or under an unfit name, is understood or refused with its place."""
    for path in _paths(payload):
        for replacement in (GONE, *REPLACEMENTS):
            _check_mutated(subject, mutated(payload, path, replacement))
        if path and isinstance(path[-1], str):
            _check_mutated(subject, renamed(payload, path))


def check_random_mutations(subject: Subject, examples: int = 100) -> None:
    """The same for several mutations at once."""
    recorded = st.sampled_from([recording.payload for recording in subject.recordings])

    settled = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )

    @settled
    @given(payload=recorded, data=st.data())
    def check(payload: Json, data: st.DataObject) -> None:
        for _ in range(data.draw(st.integers(2, 4))):
            path = data.draw(st.sampled_from(list(_paths(payload)) or [()]))
            replacement = data.draw(st.sampled_from([GONE, *REPLACEMENTS]))
            payload = mutated(payload, path, replacement)
        _check_mutated(subject, payload)

    check()


def _check_mutated(subject: Subject, payload: Json) -> None:
    try:
        statements = subject.normalise(payload)
    except InvalidInput as error:
        refusal = error
    else:
        check_warnings(payload, warnings_of(statements))
        statements = without_warnings(statements)
        check_vocabulary(subject, statements)
        check_times(statements)
        check_storable(statements)
        check_stored(subject, payload)
        return
    assert refusal.pointer is not None, f"refused without a place: {refusal.detail}"
    place = f"{refusal.pointer!r} is no place in the payload: {refusal.detail}"
    assert _is_place(payload, refusal.pointer), place


def mutated(payload: Json, path: Path_, replacement: object) -> Json:
    """Return a copy of `payload` with the value at `path` replaced, or dropped where the replacement is `GONE`."""
    if not path:
        return None if replacement is GONE else copy.deepcopy(replacement)
    changed = copy.copy(payload)
    if len(path) == 1 and replacement is GONE:
        del changed[path[0]]
    else:
        changed[path[0]] = mutated(payload[path[0]], path[1:], replacement)
    return changed


def renamed(payload: Json, path: Path_) -> Json:
    """Return a copy of `payload` in which the member at `path` has a name with characters that cannot be stored."""
    if len(path) > 1:
        changed = copy.copy(payload)
        changed[path[0]] = renamed(payload[path[0]], path[1:])
        return changed
    return {f"{key}\0\ud800" if key == path[0] else key: value for key, value in payload.items()}


def lines_of(statements: Sequence[Statement]) -> list[Json]:
    """Return facts and contacts as JSON: facts in their outward form, with `declared` or `patch` where they join so."""
    return [_line(statement) for statement in without_warnings(statements)]


def _line(statement: Asserted) -> Json:
    if isinstance(statement, Contact):
        return {"contact": {"uri": str(statement.uri), "name": statement.name, "mail": statement.mail}}
    if isinstance(statement, Declaration):
        at = format_time(statement.valid_from)
        fields = {"uri": str(statement.uri), "origin": statement.origin, "valid_from": at, "sides": list(statement.sides)}
        return {"declaration": fields}
    body: dict[str, Json] = {"origin": statement.origin}
    if isinstance(statement, AssetFact | AssetRetraction):
        body["uri"] = str(statement.uri)
    else:
        body |= {"source": str(statement.source), "relation": statement.relation, "target": str(statement.target)}
    for name in ("valid_from", "valid_to"):
        time = getattr(statement, name, None)
        if time is not None:
            body[name] = format_time(time)
    if isinstance(statement, AssetRetraction | EdgeRetraction):
        return {"retract": body}
    known_state = statement.state if isinstance(statement, AssetFact) else {"properties": statement.properties}
    body |= {key: value for key, value in known_state.items() if key != "properties" or value}
    mode = {} if statement.mode == Mode.REPLACE else {"mode": statement.mode.name.lower()}
    return {"asset" if isinstance(statement, AssetFact) else "edge": body, **mode}


def _uris(statement: Asserted) -> list[AssetUri]:
    if isinstance(statement, EdgeFact | EdgeRetraction):
        return [statement.source, statement.target]
    return [statement.uri]


def _paths(value: Json, here: Path_ = ()) -> Iterator[Path_]:
    yield here
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in members:
        yield from _paths(item, (*here, key))


def _is_place(payload: Json, pointer: str) -> bool:
    """Say whether an RFC 6901 pointer leads to a value of the payload, or to a member that one of its objects lacks."""
    value = payload
    tokens = pointer.split("/")[1:] if pointer else []
    for position, token in enumerate(tokens):
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = {clean_text(name): item for name, item in value.items()}
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return isinstance(value, dict) and position == len(tokens) - 1
    return True


def _spoil(value: Json) -> None:
    if isinstance(value, dict):
        for item in value.values():
            _spoil(item)
        value["spoiled"] = True
    elif isinstance(value, list):
        for item in value:
            _spoil(item)
        value.append("spoiled")
