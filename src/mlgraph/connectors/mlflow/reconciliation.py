"""Reconciliation in a sweep: the known objects of an instance, compared with those that exist there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.connectors.mlflow.removals import vanished
from mlgraph.connectors.mlflow.renames import renames
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Identity, Payload, States

_SOURCE_KINDS: Final = {
    "run": "run",
    "artifact": "logged_model",
    "model": "registered_model",
    "model_version": "model_version",
}


def departures(
    instance: str, known_states: States, inventory: Collection[AssetUri], models: Mapping[str, Identity], at: int
) -> list[dict[str, Any]]:
    """Return payloads for `normalise` about all renames and deletions; `at` is the time of their detection in microseconds.

    `inventory` and `models` are the present lists of the source. An object with a new name is not deleted.
    """
    mlflow = MlflowInstance(instance)
    before = identities_of(known_states)
    payloads: list[dict[str, Any]] = []
    moved: set[AssetUri] = set()
    for old, new in renames(before, models):
        versions = sorted(number for number, _ in before[old].parts & models[new].parts)
        moved |= {mlflow.uri("model", old), *(mlflow.uri("model_version", f"{old}/{n}") for n in versions)}
        data = {"from": old, "to": new, "versions": versions, "at": format_time(at), "since": format_time(before[old].created)}
        payloads.append(_payload(instance, "renamed", data))
    gone = [uri for uri in vanished(mlflow, known_states, inventory) if uri not in moved]
    measurable = {uri.name for uri in inventory if uri.kind == "artifact"} | _registered(known_states)
    gone += sorted(uri for uri in known_states if uri.kind == "evaluation" and _model_of(uri) not in measurable)
    return payloads + [deleted(instance, uri, at) for uri in gone]


def deleted(instance: str, uri: AssetUri, at: int) -> dict[str, Any]:
    """Return the payload about the deletion of an asset."""
    return _payload(instance, "deleted", {"uri": str(uri), "at": format_time(at)})


def source_key(uri: AssetUri) -> tuple[str, str] | None:
    """Return kind and id of an asset in MLflow, of an evaluation those of its model; None for experiments, which have numbers."""
    if uri.kind == "evaluation":
        return "logged_model", _model_of(uri)
    kind = _SOURCE_KINDS.get(uri.kind)
    return None if kind is None else (kind, uri.name)


def deleted_at(uri: AssetUri, at: int) -> dict[str, Any]:
    """Return the payload about the deletion of an asset, with the instance from the asset's namespace."""
    return deleted(uri.namespace.partition(":")[2], uri, at)


def departure_payloads(payload: Payload) -> tuple[AssetUri, Payload | None, Payload | None, AssetUri | None]:
    """Return the parts of a `Departure` from a payload of `departures`.

    These are the missing asset and, for a rename, the payload, the payload to use if the new name belonged to another model
    before, and the new URI; three times None for a deletion.
    """
    data = Located(payload).need("data")
    old = data.get("from")
    if old is None:
        return data.need("uri").uri(), None, None, None
    instance = MlflowInstance(Located(payload).need("instance").name())
    created = {**payload, "data": {key: value for key, value in payload["data"].items() if key != "since"}}
    return instance.uri("model", old.name()), payload, created, instance.uri("model", data.need("to").name())


def identities_of(known_states: States) -> dict[str, Identity]:
    """Return the identity of each known registered model, which a rename does not change, by name."""
    versions: dict[str, set[tuple[str, int]]] = {}
    for uri, created in _created(known_states, "model_version"):
        model, _, number = uri.name.rpartition("/")
        versions.setdefault(model, set()).add((number, created))
    models = _created(known_states, "model")
    return {uri.name: Identity(created, frozenset(versions.get(uri.name, ()))) for uri, created in models}


def _created(known_states: States, kind: str) -> Iterable[tuple[AssetUri, int]]:
    for uri, state in known_states.items():
        created = state.get("properties", {}).get("created_at") if uri.kind == kind else None
        if created is not None:
            yield uri, Located(created).time()


def _model_of(evaluation: AssetUri) -> str:
    """Return the id of the logged model of an evaluation, whose metrics MLflow deletes with the model."""
    return f"{evaluation.name}/".split("/")[1]


def _registered(known_states: States) -> set[str]:
    """Return the ids of the logged models of which versions are known."""
    versions = [state.get("properties", {}) for uri, state in known_states.items() if uri.kind == "model_version"]
    return {str(state["logged_model"].get("model_id")) for state in versions if isinstance(state.get("logged_model"), dict)}


def _payload(instance: str, what: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": f"mlflow.{what}", "instance": instance, "data": data}
