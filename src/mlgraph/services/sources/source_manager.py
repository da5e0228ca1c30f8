"""Connected sources: backfilled once, followed from then on, swept when requested; webhooks are taken as hints of what changed."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.configuration import SecretPlace, SourceSettings
from mlgraph.domain.credentials import Credentials, check_address
from mlgraph.domain.errors import Conflict, InvalidInput, MlgraphError, NotFound, SourceError
from mlgraph.ports.connections import Connection
from mlgraph.ports.connector import Connector, ConnectorRegistry, PulledConnector
from mlgraph.ports.source_adapter import Access
from mlgraph.services.common.identity import Caller
from mlgraph.services.sources.source_status import STOPPED, hydration, status, tried
from mlgraph.services.sources.source_worker import Reading, SourceWorker, webhook_path
from mlgraph.services.sources.source_writer import SourceDependencies

_log = logging.getLogger(__name__)

_PATIENCE_S: Final = 3.0
"""How long a stopping server waits for pages of sources that are under way: they are read again after the next start."""


class SourceManager:
    """All connected sources, each with a thread that reads it: those of the configuration, and those that callers connected."""

    def __init__(
        self,
        around: SourceDependencies,
        connectors: ConnectorRegistry,
        settings: Sequence[SourceSettings] = (),
        credentials: Callable[[SecretPlace], Credentials] | None = None,
    ) -> None:
        """Read the sources of `settings` as they say; `credentials` fetches a secret from its place (raises `InvalidInput`)."""
        self._around = around
        self._store = around.store
        self._reader = around.reader
        self._connectors = connectors
        self._settings = {each.name: each for each in settings}
        self._credentials = credentials
        self._readings: dict[str, Reading] = {}
        self._workers: dict[str, SourceWorker] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Go on with the sources that were connected before, and with those of the configuration as it is now."""
        self._configure()
        for connection in self._store.all():
            if connection.state != STOPPED:
                self._work_on(connection)

    def _configure(self) -> None:
        """Connect what the configuration names, note what changed in it, and stop what it names no longer."""
        known = {connection.name: connection for connection in self._store.all()}
        for name, settings in self._settings.items():
            found = known.get(name)
            if found is not None and found.scope != settings.scope:
                _log.warning(
                    "what stands before files, localhost and the like of %s is %r now, and was %s: these get new names from "
                    "now on, and keep the old ones beside them (docs/configuration.md, Scope)",
                    name,
                    settings.scope,
                    repr(found.scope) if found.scope else "nothing",
                )
            if found is None or (found.kind, found.url) != (settings.kind, settings.url):
                secret = found.secret if found else secrets.token_urlsafe(32)
                found = Connection(name, settings.kind, settings.url, secret)
                _log.info("%s %s is connected as %s by the configuration", settings.kind, settings.url, name)
            elif found.state == STOPPED:
                found = replace(found, state="backfilling", cursor=None, error=None)
            self._store.save(replace(found, configured=True, scope=settings.scope))
        for name, found in known.items():
            if found.configured and name not in self._settings and found.state != STOPPED:
                _log.warning("%s is in the configuration no longer: it is not read, its facts stay", name)
                self._store.save(replace(found, state=STOPPED, error=None))

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
        try:
            connector = self._connectors.tool(kind)
        except InvalidInput as error:
            raise error.under("/kind") from None
        try:
            check_address(url)
        except InvalidInput as error:
            raise error.under("/url") from None
        opened = connector.sources.open(Access(url, name))
        instance = opened.instance
        opened.close()
        found = self._store.get(instance)
        if found is not None and (found.url, found.kind) != (url, kind):
            raise InvalidInput(f"{instance!r} is connected to {found.url} already; choose another --name", pointer="/name")
        secret = found.secret if found else secrets.token_urlsafe(32)
        with self._lock:
            worker = self._workers.get(instance)
        if worker is not None:
            connection = worker.read_again()
        else:
            connection = (found or Connection(instance, kind, url, secret)).restarted()
            connection = replace(connection, configured=instance in self._settings)
            self._store.save(connection)
        self._work_on(connection)
        _log.info("%s connected %s %s as %s", caller.actor, kind, url, instance)
        return {**self._bodies([connection])[0], "webhook": {"path": webhook_path(instance), "secret": secret}}

    def connectors(self) -> dict[str, Any]:
        """Return what each registered connector declares of itself."""
        return {"connectors": [_declared(each) for each in self._connectors], "watermark": self._reader.last_tx()}

    def sources(self) -> dict[str, Any]:
        """Return all sources, and where the reading of each stands."""
        return {"sources": self._bodies(self._store.all()), "watermark": self._reader.last_tx()}

    def test(self, name: str, caller: Caller) -> dict[str, Any]:
        """Reach a source once with its credentials, and say what was found, or what to fix. Raises `NotFound`, `Conflict`."""
        connection = self._named(name)
        _log.info("%s tests %s", caller.actor, name)
        return tried(self._connectors.stored_tool(connection.kind), connection, self._reading(connection).access)

    def sync(self, name: str | None, caller: Caller) -> dict[str, Any]:
        """Read a source (or all) from the beginning, and notice what was deleted or renamed. Returns the sources after it."""
        wanted = [each for each in self._store.all() if each.state != STOPPED] if name is None else [self._named(name)]
        failed: list[str] = []
        for connection in wanted:
            try:
                self._worker(connection).sweep()
            except MlgraphError as error:  # the others are read all the same
                if name is not None:
                    raise
                failed.append(f"{connection.name}: {error.detail}")
        if failed:
            raise SourceError("; ".join(failed))
        _log.info("%s synced %s", caller.actor, name or "all sources")
        return {
            "sources": self._bodies([c for c in self._store.all() if name in (None, c.name)]),
            "watermark": self._reader.last_tx(),
        }

    def webhook(self, name: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Take a signed webhook: it is kept, and the truth about what it names is fetched as soon as limits allow."""
        connection = self._named(name)
        event = self._connectors.stored_tool(connection.kind).tool.verify(headers, body, connection.secret, time.time())
        return {"watermark": self._worker(connection).take_event(event)}

    def hydrate_thin(self, name: str, event: Mapping[str, Any]) -> int:
        """Take a thin event that is known to be genuine, such as a replayed dead letter."""
        return self._worker(self._named(name)).fetch(event)

    def _named(self, name: str) -> Connection:
        connection = self._store.get(name)
        if connection is None:
            raise NotFound(f"no source is called {name[:80]!r}; mlgraph sources lists them")
        return connection

    def _work_on(self, connection: Connection) -> None:
        try:
            self._worker(connection).begin(connection)
        except MlgraphError as error:  # its credentials are not there: the others are read all the same
            _log.warning("%s cannot be read: %s", connection.name, error.detail)
            now, errors = clock.wall_us(), connection.errors + 1
            failed = replace(connection, state="failed", error=error.detail, errors=errors)
            self._store.save(replace(failed, last_error=error.detail, last_error_at=now))

    def _worker(self, connection: Connection) -> SourceWorker:
        with self._lock:
            worker = self._workers.get(connection.name)
            if worker is None:
                connector = self._connectors.stored_tool(connection.kind)
                worker = SourceWorker(self._around, connector, connection.name, self._reading(connection))
                self._workers[connection.name] = worker
            return worker

    def _plan(self, connection: Connection) -> Reading | None:
        """Return how a source is read, without its credentials; None where it is not read."""
        settings = self._settings.get(connection.name)
        if settings is not None:
            access = Access(settings.url, settings.name, limits=settings.limits, scope=settings.scope)
            return Reading(access, settings.schedule, settings.environment)
        return None if connection.state == STOPPED else Reading(Access(connection.url, connection.name, scope=connection.scope))

    def _reading(self, connection: Connection) -> Reading:
        """Return how a source is read: as configured, else as usual and with the credentials of the environment."""
        plan = self._plan(connection)
        if plan is None:
            raise Conflict(f"{connection.name!r} is in the configuration no longer: put it back and restart to read it")
        settings = self._settings.get(connection.name)
        if settings is None:
            found = self._connectors.stored_tool(connection.kind).sources.ambient()
        else:
            found = self._credentials(settings.credentials) if settings.credentials and self._credentials else None
        return replace(plan, access=replace(plan.access, credentials=found))

    def _bodies(self, connections: Sequence[Connection]) -> list[dict[str, Any]]:
        waiting_letters, now = self._around.dead_letters.waiting_of_sources(), clock.wall_us()
        with self._lock:
            workers = dict(self._workers)
        return [
            status(c, self._plan(c), waiting_letters.get(c.name, 0), now) | hydration(workers.get(c.name)) for c in connections
        ]


def _declared(connector: Connector) -> dict[str, Any]:
    return {
        "name": connector.name,
        "accepts_events": connector.accepts_events,
        "connects": isinstance(connector, PulledConnector),
        "event_types": list(connector.event_types),
        "kinds": list(connector.kinds),
        "relations": list(connector.relations),
        "redacted": list(connector.redacted),
        "cloudevent_types": list(connector.cloudevent_types),
        "media_types": list(connector.media_types),
        "mentions_in_passing": connector.mentions_in_passing,
    }
