"""Authentication: a bearer token identifies a caller, with its actor, source and environment."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlgraph.domain.errors import InvalidInput, NotJson, StartError, Unauthorized
from mlgraph.domain.payloads.payload import Located, decode_json

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. Without a `source`, it may report facts of every origin, reserved ones only as an `admin`."""

    actor: str
    source: str | None = None
    environment: str | None = None
    admin: bool = False

    @property
    def scope(self) -> str | None:
        """The prefix for names in the caller's events that are not globally unique; None: they are used unchanged."""
        return self.source

    def may_report_for(self, origin: str) -> bool:
        """Return whether facts of this origin are accepted from the caller, apart from `may_import`."""
        return self.source is None or origin == self.source

    @property
    def may_import(self) -> bool:
        """Whether facts of reserved origins and of those of connectors are accepted from the caller."""
        return self.admin and self.source is None


LOCAL: Final = Caller("local", admin=True)
"""A caller of this machine, of a server without tokens."""
_LOCAL_BESIDE_TOKENS: Final = Caller("local")
_RESERVED: Final = frozenset({"governance", "curation", "scim", "config", "delivery", "monitoring", "automation"})
"""Origins of facts that mlgraph writes itself, by calls of their own."""


def is_reserved(origin: str) -> bool:
    """Return whether only mlgraph writes facts of this origin, except in an import: it may have a part after a colon."""
    return origin.partition(":")[0] in _RESERVED


class Tokens:
    """The accepted tokens, stored as SHA-256 digests."""

    def __init__(self, callers: Mapping[str, Caller] | None = None) -> None:
        """Accept the tokens whose SHA-256 (hex) are the keys of `callers`."""
        self._callers = {bytes.fromhex(digest): caller for digest, caller in (callers or {}).items()}

    def __bool__(self) -> bool:
        """Return whether any token is accepted."""
        return bool(self._callers)

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """Read a token file: a JSON array of {"token" or "sha256", "actor", "source"?, "environment"?, "admin"?}.

        Raises `StartError` if the file has another form, cannot be read, or is readable by other users.
        """
        try:
            if path.stat().st_mode & 0o077:
                raise StartError(f"the token file {path} is readable by other users: chmod 600 {path}")
            document = Located(decode_json(path.read_bytes()))
            return cls({_digest(entry): _caller(entry) for entry in document.items()})
        except (InvalidInput, NotJson) as error:
            raise StartError(f"{path} is not a valid token file: {error.detail} at {error.pointer or '/'}") from None
        except OSError as error:
            raise StartError(f"cannot read the token file {path}: {error.strerror}") from None

    def caller(self, token: str | None, *, loopback: bool) -> Caller:
        """Return the caller that `token` identifies; on loopback no token is needed. Raises `Unauthorized`."""
        if token is None:
            if loopback:
                return _LOCAL_BESIDE_TOKENS if self._callers else LOCAL
            raise Unauthorized("a bearer token is needed: send the header 'Authorization: Bearer TOKEN'")
        digest = hashlib.sha256(token.encode()).digest()
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, digest):
                return caller
        raise Unauthorized("this bearer token is not known")


def is_loopback(host: str) -> bool:
    """Return whether `host` is a loopback address or name."""
    return host in _LOOPBACK or host.startswith("127.")


def tokens_from(path: Path | None, environment: Mapping[str, str] = os.environ) -> Tokens:
    """Return the tokens in the file at `path`, else in the file that MLGRAPH_TOKENS names; no tokens if neither is given."""
    named = path or (Path(text) if (text := environment.get("MLGRAPH_TOKENS")) else None)
    return Tokens.read(named) if named else Tokens()


def _digest(entry: Located) -> str:
    if token := entry.get("token"):
        return hashlib.sha256(token.name().encode()).hexdigest()
    digest = entry.need("sha256").text().lower()
    if len(digest) != 64 or not all(char in "0123456789abcdef" for char in digest):
        entry.need("sha256").fail("must be 64 hexadecimal digits")
    return digest


def _caller(entry: Located) -> Caller:
    source, environment, admin = entry.get("source"), entry.get("environment"), entry.get("admin")
    return Caller(
        entry.need("actor").name(),
        source.name() if source else None,
        environment.name() if environment else None,
        admin.flag() if admin else False,
    )
