"""The subject of a payload, and its context: instance, time and known state."""

from __future__ import annotations

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


def subject(payload: object) -> AssetUri | None:
    """Return the asset of which `normalise` needs the known state (`held`); None if the type needs none."""
    found = Located(payload)
    instance, data = instance_of(found), found.need("data")
    match found.need("type").text():
        case "mlflow.experiment":
            return instance.uri("workflow", data.need("experiment").need("name").name())
        case "mlflow.run":
            return instance.uri("run", data.need("run").need("info").need("run_id").name())
        case "mlflow.registered_model":
            return instance.uri("model", data.need("registered_model").need("name").name())
        case "mlflow.model_version":
            version = data.need("model_version")
            return instance.uri("model_version", f"{version.need('name').name()}/{version.need('version').name()}")
        case "mlflow.logged_model":
            return instance.uri("artifact", data.need("model_id").name())
    return None


def instance_of(payload: Located, scope: str | None = None) -> MlflowInstance:
    """Return the instance of a payload, with its time and known state if it has them, and the scope of its source."""
    at, known_state = payload.get("at"), payload.get("held")
    since, state = (known_state.get("since"), known_state.get("state")) if known_state else (None, None)
    properties = state.get("properties") if state else None
    created = properties.get("created_at") if properties else None
    return MlflowInstance(
        payload.need("instance").name(),
        scope,
        at=at.time() if at else None,
        known_since=since.time() if since else None,
        known_created=created.time() if created else None,
        known_points_to=_pointed(known_state.get("points_to")) if known_state else None,
        known_ended=bool(known_state and known_state.get("ended")),
    )


def _pointed(found: Located | None) -> dict[AssetUri, frozenset[str]]:
    members = found.members() if found else ()
    return {Located(key, aliases.pointer).uri(): frozenset(alias.text() for alias in aliases.items()) for key, aliases in members}
