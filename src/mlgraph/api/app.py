"""Assembly of the HTTP application: routes, middleware, error handlers, OpenAPI document and documentation page."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.responses import Response
from starlette.routing import Route

from mlgraph.api.fast_path import FastPathMiddleware
from mlgraph.api.graphql import route as graphql
from mlgraph.api.http import problems, session_cookies
from mlgraph.api.http.event_stream import WatermarkFeed
from mlgraph.api.http.json_responses import dump
from mlgraph.api.http.limits import ConcurrencyLimitMiddleware, Lanes, ServerLimits
from mlgraph.api.http.request_metrics import RequestMetricsMiddleware
from mlgraph.api.mcp import endpoint as mcp_endpoint
from mlgraph.api.routes import (
    archives,
    changed_files,
    changes,
    connections,
    coverage,
    curation,
    health,
    intake,
    names,
    portal,
    queries,
    scene,
    search,
    sessions,
    similar,
    stream,
    teams,
)
from mlgraph.api.schema import docs_page, operations
from mlgraph.client.answer_shapes import shapes
from mlgraph.services.server.bundle import ServerServices

_DESCRIPTION: Final = (
    "One live graph over registries, orchestrators, feature stores and serving. Times are RFC 3339 with a zone. "
    "Every answer carries a `watermark`, the lowest one that all of its parts include; every GET takes `at_least` to wait "
    "for one. Errors are RFC 9457 problems. POST bodies may be gzipped (Content-Encoding). "
    "Unknown query parameters are refused."
)
_HTML_HEADERS: Final = {
    "content-security-policy": f"default-src 'none'; style-src '{docs_page.STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


class Api(FastAPI):
    """FastAPI with additions to the OpenAPI document that no route can declare: the problem schema, examples with null."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, which is built on the first call and cached."""
        if self.openapi_schema is None:
            document = super().openapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = TypeAdapter(shapes.Problem).json_schema()
            for name, example in operations.EXAMPLES.items():
                schemas[name]["examples"] = [example]
            document["components"]["securitySchemes"] = {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": session_cookies.NAME},
            }
            document["security"] = [{"token": []}, {"session": []}, {}]
        schema: dict[str, Any] = self.openapi_schema or {}
        return schema


def create_app(services: ServerServices, *, loopback: bool, limits: ServerLimits | None = None) -> FastAPI:
    """Return the application over `services`, with the resource limits `limits`.

    `loopback`: the server listens on a loopback address only. Callers then need no token, except for requests that may
    come from a web page of another site (`authentication.authenticate`).
    """
    app = Api(
        title="mlgraph",
        version=version("mlgraph"),
        summary="The Model Lifecycle Graph",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.state.loopback = loopback
    app.state.watermarks = WatermarkFeed(lambda: services.health.progress())  # noqa: PLW0108 - asked when the first client comes
    app.state.lanes = lanes = Lanes(limits or ServerLimits())
    app.add_middleware(FastPathMiddleware)
    app.add_middleware(ConcurrencyLimitMiddleware, slots=lanes.requests)
    problems.install(app)
    app.add_middleware(RequestMetricsMiddleware)  # the last one added is the outermost
    for part in (
        health,
        intake,
        queries,
        scene,
        names,
        changes,
        curation,
        coverage,
        teams,
        changed_files,
        search,
        similar,
        connections,
        archives,
        sessions,
        stream,
        graphql,
    ):
        app.include_router(part.router)
    app.include_router(connections.signed)
    app.include_router(portal.make_router())
    app.router.routes.append(Route(mcp_endpoint.PATH, mcp_endpoint.McpEndpoint(services, lanes), include_in_schema=False))
    _add_documentation(app)
    return app


def _add_documentation(app: FastAPI) -> None:
    """Serve the OpenAPI document and a page rendered from it; both contain no graph data and need no token."""

    async def openapi() -> Response:
        return Response(app_document(app), media_type="application/json")

    async def docs() -> Response:
        return Response(docs_page.render(app.openapi()), media_type="text/html; charset=utf-8", headers=_HTML_HEADERS)

    app.add_api_route("/openapi.json", openapi, include_in_schema=False)
    app.add_api_route("/docs", docs, include_in_schema=False)


def app_document(app: FastAPI) -> bytes:
    """Return the OpenAPI document as JSON."""
    return dump(app.openapi())
