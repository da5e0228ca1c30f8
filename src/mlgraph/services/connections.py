"""Connected sources: backfilled once, followed from then on, swept when asked; webhooks are taken as hints of what changed."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput, NotFound
from mlgraph.domain.redaction import redact_url
from mlgraph.domain.times import format_time
from mlgraph.ports.connections import Connection
from mlgraph.services.hydrate import SourceKind
from mlgraph.services.identity import Caller
from mlgraph.services.source_worker import SourceWorker, Surroundings

_log = logging.getLogger(__name__)

_PATIENCE_S: Final = 3.0
"""How long a stopping server waits for pages of sources that are under way: they are read again after the next start."""


class Connections:
    """All connected sources, each with a thread that reads it."""

    def __init__(self, around: Surroundings, kinds: Mapping[str, SourceKind]) -> None:
        self._around = around
        self._store = around.store
        self._reader = around.reader
        self._kinds = kinds
        self._workers: dict[str, SourceWorker] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Go on with the sources that were connected before."""
        for connection in self._store.all():
            self._work_on(connection)

    def stop(self) -> None:
        """Stop reading; what was read is kept."""
        with self._lock:
            workers = list(self._workers.values())
        for worker in workers:
            worker.halt()
        until = time.monotonic() + _PATIENCE_S
        for worker in workers:
            worker.stop(max(0.0, until - time.monotonic()))

    def connect(self, kind: str, url: str, name: str | None, caller: Caller) -> dict[str, Any]:
        """Add a source and backfill it in the background, or go on where its backfill stopped."""
        known = self._kinds.get(kind)
        if known is None:
            raise InvalidInput(f"unknown source {kind[:40]!r}; one of {', '.join(self._kinds)}", pointer="/kind")
        if redact_url(url) != url:
            raise InvalidInput("credentials do not belong into a URL; set them in the server's environment", pointer="/url")
        opened = known.open(url, name)
        instance = opened.instance
        opened.close()
        found = self._store.get(instance)
        if found is not None and (found.url, found.kind) != (url, kind):
            raise InvalidInput(f"{instance!r} is connected to {found.url} already; choose another --name", pointer="/name")
        secret = found.secret if found else secrets.token_urlsafe(32)
        connection = replace(found, state="backfilling", error=None) if found else Connection(instance, kind, url, secret)
        self._store.save(connection)
        self._work_on(connection)
        _log.info("%s connected %s %s as %s", caller.actor, kind, url, instance)
        return {**_body(connection), "webhook": {"path": f"/api/v1/webhooks/{instance}", "secret": secret}}

    def sources(self) -> dict[str, Any]:
        """Return all sources and how far they are read."""
        return {"sources": [_body(connection) for connection in self._store.all()], "watermark": self._reader.last_tx()}

    def sync(self, name: str | None, caller: Caller) -> dict[str, Any]:
        """Read a source (or all) from the beginning, and notice what was deleted or renamed. Returns the sources after it."""
        wanted = [connection for connection in self._store.all() if name in (None, connection.name)]
        if name is not None and not wanted:
            raise NotFound(f"no source is called {name!r}; mlgraph sources lists them")
        for connection in wanted:
            worker = self._worker(connection)
            worker.sweep()
        _log.info("%s synced %s", caller.actor, name or "all sources")
        return {
            "sources": [_body(c) for c in self._store.all() if name in (None, c.name)],
            "watermark": self._reader.last_tx(),
        }

    def webhook(self, name: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Take a signed webhook: fetch the truth about what it names. A source that fails makes it a dead letter."""
        connection = self._store.get(name)
        if connection is None:
            raise NotFound(f"no source is called {name[:80]!r}; mlgraph sources lists them")
        event = self._kinds[connection.kind].verify(headers, body, connection.secret)
        return {"watermark": self._worker(connection).hydrate(event)}

    def hydrate_thin(self, name: str, event: Mapping[str, Any]) -> int:
        """Take a thin event that is known to be genuine, such as a replayed dead letter."""
        connection = self._store.get(name)
        if connection is None:
            raise NotFound(f"no source is called {name[:80]!r}; mlgraph sources lists them")
        return self._worker(connection).hydrate(event, bury=False)

    def _work_on(self, connection: Connection) -> None:
        self._worker(connection).begin(connection)

    def _worker(self, connection: Connection) -> SourceWorker:
        with self._lock:
            worker = self._workers.get(connection.name)
            if worker is None:
                kind = self._kinds[connection.kind]
                worker = SourceWorker(self._around, kind, connection)
                self._workers[connection.name] = worker
            return worker


def _body(connection: Connection) -> dict[str, Any]:
    at = connection.last_sync_at
    return {
        "name": connection.name, "kind": connection.kind, "url": connection.url, "state": connection.state,
        "done": connection.done, "total": connection.total, "error": connection.error,
        "last_sync_at": format_time(at) if at is not None else None,
    }  # fmt: skip
