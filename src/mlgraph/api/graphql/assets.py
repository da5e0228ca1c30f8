"""Assets and the connections between them: lineage and impact as Relay connections."""

from __future__ import annotations

from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from mlgraph.api.graphql.types import (
    ChangeKind,
    Direction,
    FoldedAssets,
    GraphqlHealth,
    GraphqlOwner,
    Info,
    Level,
    Long,
    PageInfo,
)
from mlgraph.domain import deadlines
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.uri import AssetUri
from mlgraph.services.history.asset_states import State
from mlgraph.services.queries.paged.closure_pages import AssetRef, ImpactPage, LineagePage, ListingPage

First = Annotated[int, strawberry.argument(description="How many, from 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor behind which the page begins.")]
Depth = Annotated[int | None, strawberry.argument(description="How many edges to traverse at most.")]
Kinds = Annotated[list[str] | None, strawberry.argument(description="List only these kinds; all kinds are traversed.")]
AsOf = Annotated[str | None, strawberry.argument(description="The moment to answer for (RFC 3339 with a zone); now by default.")]
Certain = Annotated[bool, strawberry.argument(description="Traverse only certain edges.")]
Fold = Annotated[bool, strawberry.argument(description="Hide assets that noise rules match.")]
AtLeast = Annotated[Long | None, strawberry.argument(description="Wait until the answer includes this watermark.")]


@strawberry.type(name="Asset", description="An asset of the graph. Its state is the one at the moment of the query.")
class GraphqlAsset:
    """An asset; `ref` is what the graph knows of it, its state is read when a field asks for it."""

    ref: strawberry.Private[AssetRef]
    uri: str
    kind: str
    name: str

    @classmethod
    def of(cls, ref: AssetRef) -> GraphqlAsset:
        """Return the GraphQL form of an asset."""
        return cls(ref=ref, uri=ref.uri, kind=ref.kind, name=ref.name)

    @strawberry.field(description="The owners: persons and teams.")
    def owners(self) -> list[GraphqlOwner]:
        """Return the current owners."""
        return [GraphqlOwner(uri=uri, kind=AssetUri.parse(uri).kind) for uri in self.ref.owners]

    @strawberry.field(description="What sources describe the asset as.")
    async def description(self, info: Info) -> str | None:
        """Return the description, or None."""
        return (await self._state(info)).get("description")

    @strawberry.field(description="The tags of all sources.")
    async def tags(self, info: Info) -> list[str]:
        """Return the tags."""
        return list((await self._state(info)).get("tags", ()))

    @strawberry.field(description="What sources report besides, such as the schema of a dataset.")
    async def properties(self, info: Info) -> JSON:
        """Return the properties."""
        return cast("JSON", (await self._state(info)).get("properties", {}))

    @strawberry.field(description="The health, from the latest reports.")
    async def health(self, info: Info) -> GraphqlHealth:
        """Return the health."""
        found = (await self._state(info))["health"]
        return GraphqlHealth(status=found["status"], reasons=found["reasons"])

    @strawberry.field(description="The closure of the asset, itself included at distance 0, nearest first, then by URI.")
    def lineage(
        self,
        info: Info,
        first: First,
        after: After = None,
        direction: Direction = Direction.DOWNSTREAM,
        depth: Depth = None,
        kind: Kinds = None,
        level: Level | None = None,
        as_of: AsOf = None,
        certain: Certain = False,
        fold: Fold = True,
        at_least: AtLeast = None,
    ) -> LineageConnection:
        """Return a page of the closure. `at_least` was waited for before the query began."""
        del at_least
        deadlines.raise_if_exceeded()
        options = WalkOptions(
            direction=direction.value,
            depth=depth,
            kinds=tuple(kind or ()),
            level=level.value if level else None,
            as_of=as_of,
            certain=certain,
            fold=fold,
        )
        moment = self.ref.moment if self.ref.dated else None
        page = info.context.pages.lineage(self.uri, options, first, after, moment=moment)
        return LineageConnection.of_page(page)

    async def _state(self, info: Info) -> State:
        return await info.context.states.load(self.ref)


@strawberry.type(description="An asset of a closure, and how it was reached.")
class LineageEdge:
    """A listed asset."""

    cursor: str
    distance: int
    certainty: str
    deleted: bool
    node: GraphqlAsset


@strawberry.type(name="Link", description="An edge between two assets of a page, as in `GET /api/v1/lineage`.")
class GraphqlLink:
    """An edge of the graph."""

    source: str
    relation: str
    target: str
    origins: list[str]
    certainty: str
    folded: int | None


