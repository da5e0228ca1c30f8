"""An Airflow installation as the context of a payload: names of its workflows and runs, and what is known of the subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, EdgeFact, Mode
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.redaction.sanitizing import sanitize_text
from mlgraph.domain.uri import MAX_NAME_BYTES, MAX_URI_CHARS, AssetUri, shortened_name

ORIGIN: Final = "airflow"


@dataclass(frozen=True, slots=True)
class AirflowInstance:
    """The installation that a payload is about, under its OpenLineage namespace, and the known state of the payload's subject."""

    name: str
    """The namespace as Airflow sends it, which is a part of the ids of runs."""
    namespace: str
    """The same in the graph: with the scope of the source, if it is ambiguous."""
    at: int
    """When the payload was requested (microseconds since the epoch)."""
    context: NamingContext = NO_CONTEXT
    known_since: int | None = None
    known_state: Mapping[str, Any] | None = None
    known_ended: bool = False

    def workflow(self, dag: str, task: str | None = None) -> AssetUri:
        """Return the workflow of a DAG or task, which is also the job of its OpenLineage events. Raises `InvalidInput`."""
        return self._asset("workflow", dag if task is None else f"{dag}.{task}")

    def run(self, run_id: str) -> AssetUri:
        """Return a run by its id in OpenLineage events."""
        return self._asset("run", run_id)

    def asset_name(self, name: str) -> AssetUri:
        """Return the dataset that the name of an Airflow asset denotes within this installation only. Raises `InvalidInput`."""
        return _checked(AssetUri("dataset", f"{ORIGIN}:{self.name}", shortened_name(name, MAX_NAME_BYTES)))

    def dataset(self, asset: Located) -> AssetUri:
        """Return the dataset of an asset {name, uri}: its location, or its name if its URI is no location."""
        located = self.context.dataset_at(asset.need("uri").text())
        return located or self.asset_name(asset.need("name").name())

    def state(self, uri: AssetUri, state: Mapping[str, Any], first: int | None) -> AssetFact:
        """Return the state of the subject, since when it holds; `first` is the time of a first state, if it is known."""
        if self.known_since is not None and not self.known_ended and self.known_state == state:
            return AssetFact(uri, ORIGIN, self.known_since, state)
        return AssetFact(uri, ORIGIN, self._since(first), state)

    def edge(self, source: AssetUri, relation: str, target: AssetUri, first: int | None) -> EdgeFact:
        """Return an edge of the subject. A stored one stays as it is."""
        return EdgeFact(source, relation, target, ORIGIN, self._since(first), mode=Mode.PATCH)

    def _since(self, first: int | None) -> int:
        is_new = self.known_since is None or self.known_ended
        return first if is_new and first is not None else self.at

    def _asset(self, kind: str, name: str) -> AssetUri:
        return _checked(AssetUri(kind, self.namespace, shortened_name(name, MAX_NAME_BYTES)))


def _checked(uri: AssetUri) -> AssetUri:
    if len(str(uri)) > MAX_URI_CHARS:
        raise InvalidInput(f"the {uri.kind} {uri.name[:60]!r} has a URI over the limit of {MAX_URI_CHARS} characters")
    return uri


def namespace_of(instance: str, context: NamingContext) -> str:
    """Return the namespace of the workflows and runs of an installation."""
    return shortened_name(context.scoped(instance), MAX_NAME_BYTES)


def optional_text(parent: Located, key: str) -> str | None:
    """Return a text without secrets and mail addresses; None where it is absent, null or empty."""
    found = parent.get(key)
    return (sanitize_text(Located(redact_text(found.text()), found.pointer)) or None) if found else None


def optional_time(parent: Located, key: str) -> int | None:
    """Return a time in microseconds since the epoch; None where it is absent or null."""
    found = parent.get(key)
    return found.time() if found else None


def optional_flag(parent: Located, key: str) -> bool | None:
    """Return a truth value; None where it is absent or null."""
    found = parent.get(key)
    return found.flag() if found else None


def integer(parent: Located, key: str) -> int:
    """Return an integer. Raises `InvalidInput`."""
    found = parent.need(key)
    if type(found.value) is not int or abs(found.value) > 1 << 53:
        found.fail("must be an integer")
    return found.value


def without_empty(**values: object) -> dict[str, Any]:
    """Return the values that are not None, an empty text, list or mapping."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [], {})}
