"""Reading JSON documents of unknown shape: `Located` values carry their position, so that every error has a JSON pointer.

All returned strings can be stored: NUL and lone surrogates are refused in names and become U+FFFD in other text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, NoReturn, TypeVar

from mlgraph.domain.errors import InvalidInput, MlgraphError, NotJson
from mlgraph.domain.payloads.detail_warnings import DetailWarning, WarningCollector
from mlgraph.domain.timestamps import parse_reported_time, parse_time
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


def without_unstorable(value: Any) -> tuple[Any, list[DetailWarning]]:
    """Return a copy of a JSON value that `clean` accepts, and a warning for each part of it that is null in the copy.

    These are infinite numbers, and values nested deeper than `MAX_DEPTH`.
    """
    collector = WarningCollector()
    return _pruned(value, "", 0, collector), collector.all()


def _pruned(value: Any, pointer: str, depth: int, collector: WarningCollector) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        collector.add(pointer, "left out: the number is too large to store exactly")
        return None
    if not isinstance(value, dict | list):
        return value
    if depth > MAX_DEPTH:
        collector.add(pointer, f"left out: nested deeper than {MAX_DEPTH} levels")
        return None
    if isinstance(value, dict):
        return {key: _pruned(item, f"{pointer}/{escape(key)}", depth + 1, collector) for key, item in value.items()}
    return [_pruned(item, f"{pointer}/{position}", depth + 1, collector) for position, item in enumerate(value)]


_new: Final = object.__new__
T = TypeVar("T")


class Located:
    """A JSON value and its position in its document.

    Readers named after a type (`text`, `flag`, `items` ...) return the value or raise `InvalidInput` with the pointer. The
    tolerant readers (`typed`, `objects`, `object_members`, `attempt`) leave out what cannot be read, with a warning, if the
    document is an `EventDocument`; in every other document they raise as well.
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
        rest = _new(Located)
        rest.value = {key: value for key, value in self.mapping().items() if key not in keys}
        rest._place, rest._parent = self._place, self._parent
        return rest

    def with_members(self, members: Mapping[str, Any]) -> Located:
        """Return this object, at its position, with `members` in the place of its own of these names."""
        changed = _new(Located)
        changed.value, changed._place, changed._parent = {**self.mapping(), **members}, self._place, self._parent
        return changed

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

    def reported_time(self) -> int:
        """Return this time in an event in microseconds since the epoch; one without a zone is UTC, with a warning."""
        try:
            moment, has_zone = parse_reported_time(self.text())
        except InvalidInput as error:
            self.fail(error.detail)
        if not has_zone:
            self.warn("the time has no zone; it is read as UTC")
        return moment

    def uri(self) -> AssetUri:
        """Return this canonical asset URI."""
        try:
            return AssetUri.parse(self.name())
        except InvalidInput as error:
            self.fail(error.detail)

    def warn(self, message: str) -> None:
        """Add a warning about this value. Raises `InvalidInput` where the document collects none."""
        self._record(InvalidInput(message, pointer=self.pointer), message)

    def leave_out(self, fault: str) -> None:
        """Add the warning that this value is left out because of `fault`. Raises as `warn` does."""
        self.warn(f"left out: {fault}")

    def attempt(self, read: Callable[[Located], T]) -> T | None:
        """Return `read` of this value, or None, with a warning, where it raises `InvalidInput`."""
        try:
            return read(self)
        except InvalidInput as error:
            self._record(error, f"left out: {error.detail}")
            return None

    def typed(self, key: str, kind: type) -> Located | None:
        """Return the member `key` of this object, a `str`, `bool`, `dict` or `list`.

        None where it is absent or null, and, with a warning, where it has another type.
        """
        value = self.value.get(key)
        if value is None:
            return None
        member = _new(Located)
        member.value, member._place, member._parent = value, key, self
        if type(value) is not kind:
            member.leave_out(f"must be {_TYPE_NAMES[kind]}, not {_type_name(value)}")
            return None
        return member

    def objects(self, key: str) -> list[Located] | None:
        """Return the objects in the array `key`; other items are left out with a warning. None as `typed` returns it."""
        listed = self.typed(key, list)
        if listed is None:
            return None
        return [item for item in listed.items() if item._is_object()]

    def readable(self, key: str, read: Callable[[Located], T | None]) -> list[tuple[Located, T]] | None:
        """Return the items of the array `key`, each with `read` of it; those that cannot be read are left out with a warning.

        Items of which `read` is None are left out without one. None where nothing is known of the array: it is absent, no array,
        or not empty and without a readable item.
        """
        objects = self.objects(key)
        if objects is None:
            return None
        found = [(item, value) for item in objects if (value := item.attempt(read)) is not None]
        return found if found or not self.value[key] else None

    def object_members(self, key: str) -> list[tuple[str, Located]]:
        """Return name and value of the members of the object `key` that are objects; others are left out with a warning."""
        found = self.typed(key, dict)
        return [(name, member) for name, member in found.members() if member._is_object()] if found else []

    def warnings_so_far(self) -> int:
        """Return the number of warnings in the document; 0 where it collects none."""
        root = self._root()
        return len(root.collector) if isinstance(root, EventDocument) else 0

    def _is_object(self) -> bool:
        if type(self.value) is dict:
            return True
        self.leave_out(f"must be an object, not {_type_name(self.value)}")
        return False

    def _record(self, error: MlgraphError, message: str) -> None:
        root = self._root()
        if not isinstance(root, EventDocument):
            raise error
        root.collector.add(error.pointer or "", message)

    def _root(self) -> Located:
        at = self
        while at._parent is not None:
            at = at._parent
        return at

    def plain(self) -> Any:
        """Return this value, of any type, as it can be stored."""
        try:
            return clean(self.value)
        except InvalidInput as error:
            raise error.under(self.pointer) from None


class EventDocument(Located):
    """The root of an event whose unreadable details are left out: `collector` has a warning for each."""

    __slots__ = ("collector",)

    def __init__(self, value: Any) -> None:
        """Wrap a decoded event."""
        super().__init__(value)
        self.collector = WarningCollector()


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


_TYPE_NAMES: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def _type_name(value: Any) -> str:
    return "null" if value is None else _TYPE_NAMES.get(type(value), type(value).__name__)
