"""The convention by which a variant names the model version or the deployment that it tests (docs/connectors/unleash.md)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from mlgraph.connectors.unleash.strategies import StrategyVariant
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.naming.model_references import model_reference
from mlgraph.domain.payloads.payload import decode_json
from mlgraph.domain.uri import AssetUri

EXPERIMENT_TAG: Final = "mlflow"
"""The type of a tag that names a version for the whole experiment."""
_MEMBERS: Final = (("model", "model_version"), ("model_version", "model_version"), ("deployment", "deployment"))
"""Members of a payload of type `json`, in the order in which they count, and the kind that they name."""

Tag = tuple[str, str]
"""Type and value of a flag's tag."""


def reference_of(variant: StrategyVariant, tags: Collection[Tag]) -> str | None:
    """Return the text with which a variant names what it tests: the first that applies. None if there is none.

    These are a payload of type `json` with the member `model`, `model_version` or `deployment`, a payload of type `string` that
    is wholly a model URI, and a tag of the flag of type `mlflow-VARIANT`.
    """
    if variant.payload is not None and variant.payload_type == "json":
        for text in _members(variant.payload):
            return text
    if variant.payload is not None and variant.payload_type == "string" and _names(variant.payload, "model_version"):
        return variant.payload.strip()
    return _tagged(tags, f"{EXPERIMENT_TAG}-{variant.name}")


def experiment_reference(tags: Collection[Tag], links: Collection[str]) -> str | None:
    """Return the text with which a flag names what it tests, without saying in which variant; None if there is none."""
    tagged = _tagged(tags, EXPERIMENT_TAG)
    return tagged or next((url for url in sorted(links) if _names(url, "model_version")), None)


def tested_asset(reference: str, registry: str | None) -> AssetUri | None:
    """Return the version or deployment that a reference names; None if its registry is not known."""
    if reference.startswith("mlg://"):
        return AssetUri.parse(reference)
    found = model_reference(reference)
    return found.within(registry) if found is not None and registry is not None else None


def _tagged(tags: Collection[Tag], kind: str) -> str | None:
    return next((value for tag, value in sorted(tags) if tag == kind and _names(value, "model_version")), None)


def _members(payload: str) -> list[str]:
    try:
        document: Any = decode_json(payload.encode("utf-8", "replace"))
    except MlgraphError:
        return []
    if not isinstance(document, dict):
        return []
    named = ((document.get(member), kind) for member, kind in _MEMBERS)
    return [text.strip() for text, kind in named if isinstance(text, str) and _names(text, kind)]


def _names(text: str, kind: str) -> bool:
    """Return whether `text`, as a whole, names an asset of a kind: its URI or, for a version, a model URI of MLflow."""
    complete = text.strip()
    if complete.startswith("mlg://"):
        try:
            uri = AssetUri.parse(complete)
        except MlgraphError:
            return False
        return uri.kind == kind and str(uri) == complete
    return kind == "model_version" and model_reference(complete) is not None
