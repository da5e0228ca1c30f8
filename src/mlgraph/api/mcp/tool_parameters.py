"""Parameters of tools: one declaration gives the JSON Schema that clients see and the check of what they send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.text.suggestions import did_you_mean

MAX_TEXT: Final = 9_000
"""Characters of an argument: the longest URI has 8,192."""
MAX_LONG_TEXT: Final = 100_000
"""Characters of the text of a plan."""
_MAX_ELEMENTS: Final = 40
_TYPES: Final = {"string": str, "integer": int, "array": list, "boolean": bool}
_WORDS: Final = {str: "a string", int: "an integer", list: "an array of strings", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a tool. `one_of`: the values that it, or an element of its list, may have."""

    name: str
    type: Literal["string", "integer", "array", "boolean"] = "string"
    description: str = ""
    one_of: Sequence[str] = ()
    required: bool = False
    least: int | None = None
    greatest: int | None = None
    max_chars: int = MAX_TEXT

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the parameter, short: an error names the bounds of a number to who exceeds them."""
        values = {"enum": list(self.one_of)} if self.one_of else {}
        if self.type == "array":
            found: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
        else:
            found = {"type": self.type, **values}
        return found | ({"description": self.description} if self.description else {})

    def read(self, value: Any) -> Any:  # noqa: ANN401 - any JSON, which is what this checks
        """Return a valid value. Raises `InvalidInput`, which says what the value may be."""
        expected = _TYPES[self.type]
        if self.type == "array" and isinstance(value, str):
            value = [value]  # a single kind is often sent without its brackets
        if not isinstance(value, expected) or isinstance(value, bool) != (expected is bool):
            raise self._error(f"must be {_WORDS[expected]}, not {str(value)[:80]!r}")
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self._read_integer(value)
        for text in value if isinstance(value, list) else [value]:
            self._check_text(text)
        if isinstance(value, list) and len(value) > _MAX_ELEMENTS:
            raise self._error(f"has {len(value)} elements, at most {_MAX_ELEMENTS} are allowed")
        return value

    def _read_integer(self, value: int) -> int:
        if (self.least is not None and value < self.least) or (self.greatest is not None and value > self.greatest):
            raise self._error(f"must be from {self.least} to {self.greatest}, not {str(value)[:40]}")
        return value

    def _check_text(self, text: Any) -> None:  # noqa: ANN401 - any JSON
        if not isinstance(text, str):
            raise self._error(f"must be {_WORDS[list]}; {str(text)[:80]!r} is none")
        if not text.strip():
            raise self._error("must not be empty: omit it instead")
        if len(text) > self.max_chars:
            raise self._error(f"has {len(text)} characters, at most {self.max_chars} are allowed")
        if self.one_of and text not in self.one_of:
            hint = did_you_mean(text[:100], self.one_of, f"one of {', '.join(self.one_of)}")
            raise self._error(f"{text[:60]!r} is not allowed; {hint}")

    def _error(self, message: str) -> InvalidInput:
        return InvalidInput(f"argument {self.name}: {message}")


def schema_of(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the JSON Schema of the arguments of a tool."""
    required = [parameter.name for parameter in parameters if parameter.required]
    return {
        "type": "object",
        "properties": {parameter.name: parameter.schema() for parameter in parameters},
        **({"required": required} if required else {}),
    }


def read_arguments(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the valid arguments by name; null counts as absent. Raises `InvalidInput` for the first fault."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in given:
        if name not in known:
            hint = did_you_mean(name[:100], known, f"the arguments are {', '.join(known)}")
            raise InvalidInput(f"unknown argument {name[:60]!r}; {hint}")
    for parameter in parameters:
        if parameter.required and given.get(parameter.name) is None:
            raise InvalidInput(f"argument {parameter.name} is missing: {parameter.description or 'it is required'}")
    return {name: known[name].read(value) for name, value in given.items() if value is not None}
