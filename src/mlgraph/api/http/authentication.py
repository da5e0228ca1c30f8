"""Who may call: bearer tokens; on loopback also whoever is on this machine, but not a web page that it shows."""

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
_LOCAL_NAMES: Final = frozenset({"localhost", "testserver"})  # the second is what in-process clients call themselves


async def services(request: Request) -> ServerServices:
    """Return the use cases that this server was built on."""
    found: ServerServices = request.app.state.services
    return found


async def caller(request: Request) -> identity.Caller:
    """Return who calls. Raises `Unauthorized`, or `Forbidden` for a web page that reaches for this machine.

    On loopback nobody needs a token, so any page in a browser of this machine could call in the user's name: by a name
    that it lets point to 127.0.0.1 (DNS rebinding), or by a form that posts here. Such requests need a token like all
    others.
    """
    loopback: bool = request.app.state.loopback
    token = _token_of(request)
    if loopback and (suspicion := _suspicion(request)):
        if token is None:
            raise Forbidden(suspicion)
        loopback = False
    tokens: identity.Tokens = request.app.state.services.tokens
    found = tokens.caller(token, loopback=loopback)
    request.state.actor = found.actor  # for the log
    return found


Services = Annotated[ServerServices, Depends(services)]
Caller = Annotated[identity.Caller, Depends(caller)]


def _token_of(request: Request) -> str | None:
    """Return the token of RFC 6750, section 2.1, or None where there is no Authorization header."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("the Authorization header must read: Bearer TOKEN")
    return token.strip()


def _suspicion(request: Request) -> str | None:
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
        return f"a web page of {origin[:100]!r} may not write here without a token"
    if request.headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
        return "a web page of another site may not write here without a token"
    return None


@lru_cache(maxsize=256)  # the same few names, request after request
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
