"""The GraphQL schema: the fields `asset`, `impact` and `search`, each with what its HTTP call answers."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

import strawberry
from graphql import EnumValueNode, GraphQLEnumType, GraphQLError, GraphQLSchema, StringValueNode, print_schema
from strawberry.schema.config import StrawberryConfig

from mlgraph.api.graphql.assets import (
    After,
    AsOf,
    AtLeast,
    Certain,
    Depth,
    First,
    Fold,
    GraphqlAsset,
    ImpactConnection,
    Kinds,
    impact_page,
)
from mlgraph.api.graphql.limits import MAX_WATERMARK
from mlgraph.api.graphql.searches import SearchConnection
from mlgraph.api.graphql.types import ChangeKind, Info, Level, Long, SearchState
from mlgraph.domain.options.search_options import SearchOptions
from mlgraph.domain.options.walk_options import WalkOptions, one_of
from mlgraph.domain.vocabulary import KINDS


def _long(value: object) -> Long:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_WATERMARK:
        raise GraphQLError("a watermark is a whole number from 0 to 2^63 - 1")
    return Long(value)


OneOf = Annotated[list[str] | None, strawberry.argument(description="Only assets with one of these values.")]
Uri = Annotated[str, strawberry.argument(description="The asset: its URI, or a name that means one asset.")]
_LONG: Final = strawberry.scalar(
    name="Long",
    description="A whole number of 64 bits.",
    serialize=int,
    parse_value=_long,
)


@strawberry.type(description="The graph, read only.")
class Query:
    """The root of every query."""

    @strawberry.field(description="An asset; null with an error if no fact names it.")
    def asset(self, info: Info, uri: Uri, as_of: AsOf = None, at_least: AtLeast = None) -> GraphqlAsset | None:
        """Return an asset. `at_least` was waited for before the query began."""
        del at_least
        return GraphqlAsset.of(info.context.pages.asset(info.context.uri_of(uri), as_of))

    @strawberry.field(description="What a change of an asset affects; without `change`, everything downstream.")
    def impact(
        self,
        info: Info,
        uri: Uri,
        first: First,
        change: ChangeKind | None = None,
        after: After = None,
        depth: Depth = None,
        kind: Kinds = None,
        level: Level | None = None,
        as_of: AsOf = None,
        certain: Certain = False,
        fold: Fold = True,
        at_least: AtLeast = None,
    ) -> ImpactConnection | None:
        """Return a page of the affected assets."""
        del at_least
        options = WalkOptions(
            depth=depth, kinds=tuple(kind or ()), level=level.value if level else None, as_of=as_of, certain=certain, fold=fold
        )
        return impact_page(info, info.context.uri_of(uri), first, after, change, options)

    @strawberry.field(description="The assets that match words, a name or a URI, best first; without `q`, all assets.")
    def search(
        self,
        info: Info,
        q: Annotated[str, strawberry.argument(description="Words, a name or a URI; quotes mean the phrase.")],
        first: First,
        after: After = None,
        kind: OneOf = None,
        owner: OneOf = None,
        team: OneOf = None,
        tag: OneOf = None,
        platform: OneOf = None,
        environment: OneOf = None,
        state: list[SearchState] | None = None,
        prefix: Annotated[bool, strawberry.argument(description="The last word may be the start of a word.")] = False,
        explain: Annotated[bool, strawberry.argument(description="Say of each hit how its rank came about.")] = False,
        at_least: AtLeast = None,
    ) -> SearchConnection | None:
        """Return a page of hits."""
        del at_least
        for each in kind or ():
            one_of("kind", each, KINDS)
        uri_of = info.context.uri_of
        options = SearchOptions(
            kind=tuple(kind or ()),
            owner=tuple(map(uri_of, owner or ())),
            team=tuple(map(uri_of, team or ())),
            tag=tuple(tag or ()),
            platform=tuple(platform or ()),
            environment=tuple(environment or ()),
            state=tuple(each.value for each in state or ()),
            prefix=prefix,
            explain=explain,
        )
        page = info.context.searches.page(q, options, first, after)
        return SearchConnection.of_page(page, info.context.pages)


def build_schema() -> GraphQLSchema:
    """Return the schema with its resolvers."""
    built = strawberry.Schema(Query, config=StrawberryConfig(scalar_map={Long: _LONG}))
    schema: GraphQLSchema = built._schema  # noqa: SLF001 - graphql-core executes it, after limits that strawberry lacks
    for named in schema.type_map.values():
        if isinstance(named, GraphQLEnumType) and not named.name.startswith("__"):
            _accept_any_spelling(named)
    return schema


def _accept_any_spelling(enum: GraphQLEnumType) -> None:
    """Let `enum` accept `downstream` and `"downstream"` besides DOWNSTREAM: other interfaces spell its values in lower case."""
    of_value, of_literal = enum.coerce_input_value, enum.coerce_input_literal

    def coerce_value(value: Any, hide_suggestions: bool = False) -> Any:  # noqa: ANN401 - as in graphql-core
        return of_value(value.upper() if isinstance(value, str) else value, hide_suggestions)

    def coerce_literal(node: Any, hide_suggestions: bool = False) -> Any:  # noqa: ANN401 - the same
        spelled = isinstance(node, EnumValueNode | StringValueNode)
        return of_literal(EnumValueNode(value=node.value.upper(), loc=node.loc) if spelled else node, hide_suggestions)

    enum.coerce_input_value = coerce_value  # type: ignore[assignment, method-assign]
    enum.coerce_input_literal = coerce_literal  # type: ignore[assignment, method-assign]


def schema_text(schema: GraphQLSchema) -> str:
    """Return the schema in the schema definition language, as docs/schema.graphql has it."""
    return print_schema(schema).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text(build_schema()))
