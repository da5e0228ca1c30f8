"""Conditions of rules: CEL expressions (https://cel.dev), each about one element of a path."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import cel

from mlgraph.domain.errors import InvalidInput

_BOUND: Final = re.compile(r"\.(?:all|exists|exists_one|filter|map)\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*,")
"""Matches a macro that declares its own variable (CEL language definition, Macros)."""
BLANK_NODE: Final[Mapping[str, Any]] = {
    "uri": "",
    "kind": "",
    "name": "",
    "description": "",
    "owners": [],
    "tags": [],
    "properties": {},
    "state": "",
}
"""The values that a condition sees of an asset without a reported state."""
BLANK_EDGE: Final[Mapping[str, Any]] = {"relation": "", "role": "", "version": "", "properties": {}}


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression about the element `about`."""

    about: str
    text: str
    program: cel.Program

    def matches(self, value: Mapping[str, Any]) -> bool:
        """Return whether the condition is true of `value`; false if the expression needs a value that is not reported."""
        try:
            return self.program.execute({self.about: dict(value)}) is True
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            return False


def parse_condition(text: str, named: Collection[str]) -> Condition:
    """Return the condition in `text`, which must be about exactly one of the elements `named`. Raises `InvalidInput`."""
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a CEL expression: {_reason(str(error))}") from None
    variables = set(program.variables())
    about = sorted(variables & set(named))
    unknown_variables = sorted(variables - set(named) - set(_BOUND.findall(text)))
    if unknown_variables:
        known = ", ".join(sorted(named)) or "none; name an element as in (version:model_version)"
        raise InvalidInput(
            f"{text!r} refers to {unknown_variables[0]!r}, but no element of the paths has this name; the names are: {known}"
        )
    if len(about) != 1:
        referred = " and ".join(map(repr, about)) or "none"
        raise InvalidInput(f"{text!r} must refer to exactly one element of the path; it refers to {referred}")
    _check_functions(text, program, about[0])
    return Condition(about[0], text, program)


def _check_functions(text: str, program: cel.Program, about: str) -> None:
    """Raise `InvalidInput` for an unknown function, which would make the condition false for every asset."""
    for blank in (BLANK_NODE, BLANK_EDGE):
        try:
            program.execute({about: dict(blank)})
        except RuntimeError as error:
            if "Undefined variable or function" in str(error):
                raise InvalidInput(f"{text!r}: {str(error).split('.', 1)[0]}") from None
        except (ArithmeticError, LookupError, TypeError, ValueError):
            continue


def _reason(message: str) -> str:
    line = message.splitlines()[0]
    return line.rpartition("ERROR: ")[2]
