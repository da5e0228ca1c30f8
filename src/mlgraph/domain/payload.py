"""Reading JSON documents of unknown shape: `Located` values carry their position, so that every error has a JSON pointer.

All returned strings can be stored: NUL and lone surrogates are refused in names and become U+FFFD in other text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, NoReturn

from mlgraph.domain.errors import InvalidInput, NotJson
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri

_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_encode: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
MAX_DEPTH: Final = 200
"""The maximum nesting of a document: far above any real event, well below the recursion limit of every layer."""


def decode_json(raw: bytes) -> Any:
    """Return the JSON value in `raw` (UTF-8, RFC 8259). Raises `NotJson` with line and column, or `InvalidInput`."""
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise InvalidInput(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise NotJson(f"not JSON: {error}") from None


def canonical_json(value: Any) -> str:
    """Return the canonical JSON text of `value`: keys sorted, no white space, non-ASCII characters unescaped."""
    return _encode(value)


def is_shallow(value: Any, most: int = MAX_DEPTH) -> bool:
    """Return whether `value` nests at most `most` levels deep, by default as deep as `clean` allows."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most + 1):
        if not level:
            return True
        inner = [item for parent in level for item in (parent.values() if type(parent) is dict else parent)]
        level = [item for item in inner if type(item) is dict or type(item) is list]
    return not level


def clean(value: Any, depth: int = 0) -> Any:
    """Return a copy of `value` that can be stored: NUL and lone surrogates become U+FFFD.

    Raises `InvalidInput`, with the pointer within `value`, for infinite numbers and for nesting deeper than `MAX_DEPTH`.
    """
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise InvalidInput(f"nested deeper than {MAX_DEPTH} levels", pointer="")
        return _clean_object(value, depth) if isinstance(value, dict) else _clean_array(value, depth)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput("the number is too large to store exactly", pointer="")
    return value


def _clean_object(members: dict[Any, Any], depth: int) -> dict[str, Any]:
    cleaned = {}
    for key, item in members.items():
        try:
            cleaned[clean_text(str(key))] = clean_text(item) if type(item) is str else clean(item, depth + 1)
        except InvalidInput as error:
            raise error.under(f"/{escape(str(key))}") from None
    return cleaned


def _clean_array(items: list[Any], depth: int) -> list[Any]:
    cleaned = []
    for position, item in enumerate(items):
        try:
            cleaned.append(clean_text(item) if type(item) is str else clean(item, depth + 1))
        except InvalidInput as error:
            raise error.under(f"/{position}") from None
    return cleaned


def clean_text(text: str) -> str:
    """Return `text` with NUL and lone surrogates replaced by U+FFFD."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def escape(key: str) -> str:
    """Return `key` as one token of a JSON pointer (RFC 6901)."""
    if "~" in key or "/" in key:
        key = key.replace("~", "~0").replace("/", "~1")
    return clean_text(key)


_new: Final = object.__new__


class Located:
    """A JSON value and its position in its document.

    Readers named after a type (`text`, `flag`, `items` ...) return the value or raise `InvalidInput` with the pointer.
    """

    __slots__ = ("_parent", "_place", "value")

    def __init__(self, value: Any, pointer: str = "") -> None:
        """Wrap `value` at `pointer`."""
        self.value = value
        self._place: str | int = pointer
        self._parent: Located | None = None

    @property
    def pointer(self) -> str:
        """The JSON pointer (RFC 6901) of this value; computed on access, which is rare."""
        tokens: list[str] = []
        at = self
        while at._parent is not None:
            tokens.append(escape(str(at._place)))
            at = at._parent
        return "/".join([str(at._place), *reversed(tokens)])

    def _member(self, value: Any, place: str | int) -> Located:
        member = _new(Located)
        member.value, member._place, member._parent = value, place, self
        return member

    def without(self, keys: Collection[str]) -> Located:
        """Return this object, at its position, without the members `keys`."""
        return Located({key: value for key, value in self.mapping().items() if key not in keys}, self.pointer)

    def fail(self, detail: str) -> NoReturn:
        """Raise `InvalidInput` with the pointer of this value."""
        raise InvalidInput(detail, pointer=self.pointer)

    def get(self, key: str) -> Located | None:
        """Return the member `key` of this object, or None where it is absent or null."""
        if type(self.value) is not dict:
            self.mapping()
        value = self.value.get(key)
        if value is None:
            return None
        member = _new(Located)
        member.value, member._place, member._parent = value, key, self
        return member

    def need(self, key: str) -> Located:
        """Return the member `key` of this object. Raises `InvalidInput` where it is absent or null."""
        found = self.get(key)
        if found is None:
            raise InvalidInput(f"{key!r} is missing", pointer=f"{self.pointer}/{escape(key)}")
        return found

    def mapping(self) -> dict[str, Any]:
        """Return the members of this object unchanged."""
        if not isinstance(self.value, dict):
            self.fail(f"must be an object, not {_type_name(self.value)}")
        return self.value

    def members(self) -> Iterator[tuple[str, Located]]:
        """Yield key and value of each member of this object that is not null."""
        for key, value in self.mapping().items():
            if value is not None:
                yield key, self._member(value, key)

    def items(self) -> Iterator[Located]:
        """Yield each item of this array."""
        if not isinstance(self.value, list):
            self.fail(f"must be an array, not {_type_name(self.value)}")
        for position, value in enumerate(self.value):
            yield self._member(value, position)

    def text(self) -> str:
        """Return this string as it can be stored."""
        if not isinstance(self.value, str):
            self.fail(f"must be a string, not {_type_name(self.value)}")
        return clean_text(self.value)

    def name(self) -> str:
        """Return this string as a part of a URI: not empty, no NUL, no lone surrogate."""
        if not isinstance(self.value, str):
            self.fail(f"must be a string, not {_type_name(self.value)}")
        if not self.value:
            self.fail("must not be empty")
        if _UNSTORABLE.search(self.value):
            self.fail("contains a NUL or a lone surrogate, which a name must not contain")
        return self.value

    def flag(self) -> bool:
        """Return this boolean."""
        if not isinstance(self.value, bool):
            self.fail(f"must be true or false, not {_type_name(self.value)}")
        return self.value

    def time(self) -> int:
        """Return this RFC 3339 time in microseconds since the epoch."""
        try:
            return parse_time(self.text())
        except InvalidInput as error:
            self.fail(error.detail)

    def uri(self) -> AssetUri:
        """Return this canonical asset URI."""
        try:
            return AssetUri.parse(self.name())
        except InvalidInput as error:
            self.fail(error.detail)

    def plain(self) -> Any:
        """Return this value, of any type, as it can be stored."""
        try:
            return clean(self.value)
        except InvalidInput as error:
            raise error.under(self.pointer) from None


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)
