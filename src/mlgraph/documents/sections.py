"""Validation of parts of a document by pydantic models: every fault becomes a message with a position.

No message repeats a value unless the check of its field does, because a misplaced value may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from mlgraph.documents.faults import Faults, quoted
from mlgraph.documents.reader import Document, Location
from mlgraph.domain.text.suggestions import did_you_mean

_EMPTY: Final = object()
"""The value of a key without a value: no field accepts it, not even an optional one."""


class FaultAt(ValueError):
    """A check of a section failed for the part at `location`, relative to the section."""

    def __init__(self, message: str, *location: str | int) -> None:
        super().__init__(message)
        self.location = location


class Section(BaseModel):
    """A mapping of known keys. `title` in its configuration is its name in messages, such as 'a source'."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    alternative_keys: ClassVar[Mapping[str, str]] = {}
    """Keys of the sections that are allowed in place of this one, and the message for one of them in this section."""

    @model_validator(mode="before")
    @classmethod
    def _mark_empty_values(cls, data: Any) -> Any:  # noqa: ANN401 - any value of the document
        if not isinstance(data, dict):
            return data
        return {key: _EMPTY if value is None else value for key, value in data.items()}

    @classmethod
    def known(cls) -> tuple[str, ...]:
        """Return the keys of this section and of the sections that are allowed in its place, as written."""
        own = (field.alias or name for name, field in cls.model_fields.items())
        return tuple(dict.fromkeys([*own, *cls.alternative_keys]))

    @classmethod
    def unknown_key(cls, key: str, *, repeat: bool = True) -> str:
        """Return the message for a key that this section does not have. Without `repeat` it does not show the key."""
        if key in cls.alternative_keys:
            return cls.alternative_keys[key]
        known = cls.known()
        hint = did_you_mean(key.lower(), known, f"known here: {', '.join(known)}")
        return f"unknown key{' ' + quoted(key) if repeat else ''} in {cls.model_config['title']}; {hint}"


S = TypeVar("S", bound=Section)


def validate(model: type[S], document: Document, location: Location, faults: Faults, context: object | None = None) -> S | None:
    """Return the part of a document at `location` as a `model`; None if it is invalid. `faults` gets the reasons.

    `context` is passed to the model's validators (pydantic's `ValidationInfo.context`).
    """
    try:
        return model.model_validate(document.at(location), context=context)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            _add(each, model, document, location, faults)
    return None


def validate_items(
    model: type[S], document: Document, location: Location, faults: Faults, context: object | None = None
) -> Iterator[tuple[Location, S]]:
    """Yield location and model of each valid item of the list at `location`. `faults` gets the reasons for the others."""
    for each in document.locations(location):
        found = validate(model, document, each, faults, context)
        if found is not None:
            yield each, found


def _add(error: ErrorDetails, model: type[Section], document: Document, location: Location, faults: Faults) -> None:
    where = (*location, *error["loc"])
    section = _section_at(model, error["loc"])
    name = next((part for part in reversed(where) if isinstance(part, str)), "this")
    match error["type"]:
        case "extra_forbidden":
            faults.add(document.key_position(where), section.unknown_key(name))
            return
        case "missing":
            message = f"{name} is missing here; add it"
        case _ if where and where[-1] == name and document.at(where) is None:
            message = f"{name} has no value; add one, or remove the key"
        case "value_error":
            fault = error["ctx"]["error"]
            where += fault.location if isinstance(fault, FaultAt) else ()
            message = str(fault)
        case "list_type" | "tuple_type":
            message = f"{name} must be a list: start each entry with '- '"
        case "model_type":
            message = f"{section.model_config['title']} must be keys with values: {', '.join(section.known())}"
        case _:
            message = error["msg"]
    faults.add(document.position(where), message)


def _section_at(model: type[Section], location: Location) -> type[Section]:
    """Return the innermost section that contains `location`."""
    for part in location:
        for name, field in model.model_fields.items():
            if part == (field.alias or name):
                model = next(_sections_in(field.annotation), model)
    return model


def _sections_in(annotation: Any) -> Iterator[type[Section]]:  # noqa: ANN401 - annotations are of any type
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)
