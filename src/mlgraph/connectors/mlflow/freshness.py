"""The times of last change of MLflow objects, which order the answers about one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlgraph.connectors.mlflow.mlflow_instance import micros
from mlgraph.domain.payloads.payload import Located


def version_of(payload: object) -> int | None:
    """Return when the subject of a payload last changed, in microseconds since the epoch; None where MLflow has no such time.

    A run has one only after its end. A logged model has none, because a new metric does not update a time.
    """
    found = Located(payload)
    data = found.need("data")
    match found.need("type").text():
        case "mlflow.experiment":
            return _first(data.need("experiment"), "last_update_time", "creation_time")
        case "mlflow.registered_model":
            return _first(data.need("registered_model"), "last_updated_timestamp", "creation_timestamp")
        case "mlflow.model_version":
            return _first(data.need("model_version"), "last_updated_timestamp", "creation_timestamp")
        case "mlflow.run":
            info = data.need("run").need("info")
            ended = info.need("status").text() in ("FINISHED", "FAILED", "KILLED")
            return _first(info, "end_time") if ended else None
    return None


def version_of_state(state: Mapping[str, Any]) -> int | None:
    """Return the time of last change in a known state, in microseconds since the epoch; None if it has none."""
    properties = state.get("properties", {})
    updated_at = properties.get("updated_at") or properties.get("ended_at")
    return Located(updated_at).time() if updated_at is not None else None


def _first(found: Located, *keys: str) -> int | None:
    values = (found.get(key) for key in keys)
    return next((micros(value) for value in values if value and value.value not in (0, "0")), None)
