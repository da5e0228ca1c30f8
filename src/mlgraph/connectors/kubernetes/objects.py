"""Objects of the Kubernetes API: the types that are read, and the parts of them that the connector needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlgraph.domain.payloads.payload import Located

ANNOTATION: Final = "mlgraph.dev/model"
PART_OF: Final = "app.kubernetes.io/part-of"
NAME: Final = "app.kubernetes.io/name"
FRAMEWORKS: Final = (
    "model",
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "huggingface",
    "pmml",
    "lightgbm",
    "paddle",
)
"""The members of an InferenceService's predictor of which exactly one says what is served."""
_GENERATORS: Final = ("serving.kserve.io/", "serving.knative.dev/")
"""API groups of objects that make workloads themselves, and give them their own annotations."""


@dataclass(frozen=True, slots=True)
class ApiType:
    """A type of object: its kind, its `apiVersion`, its name in the paths of the API, and its name in URIs of deployments."""

    kind: str
    api_version: str
    plural: str
    singular: str


DEPLOYMENT: Final = ApiType("Deployment", "apps/v1", "deployments", "deployment")
STATEFUL_SET: Final = ApiType("StatefulSet", "apps/v1", "statefulsets", "statefulset")
INFERENCE_SERVICE: Final = ApiType("InferenceService", "serving.kserve.io/v1beta1", "inferenceservices", "inferenceservice")
API_TYPES: Final = (DEPLOYMENT, STATEFUL_SET, INFERENCE_SERVICE)
"""All types that are read, in the order of reading."""

_METADATA: Final = ("name", "namespace", "uid", "generation", "creationTimestamp")
_CONDITION: Final = ("type", "status", "reason", "lastTransitionTime", "lastUpdateTime")
_TRAFFIC: Final = ("latestRevision", "percent", "revisionName")
_REVISIONS: Final = ("latestCreatedRevision", "latestReadyRevision", "previousRolledoutRevision")
_COUNTS: Final = ("replicas", "readyReplicas", "updatedReplicas", "observedGeneration")


def type_of(item: Mapping[str, Any]) -> ApiType | None:
    """Return the type of an object; None for one that is not read."""
    return next((each for each in API_TYPES if (each.api_version, each.kind) == (item.get("apiVersion"), item.get("kind"))), None)


def api_type(singular: str) -> ApiType | None:
    """Return the type with this name in URIs."""
    return next((each for each in API_TYPES if each.singular == singular), None)


def names_model(item: Mapping[str, Any]) -> bool:
    """Return whether an object is one of the graph: an InferenceService, or a workload with the annotation.

    A workload that an InferenceService made is none: it has the annotations of its generator, and would count twice.
    """
    if item.get("kind") == INFERENCE_SERVICE.kind:
        return True
    metadata = _object(item, "metadata")
    template = _object(_object(_object(item, "spec"), "template"), "metadata")
    annotated = any(ANNOTATION in _object(each, "annotations") for each in (metadata, template))
    owners = metadata.get("ownerReferences")
    generators = [one.get("apiVersion") for one in owners if isinstance(one, dict)] if isinstance(owners, list) else []
    return annotated and not any(isinstance(generator, str) and generator.startswith(_GENERATORS) for generator in generators)


def is_running(item: Located) -> bool:
    """Return whether a workload has pods, as far as its specification says: it is not scaled to none."""
    spec = item.get("spec")
    replicas = integer_member(spec, "replicas") if spec else None
    return replicas is None or replicas > 0


def integer_member(parent: Located, key: str) -> int | None:
    """Return a member that is a whole number; None where it is absent. Raises `InvalidInput` for anything else."""
    found = parent.get(key)
    if found is None:
        return None
    if isinstance(found.value, bool) or not isinstance(found.value, int):
        found.fail("must be a whole number")
    return int(found.value)


def reduced(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of an object with the parts that the connector reads.

    Left out are environment variables, commands, other labels and annotations (of which `last-applied-configuration` repeats
    the object), messages of conditions, and who changed what: secrets and names of people stand there.
    """
    spec, status = _object(item, "spec"), _object(item, "status")
    predictor = _object(spec, "predictor")
    template = _metadata(_object(_object(spec, "template"), "metadata"))
    found: dict[str, Any] = {
        **_parts(item, ("apiVersion", "kind")),
        "metadata": _metadata(_object(item, "metadata")),
        "spec": {
            **_parts(spec, ("replicas",)),
            **({"template": {"metadata": template}} if template else {}),
            **({"predictor": _predictor(predictor)} if "predictor" in spec else {}),
        },
        "status": _status(status),
    }
    return found


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    labels = _parts(_object(metadata, "labels"), (PART_OF, NAME))
    annotations = _parts(_object(metadata, "annotations"), (ANNOTATION,))
    owners = [_parts(one, ("apiVersion", "kind")) for one in _objects(metadata, "ownerReferences")]
    return {
        **_parts(metadata, _METADATA),
        **({"labels": labels} if labels else {}),
        **({"annotations": annotations} if annotations else {}),
        **({"ownerReferences": owners} if owners else {}),
    }


def _predictor(predictor: Mapping[str, Any]) -> dict[str, Any]:
    found = _parts(predictor, ("canaryTrafficPercent",))
    for framework in FRAMEWORKS:
        model = predictor.get(framework)
        if isinstance(model, dict):
            model_format = _parts(_object(model, "modelFormat"), ("name", "version"))
            found[framework] = {
                **_parts(model, ("storageUri", "runtime")),
                **({"modelFormat": model_format} if model_format else {}),
            }
    if "storageUris" in predictor:
        found["storageUris"] = [_parts(one, ("uri", "mountPath")) for one in _objects(predictor, "storageUris")]
    return found


def _status(status: Mapping[str, Any]) -> dict[str, Any]:
    found = _parts(status, _COUNTS)
    if "conditions" in status:
        found["conditions"] = [_parts(one, _CONDITION) for one in _objects(status, "conditions")]
    components = _object(status, "components")
    if isinstance(components.get("predictor"), dict):
        predictor = _object(components, "predictor")
        traffic = {"traffic": [_parts(one, _TRAFFIC) for one in _objects(predictor, "traffic")]} if "traffic" in predictor else {}
        found["components"] = {"predictor": {**_parts(predictor, _REVISIONS), **traffic}}
    return found


def _parts(found: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: found[key] for key in keys if found.get(key) is not None}


def _object(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = parent.get(key)
    return found if isinstance(found, dict) else {}


def _objects(parent: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = parent.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
