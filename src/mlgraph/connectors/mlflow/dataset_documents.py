"""The JSON texts that MLflow keeps of a dataset: where it is from, its schema, its profile."""

from __future__ import annotations

from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.domain.dataset_naming import dataset_uri_from_location
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.payload import clean, decode_json
from mlgraph.domain.uri import AssetUri

_LOCATIONS: Final = ("uri", "url", "path", "delta_table_name", "table_name", "table")


def identity(registry: MlflowInstance, source: object, name: str) -> AssetUri:
    """Return where the data lives; only data that lives nowhere else is named by the registry that saw it."""
    if isinstance(source, dict):
        for key in _LOCATIONS:
            location = source.get(key)
            found = dataset_uri_from_location(location, registry.scope) if isinstance(location, str) and location else None
            if found:
                return found
    return registry.uri("dataset", name)


def fields(schema: object) -> list[dict[str, str]]:
    """Return the columns of a tabular schema; tensors have none."""
    listed = schema.get("mlflow_colspec") if isinstance(schema, dict) else None
    found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [{"name": str(each["name"]), "type": str(each.get("type", ""))} for each in found if "name" in each]


def document(text: str | None) -> object:
    """Return the JSON in a text; what is none (clients may write anything there) says nothing."""
    try:
        return clean(decode_json(text.encode())) if text else None
    except MlgraphError:
        return None
