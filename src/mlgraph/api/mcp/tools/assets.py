"""Tools about single assets and edges: show, why, live."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.api.mcp.answers import PlainListing, ToolAnswer
from mlgraph.api.mcp.tool import AS_OF, ASSET, AT_LEAST, BUDGET, NEXT, AgentTool, Arguments, position_of, reading
from mlgraph.api.mcp.tool_parameters import Parameter
from mlgraph.api.mcp.tools.closures import given_time, nothing_answer
from mlgraph.api.mcp.tools.naming import uri_of, with_handles
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import CURATION
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.services.discovery.agents.ranked_page import NO_OWNER
from mlgraph.services.server.bundle import ServerServices

_DESCRIBED: Final = (
    "description", "owners", "tags", "links", "deprecated", "successor", "health", "environment", "valid_from", "deleted_at",
    "referenced_only", "origins",
    "ambiguous", "names", "properties",
)  # fmt: skip
"""Fields of an asset's answer that `show` passes on, in this order."""
_UNKNOWN_HEALTH: Final[dict[str, Any]] = {"status": "unknown", "reasons": []}
_OWNED_BY: Final = "owned_by"


def show(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return the description of an asset, then its edges, the most telling first."""
    body = services.queries.asset(uri_of(services, arguments["asset"]), as_of=arguments.get("as_of"))
    uris = [body["uri"], *(edge["target"] if edge["direction"] == "out" else edge["source"] for edge in body["relations"])]
    handles, teams = services.agents.handles(uris), services.agents.teams_of(uris)
    described = {name: body[name] for name in _DESCRIBED if body[name] not in (None, [], {}, False, _UNKNOWN_HEALTH)}
    written = [name for name, field in body["fields"].items() if field["origin"] == CURATION or "added" in field]
    summary = {
        "asset": handles.get(body["uri"], body["uri"]),
        "name": body["name"],
        "uri": body["uri"],
        "kind": body["kind"],
        "team": teams.get(body["uri"], NO_OWNER),
        **described,
        **({"written_by_people": written} if written else {}),
        "edges": body["relations_total"],
        **given_time(arguments),
    }
    items = [
        {
            "relation": edge["relation"],
            "_kind": other.split("/")[2],
            "_team": teams.get(other, NO_OWNER),
            "direction": edge["direction"],
            "asset": handles.get(other, other),
            "name": edge["name"],
            "uri": other,
            "since": edge["valid_from"],
            **({"properties": edge["properties"]} if edge["properties"] else {}),
            **({"certainty": edge["certainty"]} if edge["certainty"] != "certain" else {}),
        }
        for edge in sorted(body["relations"], key=_rank)
        for other in [edge["target"] if edge["direction"] == "out" else edge["source"]]
    ]
    return ToolAnswer(
        "found", PlainListing(items, position_of(arguments), ("relation", "kind", "team")), body["watermark"], summary
    )


def _rank(edge: dict[str, Any]) -> int:
    """Return the rank of an edge of an asset: who answers for it, what flows, its parts and versions; columns are last."""
    if any(edge[end].startswith("mlg://column/") for end in ("source", "target")):
        return 3
    if edge["relation"] == _OWNED_BY:
        return 0
    return 1 if RELATIONS[edge["relation"]].walked else 2


def why(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return who asserts the edges between two assets and since when, or by which rule they are inferred."""
    asset, other = uri_of(services, arguments["asset"]), uri_of(services, arguments["to"])
    as_of, relation = arguments.get("as_of"), arguments.get("relation")
    if relation is not None:
        edges = [(asset, relation, other)]
        watermark = 0
    else:
        body = services.queries.asset(asset, as_of=as_of)
        watermark = body["watermark"]
        named = {body["uri"], asset}
        ends = {other, services.queries.asset(other, as_of=as_of)["uri"]}
        edges = [
            (edge["source"], edge["relation"], edge["target"])
            for edge in body["relations"]
            if {edge["source"], edge["target"]} & ends and {edge["source"], edge["target"]} & named
        ]
    handles = services.agents.handles([asset, other])
    summary = {"asset": handles.get(asset, asset), "to": handles.get(other, other), "edges": len(edges)}
    if not edges:
        detail = "no edge connects the two directly now: ask path for one through other assets, or name relation for a past edge"
        return nothing_answer(services, watermark, "no_edge", detail, summary)
    found = [services.queries.why(*edge, as_of=as_of) for edge in edges]
    items = [item for edge in found for item in _reasons(services, edge)]
    return ToolAnswer(
        "found", PlainListing(items, position_of(arguments), ("part",)), min(edge["watermark"] for edge in found), summary
    )


def _reasons(services: ServerServices, edge: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an edge, its origins and, if it is inferred, its premises, as items."""
    head = {
        "part": "edge",
        **{name: edge[name] for name in ("source", "relation", "target")},
        "valid": edge["holds"],
        "origins": len(edge["origins"]),
        **({"rule": edge["rule"], "premises": len(edge["path"])} if edge["rule"] else {}),
    }
    origins = [
        {"part": "origin", **{key: value for key, value in origin.items() if value not in (None, {}, [])}}
        for origin in edge["origins"]
    ]
    premises = [
        {"part": "premise", **{key: value for key, value in premise.items() if value not in (None, [])}}
        for premise in edge["path"]
    ]
    listed: list[dict[str, Any]] = with_handles(services, [head, *origins, *premises])
    return listed


def live(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return what serves each service now: deployments with weight and health, and their versions since when."""
    uri = uri_of(services, arguments["asset"]) if "asset" in arguments else None
    as_of = arguments.get("as_of")
    kind = None if uri is None else uri.split("/")[2]
    if kind not in (None, "service", "model", "model_version", "deployment"):
        raise InvalidInput(
            f"{uri} is no service, deployment, model or version: live lists what serves; use lineage to see what it feeds"
        )
    body = services.queries.live(uri if kind == "service" else None, as_of=as_of)
    rows = [_serving(service, deployment) for service in body["services"] for deployment in service["deployments"] or [None]]
    if uri is not None and kind != "service":
        wanted = _asset_and_versions(services, uri, as_of)
        rows = [row for row in rows if wanted & _uris_of(row)]
    teams = services.agents.teams_of({row["service"] for row in rows})
    items = with_handles(services, [row | {"team": teams.get(row["service"], NO_OWNER)} for row in rows])
    summary = {"services": len({row["service"] for row in rows}), **given_time(arguments)}
    if not items:
        return nothing_answer(services, body["watermark"], "nothing_serves", "no deployment serves it at this time", summary)
    return ToolAnswer("found", PlainListing(items, position_of(arguments), ("kind", "team")), body["watermark"], summary)


def _serving(service: dict[str, Any], deployment: dict[str, Any] | None) -> dict[str, Any]:
    row = {"service": service["uri"], "service_name": service["name"], "kind": "service"}
    if deployment is None:
        return row | {"deployment": None}
    return row | {
        "deployment": deployment["uri"],
        "deployment_name": deployment["name"],
        **{name: deployment[name] for name in ("weight", "health", "since")},
        "versions": deployment["versions"],
    }


def _asset_and_versions(services: ServerServices, uri: str, as_of: str | None) -> set[str]:
    """Return the URI of the asset that a name denotes at the time, and those of its versions, which only models have."""
    body = services.queries.asset(uri, as_of=as_of)
    versions = (edge["source"] for edge in body["relations"] if edge["relation"] == "version_of" and edge["direction"] == "in")
    return {body["uri"], *versions}


def _uris_of(row: dict[str, Any]) -> set[str]:
    return {row["service"], row["deployment"], *(version["uri"] for version in row.get("versions", ()))}


SHOW: Final = AgentTool(
    "show",
    'An asset: description, owners, tags, health, since when, and its edges. Example: {"asset": "model:ranker"}',
    (ASSET, AS_OF, AT_LEAST, BUDGET, NEXT),
    "light",
    reading(show),
)
WHY: Final = AgentTool(
    "why",
    "Why an edge between two assets exists: who asserts it since when, from which event, or by which rule. "
    'Example: {"asset": "orders", "to": "workflow:train_ranker"}',
    (
        ASSET,
        Parameter("to", required=True, description="the other end"),
        Parameter("relation", description="default all"),
        AS_OF,
        AT_LEAST,
        BUDGET,
        NEXT,
    ),
    "light",
    reading(why),
)
LIVE: Final = AgentTool(
    "live",
    "What serves and since when: deployments, weights, health, versions; of a service, deployment, model, version or all. "
    'Example: {"asset": "service:home-feed"}',
    (Parameter("asset", description="default all services"), AS_OF, AT_LEAST, BUDGET, NEXT),
    "light",
    reading(live),
)
