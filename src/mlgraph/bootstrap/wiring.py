"""Wiring of one server: the construction of its services from concrete adapters."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from typing import Any

from mlgraph.bootstrap import kernels
from mlgraph.bootstrap.configuration import credentials_at
from mlgraph.bootstrap.inferring import rules_from
from mlgraph.bootstrap.ingest_process import IngestProcess
from mlgraph.bootstrap.options import Options
from mlgraph.domain.configuration import SecretPlace
from mlgraph.domain.credentials import Credentials
from mlgraph.graph.noise.rules import Noise
from mlgraph.ports.connector import ConnectorRegistry
from mlgraph.services.common.identity import tokens_from
from mlgraph.services.common.registries import ModelRegistries
from mlgraph.services.curation.annotations import Annotations
from mlgraph.services.curation.usage_counter import UsageCounter
from mlgraph.services.discovery.agents.agent_queries import AgentQueries
from mlgraph.services.discovery.changes.change_feed import ChangeFeed
from mlgraph.services.discovery.changes.recorded_count import RecordedCount
from mlgraph.services.discovery.coverage.coverage import Coverage
from mlgraph.services.discovery.discovery import Discovery
from mlgraph.services.discovery.pull_requests.changed_files import ChangedFiles
from mlgraph.services.discovery.similarity_index import SimilarityIndex
from mlgraph.services.discovery.team_overview import TeamOverview
from mlgraph.services.ingest.intake import Intake, IntakeStores
from mlgraph.services.projection.base_manager import BaseManager
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.asset_names import AssetNames
from mlgraph.services.queries.query import Queries
from mlgraph.services.queries.scene.scenes import Scenes
from mlgraph.services.search.projection import SearchProjection
from mlgraph.services.search.search_pages import SearchPages
from mlgraph.services.search.search_queries import SearchQueries
from mlgraph.services.server.archives import Archives
from mlgraph.services.server.browser_sessions import BrowserSessions
from mlgraph.services.server.bundle import ServerServices, Services
from mlgraph.services.server.health import Health
from mlgraph.services.sources.configured_identity import sync_configured_identity
from mlgraph.services.sources.source_manager import SourceManager
from mlgraph.services.sources.source_writer import SourceDependencies
from mlgraph.stores.append.writer import PostgresWriter
from mlgraph.stores.backup.archive import PostgresArchive
from mlgraph.stores.base_files import BaseFileDirectory
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.dead_letters import PostgresDeadLetters
from mlgraph.stores.postgres.event_warnings import PostgresEventWarnings
from mlgraph.stores.postgres.events import PostgresEvents
from mlgraph.stores.postgres.exclusion import PostgresExclusion
from mlgraph.stores.postgres.reader import PostgresReader
from mlgraph.stores.postgres.recorded_facts import PostgresRecordedFacts
from mlgraph.stores.postgres.usage import PostgresUsage
from mlgraph.stores.search_index.search_files import SearchFiles
from mlgraph.stores.search_index.word_vectors import WordVectors
from mlgraph.stores.session_files import SessionFiles


def _credentials(place: SecretPlace) -> Credentials:
    return credentials_at(place, os.environ)


def _store_name(url: str | None) -> str:
    """Return the name of the directory with the base files of a store, which differs for the stores of one data directory."""
    return "embedded" if url is None else hashlib.blake2b(url.encode(), digest_size=8).hexdigest()


class Server:
    """The services of one server on an open database, and their threads."""

    def __init__(self, database: Database, options: Options, connectors: ConnectorRegistry, *, first: bool = True) -> None:
        """Construct the services. `first`: this process writes base files and reads connected tools."""
        reader, dead_letters = PostgresReader(database), PostgresDeadLetters(database)
        files = BaseFileDirectory(options.data / "snapshots" / _store_name(options.store))
        rules = rules_from(options.configuration.rules)
        base_manager = BaseManager(reader, files, writes_files=first, in_passing=connectors.in_passing, rules=rules)
        self.follower = Follower(reader, base_manager)
        writer = PostgresWriter(database, self.follower.on_commit)
        elsewhere = IngestProcess(database, options).ingest_lines
        warnings = PostgresEventWarnings(database)
        stored, events = PostgresConnections(database), PostgresEvents(database)
        registries = ModelRegistries(stored, connectors)
        stores = IntakeStores(writer, dead_letters, warnings)
        intake = Intake(stores, self.follower.nudge, self._rehydrate, connectors, elsewhere, registries)
        dependencies = SourceDependencies(
            stored, reader, intake.append, dead_letters, events, warnings, options.public_url, registries
        )
        recorded = PostgresRecordedFacts(database)
        self.connections = SourceManager(dependencies, connectors, options.configuration.sources, _credentials)
        self._reader, self._append, self._configuration = reader, intake.append, options.configuration
        index = SearchFiles(options.data / "search" / _store_name(options.store), writes=first)
        self.search = SearchProjection(reader, self.follower, index, writes=first)
        noise = Noise(options.configuration.noise)
        self.similarity = SimilarityIndex(reader, self.follower, WordVectors().of)
        self._is_first = first
        searches = SearchQueries(self.search)
        usage = PostgresUsage(database)
        self.usage = UsageCounter(usage)
        queries = Queries(reader, self.follower, noise, usage, self.usage.requested)
        self.health = Health(reader, self.follower, self.search)
        names = AssetNames(reader, self.follower)
        tokens = tokens_from(options.tokens)
        self.services = Services(
            intake=intake,
            queries=queries,
            scenes=Scenes(reader, self.follower, noise, self.usage.requested),
            names=names,
            search_queries=searches,
            search_pages=SearchPages(searches),
            changed_files=ChangedFiles(reader, self.follower, names, noise),
            connections=self.connections,
            health=self.health,
            tokens=tokens,
            sessions=BrowserSessions(tokens, SessionFiles(options.data / "sessions")),
            agents=AgentQueries(reader, self.follower, noise, self.usage.requested),
            discovery=Discovery(reader, self.follower, self.similarity, intake.append, searches, checks=first),
            changes=ChangeFeed(reader, recorded, self.follower),
            recorded=RecordedCount(reader, recorded, self.follower),
            coverage=Coverage(reader, self.follower, connectors, stored),
            teams=TeamOverview(reader, self.follower),
            annotations=Annotations(reader, self.follower, queries, intake.append, PostgresExclusion(database)),
        )

    def _rehydrate(self, name: str, event: Mapping[str, Any]) -> int:
        return self.connections.hydrate_thin(name, event)

    def start(self) -> None:
        """Follow the log, and resume the connected sources."""
        sync_configured_identity(self._reader, self._append, self._configuration)
        self.follow()
        self.connections.start()

    def follow(self) -> None:
        """Follow the log, count usage, and warm up the kernels for queries in a thread."""
        threading.Thread(target=kernels.warm, name="mlgraph-warm", daemon=True).start()
        self.follower.start()
        self.search.start()
        if self._is_first:  # workers forward what it answers
            self.similarity.start()
        self.usage.start()

    def stop(self) -> None:
        """Stop the threads."""
        self.connections.stop()
        self.search.stop()
        self.similarity.stop()
        self.usage.stop()
        self.follower.stop()


def server_services(server: Server, database: Database) -> ServerServices:
    """Return the services of `server`, with those for its operators."""

    def restored() -> None:
        server.follower.nudge()
        server.connections.start()

    return ServerServices.extended(server.services, Archives(PostgresArchive(database), restored))
