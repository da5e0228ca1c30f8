"""What is asked of the graph."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from mlgraph.api.http.authentication import Services, caller
from mlgraph.api.http.json_responses import answer, in_pieces
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
from mlgraph.client import name_shapes, shapes
from mlgraph.client.propagation_shapes import Propagation
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.domain.walk_options import DEFAULT_LIMIT

router = APIRouter(prefix="/api/v1", tags=["queries"], dependencies=[Depends(caller), Depends(known_only), Depends(at_least)])

_ERRORS: Final = (*READ_ERRORS, 404)
_relation_schema: Final[dict[str, Any]] = {"enum": list(RELATIONS)}


@router.get(
    "/lineage",
    summary="Lineage",
    response_model=shapes.Lineage,
    responses=operations.answers("The closure.", errors=_ERRORS),
)
async def lineage(use: Services, lanes: UseLanes, walk: Annotated[ClosureParameters, Query()]) -> Response:
    """Return everything that the asset leads to, or comes from, and the edges between.

    Nodes come nearest first, then by URI, the root at distance 0. `partial` means that the list was cut by limit or
    time (never by `depth` or `kind`): `reason` says which, and `cursor` = `frontier` goes on. `certainty` is
    `possible` where no path is certain throughout.
    """
    options = walk.options()
    brief = use.queries.lineage_at_once(walk.uri, options)  # waking a thread would take as long
    if brief is not None:
        return answer(brief)
    return await lanes.heavy.run(lambda: answer(use.queries.lineage(walk.uri, options)))


@router.get(
    "/impact",
    summary="Impact of a change",
    response_model=shapes.Impact,
    responses=operations.answers("Who is hurt.", errors=_ERRORS),
)
async def impact(use: Services, lanes: UseLanes, walk: Annotated[ImpactParameters, Query()]) -> Response:
    """Return what a change of the asset can hurt: how badly, when, by which path, and whom to tell."""
    return await lanes.heavy.run(lambda: answer(use.queries.impact(walk.uri, walk.options(), change=walk.change)))


@router.get(
    "/propagation",
    summary="Who has rebuilt since a change",
    response_model=Propagation,
    responses=operations.answers("How far the change has come.", errors=_ERRORS),
)
async def propagation(
    use: Services,
    lanes: UseLanes,
    uri: UriQuery,
    since: Since,
    as_of: AsOf = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Return who has rebuilt since the asset changed, who still runs on the old, who failed, and whom to remind."""
    ask = use.queries.propagation
    return await lanes.heavy.run(lambda: answer(ask(uri, since=since, as_of=as_of, limit=limit, cursor=cursor)))


@router.get(
    "/paths",
    summary="Shortest path",
    response_model=shapes.Path,
    responses=operations.answers("The path.", errors=_ERRORS),
)
async def path(
    use: Services,
    lanes: UseLanes,
    source: SourceQuery,
    target: TargetQuery,
    level: Level = None,
    as_of: AsOf = None,
    fold: Fold = True,  # noqa: FBT002 - a query parameter has a name
) -> Response:
    """Return the shortest path between two assets and the relation that leads to each node; empty if there is none."""
    return await lanes.heavy.run(lambda: answer(use.queries.path(source, target, level=level, as_of=as_of, fold=fold)))


@router.get(
    "/asset",
    summary="An asset",
    response_model=shapes.Asset,
    responses=operations.answers("The asset.", errors=_ERRORS),
)
async def asset(use: Services, lanes: UseLanes, uri: UriQuery, as_of: AsOf = None) -> Response:
    """Return an asset: what is said of it, its relations, history and health.

    One that edges name and no source has described is `referenced_only`; a retracted one has `deleted_at`.
    """
    return await lanes.light.run(lambda: answer(use.queries.asset(uri, as_of=as_of)))


