"""Parsing of a YAML text to plain data with the position of each key and value.

Scalars remain text until a schema converts them, so that `environment: no` is a word. Anchors, aliases and tags are refused,
so that a document cannot expand to more than its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import yaml

from mlgraph.documents.faults import Faults, Position

MAX_DEPTH: Final = 16
"""The maximum nesting of lists and mappings."""
_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})

Data: TypeAlias = str | list["Data"] | dict[str, "Data"] | None
"""The text of a scalar, a list, a mapping, or None for an empty value."""
Location: TypeAlias = tuple[str | int, ...]
"""The keys and indices from the root to a part of a document."""


class Unquoted(str):
    """The text of a scalar without quotes; only such a scalar can be a number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one document. `values` and `keys` map locations to the positions of values and of keys."""

    data: Data
    values: Mapping[Location, Position]
    keys: Mapping[Location, Position]

    def at(self, location: Location) -> Data:
        """Return the value at a location; None where it does not exist or is empty."""
        found = self.data
        for part in location:
            if isinstance(found, dict) and isinstance(part, str):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found

    def locations(self, location: Location) -> list[Location]:
        """Return the locations of the items of a list; empty where the value is not a list."""
        found = self.at(location)
        return [(*location, index) for index in range(len(found))] if isinstance(found, list) else []

    def position(self, location: Location) -> Position:
        """Return the position of the value at a location; for a missing value, that of the innermost value around it."""
        while location not in self.values:
            location = location[:-1]
        return self.values[location]

    def key_position(self, location: Location) -> Position:
        """Return the position of the key at a location."""
        return self.keys[location]


class _UnreadableError(Exception):
    """The text cannot be parsed further; the fault is recorded already."""


def read(text: str, faults: Faults) -> Document | None:
    """Return the document in `text`; None if it is empty or cannot be parsed. `faults` gets the reason."""
    try:
        composer = _Composer(text, faults)
        root = composer.get_single_node()
    except yaml.composer.ComposerError as error:  # a second document is the only cause, as anchors never reach the composer
        faults.add(_position(error.problem_mark), "a second document begins here; put everything into one document")
    except yaml.MarkedYAMLError as error:
        position = _position(error.problem_mark or error.context_mark)
        faults.add(position, f"this is not YAML: {error.problem or error.context}; check indentation, quotes and colons")
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        position = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        faults.add(position, f"the character U+{ord(text[error.position]):04X} is not allowed in YAML; remove it")
    except _UnreadableError:
        pass
    else:
        return None if root is None else _document(root)
    return None


class _Composer(yaml.SafeLoader):
    """Composes nodes, and records references, tags, deep nesting, keys that are not a word, and duplicate keys as faults."""

    def __init__(self, text: str, faults: Faults) -> None:
        super().__init__(text)
        self._faults = faults
        self._depth = 0
        self._keys: dict[yaml.Node, dict[str, Position]] = {}

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        """Return the next node. In a mapping, `index` is None for a key, and the key's node for a value."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        position = _position(event.start_mark)
        if parent is not None and isinstance(index, yaml.Node):
            self._check_key(parent, index)
        if event.anchor is not None:
            self._faults.add(position, "anchors and aliases (& and *) are not supported here; write the value out")
            event.anchor = None
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            return yaml.ScalarNode("tag:yaml.org,2002:null", "", event.start_mark)  # type: ignore[arg-type]
        if event.tag is not None:
            self._faults.add(position, "tags (!) are not supported here; remove it")
        if self._depth >= MAX_DEPTH:
            self._faults.add(position, f"this is nested more than {MAX_DEPTH} levels deep; no setting needs that")
            raise _UnreadableError
        self._depth += 1
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._depth -= 1
        return node

    def _check_key(self, parent: yaml.Node, key: yaml.Node) -> None:
        keys = self._keys.setdefault(parent, {})
        position = _position(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            self._faults.add(position, "a key must be a word")
        elif key.value in keys:
            self._faults.add(position, f"this key is already in line {keys[key.value].line}; remove one of the two")
        else:
            keys[key.value] = position


def _document(root: yaml.Node) -> Document:
    values: dict[Location, Position] = {}
    keys: dict[Location, Position] = {}

    def data(node: yaml.Node, location: Location) -> Data:
        values[location] = _position(node.start_mark)
        if isinstance(node, yaml.SequenceNode):
            return [data(item, (*location, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return mapping(node, location)
        text = str(node.value)
        if not isinstance(node, yaml.ScalarNode) or node.style is not None:
            return text
        return None if text in _NULL else Unquoted(text)

    def mapping(node: yaml.MappingNode, location: Location) -> Data:
        found: dict[str, Data] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value not in found:
                inner = (*location, str(key.value))
                keys[inner] = _position(key.start_mark)
                found[key.value] = data(value, inner)
        return found

    return Document(data(root, ()), values, keys)


def _position(mark: yaml.Mark | None) -> Position:
    return Position(1, 1) if mark is None else Position(mark.line + 1, mark.column + 1)
