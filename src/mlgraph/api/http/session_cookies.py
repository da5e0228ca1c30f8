"""The cookie of a browser's session (RFC 6265).

Its name has the port, because browsers send cookies to all ports of a host: servers on one machine keep apart. Where the page
came by https, it has the prefix `__Host-`, with which no other host of the domain can set it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response

NAME: Final = "mlgraph-session"
"""The name without port and prefix."""
_SECURE_PREFIX: Final = "__Host-"


def session_ids(request: Request) -> Iterator[str]:
    """Yield the ids in the request's cookies, which may name a session of this server."""
    name = _name(request)
    for each in (_SECURE_PREFIX + name, name):
        if found := request.cookies.get(each):
            yield found


def names_session(request: Request) -> bool:
    """Return whether the request has a session's cookie."""
    return next(session_ids(request), None) is not None


def set_cookie(request: Request, response: Response, session_id: str, lifetime_s: int) -> None:
    """Make the browser keep the session: for this site's own requests, and out of reach of scripts."""
    secure = _came_by_https(request)
    response.set_cookie(
        _SECURE_PREFIX + _name(request) if secure else _name(request),
        session_id,
        max_age=lifetime_s,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def delete_cookies(request: Request, response: Response) -> None:
    """Make the browser forget the session."""
    name = _name(request)
    for each, secure in ((_SECURE_PREFIX + name, True), (name, False)):
        if each in request.cookies:
            response.delete_cookie(each, path="/", secure=secure, httponly=True, samesite="strict")


def _name(request: Request) -> str:
    try:
        port = urlsplit(f"//{request.headers.get('host', '')}").port
    except ValueError:
        port = None
    return NAME if port is None else f"{NAME}-{port}"


def _came_by_https(request: Request) -> bool:
    """Return whether the page has an https address, also where a proxy ends TLS: by X-Forwarded-Proto, or by Origin."""
    return request.url.scheme == "https" or request.headers.get("origin", "").lower().startswith("https://")
