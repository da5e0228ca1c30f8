"""Sessions of browsers (docs/adr/0050): a cookie that stands for a token, and a second token for what the browser writes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.errors import TooManyAttempts, Unauthorized
from mlgraph.ports.session_store import SessionStore, StoredSession
from mlgraph.services.common.identity import Caller, Tokens

LIFETIME_S: Final = 12 * 3600
"""Longest life of a session: a working day. It ends earlier with its token."""
MAX_SESSIONS: Final = 10_000
"""Sessions at once; a further one ends the one that would end first."""
MAX_ATTEMPTS: Final = 10
"""Wrong tokens that one address may send within `ATTEMPTS_S`; after that it waits, with a right token too."""
ATTEMPTS_S: Final = 60.0
_MAX_ADDRESSES: Final = 4096
_ID_BYTES: Final = 32
_MAX_ID: Final = 100


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A session with its caller. `csrf_token` is sent with every write; it follows from the id and is stored nowhere."""

    caller: Caller
    csrf_token: str
    expires_us: int

    def confirms(self, csrf_token: str) -> bool:
        """Return whether this is the token that writes of the session need."""
        return hmac.compare_digest(self.csrf_token.encode(), csrf_token.encode())


class BrowserSessions:
    """Begins, finds and ends sessions. Thread-safe. Ids are random; only their digests are stored."""

    def __init__(self, tokens: Tokens, store: SessionStore) -> None:
        """Sessions stand for some of `tokens`, and are kept in `store`."""
        self._tokens = tokens
        self._store = store
        self._attempts = _Attempts()

    @property
    def possible(self) -> bool:
        """Whether the server has tokens, without which nobody can sign in."""
        return bool(self._tokens)

    def begin(self, token: str, address: str) -> tuple[str, BrowserSession]:
        """Return the id of a new session for `token`, and the session. `address`: that of the browser.

        Raises `Unauthorized` for an unknown or expired token, `TooManyAttempts` after `MAX_ATTEMPTS` of them.
        """
        self._attempts.check(address)
        try:
            caller = self._tokens.caller(token, loopback=False)
        except Unauthorized:
            self._attempts.note(address)
            raise
        now = clock.wall_us()
        self._store.prune(now, MAX_SESSIONS - 1)
        end = now + LIFETIME_S * 1_000_000
        stored = StoredSession(_digest(token), end if caller.expires_us is None else min(end, caller.expires_us))
        session_id = secrets.token_urlsafe(_ID_BYTES)
        self._store.save(_digest(session_id), stored)
        return session_id, BrowserSession(caller, _csrf_token(session_id), stored.expires_us)

    def find(self, session_id: str) -> BrowserSession | None:
        """Return the session, or None if it was ended, has expired, or its token has."""
        stored = self._store.get(_digest(session_id)) if len(session_id) <= _MAX_ID else None
        if stored is None or stored.expires_us <= clock.wall_us():
            return None
        try:
            caller = self._tokens.caller_by_digest(stored.token_digest)
        except Unauthorized:
            return None
        return BrowserSession(caller, _csrf_token(session_id), stored.expires_us)

    def end(self, session_id: str) -> None:
        """End a session, if it exists: its cookie is worth nothing from now on."""
        if len(session_id) <= _MAX_ID:
            self._store.delete(_digest(session_id))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _csrf_token(session_id: str) -> str:
    return hmac.new(session_id.encode(), b"csrf", hashlib.sha256).hexdigest()


class _Attempts:
    """The times of the latest wrong tokens by address, for a bounded number of addresses."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str) -> None:
        """Raise `TooManyAttempts` if the address has sent its number of wrong tokens."""
        now = time.monotonic()
        with self._lock:
            times = self._times.get(address)
            if times is None or len(times) < MAX_ATTEMPTS or now - times[0] >= ATTEMPTS_S:
                return
            wait_s = int(ATTEMPTS_S - (now - times[0])) + 1
        raise TooManyAttempts(
            f"{MAX_ATTEMPTS} wrong tokens came from this address within {ATTEMPTS_S:.0f} s: try again after Retry-After seconds",
            retry_after_s=wait_s,
        )

    def note(self, address: str) -> None:
        """Count a wrong token."""
        with self._lock:
            times = self._times.setdefault(address, deque(maxlen=MAX_ATTEMPTS))
            self._times.move_to_end(address)
            times.append(time.monotonic())
            if len(self._times) > _MAX_ADDRESSES:
                self._times.popitem(last=False)
