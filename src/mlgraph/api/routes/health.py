"""Routes for monitoring: liveness, readiness and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from prometheus_client import generate_latest
from starlette.responses import Response

from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.parameters import known_only

router = APIRouter(tags=["health"], dependencies=[Depends(known_only)])


@router.get(
    "/healthz",
    summary="Liveness",
    responses=operations.answers("The process answers.", errors=()),
)
async def healthz() -> Response:
    """Answer 200 as long as the process runs; does not query the store, and needs no token."""
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get(
    "/readyz",
    summary="Readiness",
    responses=operations.answers("The graph is current.", errors=(503,)),
)
async def readyz(services: Services, lanes: UseLanes) -> Response:
    """Answer whether the graph is current; needs no token.

    200 once the server has caught up after its start; after that, 503 only while a projection lags more than 30 s or the
    store is not available.
    """
    return await lanes.health.run(lambda: answer(services.health.ready()))


@router.get(
    "/metrics",
    summary="Metrics",
    dependencies=[Depends(authenticate)],
    response_class=Response,
    responses={
        **operations.answers("Prometheus text.", errors=(401, 403, 503)),
        200: {"description": "Metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}},
    },
)
async def metrics(services: Services, lanes: UseLanes) -> Response:
    """Return the metrics in the Prometheus text format, version 0.0.4."""
    text = await lanes.health.run(services.health.metrics)
    return Response(text + generate_latest(lanes), media_type="text/plain; version=0.0.4; charset=utf-8")
