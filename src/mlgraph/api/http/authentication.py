"""Authentication of requests: bearer tokens and sessions of browsers; on loopback also anonymous local callers.

What a browser sends by itself (a cookie, the address of this machine) is protected against web pages of other sites.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request

from mlgraph.api.http import session_cookies
from mlgraph.domain.errors import Forbidden, Unauthorized
from mlgraph.services.common import identity
from mlgraph.services.server.browser_sessions import BrowserSession
from mlgraph.services.server.bundle import ServerServices

CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL_NAMES: Final = frozenset({"localhost", "testserver"})  # the second is the host name of in-process test clients


async def get_services(request: Request) -> ServerServices:
    """Return the services of this server."""
    services: ServerServices = request.app.state.services
    return services


async def authenticate(request: Request) -> identity.Caller:
    """Return the caller of a request: by its bearer token, else by the session of its cookie, else a local one on loopback.

    Raises `Unauthorized` for a missing or unknown token, `Forbidden` for a request without a token that a web page may
    have sent. On loopback no token is required, so a page in a browser of this machine could call with the user's rights:
    through a host name that resolves to 127.0.0.1 (DNS rebinding), or through a form that posts to this server. Such
    requests need a token even on loopback. What is written by cookie needs the session's CSRF token.
    """
    services: ServerServices = request.app.state.services
    caller = _authenticated(request, services)
    request.state.actor = caller.actor  # for the access log
    return caller


def _authenticated(request: Request, services: ServerServices) -> identity.Caller:
    token = token_of(request)
    session = session_of(request, services) if token is None else None
    if session is not None:
        check_write(request, session)
        return session.caller
    loopback: bool = request.app.state.loopback
    if loopback and (violation := _cross_site_violation(request)):
        if token is None:
            raise Forbidden(violation)
        loopback = False
    if token is None and session_cookies.names_session(request) and (not loopback or CSRF_HEADER in request.headers):
        raise Unauthorized("this session has ended: sign in again (POST /api/v1/session)")
    return services.tokens.caller(token, loopback=loopback)


def session_of(request: Request, services: ServerServices) -> BrowserSession | None:
    """Return the session of the request's cookie; None if it has none, or one that has ended."""
    for session_id in session_cookies.session_ids(request):
        if (session := services.sessions.find(session_id)) is not None:
            return session
    return None


def check_write(request: Request, session: BrowserSession) -> None:
    """Raise `Forbidden` for a write by cookie that the portal itself did not send."""
    if request.method in _SAFE_METHODS:
        return
    if page := foreign_page(request):
        raise Forbidden(f"{page} may not write with the session of this browser")
    if not session.confirms(request.headers.get(CSRF_HEADER, "")):
        raise Forbidden(f"a write with a session needs the header {CSRF_HEADER} with the csrf_token of GET /api/v1/session")


Services = Annotated[ServerServices, Depends(get_services)]
Caller = Annotated[identity.Caller, Depends(authenticate)]


def token_of(request: Request) -> str | None:
    """Return the bearer token (RFC 6750, section 2.1), or None if there is no Authorization header."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("the Authorization header must read: Bearer TOKEN")
    return token.strip()


def _cross_site_violation(request: Request) -> str | None:
    """Return why a web page of another site may have sent the request, or None."""
    host = request.headers.get("host", "")
    if not _is_local(host):
        return (
            f"the Host header {host[:100]!r} is not a name of this machine: call http://127.0.0.1 or http://localhost, "
            "or send a token"
        )
    if request.method in _SAFE_METHODS:
        return None
    page = foreign_page(request)
    return page and f"{page} may not write to this server without a token"


def foreign_page(request: Request) -> str | None:
    """Return the web page of another origin that sent the request, in words; None if none did.

    `Sec-Fetch-Site` says it, whatever a proxy made of Host; browsers that do not send it send Origin with every write.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site in ("cross-site", "same-site"):
        return "a web page of another site"
    if site is None and origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        return f"a web page of {origin[:100]!r}"
    return None


@lru_cache(maxsize=256)  # most requests repeat a few host names
def _is_local(host: str) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return False
    if name in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
