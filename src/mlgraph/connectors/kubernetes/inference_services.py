"""InferenceServices of KServe: each revision that gets requests is a deployment with its share of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlgraph.connectors.kubernetes.cluster import Cluster, edges
from mlgraph.connectors.kubernetes.objects import INFERENCE_SERVICE, integer_member
from mlgraph.connectors.kubernetes.references import annotated_model, annotation_of, storage_places, stored_model
from mlgraph.connectors.kubernetes.workloads import condition, created_at, deployment_state, place_of, serving
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact_url
from mlgraph.domain.uri import AssetUri

_HEALTH: Final = {"True": "healthy", "False": "unhealthy"}
_ALL: Final = 100


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of an InferenceService: its name (None: it has only one, without a name), and its share of the requests.

    `is_current`: it is the one that the specification describes. Others have a model that only their time told.
    """

    name: str | None
    weight: float
    is_current: bool


def revisions_of(item: Located) -> list[Revision]:
    """Return the revisions that get requests. An InferenceService that was stopped has none.

    Without Knative there is one, without a name. With Knative there is none before the first one is ready, nor before KServe has
    written a status.
    """
    stopped = condition(item, "Stopped")
    if stopped is not None and stopped.value.get("status") == "True":
        return []
    predictor = _predictor_status(item)
    listed = predictor.objects("traffic") if predictor else None
    if predictor is None or (not listed and predictor.get("latestCreatedRevision") is not None):
        return []
    if not listed:
        return [Revision(None, 1.0, is_current=True)]
    latest = predictor.value.get("latestReadyRevision")
    is_rolled = latest == predictor.value.get("latestCreatedRevision", latest)
    found: dict[str, Revision] = {}
    for target in listed:
        name = target.typed("revisionName", str)
        percent = target.attempt(lambda one: integer_member(one, "percent"))
        text = name.attempt(Located.name) if name is not None else None
        if text is None or not percent:
            continue
        weight = percent / _ALL + (found[text].weight if text in found else 0.0)
        found[text] = Revision(text, weight, is_current=is_rolled and text == latest)
    return list(found.values())


def revision_uri(cluster: Cluster, item: Located, revision: str | None) -> AssetUri:
    """Return the deployment of a revision of an InferenceService."""
    return cluster.deployment(INFERENCE_SERVICE, *place_of(item), revision)


def revision_statements(cluster: Cluster, item: Located, name: str | None) -> list[Statement]:
    """Return the facts of one revision: its weight and health, what it runs, and the service that it answers for."""
    revision = next((one for one in revisions_of(item) if one.name == name), None)
    if revision is None:
        item.fail("has no such revision that gets requests")
    uri, since = revision_uri(cluster, item, name), ready_since(item)
    ready = condition(item, "Ready")
    health = _HEALTH.get(str(ready.value.get("status"))) if ready is not None else None
    places, models = _loaded(cluster, item) if revision.is_current else _loaded_before(cluster)
    properties = {
        "health": health,
        "weight": revision.weight,
        "revision": name,
        "storage_uris": places or None,
        "models": [str(model) for model in models] or None,
    }
    state = deployment_state(cluster, item, properties)
    return [
        cluster.state(uri, {**state, "name": name or state["name"]}, since),
        *edges(models, "deployed_as", uri, cluster.start(since)),
        *serving(cluster, item, uri, since),
    ]


def ready_since(item: Located) -> int:
    """Return since when an InferenceService is ready, or is not; its creation, if the cluster does not tell."""
    ready = condition(item, "Ready")
    moment = ready.get("lastTransitionTime") if ready is not None else None
    read = moment.attempt(Located.time) if moment is not None else None
    return read if read is not None else created_at(item)


def previous_revision(item: Located) -> str | None:
    """Return the revision that had all requests before; None if there is none, or it gets some."""
    predictor = _predictor_status(item)
    previous = predictor.typed("previousRolledoutRevision", str) if predictor else None
    name = previous.attempt(Located.name) if previous is not None else None
    return name if name is not None and name not in {one.name for one in revisions_of(item)} else None


def _loaded(cluster: Cluster, item: Located) -> tuple[list[str], list[AssetUri]]:
    """Return from where the present specification loads, and what that is; an annotation tells it better than a place."""
    spec = item.typed("spec", dict)
    predictor = spec.typed("predictor", dict) if spec else None
    places = storage_places(predictor) if predictor else []
    annotation = annotation_of(item)
    if annotation is not None:
        named = annotated_model(annotation, cluster.context)
        models = [named] if named else []
    else:
        models = [found for place in places if (found := stored_model(place, cluster.context)) is not None]
    return [redact_url(place.text()) for place in places], sorted(set(models))


def _loaded_before(cluster: Cluster) -> tuple[list[str], list[AssetUri]]:
    """Return what the graph knows of a revision that the specification describes no more: a revision never changes."""
    known = cluster.known_properties
    places, models = known.get("storage_uris"), known.get("models")
    return (
        [text for text in places if isinstance(text, str)] if isinstance(places, list) else [],
        [uri for text in models if (uri := _read_back(text)) is not None] if isinstance(models, list) else [],
    )


def _read_back(text: object) -> AssetUri | None:
    try:
        uri = AssetUri.parse(text) if isinstance(text, str) else None
    except InvalidInput:
        return None
    return uri if uri is not None and uri.kind in ("image", "model_version") else None


def _predictor_status(item: Located) -> Located | None:
    status = item.typed("status", dict)
    components = status.typed("components", dict) if status else None
    return components.typed("predictor", dict) if components else None
