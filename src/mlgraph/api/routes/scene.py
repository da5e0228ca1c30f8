"""Route for scenes: a closure as a table of marks."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import compressed_answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import AsOf, Fold, KindFilter, Level, UriQuery, at_least, known_only
from mlgraph.client.answer_shapes.scene_shapes import Scene
from mlgraph.domain.options.scene_options import DEFAULT_MARKS, FEWEST_MARKS, MOST_MARKS, GroupingName, SceneChange, SceneOptions
from mlgraph.domain.options.walk_options import Direction

router = APIRouter(
    prefix="/api/v1", tags=["queries"], dependencies=[Depends(authenticate), Depends(known_only), Depends(at_least)]
)

_ERRORS: Final = (*READ_ERRORS, 404)


class SceneParameters(BaseModel):
    """The parameters of scenes; those of lineage with the same names mean the same."""

    uri: UriQuery
    direction: Annotated[
        Direction, Query(description="With the flow of data (downstream), against it, or the union of the two.")
    ] = "downstream"
    change: Annotated[
        SceneChange | None,
        Query(
            description="Count what a change affects, as impact does (any: as impact without a change); without it, count the "
            "closure."
        ),
    ] = None
    kind: KindFilter = None
    level: Level = None
    as_of: AsOf = None
    from_: Annotated[
        str | None,
        Query(
            alias="from", description="An earlier moment: marks say what appeared, is gone and the same since; not with `change`."
        ),
    ] = None
    certain: Annotated[bool, Query(description="Traverse only certain edges.")] = False
    fold: Fold = True
    by: Annotated[
        GroupingName | None,
        Query(description="What the rows are; teams by default, namespaces where less than half of the assets have a team."),
    ] = None
    open: Annotated[
        list[str] | None,
        Query(
            description="Ids of the folds and rows to open, separated by commas (repeatable), at most 100 in all; ID:N: with at "
            "most N parts."
        ),
    ] = None
    select: Annotated[
        str | None, Query(description="The id of a mark, or the URI of an asset: the answer has the shortest path to it.")
    ] = None
    marks: Annotated[int, Query(ge=FEWEST_MARKS, le=MOST_MARKS, description="How many marks to draw at most.")] = DEFAULT_MARKS

    def options(self) -> SceneOptions:
        """Return the parameters except the URI as options; each has the option's name, except `kind` (`kinds`)."""
        names = ("direction", "change", "level", "as_of", "from_", "certain", "fold", "by", "select", "marks")
        opened = [each for text in self.open or () for each in text.split(",") if each]
        values = {name: getattr(self, name) for name in names}
        return SceneOptions(kinds=tuple(self.kind or ()), open=tuple(opened), **values)


@router.get(
    "/scene",
    summary="A closure as a table of marks",
    response_model=Scene,
    responses=operations.answers("The scene.", errors=_ERRORS),
)
async def scene(
    request: Request,
    services: Services,
    lanes: UseLanes,
    wanted: Annotated[SceneParameters, Query()],
    watermark: Annotated[int | None, Depends(at_least)],
) -> Response:
    """Return the closure of an asset, or what a change affects, as marks in rows and columns; their counts add up to `total`.

    Rows are teams (or kinds, platforms, namespaces, environments), columns are steps from the root. A mark is an asset, or a fold
    with the number of its assets; `open` opens folds in place. `moments` are the times at which the closure changed. With `as_of`
    and `at_least`, the answer has the same bytes until something about the time up to then is recorded (`GET /api/v1/recorded`).
    """
    accepted = request.headers.get("accept-encoding", "")
    return await lanes.heavy.run(
        lambda: compressed_answer(services.scenes.scene(wanted.uri, wanted.options(), at_least=watermark), accepted)
    )
