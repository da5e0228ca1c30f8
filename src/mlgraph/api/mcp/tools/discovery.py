"""Tools that search: find, similar, changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from mlgraph.api.mcp.answers import PlainListing, ToolAnswer
from mlgraph.api.mcp.tool import AT_LEAST, BUDGET, KIND, NEXT, TEAM, AgentTool, Arguments, most_entries, position_of, reading
from mlgraph.api.mcp.tool_parameters import MAX_LONG_TEXT, Parameter
from mlgraph.api.mcp.tools.closures import nothing_answer
from mlgraph.api.mcp.tools.naming import team_of, uri_of
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.options.search_options import MAX_LIMIT, SearchOptions
from mlgraph.domain.options.walk_options import one_of
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.vocabulary import KINDS
from mlgraph.services.discovery.agents.change_listing import ChangeListing
from mlgraph.services.discovery.agents.ranked_page import NO_OWNER
from mlgraph.services.discovery.changes.change_feed import MAX_FEED_LIMIT
from mlgraph.services.discovery.similar import MAX_LIMIT as MAX_HITS
from mlgraph.services.queries.resolver import UNKNOWN_WAIT_S
from mlgraph.services.server.bundle import ServerServices

_OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class HitListing:
    """The hits of a search from `start` on: `hits` are all from the first one, `facets` counts also those that are not listed."""

    hits: Sequence[dict[str, Any]]
    start: int
    total: int
    facets: Mapping[str, Mapping[str, int]]

    @property
    def entries(self) -> Sequence[dict[str, Any]]:
        """The hits from `start` on."""
        return self.hits[self.start :]

    def left_out(self, returned: int) -> dict[str, Any]:
        """Return how many hits come after the first `returned` entries, in total, by kind and by team."""
        stop = self.start + returned
        return {
            "total": self.total - stop,
            "by_kind": self._rest("kind", stop, _OTHERS),
            "by_team": self._rest("team", stop, NO_OWNER),
        }

    def next(self, returned: int) -> str | None:
        """Return the position of the next page; None at the end, and after the last hit that a search lists."""
        stop = self.start + returned
        return str(stop) if stop < min(self.total, MAX_LIMIT) else None

    def _rest(self, name: str, stop: int, without: str) -> dict[str, int]:
        """Return the counts of the hits after position `stop`; hits whose value no facet counts are `without`."""
        seen = Counter(str(hit[name]) for hit in self.hits[:stop])
        counts = {value: count - seen.pop(value, 0) for value, count in self.facets[name].items()}
        uncounted = self.total - sum(self.facets[name].values()) - sum(seen.values())
        counts |= {without: uncounted} if uncounted else {}
        return {value: count for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count}


def find(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return the assets whose names, descriptions, tags or owners match words, best first."""
    start = position_of(arguments)
    team, owner = team_of(services, arguments.get("team")), arguments.get("owner")
    options = SearchOptions(
        kind=_kinds(arguments),
        team=() if team is None else (team,),
        owner=() if owner is None else (uri_of(services, owner),),
        tag=(arguments["tag"],) if "tag" in arguments else (),
        state=(arguments["state"],) if "state" in arguments else (),
        limit=min(start + most_entries(arguments), MAX_LIMIT),
    )
    found = services.search_queries.search(arguments["query"], options)
    if not found["hits"] and (stored := services.agents.stored()) > found["watermark"]:
        services.search_queries.wait_until(stored, UNKNOWN_WAIT_S)  # else `not_read_yet`: the index may lack what is sought
        found = services.search_queries.search(arguments["query"], options)
    summary = {"query": arguments["query"], "total_is": found["total_is"], "by_state": found["facets"].get("state", {})}
    if not found["hits"]:
        detail = "no asset matches: use fewer or other words, or similar with a sentence about what you look for"
        return ToolAnswer("nothing_found", PlainListing([]), found["watermark"], summary, detail)
    handles = services.agents.handles(hit["uri"] for hit in found["hits"])
    hits = [_hit(hit, handles.get(hit["uri"], hit["uri"])) for hit in found["hits"]]
    return ToolAnswer("found", HitListing(hits, start, found["total"], found["facets"]), found["watermark"], summary)


def _hit(hit: Mapping[str, Any], handle: str) -> dict[str, Any]:
    described = {name: hit[name] for name in ("description", "tags", "environment", "successor") if hit[name]}
    return {
        "asset": handle,
        "name": hit["name"],
        "uri": hit["uri"],
        "kind": hit["kind"],
        "team": hit["team"] or NO_OWNER,
        **({"state": hit["state"]} if hit["state"] != "live" else {}),
        **({"owners": hit["owner_names"]} if hit["owners"] and hit["owners"] != [hit["team"]] else {}),
        **described,
        "matched": {each["field"]: each["words"] for each in hit["matched"]},
    }


def _kinds(arguments: Arguments) -> tuple[str, ...]:
    kinds = tuple(arguments.get("kind", ()))
    for kind in kinds:
        one_of("kind", kind, KINDS)
    return kinds


