"""Routes for queries: lineage, impact, propagation, paths, assets, names, why, diff, live, export."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import answer, in_pieces, tagged_answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.http.streaming import streamed
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import (
    AsOf,
    ClosureParameters,
    Cursor,
    Fold,
    ImpactParameters,
    Level,
    Limit,
    Moment,
    Since,
    SourceQuery,
    TargetQuery,
    Uri,
    UriQuery,
    at_least,
    known_only,
)
from mlgraph.client.answer_shapes import name_shapes, shapes
from mlgraph.client.answer_shapes.propagation_shapes import Propagation
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.options.walk_options import DEFAULT_LIMIT
from mlgraph.domain.vocabulary import RELATIONS

router = APIRouter(
    prefix="/api/v1", tags=["queries"], dependencies=[Depends(authenticate), Depends(known_only), Depends(at_least)]
)

_ERRORS: Final = (*READ_ERRORS, 404)
_relation_schema: Final[dict[str, Any]] = {"enum": list(RELATIONS)}


@router.get(
    "/lineage",
    summary="Lineage",
    response_model=shapes.Lineage,
    responses=operations.answers("The closure.", errors=_ERRORS),
)
async def lineage(services: Services, lanes: UseLanes, walk: Annotated[ClosureParameters, Query()]) -> Response:
    """Return the closure of the asset: everything downstream or upstream of it, and the edges between.

    Nodes are ordered by distance (the root has 0), then by URI. `partial` means that the list was cut by limit or
    time (never by `depth` or `kind`): `reason` says which, and `cursor` = `frontier` continues it. `certainty` is
    `possible` if every path has an uncertain edge.
    """
    options = walk.options()
    brief = services.queries.lineage_at_once(walk.uri, options)  # a small closure takes less time than a switch to a thread
    if brief is not None:
        return answer(brief)
    return await lanes.heavy.run(lambda: answer(services.queries.lineage(walk.uri, options)))


@router.get(
    "/impact",
    summary="Impact of a change",
    response_model=shapes.Impact,
    responses=operations.answers("The affected assets.", errors=_ERRORS),
)
async def impact(services: Services, lanes: UseLanes, walk: Annotated[ImpactParameters, Query()]) -> Response:
    """Return the assets that a change of the asset can hurt, with effect, severity and path, and the owners to notify."""
    return await lanes.heavy.run(lambda: answer(services.queries.impact(walk.uri, walk.options(), change=walk.change)))


@router.get(
    "/propagation",
    summary="Rebuilds since a change",
    response_model=Propagation,
    responses=operations.answers("The state of each consumer.", errors=_ERRORS),
)
async def propagation(
    services: Services,
    lanes: UseLanes,
    uri: UriQuery,
    since: Since,
    as_of: AsOf = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Return which consumers have rebuilt since the asset changed, which use the old state, which failed, and whom to remind."""
    query = services.queries.propagation
    return await lanes.heavy.run(lambda: answer(query(uri, since=since, as_of=as_of, limit=limit, cursor=cursor)))


@router.get(
    "/paths",
    summary="Shortest path",
    response_model=shapes.Path,
    responses=operations.answers("The path.", errors=_ERRORS),
)
async def path(
    services: Services,
    lanes: UseLanes,
    source: SourceQuery,
    target: TargetQuery,
    level: Level = None,
    as_of: AsOf = None,
    fold: Fold = True,  # noqa: FBT002 - a query parameter has a name
) -> Response:
    """Return the shortest path between two assets, with the relation to each node from the one before; empty if none exists."""
    return await lanes.heavy.run(lambda: answer(services.queries.path(source, target, level=level, as_of=as_of, fold=fold)))


@router.get(
    "/asset",
    summary="An asset",
    response_model=shapes.Asset,
    responses=operations.answers("The asset.", errors=_ERRORS),
)
async def asset(services: Services, lanes: UseLanes, uri: UriQuery, as_of: AsOf = None) -> Response:
    """Return an asset: its attributes, relations, history, health and usage.

    `fields` says of each attribute that people can write whose value it is. The ETag changes whenever people write something
    about the asset. An asset that edges name and no source has described is `referenced_only`; a retracted one has `deleted_at`.
    """
    return await lanes.light.run(lambda: tagged_answer(services.queries.asset(uri, as_of=as_of)))


