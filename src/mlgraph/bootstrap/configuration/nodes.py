"""A YAML text as a tree that knows where each part stands. Anchors, aliases and tags are refused: none is needed here.

It is made from the parser's events, so that nothing is constructed, resolved or expanded: a scalar is its text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import yaml

MAX_DEPTH: Final = 16
MAX_FAULTS: Final = 100
_SHOWN_CHARS: Final = 60
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written; `plain` where it stands without quotes."""

    place: Place
    text: str
    plain: bool

    @property
    def empty(self) -> bool:
        """Whether it says nothing: YAML's null."""
        return self.plain and self.text in _NULL


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the text; keys are texts, and each is there once."""

    place: Place
    entries: dict[str, tuple[Scalar, Node]]


Node = Scalar | Items | Mapping


@dataclass(slots=True)
class Faults:
    """Everything that is wrong, so that it is told at once."""

    found: list[tuple[Place, str]] = field(default_factory=list)

    def add(self, place: Place, message: str) -> None:
        """Note what is wrong at a place."""
        self.found.append((place, message))

    def told(self, file: str) -> str:
        """Return a line for each fault, in the order of the text: file, line, column, what is wrong and what to do."""
        listed = sorted(set(self.found))
        lines = [f"{file} has {len(listed)} faults"] if len(listed) > 1 else []
        lines += [f"{file}:{place.line}:{place.column}: {message}" for place, message in listed[:MAX_FAULTS]]
        if len(listed) > MAX_FAULTS:
            lines.append(f"{file}: and {len(listed) - MAX_FAULTS} more")
        return "\n".join(lines)


class _Unreadable(Exception):
    """The text cannot be read any further; the fault is noted."""


def shown(text: str) -> str:
    """Return a text of the document as a message may carry it: quoted, short, without control characters."""
    clean = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return repr(clean if len(clean) <= _SHOWN_CHARS else clean[:_SHOWN_CHARS] + "...")


def read(text: str, faults: Faults) -> Node | None:
    """Return the document in `text`; None where it is empty, or cannot be read, which is noted in `faults`."""
    events = yaml.parse(text, Loader=yaml.SafeLoader)
    try:
        return _document(events, faults)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        place = Place(at.line + 1, at.column + 1) if at else Place(1, 1)
        faults.add(place, f"this is not YAML: {error.problem or error.context}; check indentation, quotes and colons")
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        faults.add(place, f"the character U+{ord(text[error.position]):04X} is not allowed in YAML; take it out")
    except _Unreadable:
        pass
    return None


def _document(events: Iterator[yaml.Event], faults: Faults) -> Node | None:
    found: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if found is not None:
                faults.add(_place(event), "a second document begins here; keep everything in one")
                raise _Unreadable
        elif isinstance(event, yaml.NodeEvent):
            found = _node(event, events, faults, 1)
    return found


def _node(event: yaml.Event, events: Iterator[yaml.Event], faults: Faults, depth: int) -> Node:
    place = _place(event)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        faults.add(place, "anchors and aliases (& and *) are not used here; write the value out")
        if isinstance(event, yaml.AliasEvent):
            return Scalar(place, "", plain=True)
    if getattr(event, "tag", None) is not None:
        faults.add(place, "tags (!) are not used here; take it out")
    if depth > MAX_DEPTH:
        faults.add(place, f"this is nested more than {MAX_DEPTH} deep; nothing here needs that")
        raise _Unreadable
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(one := next(events), yaml.SequenceEndEvent):
            items.append(_node(one, events, faults, depth + 1))
        return Items(place, tuple(items))
    if isinstance(event, yaml.MappingStartEvent):
        return Mapping(place, _entries(events, faults, depth))
    assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - the parser yields no other node
    return Scalar(place, event.value, plain=event.style is None)


def _entries(events: Iterator[yaml.Event], faults: Faults, depth: int) -> dict[str, tuple[Scalar, Node]]:
    entries: dict[str, tuple[Scalar, Node]] = {}
    while not isinstance(one := next(events), yaml.MappingEndEvent):
        key = _node(one, events, faults, depth + 1)
        value = _node(next(events), events, faults, depth + 1)
        if not isinstance(key, Scalar):
            faults.add(key.place, "a key must be a word")
        elif key.text in entries:
            first = entries[key.text][0].place
            faults.add(key.place, f"this key stands in line {first.line} already; keep one of the two")
        else:
            entries[key.text] = (key, value)
    return entries


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark is not None else Place(1, 1)