@strawberry.type(description="A page of a closure; all pages show the graph at the same watermark.")
class LineageConnection:
    """A page of lineage."""

    page: strawberry.Private[LineagePage]
    root: str
    direction: str
    level: str
    as_of: str
    total_count: int
    watermark: Long
    ambiguous: list[str]
    page_info: PageInfo

    @classmethod
    def of_page(cls, page: LineagePage) -> LineageConnection:
        """Return the GraphQL form of a page."""
        return cls(
            page=page,
            root=page.root,
            direction=page.scope.options.direction,
            level=page.level,
            as_of=page.as_of,
            total_count=page.total,
            watermark=Long(page.watermark),
            ambiguous=page.ambiguous,
            page_info=page_info(page),
        )

    @strawberry.field(description="The assets of this page.")
    def edges(self) -> list[LineageEdge]:
        """Return the listed assets."""
        return [
            LineageEdge(
                cursor=self.page.cursor(position),
                distance=entry.distance,
                certainty=entry.certainty,
                deleted=entry.deleted,
                node=GraphqlAsset.of(entry.asset),
            )
            for position, entry in enumerate(self.page.entries, self.page.start + 1)
        ]

    @strawberry.field(description="The edges of the graph between the root and the assets of this page.")
    def links(self) -> list[GraphqlLink]:
        """Return the edges of the graph."""
        return [GraphqlLink(**{"folded": None, **link}) for link in self.page.links()]

    @strawberry.field(description="What noise rules leave out.")
    def folded(self) -> FoldedAssets:
        """Return the hidden assets of all pages."""
        return FoldedAssets.of(self.page.folded)


@strawberry.type(description="An affected asset; `path` has the URIs from the changed asset to this one.")
class ImpactEdge:
    """An affected asset."""

    cursor: str
    distance: int
    severity: str
    effect: str | None
    certainty: str
    path: list[str]
    node: GraphqlAsset


@strawberry.type(description="How many affected assets have each severity.")
class SeverityCounts:
    """Counts by severity."""

    critical: int
    high: int
    medium: int
    low: int


@strawberry.type(description="An owner to notify, with how many of its assets are affected.")
class Notification:
    """An owner with its affected assets."""

    uris: strawberry.Private[list[str]]
    owner: str
    total_count: int

    @strawberry.field(description="The URIs of the first affected assets of this owner.")
    def assets(self, first: First) -> list[str]:
        """Return the first affected assets."""
        return self.uris[:first]


@strawberry.type(description="An owner of a list of owners.")
class NotificationEdge:
    """A listed owner."""

    node: Notification


@strawberry.type(description="The first owners to notify; `totalCount` counts all. Each affected asset has its owners, too.")
class NotificationConnection:
    """The first owners to notify."""

    total_count: int
    edges: list[NotificationEdge]


@strawberry.type(description="A page of what a change affects; all pages show the graph at the same watermark.")
class ImpactConnection:
    """A page of impact."""

    page: strawberry.Private[ImpactPage]
    root: str
    change: str | None
    level: str
    as_of: str
    total_count: int
    watermark: Long
    ambiguous: list[str]
    page_info: PageInfo

    @classmethod
    def of_page(cls, page: ImpactPage) -> ImpactConnection:
        """Return the GraphQL form of a page."""
        return cls(
            page=page,
            root=page.root,
            change=page.listing.change,
            level=page.level,
            as_of=page.as_of,
            total_count=page.total,
            watermark=Long(page.watermark),
            ambiguous=page.ambiguous,
            page_info=page_info(page),
        )

    @strawberry.field(description="The affected assets of this page, nearest first, then by URI.")
    def edges(self) -> list[ImpactEdge]:
        """Return the affected assets."""
        return [
            ImpactEdge(
                cursor=self.page.cursor(position),
                distance=entry.distance,
                severity=entry.severity,
                effect=entry.effect,
                certainty=entry.certainty,
                path=list(entry.path),
                node=GraphqlAsset.of(entry.asset),
            )
            for position, entry in enumerate(self.page.entries, self.page.start + 1)
        ]

    @strawberry.field(description="Over all pages.")
    def by_severity(self) -> SeverityCounts:
        """Return the counts."""
        return SeverityCounts(**self.page.by_severity())

    @strawberry.field(description="The first owners, by URI, to notify of the affected assets of all pages.")
    def notify(self, first: First) -> NotificationConnection:
        """Return the first owners."""
        owners = self.page.notify()
        nodes = [
            Notification(uris=each["assets"], owner=each["owner"], total_count=len(each["assets"])) for each in owners[:first]
        ]
        return NotificationConnection(total_count=len(owners), edges=[NotificationEdge(node=node) for node in nodes])

    @strawberry.field(description="What noise rules leave out.")
    def folded(self) -> FoldedAssets:
        """Return the hidden assets of all pages."""
        return FoldedAssets.of(self.page.folded)


def page_info(page: ListingPage) -> PageInfo:
    """Return Relay's page information of a page."""
    listed = page.stop > page.start
    return PageInfo(
        has_next_page=page.stop < page.total,
        has_previous_page=page.start > 0,
        start_cursor=page.cursor(page.start + 1) if listed else None,
        end_cursor=page.cursor(page.stop) if listed else None,
    )


def impact_page(
    info: Info, uri: str, first: int, after: str | None, change: ChangeKind | None, options: WalkOptions
) -> ImpactConnection:
    """Return a page of the impact of a change of `uri`."""
    deadlines.raise_if_exceeded()
    word = change.value if change else None
    return ImpactConnection.of_page(info.context.pages.impact(uri, options, first, after, change=word))