@router.get(
    "/assets/{uri:path}",
    summary="An asset, by path",
    response_model=shapes.Asset,
    responses=operations.answers("The asset.", errors=_ERRORS),
)
async def asset_by_path(
    request: Request,
    services: Services,
    lanes: UseLanes,
    uri: Annotated[str, Path(description="The URI, percent-encoded once more as one segment.")],
    as_of: AsOf = None,
) -> Response:
    """Return the same as `/api/v1/asset`, with the URI as a path segment."""
    # Servers decode `path`, some including the %2F of the URI itself; `raw_path` has the bytes as sent (ASGI, HTTP scope).
    raw: bytes | None = request.scope.get("raw_path")
    segment = raw.partition(b"/api/v1/assets/")[2] if raw else None
    if segment is not None and b"/" in segment:
        raise InvalidInput("the URI is one segment of the path: encode it once more, so that / is %2F and % is %25")
    asset_uri = uri if segment is None else unquote(segment.decode("ascii", "replace"))
    return await lanes.light.run(lambda: tagged_answer(services.queries.asset(asset_uri, as_of=as_of)))


@router.get(
    "/names",
    summary="Names of an asset",
    response_model=name_shapes.Names,
    responses=operations.answers("The names.", errors=_ERRORS),
)
async def names(
    services: Services, lanes: UseLanes, uri: Annotated[Uri | None, Query(description="Only the names of this asset.")] = None
) -> Response:
    """Return the names that an asset has had; without `uri`, the ambiguous names, which need a declaration by a person."""
    return await lanes.light.run(lambda: answer(services.queries.names(uri)))


@router.get(
    "/why",
    summary="Origins of an edge",
    response_model=shapes.Why,
    responses=operations.answers("The edge with its origins.", errors=_ERRORS),
)
async def why(
    services: Services,
    lanes: UseLanes,
    source: SourceQuery,
    relation: Annotated[str, Query(description="The relation's name.", json_schema_extra=_relation_schema)],
    target: TargetQuery,
    as_of: AsOf = None,
) -> Response:
    """Return every origin that asserts the edge, with validity and event; for an inferred edge its rule and premises."""
    return await lanes.light.run(lambda: answer(services.queries.why(source, relation, target, as_of=as_of)))


@router.get(
    "/diff",
    summary="Changes between two moments",
    response_model=shapes.Diff,
    responses=operations.answers("The changes.", errors=_ERRORS),
)
async def diff(
    services: Services,
    lanes: UseLanes,
    from_: Annotated[Moment, Query(alias="from", description="The earlier moment (RFC 3339 with a zone).")],
    to: Annotated[Moment, Query(description="The later moment (RFC 3339 with a zone).")],
    uri: Annotated[Uri | None, Query(description="Only what touches this asset.")] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Return the assets and edges that were added, removed or changed between two moments."""
    return await lanes.heavy.run(lambda: answer(services.queries.diff(from_, to, uri, limit=limit)))


@router.get(
    "/live",
    summary="Serving versions",
    response_model=shapes.Live,
    responses=operations.answers("Services with their deployments and versions.", errors=_ERRORS),
)
async def live(
    services: Services,
    lanes: UseLanes,
    service: Annotated[Uri | None, Query(description="Only this service.")] = None,
    team: Annotated[Uri | None, Query(description="Only services of this team (a URI).")] = None,
    as_of: AsOf = None,
) -> Response:
    """Return the versions that serve each service, with weight, health and start time, as observed."""
    return await lanes.light.run(lambda: answer(services.queries.live(service, team=team, as_of=as_of)))


@router.get(
    "/export",
    summary="All facts",
    response_class=StreamingResponse,
    responses={
        **operations.answers("NDJSON.", errors=READ_ERRORS),
        200: {"description": "All facts.", "content": {"application/x-ndjson": {"example": operations.FACTS_EXAMPLE}}},
    },
)
async def export(services: Services, lanes: UseLanes) -> Response:
    """Return every reported fact and declaration as NDJSON in a stable order, as input for `/api/v1/facts` of another server."""
    return await streamed(lambda: in_pieces(services.queries.export()), lanes, "application/x-ndjson")
