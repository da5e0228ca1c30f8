"""Tools over the graph: lineage, impact, path."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.api.mcp.answers import PlainListing, ToolAnswer
from mlgraph.api.mcp.tool import (
    AS_OF,
    ASSET,
    AT_LEAST,
    BUDGET,
    KIND,
    NEXT,
    TEAM,
    AgentTool,
    Arguments,
    most_entries,
    position_of,
    reading,
)
from mlgraph.api.mcp.tool_parameters import Parameter
from mlgraph.api.mcp.tools.naming import team_of, uri_of
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.services.discovery.agents.closure_pages import ClosurePage
from mlgraph.services.discovery.agents.ranked_page import NO_OWNER
from mlgraph.services.server.bundle import ServerServices

_COLUMN: Final = Parameter("column", description="start at this column of it")
_DEPTH: Final = Parameter("depth", "integer", "most edges", least=1, greatest=2**31 - 1)


def _start(services: ServerServices, arguments: Arguments) -> str:
    """Return the URI at which a traversal starts: the asset, or its column."""
    uri = uri_of(services, arguments["asset"])
    return services.agents.column_of(uri, arguments["column"]) if "column" in arguments else uri


def _options(arguments: Arguments) -> WalkOptions:
    chosen = {name: arguments[name] for name in ("direction", "depth", "as_of") if name in arguments}
    options = WalkOptions(kinds=tuple(arguments.get("kind", ())), **chosen)
    options.check()
    return options


def _page_answer(services: ServerServices, found: ClosurePage, nothing: str) -> ToolAnswer:
    if found.page.total:
        return ToolAnswer("found", found.page, found.watermark, found.summary)
    return nothing_answer(services, found.watermark, nothing, "nothing is reached that these filters list", found.summary)


def given_time(arguments: Arguments) -> dict[str, str]:
    """Return the time for which an answer is, if it is not now, which the watermark says."""
    return {"as_of": arguments["as_of"]} if "as_of" in arguments else {}


def nothing_answer(services: ServerServices, watermark: int, result: str, detail: str, summary: dict[str, Any]) -> ToolAnswer:
    """Return an answer without items: `result`, or `not_read_yet` while the graph lags behind the store."""
    if behind := services.agents.behind():
        detail = f"the graph lacks the last {behind} transactions of the store, which may change this: call again in a second"
        return ToolAnswer("not_read_yet", PlainListing([]), watermark, summary, detail)
    return ToolAnswer(result, PlainListing([]), watermark, summary, detail)


def lineage(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return what is upstream or downstream of an asset, nearest first."""
    options = _options(arguments)
    found = services.agents.lineage(
        _start(services, arguments),
        options,
        team=team_of(services, arguments.get("team")),
        after=arguments.get("next"),
        most=most_entries(arguments),
    )
    where = {"downstream": "nothing_downstream", "upstream": "nothing_upstream"}.get(options.direction, "nothing_connected")
    return _page_answer(services, found, where)


def impact(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return what a change of an asset can break, worst first."""
    found = services.agents.impact(
        _start(services, arguments),
        _options(arguments),
        change=arguments.get("change"),
        team=team_of(services, arguments.get("team")),
        after=arguments.get("next"),
        most=most_entries(arguments),
    )
    return _page_answer(services, found, "nothing_downstream")


def path(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return the shortest path between two assets, in either direction."""
    source, target = uri_of(services, arguments["asset"]), uri_of(services, arguments["to"])
    found = services.queries.path(source, target, as_of=arguments.get("as_of"))
    uris = [source, target, *(step["uri"] for step in found["path"])]
    handles, teams = services.agents.handles(uris), services.agents.teams_of(uris)
    summary = {
        "asset": handles.get(source, source),
        "to": handles.get(target, target),
        **{name: found[name] for name in ("direction", "certainty") if found[name] is not None},
        **given_time(arguments),
    }
    if not found["path"]:
        detail = "there is no path in either direction at this time"
        return nothing_answer(services, found["watermark"], "no_path", detail, summary)
    items = [{"asset": handles[step["uri"]], **step, "_team": teams.get(step["uri"], NO_OWNER)} for step in found["path"]]
    return ToolAnswer("found", PlainListing(items, position_of(arguments), ("kind", "team")), found["watermark"], summary)


LINEAGE: Final = AgentTool(
    "lineage",
    "What an asset is made from (upstream) or what is made from it (downstream), nearest first, with edges. "
    'Example: {"asset": "orders", "direction": "upstream", "kind": ["dataset"]}',
    (
        ASSET,
        Parameter("direction", one_of=("downstream", "upstream", "both"), description="default downstream"),
        _COLUMN,
        KIND,
        TEAM,
        _DEPTH,
        AS_OF,
        AT_LEAST,
        BUDGET,
        NEXT,
    ),
    "heavy",
    reading(lineage),
)
IMPACT: Final = AgentTool(
    "impact",
    "What breaks if an asset changes, and whom to tell: counts by effect, severity and team, then the affected assets, worst "
    "first, with proof paths. change: schema (shape), values (wrong data), withdraw (may not be used), retire (removed). "
    'Example: {"asset": "orders", "change": "schema", "column": "user_id"}',
    (
        ASSET,
        Parameter("change", one_of=("schema", "values", "withdraw", "retire")),
        _COLUMN,
        KIND,
        TEAM,
        _DEPTH,
        AS_OF,
        AT_LEAST,
        BUDGET,
        NEXT,
    ),
    "heavy",
    reading(impact),
)
PATH: Final = AgentTool(
    "path",
    'The shortest path between two assets and its direction. Example: {"asset": "orders", "to": "service:home-feed"}',
    (ASSET, Parameter("to", required=True, description="the other asset"), AS_OF, AT_LEAST, BUDGET, NEXT),
    "heavy",
    reading(path),
)
