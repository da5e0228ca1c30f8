"""What is known of the sender of a payload that decides the names in it (docs/naming.md)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.dataset_naming import canonical_dataset, dataset_uri_from_location
from mlgraph.domain.naming.model_references import model_reference
from mlgraph.domain.naming.relative_places import resolved
from mlgraph.domain.naming.scoping import scoped
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_url
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri


@dataclass(frozen=True, slots=True)
class NamingContext:
    """The settings of a source, or of a token, that decide the names in its payloads. None: not set.

    `scope` prefixes ambiguous namespaces. `place` is the system in which the tables live that the tool names without their
    place (`snowflake://ORG-ACCOUNT`). `registry` is the namespace of the model registry (`mlflow:prod`) in which
    model references are looked up: the configured one, else that of the only connected registry.
    """

    scope: str | None = None
    place: str | None = None
    registry: str | None = None

    def scoped(self, namespace: str) -> str:
        """Return a namespace, with the prefix `scope` if it is ambiguous."""
        return scoped(namespace, self.scope)

    def table(self, name: str) -> AssetUri | None:
        """Return the table `name` in the place of the source, under its canonical name; None if the place is not set.

        None too for a name that a URI cannot contain; a connector warns of a missing place with `NO_PLACE`. In a database, `name`
        has the parts that its place lacks (DATABASE.SCHEMA.TABLE).
        """
        return None if self.place is None else self.dataset(self.place, name)

    def dataset(self, namespace: str, name: str) -> AssetUri | None:
        """Return the dataset with this namespace and name, as tools write them; None for one that a URI cannot contain."""
        canonical, canonical_name = canonical_dataset(namespace, name)
        try:
            uri = AssetUri("dataset", self.scoped(canonical), canonical_name)
        except InvalidInput:
            return None
        return uri if len(str(uri)) <= MAX_URI_CHARS else None

    def dataset_at(self, location: str, base: str | None = None) -> AssetUri | None:
        """Return the dataset at a location; None where it identifies none.

        A relative path starts from the directory `base`, if the tool tells it, and identifies nothing otherwise.
        """
        absolute = resolved(location, base)
        return None if absolute is None else dataset_uri_from_location(absolute, self.scope)

    def in_registry(self, registry: str) -> NamingContext:
        """Return a copy with this registry."""
        return replace(self, registry=registry)

    def model_version(self, text: Located, *, at_location: bool = False) -> AssetUri | None:
        """Return the model version that `text`, as a whole, refers to (`model_reference`); None if it is no reference.

        None too, with a warning, if it is a reference and the registry is not known. Raises `InvalidInput` if it is no text.
        """
        reference = model_reference(text.text(), at_location=at_location)
        if reference is None:
            return None
        if self.registry is None:
            text.warn(NO_REGISTRY)
            return None
        return reference.within(self.registry)


NO_CONTEXT: Final = NamingContext()
NO_PLACE: Final = "names a table without its place: set 'place' of this source"
_MAX_CHARS: Final = 500
_PLACE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(:[^\s?#]*[^\s?#/])?")
NO_REGISTRY: Final = (
    "names a model version, but not its registry, and not exactly one registry is connected: "
    "connect one, or set 'registry' of this source"
)


def check_scope(text: str) -> str:
    """Return `text` if it can be a scope. Raises `InvalidInput`."""
    if not text.strip() or len(text) > _MAX_CHARS or not text.isprintable():
        raise InvalidInput("a scope must be a name of printable characters in one line, such as prod")
    return text


def check_place(text: str) -> str:
    """Return `text` if it can be the place of tables. Raises `InvalidInput`, which does not repeat it."""
    if "@" in text.partition("//")[2] and not text.startswith(("abfs", "wasb")):
        raise InvalidInput("credentials do not belong in a place, because names show it")
    if len(text) > _MAX_CHARS or not text.isprintable() or not _PLACE.fullmatch(text) or redact_url(text) != text:
        raise InvalidInput(
            "this is not the place of tables: it must be their namespace, such as snowflake://ORGANISATION-ACCOUNT, "
            "postgres://HOST:5432 or bigquery"
        )
    return text


def check_registry(text: str, kinds: Collection[str]) -> str:
    """Return `text` if it names a model registry of one of these kinds, `KIND:INSTANCE`. Raises `InvalidInput`."""
    kind, _, instance = text.partition(":")
    if kind not in kinds or not instance.strip() or len(text) > _MAX_CHARS or not text.isprintable():
        known = " or ".join(f"{each}:INSTANCE" for each in kinds) or "absent, because no connector is one of a registry"
        raise InvalidInput(f"this names no model registry: it must be {known}, with the name of the connected source")
    return text
