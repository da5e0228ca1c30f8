"""What a workload runs: the annotation `mlgraph.dev/model`, or the places from which an InferenceService loads its model."""

from __future__ import annotations

import re
from typing import Final

from mlgraph.connectors.kubernetes.objects import ANNOTATION, FRAMEWORKS
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

_IMAGE: Final = re.compile(r"oci://(?P<registry>[^/@\s]+)/(?P<name>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})", re.ASCII)
_NO_REFERENCE: Final = "names no model version: write models:/NAME/VERSION, models:/NAME@ALIAS, models:/m-ID, runs:/RUN/PATH or mlg://model_version/..."


def annotation_of(item: Located) -> Located | None:
    """Return the annotation of the pods of a workload, else that of the workload itself; None where there is neither."""
    spec = item.get("spec")
    template = spec.get("template") if spec else None
    inner = template.get("metadata") if template else None
    for metadata in (inner, item.need("metadata")):
        annotations = metadata.get("annotations") if metadata else None
        found = annotations.get(ANNOTATION) if annotations else None
        if found is not None:
            return found
    return None


def storage_places(predictor: Located) -> list[Located]:
    """Return the texts that say from where an InferenceService loads: `storageUri` of its model, or each of `storageUris`."""
    places: list[Located] = []
    for framework in FRAMEWORKS:
        model = predictor.typed(framework, dict)
        place = model.typed("storageUri", str) if model else None
        places += [place] if place else []
    listed = predictor.objects("storageUris") or []
    return [*places, *(place for one in listed if (place := one.typed("uri", str)) is not None)]


def annotated_model(annotation: Located, context: NamingContext) -> AssetUri | None:
    """Return the model version that the annotation names; None, with a warning, if it names none."""
    text = annotation.text().strip()
    if text.startswith("mlg://"):
        try:
            uri = AssetUri.parse(text)
        except InvalidInput:
            uri = None
        if uri is not None and uri.kind == "model_version":
            return uri
        annotation.leave_out(_NO_REFERENCE)
        return None
    warned = annotation.warnings_so_far()
    found = context.model_version(annotation)
    if found is None and annotation.warnings_so_far() == warned:
        annotation.leave_out(_NO_REFERENCE)
    return found


def stored_model(place: Located, context: NamingContext) -> AssetUri | None:
    """Return what is loaded from a place: an image by its digest, or the model version that is stored there; else None.

    A tag of an image names another image tomorrow, so that only a digest identifies one.
    """
    text = place.text().strip()
    if found := _IMAGE.fullmatch(text):
        return AssetUri("image", f"oci://{found['registry'].lower()}", f"{found['name']}@{found['digest']}")
    return context.model_version(place, at_location=True)
