"""What is known of the sender of a payload that decides the names in it (docs/naming.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mlgraph.domain.naming.model_references import model_reference
from mlgraph.domain.naming.scoping import scoped
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


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
NO_REGISTRY: Final = (
    "names a model version, but not its registry, and not exactly one registry is connected: "
    "connect one, or set 'registry' of this source"
)
