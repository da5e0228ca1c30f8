"""Sessions of browsers as files of the data directory, one a session, which all processes of a server read.

A file is named by the digest of the session's id and has no secret in it: who can read the directory cannot sign in with it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from typing import Final

from mlgraph.domain.errors import Unavailable
from mlgraph.ports.session_store import StoredSession

_SUFFIX: Final = ".session"


class SessionFiles:
    """The `SessionStore` of a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def save(self, key: str, session: StoredSession) -> None:
        """Store a session under a temporary name, then rename it: a file is complete or absent. Raises `Unavailable`."""
        temporary = self._directory / f".{key}.{os.getpid()}.{get_ident()}"
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump({"token": session.token_digest, "expires_us": session.expires_us}, file)
            temporary.replace(self._path(key))
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise Unavailable(f"the session cannot be stored: {error.strerror}") from None

    def get(self, key: str) -> StoredSession | None:
        """Return a session. A file that another program damaged is no session."""
        try:
            found = json.loads(self._path(key).read_bytes())
            return StoredSession(str(found["token"]), int(found["expires_us"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def delete(self, key: str) -> None:
        """Delete a session, if it exists."""
        with suppress(FileNotFoundError):
            self._path(key).unlink()

    def prune(self, now_us: int, most: int) -> None:
        """Delete the sessions that ended before `now_us`, and of the others those that end first, beyond `most`."""
        ends: list[tuple[int, str]] = []
        for path in self._directory.glob(f"*{_SUFFIX}"):
            found = self.get(path.stem)
            ends.append((0 if found is None else found.expires_us, path.stem))
        ends.sort(reverse=True)
        for at, (end, key) in enumerate(ends):
            if at >= most or end <= now_us:
                self.delete(key)

    def _path(self, key: str) -> Path:
        return self._directory / f"{key}{_SUFFIX}"
