"""An Unleash instance as the context of a payload, and the names of its objects in the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

ORIGIN: Final = "unleash"
AT: Final = "@"
"""Separates flag and environment; Unleash allows it in the names of neither."""


@dataclass(frozen=True, slots=True)
class UnleashInstance:
    """The Unleash instance that a payload is about, and the registry in which model references of its flags are looked up."""

    name: str
    registry: str | None = None

    @property
    def namespace(self) -> str:
        """The namespace of the assets of this instance."""
        return f"{ORIGIN}:{self.name}"

    def experiment(self, project: str, flag: str, environment: str) -> AssetUri:
        """Return the URI of a flag in one environment."""
        return self._uri("experiment", f"{project}/{flag}{AT}{environment}")

    def variant(self, experiment: AssetUri, name: str) -> AssetUri:
        """Return the URI of a variant of an experiment."""
        return self._uri("variant", f"{experiment.name}/{name}")

    def service(self, application: str) -> AssetUri:
        """Return the URI of an application that evaluates flags."""
        return self._uri("service", application)

    def flag(self, project: str, flag: str) -> AssetUri:
        """Return the URI by which `SourceAdapter.inventory` lists a flag; no asset has it, because it has no environment."""
        return self._uri("experiment", f"{project}/{flag}")

    def _uri(self, kind: str, name: str) -> AssetUri:
        uri = AssetUri(kind, self.namespace, name)
        if len(str(uri)) > MAX_URI_CHARS:
            raise InvalidInput(f"the {kind} {name[:60]!r} has a URI over the limit of {MAX_URI_CHARS} characters")
        return uri


def flag_of(uri: AssetUri) -> str | None:
    """Return `PROJECT/FLAG` of an experiment or a variant; None for everything else, and for a flag without an environment."""
    if uri.kind not in ("experiment", "variant"):
        return None
    flag, separator, _ = uri.name.partition(AT)
    return flag if separator else None


def experiment_of(variant: AssetUri) -> AssetUri:
    """Return the experiment of a variant."""
    flag, _, rest = variant.name.partition(AT)
    environment, _, _ = rest.partition("/")
    return AssetUri("experiment", variant.namespace, f"{flag}{AT}{environment}")


def variant_name(variant: AssetUri) -> str:
    """Return the name of a variant within its experiment."""
    _, _, rest = variant.name.partition(AT)
    return rest.partition("/")[2]


def instance_of(payload: Located, context: NamingContext) -> UnleashInstance:
    """Return the instance of a payload."""
    return UnleashInstance(payload.need("instance").name(), context.registry)
