"""Query parameters: types, limits and descriptions; refusal of unknown and repeated ones; waiting for a watermark."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from fastapi import FastAPI, Query, Request
from pydantic import AfterValidator, BaseModel

from mlgraph.api.http.authentication import Services
from mlgraph.api.http.limits import UseLanes
from mlgraph.domain.errors import InvalidInput, MlgraphError
from mlgraph.domain.options.walk_options import DEFAULT_LIMIT, Direction, LevelName, WalkOptions
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.domain.uri import SCHEME, AssetUri
from mlgraph.domain.vocabulary import KINDS

MAX_LIMIT: Final = 100_000
"""Limit because an answer is built in memory: a hundred thousand assets with their edges take some tens of megabytes."""
MAX_DEPTH: Final = 2**31 - 1
_CALLS_WITH_SCENES: Final = frozenset({"/api/v1/lineage", "/api/v1/impact"})
_SCENE_PARAMETERS: Final = frozenset({"by", "open", "select", "marks"})
"""What only a picture of an answer has (`GET /api/v1/scene`): in the address of the portal's page too, without meaning here."""
_LOST_PLUS: Final = re.compile(r"(.*\d) (\d\d:\d\d)", re.ASCII)


def _uri(text: str) -> str:
    """Return a valid URI unchanged. Raises `InvalidInput` with a hint about the encoding in a query string."""
    try:
        AssetUri.parse(text)
    except MlgraphError as error:
        hint = ""
        if text.startswith(SCHEME) and text.split("/")[2] in KINDS:  # a URI that lost its encoding still has its kind
            hint = " (in a query string the URI is encoded once more: curl -G --data-urlencode 'uri=mlg://...')"
        elif not text.startswith(SCHEME):
            hint = "; GET /api/v1/resolve gives the URI of the asset that a name means"
        raise InvalidInput(error.detail + hint) from None
    return text


def _time(text: str) -> str:
    """Restore the plus sign of a zone offset, which a query string without percent-encoding turns into a space."""
    found = _LOST_PLUS.fullmatch(text)
    return f"{found[1]}+{found[2]}" if found else text


def _kind(text: str) -> str:
    if text not in KINDS:
        hint = did_you_mean(text, KINDS, f"the kinds are {', '.join(KINDS)}")
        raise InvalidInput(f"query parameter 'kind': unknown kind {text[:60]!r}; {hint}")
    return text


_URI_EXAMPLE: Final = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"
_uri_schema: Final[dict[str, Any]] = {"example": _URI_EXAMPLE}
_time_schema: Final[dict[str, Any]] = {"format": "date-time", "example": "2026-11-01T00:00:00Z"}
_kind_schema: Final[dict[str, Any]] = {"items": {"type": "string", "enum": list(KINDS)}}

Uri = Annotated[str, AfterValidator(_uri)]
Moment = Annotated[str, AfterValidator(_time)]
Kind = Annotated[str, AfterValidator(_kind)]

UriQuery = Annotated[Uri, Query(description="An asset's URI.", json_schema_extra=_uri_schema)]
SourceQuery = Annotated[Uri, Query(description="The URI at which the edge or path begins.", json_schema_extra=_uri_schema)]
TargetQuery = Annotated[Uri, Query(description="The URI at which the edge or path ends.", json_schema_extra=_uri_schema)]
AsOf = Annotated[
    Moment | None,
    Query(description="The moment to answer for (RFC 3339 with a zone); now by default.", json_schema_extra=_time_schema),
]
RequiredMoment = Annotated[
    Moment, Query(description="The moment that the answer is about (RFC 3339 with a zone).", json_schema_extra=_time_schema)
]
Since = Annotated[Moment, Query(description="When the asset changed (RFC 3339 with a zone).", json_schema_extra=_time_schema)]
Level = Annotated[
    LevelName | None,
    Query(description="Workflows and their current edges (asset, the default), or single runs (run; the default at a run)."),
]
KindFilter = Annotated[
    list[Kind] | None,
    Query(description="List only these kinds (repeatable); all kinds are traversed.", json_schema_extra=_kind_schema),
]
Fold = Annotated[bool, Query(description="Hide assets that noise rules match, such as temporary tables; false shows them.")]
Limit = Annotated[
    int, Query(ge=1, le=MAX_LIMIT, description="How many to list at most; a cut answer is `partial`, `cursor` continues it.")
]
Cursor = Annotated[str | None, Query(description="The `frontier` of a partial answer, to continue it.")]


class ClosureParameters(BaseModel):
    """The parameters that lineage and impact share."""

    uri: UriQuery
    direction: Annotated[
        Direction,
        Query(description="With the flow of data (downstream), against it, or the union of the two."),
    ] = "downstream"
    depth: Annotated[int | None, Query(ge=0, le=MAX_DEPTH, description="How many edges to traverse at most.")] = None
    kind: KindFilter = None
    level: Level = None
    as_of: AsOf = None
    certain: Annotated[bool, Query(description="Traverse only certain edges.")] = False
    fold: Fold = True
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None

    def options(self) -> WalkOptions:
        """Return the parameters except the URI as options; each has the option's name, except `kind` (`kinds`)."""
        values = {name: getattr(self, name) for name in ClosureParameters.model_fields if name not in ("uri", "kind")}
        return WalkOptions(kinds=tuple(self.kind or ()), **values)


class ImpactParameters(ClosureParameters):
    """The parameters of impact."""

    change: Annotated[
        Literal["schema", "values", "withdraw", "retire"] | None,
        Query(
            description="The shape changes (schema), the data was wrong (values), it may no longer be used (withdraw), "
            "the asset is removed (retire); without it, every reached asset is listed."
        ),
    ] = None


async def at_least(
    services: Services,
    lanes: UseLanes,
    at_least: Annotated[  # the parameter's name is its name in the query string
        int | None,
        Query(ge=0, le=2**63 - 1, description="Wait until the answer includes this watermark, else 503 with Retry-After."),
    ] = None,
) -> int | None:
    """Wait until queries include the write with this watermark, and return it. Raises `Unavailable` if that takes too long."""
    if at_least is not None and not services.queries.reached(at_least):
        # Each waiting request occupies a thread, so these requests have their own lane.
        await lanes.at_least.run(lambda: services.queries.wait_for(at_least))
    return at_least


@lru_cache
def _query_schemas(app: FastAPI, path: str, method: str) -> dict[str, Any]:
    """Return the schemas of a call's query parameters by name."""
    operation = app.openapi()["paths"][path][method]
    return {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each["in"] == "query"}


async def known_only(request: Request) -> None:
    """Refuse unknown query parameters and repeated single ones, so that a mistyped one does not widen an answer."""
    if not request.query_params:
        return
    path = request.scope["route"].path_format
    known = _query_schemas(request.app, path, request.method.lower())
    for name in request.query_params:
        if name in _SCENE_PARAMETERS and path in _CALLS_WITH_SCENES and request.method == "GET":
            continue
        if name not in known:
            hint = did_you_mean(name, known, f"the call takes {', '.join(known) or 'none'}")
            raise InvalidInput(f"unknown query parameter {name[:60]!r}; {hint}")
        if len(request.query_params.getlist(name)) > 1 and not _is_list(known[name]):
            raise InvalidInput(f"query parameter {name!r} is given more than once")


def _is_list(schema: dict[str, Any]) -> bool:
    return any(each.get("type") == "array" for each in [schema, *schema.get("anyOf", ())])