def changes(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return what was recorded lately of assets and edges that appeared, ended or were altered, newest first."""
    uri = uri_of(services, arguments["asset"]) if "asset" in arguments else None
    owner = uri_of(services, arguments["owner"]) if "owner" in arguments else None
    wanted = partial(
        services.changes.page,
        arguments.get("from"),
        arguments.get("to"),
        owner=owner,
        uri=uri,
        kinds=_kinds(arguments),
        limit=min(most_entries(arguments), MAX_FEED_LIMIT),
    )
    found = wanted(cursor=arguments.get("next"))
    while not found.rest and (following := found.following(0)) is not None:
        found = wanted(cursor=following.encode())  # none of the latest facts is of this asset, owner or kind: read on
    summary = {
        **{name: each for name, each in (("asset", uri), ("owner", owner)) if each is not None},
        "from": format_time(found.since),
        "to": format_time(found.until),
        "total_is": "exact" if found.is_complete else "at_least",
        "runs": found.runs,
    }
    if not found.total:
        detail = "nothing was recorded between the two times; for an earlier time set from"
        return nothing_answer(services, found.graph.watermark, "nothing_changed", detail, summary)
    return ToolAnswer("found", ChangeListing.of(found), found.graph.watermark, summary)


def similar(services: ServerServices, arguments: Arguments) -> ToolAnswer:
    """Return what may be a duplicate of an asset, or what exists of what a text plans to build, with reasons."""
    if ("asset" in arguments) == ("text" in arguments):
        raise InvalidInput("give either asset, which exists, or text, which says what is to be built")
    kinds = _kinds(arguments)
    if "asset" in arguments:
        if kinds:
            raise InvalidInput("an asset is compared with those of its own kind: kind goes with text")
        found = services.discovery.similar(uri_of(services, arguments["asset"]), limit=MAX_HITS)
    else:
        found = services.discovery.similar_to_text(arguments["text"], kinds, limit=MAX_HITS)
    uris = [uri for uri in (found["uri"], *(hit["uri"] for hit in found["hits"])) if uri is not None]
    handles = services.agents.handles(uris)
    summary = {
        "asset": handles.get(found["uri"]) if found["uri"] else None,
        "talk_to": {each["owner"]: len(each["assets"]) for each in found["talk_to"]},
        "excluded": found["left_out"],
        **({"incomplete": found["reason"]} if found["partial"] else {}),
    }
    if not found["hits"]:
        detail = "nothing like it exists" if found["nothing_like_it"] else "nothing was compared"
        return nothing_answer(services, found["watermark"], "nothing_like_it", detail, summary)
    items = [
        {
            "asset": handles.get(hit["uri"], hit["uri"]),
            "name": hit["name"],
            "uri": hit["uri"],
            "kind": hit["kind"],
            "score": hit["score"],
            "probably_a_duplicate": hit["suggested"],
            "team": hit["reuse"]["team"] or NO_OWNER,
            "why": [each["text"] for each in hit["why"]],
            "reuse": hit["reuse"]["text"],
        }
        for hit in found["hits"]
    ]
    return ToolAnswer("found", PlainListing(items, position_of(arguments), ("kind", "team")), found["watermark"], summary)


FIND: Final = AgentTool(
    "find",
    "Assets by words in names, descriptions, tags, owners, columns; best first; deleted ones only with state. "
    'Example: {"query": "member taste embedding", "kind": ["model", "feature_view"]}',
    (
        Parameter("query", required=True),
        KIND,
        TEAM,
        Parameter("owner"),
        Parameter("tag"),
        Parameter("state", one_of=("live", "deprecated", "deleted")),
        AT_LEAST,
        BUDGET,
        NEXT,
    ),
    "light",
    reading(find),
    "search",
)
SIMILAR: Final = AgentTool(
    "similar",
    "Is it already built? Near-duplicates of an asset, or what exists of a plan in words, with reasons and whom to talk to. "
    'Example: {"text": "embedding of movies from ratings"}',
    (
        Parameter("asset", description="this or text"),
        Parameter("text", max_chars=MAX_LONG_TEXT),
        KIND,
        AT_LEAST,
        BUDGET,
        NEXT,
    ),
    "heavy",
    reading(similar),
    "similarity",
)
CHANGES: Final = AgentTool(
    "changes",
    "What was recorded lately: assets and edges that appeared, ended or were altered, newest first, with fields and time. "
    'Example: {"owner": "team:growth", "from": "2026-11-01T00:00:00Z"}',
    (
        Parameter("asset", description="default all"),
        Parameter("owner", description="person or team"),
        Parameter("from", description="RFC 3339, recorded after; default a day before to"),
        Parameter("to", description="RFC 3339, default now"),
        KIND,
        AT_LEAST,
        BUDGET,
        NEXT,
    ),
    "heavy",
    reading(changes),
)
