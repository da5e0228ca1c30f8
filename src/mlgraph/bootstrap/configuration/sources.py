"""The section `sources` of mlgraph.yaml: the connected tools."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from mlgraph.bootstrap.configuration.secret_places import credentials_at
from mlgraph.bootstrap.configuration.settings import USE_CREDENTIALS, Installation, Settings, installation
from mlgraph.documents.faults import Faults, Position
from mlgraph.documents.fields import Line, duration_s, number, one_of
from mlgraph.documents.reader import Document
from mlgraph.documents.sections import FaultAt, validate_items
from mlgraph.domain.configuration import RequestLimits, Schedule, SecretPlace, SourceSettings
from mlgraph.domain.credentials import check_address
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.naming_context import check_place, check_registry

_VARIABLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def read_sources(document: Document, faults: Faults, against: Installation) -> tuple[SourceSettings, ...]:
    """Return the valid sources. `faults` gets the reasons for the others."""
    found: dict[str, tuple[SourceSettings, Position]] = {}
    for location, section in validate_items(_Source, document, ("sources",), faults, against):
        position = document.position((*location, "name"))
        if section.name in found:
            first = found[section.name][1]
            faults.add(position, f"a source with this name is already in line {first.line}; rename one")
        else:
            found[section.name] = section.settings(against), position
    return tuple(source for source, _ in found.values())


def _server_url(text: str) -> str:
    try:
        check_address(text)
    except InvalidInput as error:
        login = "credentials" in error.detail
        raise ValueError(f"{error.detail}; {USE_CREDENTIALS}" if login else error.detail) from None
    return text


def _place(text: str) -> str:
    return _checked(check_place, text)


def _checked(check: Callable[..., str], *arguments: object) -> str:
    """Return the result of a check of the domain; pydantic collects its error."""
    try:
        return check(*arguments)
    except InvalidInput as error:
        raise ValueError(error.detail) from None


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text):
        raise ValueError(f"this is not the name of an environment variable. If it is the secret: {USE_CREDENTIALS}")
    return text


def _user(text: str) -> str:
    if ":" in text:
        raise ValueError(f"the name of a user must not contain a colon. If this is name and password: {USE_CREDENTIALS}")
    return text


def _no_secret(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(USE_CREDENTIALS)  # noqa: TRY004 - pydantic collects ValueError
    return value


class _Credentials(Settings, title="credentials"):
    env: Annotated[Line, AfterValidator(_variable)] | None = None
    file: Line | None = None
    user: Annotated[Line, AfterValidator(_user)] | None = None

    @classmethod
    def unknown_key(cls, key: str, *, repeat: bool = False) -> str:
        """Return the message for an unknown key. It does not show the key, which may be the secret."""
        return super().unknown_key(key, repeat=repeat)

    @model_validator(mode="after")
    def _refer_to_a_secret(self, info: ValidationInfo) -> _Credentials:
        if (self.env is None) == (self.file is None):
            raise ValueError("credentials need one of env (a variable's name) and file (a path)")
        against = installation(info)
        try:
            credentials_at(self.place(against), against.environ)
        except InvalidInput as error:
            raise FaultAt(error.detail, "env" if self.file is None else "file") from None
        return self

    def place(self, against: Installation) -> SecretPlace:
        """Return the place of the secret."""
        return SecretPlace(self.env, None if self.file is None else against.folder / self.file, self.user)


class _Schedule(Settings, title="schedule"):
    poll_s: Annotated[float, duration_s("1s", "1d")] = Field(default=Schedule().poll_s, alias="poll")
    sweep_s: Annotated[float, duration_s("1s", "365d")] = Field(default=Schedule().sweep_s, alias="sweep")
    full_sweep_s: Annotated[float, duration_s("1s", "365d")] = Field(default=Schedule().full_sweep_s, alias="full_sweep")


class _Limits(Settings, title="limits"):
    requests_per_s: Annotated[float, number(0.01, 10_000)] = RequestLimits().requests_per_s
    concurrency: Annotated[int, number(1, 256, integer=True)] = RequestLimits().concurrency
    timeout_s: Annotated[float, duration_s("100ms", "10m")] = Field(default=RequestLimits().timeout_s, alias="timeout")


class _Source(Settings, title="a source"):
    name: Line
    kind: Line
    url: Annotated[Line, AfterValidator(_server_url)]
    credentials: Annotated[_Credentials | None, BeforeValidator(_no_secret)] = None
    environment: Line | None = None
    scope: Line | None = None
    place: Annotated[Line, AfterValidator(_place)] | None = None
    registry: Line | None = None
    schedule: _Schedule = _Schedule()
    limits: _Limits = _Limits()

    @field_validator("kind")
    @classmethod
    def _can_be_connected(cls, kind: str, info: ValidationInfo) -> str:
        return one_of("kind of source", installation(info).kinds, kind)

    @field_validator("registry")
    @classmethod
    def _is_a_registry(cls, registry: str | None, info: ValidationInfo) -> str | None:
        return registry and _checked(check_registry, registry, installation(info).registries)

    def settings(self, against: Installation) -> SourceSettings:
        """Return the source as a domain object."""
        return SourceSettings(
            name=self.name,
            kind=self.kind,
            url=self.url,
            scope=self.scope or self.name,
            place=self.place,
            registry=self.registry,
            credentials=None if self.credentials is None else self.credentials.place(against),
            environment=self.environment,
            schedule=Schedule(**self.schedule.model_dump()),
            limits=RequestLimits(**self.limits.model_dump()),
        )
