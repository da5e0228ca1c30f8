"""Port: where the sessions of browsers are kept, so that all processes of a server know them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session: the SHA-256 (hex) of the token that it stands for, and its end in microseconds since the epoch."""

    token_digest: str
    expires_us: int


class SessionStore(Protocol):
    """Sessions by the SHA-256 (hex) of their ids. Thread-safe; shared by all processes of the server."""

    def save(self, key: str, session: StoredSession) -> None:
        """Store a session. Raises `Unavailable` if that is not possible."""
        ...

    def get(self, key: str) -> StoredSession | None:
        """Return a session, or None if there is none, or no longer."""
        ...

    def delete(self, key: str) -> None:
        """Delete a session, if it exists."""
        ...

    def prune(self, now_us: int, most: int) -> None:
        """Delete the sessions that ended before `now_us`, and of the others those that end first, beyond `most`."""
        ...
