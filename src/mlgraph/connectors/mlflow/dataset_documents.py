"""The JSON texts of a dataset in MLflow: its source, schema and profile."""

from __future__ import annotations

from typing import Final

from mlgraph.connectors.mlflow.mlflow_instance import MlflowInstance
from mlgraph.domain.dataset_naming import dataset_uri_from_location
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.payload import clean, decode_json
from mlgraph.domain.uri import AssetUri

_LOCATIONS: Final = ("uri", "url", "path", "delta_table_name", "table_name", "table")


def identity(instance: MlflowInstance, source: object, name: str) -> AssetUri:
    """Return the URI of a dataset, by its location if there is one, else by its name in the MLflow instance."""
    if isinstance(source, dict):
        for key in _LOCATIONS:
            location = source.get(key)
            found = dataset_uri_from_location(location, instance.scope) if isinstance(location, str) and location else None
            if found:
                return found
    return instance.uri("dataset", name)


def fields(schema: object) -> list[dict[str, str]]:
    """Return the columns of a tabular schema as {name, type}; a tensor schema has none."""
    listed = schema.get("mlflow_colspec") if isinstance(schema, dict) else None
    found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [{"name": str(each["name"]), "type": str(each.get("type", ""))} for each in found if "name" in each]


def document(text: str | None) -> object:
    """Return the JSON value in a text; None for other text, because clients may write anything there."""
    try:
        return clean(decode_json(text.encode())) if text else None
    except MlgraphError:
        return None
