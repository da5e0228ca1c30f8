"""Which adapters a server is made of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, cast

from mlgraph.bootstrap.configuration import credentials_at
from mlgraph.bootstrap.inferring import rules_from
from mlgraph.bootstrap.options import Options
from mlgraph.bulk import warm as bulk_warm
from mlgraph.connectors import mlflow
from mlgraph.connectors.mlflow import freshness, reconciliation, webhooks
from mlgraph.domain.configuration import SecretPlace
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.uri import AssetUri
from mlgraph.graph import warm as graph_warm
from mlgraph.graph.noise import Noise
from mlgraph.ports.source import Access, Departure, Reached, Source
from mlgraph.services.archives import Archives
from mlgraph.services.bundle import Operated, Services
from mlgraph.services.connections import Connections
from mlgraph.services.declared import declare
from mlgraph.services.follow import Follower
from mlgraph.services.health import Health
from mlgraph.services.hydrate import SourceKind, States
from mlgraph.services.identity import tokens_from
from mlgraph.services.intake import Intake
from mlgraph.services.query import Queries
from mlgraph.services.snapshots import Snapshots
from mlgraph.services.source_recorder import Surroundings
from mlgraph.sources.http import Patience
from mlgraph.sources.mlflow import MlflowSource
from mlgraph.sources.mlflow_api import ambient_credentials
from mlgraph.stores.backup import PostgresArchive
from mlgraph.stores.connections import PostgresConnections
from mlgraph.stores.database import Database
from mlgraph.stores.events import PostgresEvents
from mlgraph.stores.letters import PostgresLetters
from mlgraph.stores.reader import PostgresReader
from mlgraph.stores.snapshot_files import SnapshotDirectory
from mlgraph.stores.writer import PostgresWriter


def _departures(source: Source, held: States, existing: Collection[AssetUri], at: int) -> Sequence[Departure]:
    identities = cast("MlflowSource", source).identities()
    found = reconciliation.departures(source.instance, held, existing, identities, at)
    return [Departure(*reconciliation.departed(payload)) for payload in found]


def _reach(access: Access) -> Reached:
    with contextlib.closing(MlflowSource(access, patience=Patience(attempts=1, timeout_s=access.limits.timeout_s))) as source:
        return source.reached()


def _verify(headers: Mapping[str, str], body: bytes, secret: str) -> Mapping[str, Any]:
    return webhooks.verify_webhook(headers, body, secret, time.time())


def _credentials(place: SecretPlace) -> Credentials:
    return credentials_at(place, os.environ)


MLFLOW: Final = SourceKind(
    name="mlflow",
    open=MlflowSource,
    reach=_reach,
    ambient=ambient_credentials,
    normalise=mlflow.normalise,
    subject=mlflow.subject,
    thing=reconciliation.thing,
    departures=_departures,
    verify=_verify,
    thin=webhooks.thin,
    occurred_at=webhooks.occurred_at,
    deleted=reconciliation.deleted_at,
    version_of=freshness.version_of,
    version_held=freshness.version_held,
    subscribe=lambda source, url, secret: cast("MlflowSource", source).subscribe(url, secret),
)
KINDS: Final = {kind.name: kind for kind in (MLFLOW,)}


def _store_name(url: str | None) -> str:
    """Return the name of the directory with the snapshots of a store: one for each, if several are served from one directory."""
    return "embedded" if url is None else hashlib.blake2b(url.encode(), digest_size=8).hexdigest()


class Server:
    """The parts of one server over an open database, and their threads."""

    def __init__(self, database: Database, options: Options, *, first: bool = True) -> None:
        """Put them together. `first`: this process keeps snapshots and looks after connected tools."""
        reader, letters = PostgresReader(database), PostgresLetters(database)
        files = SnapshotDirectory(options.data / "snapshots" / _store_name(options.store))
        self.follower = Follower(reader, Snapshots(reader, files, keeps=first))
        intake = Intake(PostgresWriter(database, self.follower.hear), letters, self.follower.nudge, self._rehydrate)
        around = Surroundings(
            PostgresConnections(database), reader, intake.append, letters, PostgresEvents(database), options.public_url
        )
        self.connections = Connections(around, KINDS, options.configuration.sources, _credentials)
        self._reader, self._append, self._configuration = reader, intake.append, options.configuration
        self.health = Health(reader, self.follower)
        self.services = Services(
            intake,
            Queries(reader, self.follower, rules_from(options.configuration.rules), Noise(options.configuration.noise)),
            self.connections,
            self.health,
            tokens_from(options.tokens),
        )

    def _rehydrate(self, name: str, event: Mapping[str, Any]) -> int:
        return self.connections.hydrate_thin(name, event)

    def start(self) -> None:
        """Follow the log, and go on with connected sources."""
        declare(self._reader, self._append, self._configuration)
        self.follow()
        self.connections.start()

    def follow(self) -> None:
        """Follow the log, and get ready for questions meanwhile."""
        threading.Thread(target=_warm, name="mlgraph-warm", daemon=True).start()
        self.follower.start()

    def stop(self) -> None:
        """End the threads."""
        self.connections.stop()
        self.follower.stop()


def _warm() -> None:
    graph_warm.warm()
    bulk_warm.warm()


def operated(server: Server, database: Database) -> Operated:
    """Return the services of `server` with those of whoever runs it."""

    def restored() -> None:
        server.follower.nudge()
        server.connections.start()

    return Operated.of(server.services, Archives(PostgresArchive(database), restored))
