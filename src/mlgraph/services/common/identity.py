"""Authentication: a token identifies a caller, with its actor, source, environment and, where it has one, its expiry."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput, NotJson, StartError, Unauthorized
from mlgraph.domain.payloads.payload import Located, decode_json
from mlgraph.domain.timestamps import format_time

_log = logging.getLogger(__name__)

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. Without a `source`, it may report facts of every origin, reserved ones only as an `admin`.

    `expires_us`: when its token expires, in microseconds since the epoch; None: never. `own_scope`: the `scope` of its token.
    """

    actor: str
    source: str | None = None
    environment: str | None = None
    admin: bool = False
    expires_us: int | None = None
    own_scope: str | None = None

    @property
    def scope(self) -> str | None:
        """The prefix for names in the caller's events that are not globally unique; None: they are used unchanged.

        Senders with one scope share such names (files, `localhost`), although each is an origin of its own.
        """
        return self.own_scope or self.source

    def may_report_for(self, origin: str) -> bool:
        """Return whether facts of this origin are accepted from the caller, apart from `may_import`."""
        return self.source is None or origin == self.source

    @property
    def may_curate(self) -> bool:
        """Whether the caller may write about assets: sources report facts, people write."""
        return self.source is None

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


_CHECK_S: Final = 1.0
"""Seconds between two looks at the token file: a token that was removed from it is refused after this time."""


class Tokens:
    """The accepted tokens, stored as SHA-256 digests. Those of a file follow its changes."""

    def __init__(self, callers: Mapping[str, Caller] | None = None, *, file: Path | None = None) -> None:
        """Accept the tokens whose SHA-256 (hex) are the keys of `callers`. `file`: where they were read from."""
        self._callers = _by_digest(callers or {})
        self._file = file
        self._stamp = _stamp(file)
        self._checked_at = time.monotonic()

    def __bool__(self) -> bool:
        """Return whether any token is accepted."""
        return bool(self._callers)

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """Read a token file: a list of {"token" or "sha256", "actor", "source"?, "scope"?, "environment"?, "admin"?, "expires"?}.

        Raises `StartError` if the file has another form, cannot be read, or is readable by other users.
        """
        return cls(_callers_of(path), file=path)

    def caller(self, token: str | None, *, loopback: bool) -> Caller:
        """Return the caller that `token` identifies; on loopback no token is needed. Raises `Unauthorized`."""
        self._follow_file()
        if token is None:
            if loopback:
                return _LOCAL_BESIDE_TOKENS if self._callers else LOCAL
            raise Unauthorized("a bearer token is needed: send the header 'Authorization: Bearer TOKEN'")
        return self._caller_of(hashlib.sha256(token.encode()).digest(), "this bearer token is not known")

    def caller_by_digest(self, digest: str) -> Caller:
        """Return the caller whose token has this SHA-256 (hex). Raises `Unauthorized` if it was removed or has expired."""
        self._follow_file()
        return self._caller_of(bytes.fromhex(digest), "the token of this session is no longer accepted")

    def _caller_of(self, digest: bytes, unknown: str) -> Caller:
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, digest):
                if caller.expires_us is not None and caller.expires_us <= clock.wall_us():
                    raise Unauthorized(f"this token expired at {format_time(caller.expires_us)}: ask for a new one")
                return caller
        raise Unauthorized(unknown)

    def _follow_file(self) -> None:
        """Read the file again if it was changed. A file that cannot be read changes nothing, and the log says why."""
        now = time.monotonic()
        if self._file is None or now - self._checked_at < _CHECK_S:
            return
        self._checked_at = now
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._callers = _by_digest(_callers_of(self._file))
        except StartError as error:
            _log.error("the tokens read before stay in force: %s", error.detail)
        else:
            _log.info("read %d tokens from %s, which was changed", len(self._callers), self._file)


def _stamp(file: Path | None) -> tuple[int, int, int] | None:
    """Return what differs once a file was changed or replaced; None if it is away."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        return None
    return found and (found.st_mtime_ns, found.st_size, found.st_ino)


def is_loopback(host: str) -> bool:
    """Return whether `host` is a loopback address or name."""
    return host in _LOOPBACK or host.startswith("127.")


def tokens_from(path: Path | None, environment: Mapping[str, str] = os.environ) -> Tokens:
    """Return the tokens in the file at `path`, else in the file that MLGRAPH_TOKENS names; no tokens if neither is given."""
    named = path or (Path(text) if (text := environment.get("MLGRAPH_TOKENS")) else None)
    return Tokens.read(named) if named else Tokens()


def _by_digest(callers: Mapping[str, Caller]) -> dict[bytes, Caller]:
    return {bytes.fromhex(digest): caller for digest, caller in callers.items()}


def _callers_of(path: Path) -> dict[str, Caller]:
    """Return the callers in a token file by the digests of their tokens. Raises `StartError`."""
    try:
        if path.stat().st_mode & 0o077:
            raise StartError(f"the token file {path} is readable by other users: chmod 600 {path}")
        document = Located(decode_json(path.read_bytes()))
        return {_digest(entry): _caller(entry) for entry in document.items()}
    except (InvalidInput, NotJson) as error:
        raise StartError(f"{path} is not a valid token file: {error.detail} at {error.pointer or '/'}") from None
    except OSError as error:
        raise StartError(f"cannot read the token file {path}: {error.strerror}") from None


def _digest(entry: Located) -> str:
    if token := entry.get("token"):
        return hashlib.sha256(token.name().encode()).hexdigest()
    digest = entry.need("sha256").text().lower()
    if len(digest) != 64 or not all(char in "0123456789abcdef" for char in digest):
        entry.need("sha256").fail("must be 64 hexadecimal digits")
    return digest


def _caller(entry: Located) -> Caller:
    source, environment, admin = entry.get("source"), entry.get("environment"), entry.get("admin")
    expires, scope = entry.get("expires"), entry.get("scope")
    return Caller(
        entry.need("actor").name(),
        source.name() if source else None,
        environment.name() if environment else None,
        admin.flag() if admin else False,
        expires.time() if expires else None,
        scope.name() if scope else None,
    )
