"""Bundle of all services of one server, for the HTTP interface."""

from __future__ import annotations

from dataclasses import dataclass, fields

from mlgraph.services.common.identity import Tokens
from mlgraph.services.curation.annotations import Annotations
from mlgraph.services.discovery.agents.agent_queries import AgentQueries
from mlgraph.services.discovery.changes.change_feed import ChangeFeed
from mlgraph.services.discovery.changes.recorded_count import RecordedCount
from mlgraph.services.discovery.coverage.coverage import Coverage
from mlgraph.services.discovery.discovery import Discovery
from mlgraph.services.discovery.pull_requests.changed_files import ChangedFiles
from mlgraph.services.discovery.team_overview import TeamOverview
from mlgraph.services.ingest.intake import Intake
from mlgraph.services.queries.asset_names import AssetNames
from mlgraph.services.queries.query import Queries
from mlgraph.services.queries.scene.scenes import Scenes
from mlgraph.services.search.search_pages import SearchPages
from mlgraph.services.search.search_queries import SearchQueries
from mlgraph.services.server.archives import Archives
from mlgraph.services.server.browser_sessions import BrowserSessions
from mlgraph.services.server.health import Health
from mlgraph.services.sources.source_manager import SourceManager


@dataclass(frozen=True, slots=True)
class Services:
    """The services, without backup and restore."""

    intake: Intake
    queries: Queries
    scenes: Scenes
    names: AssetNames
    search_queries: SearchQueries
    changed_files: ChangedFiles
    search_pages: SearchPages
    connections: SourceManager
    health: Health
    tokens: Tokens
    sessions: BrowserSessions
    agents: AgentQueries
    discovery: Discovery
    changes: ChangeFeed
    recorded: RecordedCount
    annotations: Annotations
    coverage: Coverage
    teams: TeamOverview


@dataclass(frozen=True, slots=True)
class ServerServices(Services):
    """The services with those of the operator of the server."""

    archives: Archives

    @classmethod
    def extended(cls, services: Services, archives: Archives) -> ServerServices:
        """Return `services` with `archives`."""
        own = {each.name: getattr(services, each.name) for each in fields(Services)}
        return cls(**own, archives=archives)
