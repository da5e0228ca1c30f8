"""The JSON texts of a dataset in MLflow: its source, schema and profile."""

from __future__ import annotations

from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.payloads.payload import clean, decode_json


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
