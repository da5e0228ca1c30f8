"""The shapes that the OpenAPI document promises, as a check for any answer."""

import jsonschema
from pydantic import TypeAdapter

from mlgraph.client import shapes, source_shapes


def check(shape: str, body: object) -> None:
    """Fail unless `body` has this shape of `mlgraph.client`, with no member that the shape does not tell of."""
    schema = TypeAdapter(getattr(shapes, shape, None) or getattr(source_shapes, shape)).json_schema()
    for each in (schema, *schema.get("$defs", {}).values()):
        if each.get("type") == "object" and "properties" in each:
            each["additionalProperties"] = False
    jsonschema.validate(body, schema)
