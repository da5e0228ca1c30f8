"""Checked reading of one value of a configuration: each returns the typed value, or None and a fault at its place.

No message repeats what is written, but for keys, times and URIs: what stands in a wrong place may be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, TypeVar

from mlgraph.bootstrap.configuration.nodes import Faults, Items, Mapping, Node, Place, Scalar, shown
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.redaction import is_secret_name
from mlgraph.domain.times import parse_time
from mlgraph.domain.uri import AssetUri

T = TypeVar("T")

MAX_TEXT_CHARS: Final = 1000
KEEP_IT_ELSEWHERE: Final = (
    "a secret does not belong into this file; keep it in an environment variable, credentials: {env: NAME}, "
    "or in a file that you alone can read, credentials: {file: PATH}"
)
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER: Final = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Members:
    """The known keys of one mapping; `complete` where there were no others."""

    place: Place
    values: dict[str, Node]
    faults: Faults
    complete: bool

    def get(self, key: str, read: Callable[[Node, Faults], T | None]) -> T | None:
        """Return what `read` makes of a value; None where the key is not there, or its value is not right."""
        found = self.values.get(key)
        if found is None:
            return None
        if isinstance(found, Scalar) and found.empty:
            self.faults.add(found.place, f"{key} has no value; give it one, or take the key out")
            return None
        return read(found, self.faults)

    def need(self, key: str, read: Callable[[Node, Faults], T | None]) -> T | None:
        """Return what `read` makes of a value that must be there."""
        if key not in self.values:
            self.faults.add(self.place, f"{key} is missing here; add it")
        return self.get(key, read)

    def place_of(self, key: str) -> Place:
        """Return where the value of a key stands; the mapping itself where it is not there."""
        found = self.values.get(key)
        return self.place if found is None else found.place


def members(node: Node, faults: Faults, what: str, known: Collection[str], *, names_keys: bool = True) -> Members | None:
    """Return the members of a mapping. Unknown keys are faults, with what may have been meant.

    `names_keys` False: a key that is not known is not repeated either.
    """
    if not isinstance(node, Mapping):
        faults.add(node.place, f"{what} must be keys with values: {', '.join(known)}")
        return None
    values: dict[str, Node] = {}
    for text, (key, value) in node.entries.items():
        if text in known:
            values[text] = value
        elif is_secret_name(text):
            faults.add(key.place, KEEP_IT_ELSEWHERE)
        else:
            close = get_close_matches(text.lower(), known, n=1)
            then = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
            faults.add(key.place, f"unknown key{' ' + shown(text) if names_keys else ''} in {what}; {then}")
    return Members(node.place, values, faults, complete=len(values) == len(node.entries))


def items(node: Node, faults: Faults, what: str) -> tuple[Node, ...]:
    """Return the items of a list; none where nothing is given, or it is no list."""
    if isinstance(node, Items):
        return node.items
    if not (isinstance(node, Scalar) and node.empty):
        faults.add(node.place, f"{what} must be a list: begin each entry with '- '")
    return ()


def text(node: Node, faults: Faults) -> str | None:
    """Return a text of at least one printable character."""
    if not isinstance(node, Scalar):
        faults.add(node.place, "this must be a text, not a list or further keys")
        return None
    if node.empty or not node.text.strip() or not node.text.isprintable() or len(node.text) > MAX_TEXT_CHARS:
        faults.add(node.place, f"this must be a text of 1 to {MAX_TEXT_CHARS} printable characters in one line")
        return None
    return node.text


def one_of(what: str, known: Collection[str]) -> Callable[[Node, Faults], str | None]:
    """Return a reader of one of the words `known`."""

    def read(node: Node, faults: Faults) -> str | None:
        said = text(node, faults)
        if said is None or said in known:
            return said
        close = get_close_matches(said.lower(), known, n=1)
        then = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        faults.add(node.place, f"this is no {what}; {then}")
        return None

    return read


def duration_s(least: str, most: str) -> Callable[[Node, Faults], float | None]:
    """Return a reader of a duration such as 30s, 10m, 6h or 7d, in seconds."""
    low, high = _seconds(least) or 0.0, _seconds(most) or 0.0

    def read(node: Node, faults: Faults) -> float | None:
        found = _seconds(node.text) if isinstance(node, Scalar) else None
        if found is None or not low <= found <= high:
            faults.add(node.place, f"this must be a number with ms, s, m, h or d behind it, such as 30s: {least} to {most}")
            return None
        return found

    return read


def number(least: float, most: float, *, whole: bool = False) -> Callable[[Node, Faults], float | None]:
    """Return a reader of a number within bounds."""

    def read(node: Node, faults: Faults) -> float | None:
        plain = node.text if isinstance(node, Scalar) and node.plain and _NUMBER.fullmatch(node.text) else None
        found = None if plain is None or (whole and "." in plain) else float(plain)
        if found is None or not least <= found <= most:
            faults.add(node.place, f"this must be a {'whole ' if whole else ''}number from {least:g} to {most:g}")
            return None
        return found

    return read


def moment(node: Node, faults: Faults) -> int | None:
    """Return an RFC 3339 time with a zone, in microseconds since the epoch."""
    return _domain(parse_time, node, faults)


def uri(node: Node, faults: Faults) -> AssetUri | None:
    """Return the URI of an asset."""
    return _domain(AssetUri.parse, node, faults)


def _domain(parse: Callable[[str], T], node: Node, faults: Faults) -> T | None:
    said = text(node, faults)
    if said is None:
        return None
    try:
        return parse(said)
    except InvalidInput as error:
        faults.add(node.place, error.detail)
        return None


def _seconds(written: str) -> float | None:
    match = _DURATION.fullmatch(written)
    return float(match[1]) * _UNITS_S[match[2]] if match else None
