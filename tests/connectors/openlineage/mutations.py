"""Events with one broken detail: what must be left of them, and which warning they must have.

The facts of a broken event are compared with those of the same event without the smallest unit around the detail: the item of a
list or the member that cannot be read. They must be there, whatever else is.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlgraph.connectors.openlineage import CONNECTOR
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.facts import Fact
from mlgraph.domain.payloads.payload import escape
from mlgraph.services.common.identity import Caller
from mlgraph.services.ingest.interpreting import InterpretedEvent, interpret_text
from tests.connectors.openlineage.producers import PRODUCERS
from tests.connectors.suite import lines_of

Json = Any
Place = tuple[str | int, ...]
GONE: Final = object()
"""The replacement of a detail that is removed."""
DEEP: Final = json.loads("[" * 300 + "]" * 300)
REPLACEMENTS: Final[tuple[Json, ...]] = (
    GONE,
    None,
    True,
    0,
    -7,
    1.5,
    10**40,
    float("inf"),
    "",
    " \t",
    "\0",
    "\ud800",
    "other",
    "y" * 20_000,
    "\u2211" * 5_000,
    [],
    {},
    [None],
    ["x", 3],
    [[{}]],
    {"x": "y"},
    {"name": 3, "namespace": None},
    DEEP,
)
_SIDES: Final = ("inputs", "outputs")
IDENTITY: Final = (("eventTime",), ("run",), ("run", "runId"), ("job",), ("job", "namespace"), ("job", "name"))
"""Without one of these an event may be refused; with another value it reports another run or job, or another time."""
SENDER: Final = Caller("tester")


@dataclass(frozen=True)
class Mutation:
    """An event of a producer with the detail at `place` replaced."""

    producer: str
    place: Place
    replacement: Json

    def __str__(self) -> str:
        value = "removed" if self.replacement is GONE else json.dumps(self.replacement)[:60]
        return f"{self.producer} {pointer(self.place)} = {value}"

    def original(self) -> Json:
        """Return the unbroken event."""
        return PRODUCERS[self.producer]()

    def is_fault(self) -> bool:
        """Return whether the replacement has another type than the detail, or is a text that names nothing."""
        detail = self.original()
        for key in self.place:
            detail = detail[key]
        is_written = self.place[::2] == ("outputs", "name") or self.place[-3::2] == ("entries", "name")
        if self.replacement == "" and is_written:
            return False  # the root of the namespace
        if self.place[-1] == "lifecycleStateChange" and isinstance(self.replacement, str):
            return not self.replacement.strip()  # another state is stored as it is
        if isinstance(self.replacement, str) and isinstance(detail, str):
            return not self.replacement.strip(" \t\0\ud800")
        return type(self.replacement) is not type(detail)

    def event(self) -> bytes:
        """Return the broken event as JSON."""
        return encoded(replaced(self.original(), self.place, self.replacement))


def mutations(number: int, seed: int) -> Iterator[Mutation]:
    """Yield so many mutations, drawn at random, the same number for each producer."""
    rng = random.Random(seed)
    names = list(PRODUCERS)
    for position in range(number):
        producer = names[position % len(names)]
        places = [place for place in _places(PRODUCERS[producer]()) if place]
        yield Mutation(producer, rng.choice(places), rng.choice(REPLACEMENTS))


def check(mutation: Mutation) -> None:
    """Check that the rest of the event is there, and that there is a warning where something of it is not."""
    event = _interpreted(mutation)
    if isinstance(event, MlgraphError):
        assert mutation.place in IDENTITY, f"{mutation}: refused: {event.detail} at {event.pointer}"
        assert _related(event.pointer or "", mutation.place), f"{mutation}: refused at {event.pointer}"
        return
    assert event.dead_letter is None, f"{mutation}: a dead letter: {event.dead_letter}"
    pointers = [warning.pointer for warning in event.warnings]
    assert not pointers or any(_related(each, mutation.place) for each in pointers), f"{mutation}: warns about {pointers}"
    elsewhere = [each for each in pointers if not each.startswith(pointer(_neighbourhood(mutation.place)))]
    assert not elsewhere or "" in pointers, f"{mutation}: warns about {elsewhere}"
    if mutation.place in IDENTITY:
        return
    found = assertions(event.item.facts)
    rest = assertions(facts(replaced(mutation.original(), _unit(mutation.place), GONE)))
    lost = [key for key in rest if key not in found or not contains(found[key], rest[key])]
    assert not lost, f"{mutation}: of the rest is missing or different: {lost[0]}"
    complete = assertions(facts(mutation.original()))
    if mutation.replacement is GONE or mutation.replacement is None:  # nothing is known of it, unless that costs its item
        is_optional = mutation.place[-1] in ("field", "inputs") and "lineage" in mutation.place  # then the dataset is the source
        costs_item = _unit(mutation.place) != mutation.place and found == rest != complete and not is_optional
        assert pointers or not costs_item, f"{mutation}: cost its item without a warning"
    elif mutation.is_fault():
        left_out = [key for key in complete if key not in found or _lacks(found[key], complete[key])]
        assert pointers or not left_out, f"{mutation}: without a warning left out {left_out[0]}"


def _interpreted(mutation: Mutation) -> InterpretedEvent | MlgraphError:
    try:
        return interpret_text(CONNECTOR, mutation.event(), SENDER)
    except MlgraphError as error:
        return error


def facts(event: Json) -> Sequence[Fact]:
    """Return the facts of an event that is in order."""
    return interpret_text(CONNECTOR, encoded(event), SENDER).item.facts


def assertions(statements: Sequence[Fact]) -> dict[str, Json]:
    """Return what facts assert: the state of each asset and the properties of each edge, by their identity."""
    found: dict[str, Json] = {}
    for line in lines_of(statements):
        kind = next(key for key in line if key != "mode")
        body = line[kind]
        key = " ".join([kind, *(body[part] for part in ("uri", "source", "relation", "target") if part in body)])
        found[key] = {name: value for name, value in body.items() if name not in ("uri", "source", "relation", "target")}
    return found


def contains(found: Json, expected: Json) -> bool:
    """Return whether `found` has everything of `expected`: each member, and the items of each list in their order."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(key in found and contains(found[key], value) for key, value in expected.items())
    if isinstance(expected, list):
        rest: Iterator[Json] = iter(found if isinstance(found, list) else ())
        return all(any(contains(item, each) for item in rest) for each in expected)
    return bool(found == expected)


