"""The tool that writes: what people write about assets (docs/curation.md), by the same rules as over HTTP."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.api.mcp.answers import PlainListing, ToolAnswer
from mlgraph.api.mcp.tool import ASSET, AgentTool, Arguments
from mlgraph.api.mcp.tool_parameters import Parameter
from mlgraph.api.mcp.tools.naming import uri_of
from mlgraph.domain.curation.merging import FIELDS
from mlgraph.domain.errors import InvalidInput
from mlgraph.services.common.identity import Caller
from mlgraph.services.server.bundle import ServerServices


def curate(services: ServerServices, arguments: Arguments, caller: Caller) -> ToolAnswer:
    """Write about an asset in the name of the caller; return the written fields with their new values."""
    uri = uri_of(services, arguments["asset"])
    change = _change(services, arguments)
    if not change:
        raise InvalidInput("nothing to write: give a field, or undo with the names of fields")
    body = services.annotations.change(uri, change, caller)
    handle = services.agents.handles([body["uri"]]).get(body["uri"], body["uri"])
    summary = {"asset": handle, "name": body["name"], "uri": body["uri"], "written_as": caller.actor}
    items = [{"field": name, "kind": "field", "value": body[name]} for name in body["changed"]]
    result = "written" if items else "unchanged"
    detail = None if items else "people have written exactly this already"
    return ToolAnswer(result, PlainListing(items), body["watermark"], summary, detail)


def _change(services: ServerServices, arguments: Arguments) -> dict[str, Any]:
    """Return the body of the request over HTTP."""
    change = {name: arguments[name] for name in ("description", "deprecated") if name in arguments}
    if "owners" in arguments:
        change["owners"] = [uri_of(services, owner) for owner in arguments["owners"]]
    if "successor" in arguments:
        change["successor"] = uri_of(services, arguments["successor"])
    if "links" in arguments:
        change["links"] = arguments["links"]
    tags = {part: arguments[name] for part, name in (("add", "tags"), ("remove", "untag")) if name in arguments}
    if tags:
        change["tags"] = tags
    undone = arguments.get("undo", ())
    if both := [name for name in undone if name in change]:
        raise InvalidInput(f"argument undo: {', '.join(both)} cannot be written and taken back in one call")
    return change | dict.fromkeys(undone)


CURATE: Final = AgentTool(
    "curate",
    "Write about an asset as the user of the token: it outranks what sources report and can be undone. Ask the user first. "
    'Example: {"asset": "orders", "description": "Every order, one row each.", "tags": ["gold"]}',
    (
        ASSET,
        Parameter("description", max_chars=20_000),
        Parameter("owners", "array"),
        Parameter("tags", "array", "to add"),
        Parameter("untag", "array", "to remove"),
        Parameter("links", "array"),
        Parameter("deprecated", "boolean"),
        Parameter("successor"),
        Parameter("undo", "array", "fields to take back", one_of=FIELDS),
    ),
    "light",
    curate,
    writes=True,
)
