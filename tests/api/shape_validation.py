"""Validation of answers against the shapes of `mlgraph.client`, which the OpenAPI document contains."""

import jsonschema
from pydantic import TypeAdapter

from mlgraph.client.answer_shapes import shapes, source_shapes


def check(shape: str, body: object) -> None:
    """Fail unless `body` has this shape of `mlgraph.client`, without members that the shape does not declare."""
    schema = TypeAdapter(getattr(shapes, shape, None) or getattr(source_shapes, shape)).json_schema()
    for each in (schema, *schema.get("$defs", {}).values()):
        if each.get("type") == "object" and "properties" in each:
            each["additionalProperties"] = False
    jsonschema.validate(body, schema)
