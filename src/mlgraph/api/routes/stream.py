"""Route for server-sent events: a page learns that the graph has moved without asking again and again."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from mlgraph.api.http.authentication import authenticate
from mlgraph.api.http.event_stream import EventStreamResponse, WatermarkFeed
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.parameters import known_only
from mlgraph.domain.errors import Forbidden, InvalidInput, Unauthorized, Unavailable
from mlgraph.domain.text.suggestions import did_you_mean

TOPICS: Final = ("watermark",)

router = APIRouter(prefix="/api/v1", tags=["stream"], dependencies=[Depends(authenticate), Depends(known_only)])


@router.get(
    "/stream",
    summary="Events of the server",
    response_class=Response,
    responses={
        **operations.answers("Server-sent events.", errors=(401, 403, 422, 503)),
        200: {
            "description": "Server-sent events.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": operations.WATERMARK_EVENT}},
        },
    },
)
async def stream(
    request: Request,
    lanes: UseLanes,
    topics: Annotated[str, Query(description=f"What to hear of, separated by commas: {', '.join(TOPICS)}.")] = "watermark",
) -> Response:
    """Send server-sent events until the client disconnects.

    The first event is the present state, whatever `Last-Event-ID` says.
    An event `watermark` comes when answers include more, or lag, at most four a second: `{watermark, assets, behind, lag_s}`.
    At most 200 clients are connected to a process; a further one is answered 503.
    """
    for topic in topics.split(","):
        if topic.strip() not in TOPICS:
            hint = did_you_mean(topic, TOPICS, f"the topics are {', '.join(TOPICS)}")
            raise InvalidInput(f"query parameter 'topics': unknown topic {topic[:60]!r}; {hint}")
    feed: WatermarkFeed = request.app.state.watermarks
    if feed.closed:
        raise Unavailable("the server stops", retry_after_s=2)

    async def is_allowed() -> bool:
        try:
            await authenticate(request)
        except (Forbidden, Unauthorized):
            return False
        return True

    lanes.streams.acquire()
    return EventStreamResponse(feed.events(is_allowed), lanes.streams)
