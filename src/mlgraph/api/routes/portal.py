"""Routes of the portal: one HTML document for every page path, and the files that it loads.

The build (`make portal`) lies in the package; users need no Node. None of it contains data of the graph, so it needs no token.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import mlgraph
from mlgraph.api.http.problems import problem
from mlgraph.api.http.static_files import StaticFile

PAGES: Final = (
    "/",
    "/search",
    "/asset",
    "/lineage",
    "/impact",
    "/compare",
    "/path",
    "/why",
    "/plan",
    "/live",
    "/changes",
    "/team",
    "/me",
    "/sources",
    "/coverage",
    "/dead-letters",
)
"""The paths of the portal's pages; their parameters are the API's own and are read by the page."""
BUILD: Final = Path(mlgraph.__file__).with_name("portal") / "dist"
HEADERS: Final = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_DOCUMENT_HEADERS: Final = {**HEADERS, "cache-control": "no-cache"}
_ASSET_HEADERS: Final = {**HEADERS, "cache-control": "public, max-age=31536000, immutable"}
_NOT_BUILT: Final = (
    "the portal is not built in this installation: run `make portal` in the source tree, or install the wheel, which has it; "
    "/docs lists the calls of the API"
)


class _Build(NamedTuple):
    """The build as it was read: the document, and the files below /assets by name."""

    modified_ns: int
    document: StaticFile
    assets: dict[str, StaticFile]


class Portal:
    """The portal's files. A build that is replaced while the server runs is read again at the next document."""

    def __init__(self, folder: Path) -> None:
        """Serve the build in `folder`, which may be missing."""
        self._folder = folder
        self._build: _Build | None = None

    async def document(self, request: Request) -> Response:
        """Return the document of every page."""
        build = self._current()
        return _not_built(request) if build is None else build.document.response(request, _DOCUMENT_HEADERS)

    async def asset(self, request: Request) -> Response:
        """Return a file that the document loads. Its name contains a hash of its content, so it never changes."""
        build = self._current()
        found = None if build is None else build.assets.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404)
        return found.response(request, _ASSET_HEADERS)

    def _current(self) -> _Build | None:
        entry = self._folder / "index.html"
        try:
            modified_ns = entry.stat().st_mtime_ns
            if self._build is None or self._build.modified_ns != modified_ns:
                paths = [path for path in (self._folder / "assets").iterdir() if path.suffix not in (".br", ".gz")]
                assets = {path.name: StaticFile.read(path) for path in paths}
                self._build = _Build(modified_ns, StaticFile.read(entry), assets)
        except OSError:
            return None
        return self._build


def _not_built(request: Request) -> Response:
    if "text/html" not in request.headers.get("accept", ""):
        return problem(503, "Portal not built", _NOT_BUILT)
    text = _NOT_BUILT.replace("`make portal`", "<code>make portal</code>").replace("/docs", "<a href='/docs'>/docs</a>")
    page = f"<!doctype html><html lang=en><meta charset=utf-8><title>mlgraph</title><h1>Portal not built</h1><p>{text}</p></html>"
    return Response(page, 503, media_type="text/html; charset=utf-8", headers=_DOCUMENT_HEADERS)


def make_router(folder: Path = BUILD) -> APIRouter:
    """Return the routes of the portal over the build in `folder`."""
    portal = Portal(folder)
    router = APIRouter()
    for path in PAGES:
        router.add_route(path, portal.document, methods=["GET"], include_in_schema=False)
    router.add_route("/assets/{name}", portal.asset, methods=["GET"], include_in_schema=False)
    return router
