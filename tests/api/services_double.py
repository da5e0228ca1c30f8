"""A double of all services that records calls and returns constant answers, for tests of HTTP and of the command line.

Answers of the graph itself are tested elsewhere, over the real services and a real PostgreSQL. The arguments of each recorded
call are checked against the signature of the real service.
"""

import hashlib
import inspect
from dataclasses import dataclass, field
from typing import Any, Final, cast

from fastapi import FastAPI

from mlgraph.api.app import create_app
from mlgraph.api.http.limits import ServerLimits
from mlgraph.api.schema import discovery_examples, operations, portal_examples, scene_examples
from mlgraph.domain.errors import UnknownAsset
from mlgraph.domain.options.scene_options import SceneOptions
from mlgraph.domain.options.search_options import SearchOptions
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.services.common.identity import Caller, Tokens
from mlgraph.services.curation.annotations import Annotations
from mlgraph.services.discovery.changes.change_feed import ChangeFeed
from mlgraph.services.discovery.changes.recorded_count import RecordedCount
from mlgraph.services.discovery.coverage.coverage import Coverage
from mlgraph.services.discovery.pull_requests.changed_files import ChangedFilesRequest
from mlgraph.services.discovery.team_overview import TeamOverview
from mlgraph.services.ingest.intake import Intake
from mlgraph.services.queries.asset_names import AssetNames
from mlgraph.services.queries.query import Queries
from mlgraph.services.queries.scene.scenes import Scenes
from mlgraph.services.search.search_queries import SearchQueries
from mlgraph.services.server.archives import Archives
from mlgraph.services.server.browser_sessions import BrowserSessions
from mlgraph.services.server.bundle import ServerServices
from mlgraph.services.server.health import Health
from mlgraph.services.sources.source_manager import SourceManager
from tests.api.double_answers import ASSET, DIFF, LAKE, LIVE, TOKEN, Body
from tests.api.double_parts import ChangesDouble, IntakeDouble, NoPages, OperatorDouble, SessionsInMemory

SERVICES: Final = (Annotations, Archives, SourceManager, Health, Intake, Queries, Scenes, SearchQueries, AssetNames)