def encoded(event: Json) -> bytes:
    """Return an event as JSON; an infinite number as one that no decoder can represent."""
    return json.dumps(event).replace("Infinity", "1e999").encode()


def replaced(event: Json, place: Place, value: Json) -> Json:
    """Return a copy of an event with the value at `place` replaced, or removed where it is `GONE`."""
    changed = json.loads(json.dumps(event))  # a copy in which no two places share a value
    parent = changed
    for key in place[:-1]:
        parent = parent[key]
    if value is GONE:
        del parent[place[-1]]
    else:
        parent[place[-1]] = value
    return changed


def pointer(place: Place) -> str:
    """Return the JSON pointer of a place."""
    return "".join(f"/{escape(str(key))}" for key in place)


def _places(value: Json, here: Place = ()) -> Iterator[Place]:
    yield here
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in members:
        yield from _places(item, (*here, key))


def _unit(place: Place) -> Place:
    """Return the place of the smallest unit around a detail: the innermost item of a list that contains it, else the detail.

    A dataset of a side is such an item only if its namespace or name is broken: its facets are units of their own.
    """
    start = 0
    if place[0] in _SIDES and len(place) > 2:
        if place[2] in ("namespace", "name"):
            return place[:2]
        start = 2
    items = [position for position in range(start, len(place)) if isinstance(place[position], int)]
    return place[: items[-1] + 1] if items else place


def _related(found: str, place: Place) -> bool:
    """Return whether a pointer leads to the detail, to a value around it, or to a value in it."""
    expected = pointer(place)
    return f"{expected}/".startswith(f"{found}/") or f"{found}/".startswith(f"{expected}/")


def _neighbourhood(place: Place) -> Place:
    """Return the facet that contains a place, or the dataset or member: warnings about a detail stay within it."""
    facets = [position for position, key in enumerate(place) if str(key).lower().endswith("facets")]
    return place[: facets[0] + 2] if facets else place[:2] if place[0] in _SIDES else place[:1]


def _lacks(found: Json, expected: Json) -> bool:
    """Return whether members or items of `expected` are missing; another value in the place of one is not missing."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return any(key not in found or _lacks(found[key], value) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) < len(expected) or any(map(_lacks, found, expected))
    return False
