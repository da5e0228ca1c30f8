"""Manager of connected sources: connect, backfill, poll, sweep, test; webhooks are hints of what changed."""

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
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.ports.connections import STOPPED, Connection
from mlgraph.ports.connector import ConnectorRegistry
from mlgraph.ports.source_adapter import Access
from mlgraph.services.common.identity import Caller
from mlgraph.services.sources.source_naming import check_naming, warn_of_new_names
from mlgraph.services.sources.source_status import declared, hydration, probe, status, warnings_of
from mlgraph.services.sources.source_worker import Reading, SourceWorker, webhook_path
from mlgraph.services.sources.source_writer import SourceDependencies

_log = logging.getLogger(__name__)

_STOP_TIMEOUT_S: Final = 3.0
"""How long a stopping server waits for requests to sources; unfinished pages are read again after the next start."""


class SourceManager:
    """All connected sources, each with a worker thread: those of the configuration and those that callers connected."""

    def __init__(
        self,
        dependencies: SourceDependencies,
        connectors: ConnectorRegistry,
        settings: Sequence[SourceSettings] = (),
        credentials: Callable[[SecretPlace], Credentials] | None = None,
    ) -> None:
        """`settings`: sources of the configuration; `credentials` reads a secret from its place (raises `InvalidInput`)."""
        self._dependencies = dependencies
        self._store = dependencies.store
        self._reader = dependencies.reader
        self._connectors = connectors
        self._settings = {each.name: each for each in settings}
        self._credentials = credentials
        self._readings: dict[str, Reading] = {}
        self._workers: dict[str, SourceWorker] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start a worker for each connected source, after applying the configuration. Sources stopped by it are not read."""
        self._configure()
        for connection in self._store.all():
            if connection.state != STOPPED:
                self._start_worker(connection)

    def _configure(self) -> None:
        """Connect the sources of the configuration, store their changes, and stop sources that were removed from it."""
        known = {connection.name: connection for connection in self._store.all()}
        for name, settings in self._settings.items():
            found = known.get(name)
            if found is not None:
                warn_of_new_names(found, settings)
            if found is None or (found.kind, found.url) != (settings.kind, settings.url):
                secret = found.secret if found else secrets.token_urlsafe(32)
                found = Connection(name, settings.kind, settings.url, secret)
                _log.info("%s %s is connected as %s by the configuration", settings.kind, settings.url, name)
            elif found.state == STOPPED:
                found = replace(found, state="backfilling", cursor=None, error=None)
            scope, place, registry = settings.scope, settings.place, settings.registry
            self._store.save(replace(found, configured=True, scope=scope, place=place, registry=registry))
        for name, found in known.items():
            if found.configured and name not in self._settings and found.state != STOPPED:
                _log.warning("%s was removed from the configuration: it is not read any more; its facts remain", name)
                self._store.save(replace(found, state=STOPPED, error=None))

    def stop(self) -> None:
        """Stop all workers, waiting for them for `_STOP_TIMEOUT_S` at most. Recorded facts remain."""
        with self._lock:
            workers = list(self._workers.values())
        for worker in workers:
            worker.halt()
        until = time.monotonic() + _STOP_TIMEOUT_S
        for worker in workers:
            worker.stop(max(0.0, until - time.monotonic()))

    def connect(
        self, kind: str, url: str, name: str | None, caller: Caller, naming: NamingContext = NO_CONTEXT
    ) -> dict[str, Any]:
        """Connect a source and backfill it in the background, or resume its unfinished backfill.

        `naming` sets what decides its names; what is not set there stays as it is, and a change reads everything again.
        Returns its status with the path and secret of its webhook. Raises `InvalidInput` for an unknown kind, a bad address or
        setting, or a name that another address has, and `Conflict` for settings of a source of the configuration.
        """
        try:
            connector = self._connectors.tool(kind)
        except InvalidInput as error:
            raise error.under("/kind") from None
        try:
            check_address(url)
        except InvalidInput as error:
            raise error.under("/url") from None
        check_naming(naming, self._connectors.registries)
        opened = connector.sources.open(Access(url, name))
        instance = opened.instance
        opened.close()
        found = self._store.get(instance)
        if found is not None and (found.url, found.kind) != (url, kind):
            raise InvalidInput(f"{instance!r} is already connected to {found.url}; choose another --name", pointer="/name")
        if naming != NO_CONTEXT and instance in self._settings:
            raise Conflict(f"{instance!r} is in mlgraph.yaml: set its scope, place and registry there, and restart")
        with self._lock:
            worker = self._workers.get(instance)
        known = found or Connection(instance, kind, url, secrets.token_urlsafe(32))
        changed = known.named(naming)
        if worker is not None and changed.naming == known.naming:
            connection = worker.read_again()
        else:
            self._replace_worker(instance)
            connection = changed if changed.naming != known.naming else changed.restarted()
            connection = replace(connection, configured=instance in self._settings)
            self._store.save(connection)
        self._start_worker(connection)
        _log.info("%s connected %s %s as %s", caller.actor, kind, url, instance)
        return {**self._bodies([connection])[0], "webhook": {"path": webhook_path(instance), "secret": connection.secret}}

    def _replace_worker(self, name: str) -> None:
        """Stop the worker of a source, if it has one: the next one reads with the present settings."""
        with self._lock:
            worker = self._workers.pop(name, None)
        if worker is not None:
            worker.stop(_STOP_TIMEOUT_S)

    def connectors(self, url: str, *, needs_token: bool) -> dict[str, Any]:
        """Return the declared properties of each registered connector, and the tools that are connected by it.

        `url`: where tools reach this server, unless it has a public URL; `needs_token`: whether they need a token.
        """
        server, origins, connections = self._dependencies.public_url or url, self._reader.origins().values(), self._store.all()
        listed = [
            {
                **declared(each, server.rstrip("/"), needs_token=needs_token),
                "connected": [{"name": c.name, "state": c.state} for c in connections if c.kind == each.name],
                "received": each.name in origins,
            }
            for each in self._connectors
        ]
        return {"connectors": listed, "needs_token": needs_token, "watermark": self._reader.last_tx()}

    def sources(self) -> dict[str, Any]:
        """Return the status of all sources, and the counts of warnings about events by format and source."""
        return self._listing(self._store.all())

    def test(self, name: str, caller: Caller) -> dict[str, Any]:
        """Probe a source once with its credentials and return its answer or error. Raises `NotFound`, `Conflict`."""
        connection = self._named(name)
        _log.info("%s tests %s", caller.actor, name)
        return probe(self._connectors.stored_tool(connection.kind), connection, self._reading(connection).access)

    def sync(self, name: str | None, caller: Caller) -> dict[str, Any]:
        """Sweep one source, or all: read everything and find deletions and renames. Returns their status afterwards.

        Raises `NotFound` for an unknown name, `SourceError` if a source fails; with several sources, after reading the others.
        """
        wanted = [each for each in self._store.all() if each.state != STOPPED] if name is None else [self._named(name)]
        failed: list[str] = []
        for connection in wanted:
            try:
                self._worker(connection).sweep()
            except MlgraphError as error:  # the other sources are still read
                if name is not None:
                    raise
                failed.append(f"{connection.name}: {error.detail}")
        if failed:
            raise SourceError("; ".join(failed))
        _log.info("%s synced %s", caller.actor, name or "all sources")
        return self._listing([c for c in self._store.all() if name in (None, c.name)])

    def webhook(self, name: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Verify and store a signed webhook; the object that it names is fetched as soon as the request limits allow."""
        connection = self._named(name)
        event = self._connectors.stored_tool(connection.kind).tool.verify(headers, body, connection.secret, time.time())
        return {"watermark": self._worker(connection).take_event(event)}

    def hydrate_thin(self, name: str, event: Mapping[str, Any]) -> int:
        """Fetch the object of a verified thin event now, for example of a replayed dead letter; return the last transaction."""
        return self._worker(self._named(name)).fetch(event)

    def _named(self, name: str) -> Connection:
        connection = self._store.get(name)
        if connection is None:
            raise NotFound(f"no source has the name {name[:80]!r}; mlgraph sources lists them")
        return connection

    def _start_worker(self, connection: Connection) -> None:
        try:
            self._worker(connection).begin(connection)
        except MlgraphError as error:  # its credentials are missing, for example: the other sources are still read
            _log.warning("%s cannot be read: %s", connection.name, error.detail)
            now, errors = clock.wall_us(), connection.errors + 1
            failed = replace(connection, state="failed", error=error.detail, errors=errors)
            self._store.save(replace(failed, last_error=error.detail, last_error_at=now))

    def _worker(self, connection: Connection) -> SourceWorker:
        with self._lock:
            worker = self._workers.get(connection.name)
            if worker is None:
                connector = self._connectors.stored_tool(connection.kind)
                worker = SourceWorker(self._dependencies, connector, connection.name, self._reading(connection))
                self._workers[connection.name] = worker
            return worker

    def _plan(self, connection: Connection) -> Reading | None:
        """Return the settings for reading a source, without its credentials; None if it is stopped."""
        settings = self._settings.get(connection.name)
        if settings is not None:
            access = Access(settings.url, settings.name, limits=settings.limits, naming=settings.naming)
            return Reading(access, settings.schedule, settings.environment)
        return None if connection.state == STOPPED else Reading(Access(connection.url, connection.name, naming=connection.naming))

    def _reading(self, connection: Connection) -> Reading:
        """Return the settings for reading a source: the configured ones, else defaults with credentials of the environment."""
        plan = self._plan(connection)
        if plan is None:
            raise Conflict(f"{connection.name!r} was removed from the configuration: add it again and restart to read it")
        settings = self._settings.get(connection.name)
        if settings is None:
            found = self._connectors.stored_tool(connection.kind).sources.ambient()
        else:
            found = self._credentials(settings.credentials) if settings.credentials and self._credentials else None
        return replace(plan, access=replace(plan.access, credentials=found))

    def _listing(self, connections: Sequence[Connection]) -> dict[str, Any]:
        counts = [warnings_of(count) for count in self._dependencies.event_warnings.counts()]
        return {"sources": self._bodies(connections), "warnings": counts, "watermark": self._reader.last_tx()}

    def _bodies(self, connections: Sequence[Connection]) -> list[dict[str, Any]]:
        dead_letters, now = self._dependencies.dead_letters.waiting_of_sources(), clock.wall_us()
        with self._lock:
            workers = dict(self._workers)
        return [status(c, self._plan(c), dead_letters.get(c.name, 0), now) | hydration(workers.get(c.name)) for c in connections]
