"""Route for search."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import Kind, Uri, known_only
from mlgraph.client.answer_shapes import search_shapes
from mlgraph.domain.options.search_options import DEFAULT_LIMIT, FILTERS, MAX_LIMIT, AssetState, SearchOptions
from mlgraph.domain.vocabulary import KINDS

_kind_schema: Final[dict[str, Any]] = {"items": {"type": "string", "enum": list(KINDS)}}


async def search_at_least(
    services: Services,
    lanes: UseLanes,
    at_least: Annotated[  # the parameter's name is its name in the query string
        int | None,
        Query(ge=0, le=2**63 - 1, description="Wait until the answer includes this watermark, else 503 with Retry-After."),
    ] = None,
) -> int:
    """Wait until searches include the write with this watermark, and return it. Raises `Unavailable` if that takes too long."""
    if at_least is not None and not services.search_queries.includes(at_least):
        await lanes.at_least.run(lambda: services.search_queries.wait_until(at_least))
    return at_least or 0


router = APIRouter(prefix="/api/v1", tags=["queries"], dependencies=[Depends(authenticate), Depends(known_only)])


class SearchParameters(BaseModel):
    """The parameters of a search; each filter is repeatable, and one of its values must match."""

    q: Annotated[str, Query(description="Words, a name or a URI; quotes mean the phrase. Without it, all assets.")] = ""
    kind: Annotated[list[Kind] | None, Query(description="Only these kinds.", json_schema_extra=_kind_schema)] = None
    owner: Annotated[list[Uri] | None, Query(description="Only assets of these people or teams (URIs).")] = None
    team: Annotated[list[Uri] | None, Query(description="Only assets of these teams (URIs).")] = None
    tag: Annotated[list[str] | None, Query(description="Only assets with one of these tags.")] = None
    platform: Annotated[list[str] | None, Query(description="Only assets in these systems, such as s3 or postgres.")] = None
    environment: Annotated[list[str] | None, Query(description="Only assets of these environments.")] = None
    state: Annotated[
        list[AssetState] | None, Query(description="Only assets in these states; live and deprecated by default.")
    ] = None
    prefix: Annotated[bool, Query(description="The last word is being typed: it may be the start of a word.")] = False
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many hits to list at most.")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Query(description="The `frontier` of a partial answer, to continue it.")] = None
    explain: Annotated[bool, Query(description="Add to each hit how its rank came about.")] = False

    def options(self) -> SearchOptions:
        """Return the parameters except `q` as options."""
        filters = {name: tuple(getattr(self, name) or ()) for name in FILTERS}
        return SearchOptions(**filters, prefix=self.prefix, limit=self.limit, cursor=self.cursor, explain=self.explain)


@router.get(
    "/search",
    summary="Search",
    response_model=search_shapes.Search,
    responses=operations.answers("The hits of a page, with counts.", errors=(*READ_ERRORS, 414)),
)
async def search(
    services: Services,
    lanes: UseLanes,
    wanted: Annotated[SearchParameters, Query()],
    at_least: Annotated[int, Depends(search_at_least)],
) -> Response:
    """Return the assets that match, best first, with the fields and words that matched, and counts by each filter.

    Deleted assets are found with `state=deleted` only.
    """
    options = wanted.options()
    return await lanes.light.run(lambda: answer(services.search_queries.search(wanted.q, options, at_least=at_least)))
