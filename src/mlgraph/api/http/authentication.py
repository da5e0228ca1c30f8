"""Authentication of requests: bearer tokens; on loopback also anonymous local callers, with protection against web pages."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request

from mlgraph.domain.errors import Forbidden, Unauthorized
from mlgraph.services.common import identity
from mlgraph.services.server.bundle import ServerServices

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL_NAMES: Final = frozenset({"localhost", "testserver"})  # the second is the host name of in-process test clients


async def get_services(request: Request) -> ServerServices:
    """Return the services of this server."""
    services: ServerServices = request.app.state.services
    return services


async def authenticate(request: Request) -> identity.Caller:
    """Return the caller of a request.

    Raises `Unauthorized` for a missing or unknown token, `Forbidden` for a request without a token that a web page may
    have sent. On loopback no token is required, so a page in a browser of this machine could call with the user's rights:
    through a host name that resolves to 127.0.0.1 (DNS rebinding), or through a form that posts to this server. Such
    requests need a token even on loopback.
    """
    loopback: bool = request.app.state.loopback
    token = _token_of(request)
    if loopback and (violation := _cross_site_violation(request)):
        if token is None:
            raise Forbidden(violation)
        loopback = False
    tokens: identity.Tokens = request.app.state.services.tokens
    caller = tokens.caller(token, loopback=loopback)
    request.state.actor = caller.actor  # for the access log
    return caller


Services = Annotated[ServerServices, Depends(get_services)]
Caller = Annotated[identity.Caller, Depends(authenticate)]


def _token_of(request: Request) -> str | None:
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
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return f"a web page of {origin[:100]!r} may not write to this server without a token"
    if request.headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
        return "a web page of another site may not write to this server without a token"
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