@dataclass
class Double(OperatorDouble, IntakeDouble, ChangesDouble):
    """All services in one object; `calls` records their calls, `failure` is raised by each call."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failure: Exception | None = None
    watermark: int = -1
    brief: bool = False
    resolutions: dict[str, Body] = field(default_factory=dict)
    """What `matches` answers about some names; others are those of one asset."""
    known: Tokens = field(default_factory=lambda: Tokens({hashlib.sha256(TOKEN.encode()).hexdigest(): Caller("ci")}))

    sessions: BrowserSessions = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = BrowserSessions(self.known, SessionsInMemory())

    @property
    def intake(self) -> "Double":
        return self

    @property
    def queries(self) -> "Double":
        return self

    @property
    def scenes(self) -> "Double":
        return self

    @property
    def search_queries(self) -> "Double":
        return self

    @property
    def changed_files(self) -> "Double":
        return self

    @property
    def search_pages(self) -> NoPages:
        return NoPages()

    @property
    def pages(self) -> NoPages:
        return NoPages()

    @property
    def connections(self) -> "Double":
        return self

    @property
    def health(self) -> "Double":
        return self

    @property
    def archives(self) -> "Double":
        return self

    @property
    def annotations(self) -> "Double":
        return self

    @property
    def tokens(self) -> "Double":
        return self

    def _note(self, call: str, /, **arguments: object) -> None:
        [method] = [getattr(service, call) for service in SERVICES if hasattr(service, call)]
        inspect.signature(method).bind_partial(self, **arguments)
        self.calls.append((call, arguments))
        if self.failure is not None:
            raise self.failure

    def caller(self, bearer: str | None, *, loopback: bool) -> Caller:
        return self.known.caller(bearer, loopback=loopback)

    def wait_for(self, watermark: int) -> None:
        self._note("wait_for", watermark=watermark)

    def reached(self, watermark: int) -> bool:
        return watermark <= self.watermark

    def lineage_at_once(self, uri: str, options: WalkOptions) -> Body | None:
        return self.lineage(uri, options) if self.brief else None

    def lineage(self, uri: str, options: WalkOptions) -> Body:
        self._note("lineage", uri=uri, options=options)
        return dict(operations.LINEAGE)

    def impact(self, uri: str, options: WalkOptions, *, change: str | None) -> Body:
        self._note("impact", uri=uri, options=options, change=change)
        return dict(operations.IMPACT)

    def scene(self, uri: str, options: SceneOptions, *, at_least: int | None) -> Body:
        self._note("scene", uri=uri, options=options, at_least=at_least)
        return dict(scene_examples.SCENE)

    def propagation(self, uri: str, **options: object) -> Body:
        self._note("propagation", uri=uri, **options)
        return dict(operations.PROPAGATION)

    def wait_until(self, watermark: int) -> None:
        self._note("wait_until", watermark=watermark)

    def includes(self, watermark: int) -> bool:
        return watermark <= self.watermark

    def search(self, q: str, options: SearchOptions, *, at_least: int) -> Body:
        self._note("search", q=q, options=options, at_least=at_least)
        return dict(operations.SEARCH)

    def impact_of(self, request: ChangedFilesRequest) -> Body:
        self._note("impact_of", request=request)
        return dict(operations.CHANGED_FILES)

    def path(self, source: str, target: str, **options: object) -> Body:
        self._note("path", source=source, target=target, **options)
        return dict(operations.PATH)

    def asset(self, uri: str, **options: object) -> Body:
        self._note("asset", uri=uri, **options)
        if uri != LAKE:
            raise UnknownAsset(f"no fact and no reference has named {uri}")
        return ASSET

    @property
    def names(self) -> "NamesDouble":
        return NamesDouble(self)

    def matches(self, name: str) -> Body:
        self._note("matches", name=name)
        return {**discovery_examples.RESOLVED, "name": name, **self.resolutions.get(name, {})}

    @property
    def changes(self) -> "ChangeFeedDouble":
        return ChangeFeedDouble(self)

    @property
    def recorded(self) -> "RecordedDouble":
        return RecordedDouble(self)

    @property
    def teams(self) -> "TeamDouble":
        return TeamDouble(self)

    @property
    def coverage(self) -> "CoverageDouble":
        return CoverageDouble(self)

    def why(self, source: str, relation: str, target: str, **options: object) -> Body:
        self._note("why", source=source, relation=relation, target=target, **options)
        return dict(operations.WHY)

    def diff(self, from_: str, to: str, uri: str | None, **options: object) -> Body:
        self._note("diff", from_=from_, to=to, uri=uri, **options)
        return DIFF

    def live(self, service: str | None, **options: object) -> Body:
        self._note("live", service=service, **options)
        return LIVE


class CoverageDouble:
    """What is known of the versions that serve."""

    def __init__(self, double: Double) -> None:
        self._double = double

    def coverage(self, **options: object) -> Body:
        inspect.signature(Coverage.coverage).bind_partial(self, **options)
        self._double.calls.append(("coverage", options))
        return dict(portal_examples.COVERAGE)


class TeamDouble:
    """Teams."""

    def __init__(self, double: Double) -> None:
        self._double = double

    def team(self, uri: str, **options: object) -> Body:
        inspect.signature(TeamOverview.team).bind_partial(self, uri, **options)
        self._double.calls.append(("team", {"uri": uri, **options}))
        return dict(portal_examples.TEAM)


class ChangeFeedDouble:
    """The feed of changes."""

    def __init__(self, double: Double) -> None:
        self._double = double

    def changes(self, from_: str | None, to: str | None, **options: object) -> Body:
        inspect.signature(ChangeFeed.changes).bind_partial(self, from_, to, **options)
        self._double.calls.append(("changes", {"from_": from_, "to": to, **options}))
        return dict(discovery_examples.CHANGES)


class RecordedDouble:
    """Facts by the time of their recording."""

    def __init__(self, double: Double) -> None:
        self._double = double

    def since(self, as_of: str, after: int) -> Body:
        inspect.signature(RecordedCount.since).bind(self, as_of, after)
        self._double.calls.append(("since", {"as_of": as_of, "after": after}))
        return dict(discovery_examples.RECORDED)


class NamesDouble:
    """Both the call `names` of the queries and the service of that name."""

    def __init__(self, double: Double) -> None:
        self._double = double
        self.matches = double.matches
        self.uri_of = str

    def __call__(self, uri: str | None) -> Body:
        self._double._note("names", uri=uri)
        return dict(operations.NAMES)


def app_over(double: Double, *, loopback: bool = True, limits: ServerLimits | None = None) -> FastAPI:
    """Return the application over a double of all services."""
    return create_app(cast("ServerServices", double), loopback=loopback, limits=limits)