@router.get(
    "/assets/{uri:path}",
    summary="An asset, by path",
    response_model=shapes.Asset,
    responses=operations.answers("The asset.", errors=_ERRORS),
)
async def asset_by_path(
    request: Request,
    use: Services,
    lanes: UseLanes,
    uri: Annotated[str, Path(description="The URI, percent-encoded once more as one segment.")],
    as_of: AsOf = None,
) -> Response:
    """Return the same as `/api/v1/asset`, named by its path."""
    # Servers decode `path`, and a URI's own %2F with it in some; `raw_path` is what was sent (ASGI, HTTP scope).
    raw: bytes | None = request.scope.get("raw_path")
    segment = raw.partition(b"/api/v1/assets/")[2] if raw else None
    if segment is not None and b"/" in segment:
        raise InvalidInput("the URI is one segment of the path: encode it once more, so that / is %2F and % is %25")
    asset_uri = uri if segment is None else unquote(segment.decode("ascii", "replace"))
    return await lanes.light.run(lambda: answer(use.queries.asset(asset_uri, as_of=as_of)))


@router.get(
    "/names",
    summary="Names of an asset",
    response_model=name_shapes.Names,
    responses=operations.answers("The names.", errors=_ERRORS),
)
async def names(
    use: Services, lanes: UseLanes, uri: Annotated[Uri | None, Query(description="Only the names of this asset.")] = None
) -> Response:
    """Return which names an asset has had; without one, the names that lead to several assets: a person decides those."""
    return await lanes.light.run(lambda: answer(use.queries.names(uri)))


@router.get(
    "/why",
    summary="Why an edge holds",
    response_model=shapes.Why,
    responses=operations.answers("Its origins.", errors=_ERRORS),
)
async def why(
    use: Services,
    lanes: UseLanes,
    source: SourceQuery,
    relation: Annotated[str, Query(description="The relation's name.", json_schema_extra=_relation_schema)],
    target: TargetQuery,
    as_of: AsOf = None,
) -> Response:
    """Return every origin that says so, since when and by which event; for an inferred edge its rule and path."""
    return await lanes.light.run(lambda: answer(use.queries.why(source, relation, target, as_of=as_of)))


@router.get(
    "/diff",
    summary="What changed",
    response_model=shapes.Diff,
    responses=operations.answers("The changes.", errors=_ERRORS),
)
async def diff(
    use: Services,
    lanes: UseLanes,
    from_: Annotated[Moment, Query(alias="from", description="The earlier moment (RFC 3339 with a zone).")],
    to: Annotated[Moment, Query(description="The later moment (RFC 3339 with a zone).")],
    uri: Annotated[Uri | None, Query(description="Only what touches this asset.")] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """Return the assets and edges that came, went or changed between two moments."""
    return await lanes.heavy.run(lambda: answer(use.queries.diff(from_, to, uri, limit=limit)))


@router.get(
    "/live",
    summary="What serves now",
    response_model=shapes.Live,
    responses=operations.answers("Services and what serves them.", errors=_ERRORS),
)
async def live(
    use: Services,
    lanes: UseLanes,
    service: Annotated[Uri | None, Query(description="Only this service.")] = None,
    as_of: AsOf = None,
) -> Response:
    """Return which versions serve which service: weights, health, since when; from what is observed."""
    return await lanes.light.run(lambda: answer(use.queries.live(service, as_of=as_of)))


@router.get(
    "/export",
    summary="All facts",
    response_class=StreamingResponse,
    responses={
        **operations.answers("NDJSON.", errors=READ_ERRORS),
        200: {"description": "All facts.", "content": {"application/x-ndjson": {"example": operations.FACTS_EXAMPLE}}},
    },
)
async def export(use: Services, lanes: UseLanes) -> Response:
    """Return every source fact and declaration as NDJSON in a stable order, fit for `/api/v1/facts` elsewhere."""
    return await streamed(lambda: in_pieces(use.queries.export()), lanes, "application/x-ndjson")
