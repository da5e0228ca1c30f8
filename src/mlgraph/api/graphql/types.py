"""The types of the GraphQL schema. Names are those of the HTTP answers, in camelCase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NewType, cast

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.scalars import JSON

from mlgraph.services.history.asset_states import State
from mlgraph.services.queries.paged.closure_pages import AssetRef, ClosurePages
from mlgraph.services.search.search_pages import SearchPages

Long = NewType("Long", int)
"""A watermark has more than the 32 bits of GraphQL's Int."""


@strawberry.enum(description="With the flow of data (DOWNSTREAM), against it (UPSTREAM), or the union of the two.")
class Direction(Enum):
    """Direction of a traversal."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    BOTH = "both"


@strawberry.enum(
    description="The shape changes (SCHEMA), the data was wrong (VALUES), it may no longer be used (WITHDRAW), "
    "the asset is removed (RETIRE)."
)
class ChangeKind(Enum):
    """Kind of a change."""

    SCHEMA = "schema"
    VALUES = "values"
    WITHDRAW = "withdraw"
    RETIRE = "retire"


@strawberry.enum(description="Workflows and their current edges (ASSET), or single runs (RUN).")
class Level(Enum):
    """Level of a traversal."""

    ASSET = "asset"
    RUN = "run"


@strawberry.enum(description="Whether the asset is current; a search finds deleted ones only if it asks for them.")
class SearchState(Enum):
    """State of a found asset."""

    LIVE = "live"
    DEPRECATED = "deprecated"
    DELETED = "deleted"


@dataclass(slots=True)
class QueryContext:
    """The services that fields of one request use."""

    uri_of: Callable[[str], str]
    """Returns the URI of the asset that a name means."""
    pages: ClosurePages
    searches: SearchPages
    states: DataLoader[AssetRef, State]


Info = strawberry.Info[QueryContext, None]


@strawberry.type(name="Owner", description="A person or team that owns an asset.")
class GraphqlOwner:
    """An owner."""

    uri: str
    kind: str


@strawberry.type(name="Health", description="From the latest reports: ok, failing or unknown.")
class GraphqlHealth:
    """The health of an asset."""

    status: str
    reasons: list[str]


@strawberry.type(description="Relay's page information: `after: endCursor` asks for the next page.")
class PageInfo:
    """Where a page ends."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="How many assets noise rules leave out, by rule.")
class FoldedAssets:
    """Hidden assets."""

    count: int
    by_rule: JSON

    @classmethod
    def of(cls, folded: Any) -> FoldedAssets:  # noqa: ANN401 - the same object as in HTTP answers
        """Return the GraphQL form of the field `folded`."""
        return cls(count=folded["count"], by_rule=cast("JSON", folded["by_rule"]))
