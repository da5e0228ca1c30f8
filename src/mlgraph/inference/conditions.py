"""Conditions of rules: CEL expressions (https://cel.dev), each about one element of a path."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import cel

from mlgraph.domain.errors import InvalidInput

_BOUND: Final = re.compile(r"\.(?:all|exists|exists_one|filter|map)\(\s*([A-Za-z_][A-Za-z0-9_]*)\s*,")
"""Where a macro names a variable of its own (CEL language definition, Macros)."""
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
"""What a condition knows of an asset of which nothing was said."""
BLANK_EDGE: Final[Mapping[str, Any]] = {"relation": "", "role": "", "version": "", "properties": {}}


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression about the element `about`."""

    about: str
    text: str
    program: cel.Program

    def matches(self, value: Mapping[str, Any]) -> bool:
        """Say whether the condition is true of `value`. What the expression needs and nobody has said makes it false."""
        try:
            return self.program.execute({self.about: dict(value)}) is True
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            return False


def parse_condition(text: str, named: Collection[str]) -> Condition:
    """Return the condition that `text` writes about one of the elements `named`. Raises `InvalidInput`."""
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no CEL expression: {_reason(str(error))}") from None
    variables = set(program.variables())
    about = sorted(variables & set(named))
    unknown_variables = sorted(variables - set(named) - set(_BOUND.findall(text)))
    if unknown_variables:
        known = ", ".join(sorted(named)) or "none: give the elements that you mean names, as in (version:model_version)"
        raise InvalidInput(
            f"{text!r} speaks of {unknown_variables[0]!r}, which no element of the paths is named; named are {known}"
        )
    if len(about) != 1:
        meant = " and ".join(map(repr, about)) or "none"
        raise InvalidInput(f"{text!r} must speak of exactly one element of the path; it speaks of {meant}")
    _check_functions(text, program, about[0])
    return Condition(about[0], text, program)


def _check_functions(text: str, program: cel.Program, about: str) -> None:
    """Raise `InvalidInput` for a function that there is not: it would make every answer false."""
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
