"""Routes for what is built already: similar assets, plans, dismissals."""

from __future__ import annotations

from typing import Annotated, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from mlgraph.api.http import request_bodies
from mlgraph.api.http.authentication import Caller, Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS, WRITE_ERRORS
from mlgraph.api.schema.parameters import Uri, known_only
from mlgraph.client.answer_shapes import similar_shapes
from mlgraph.domain.errors import InvalidInput, TooLarge
from mlgraph.domain.payloads.payload import Located, decode_json
from mlgraph.services.discovery.described_assets import COMPARED
from mlgraph.services.discovery.plans import MAX_TEXT_BYTES
from mlgraph.services.discovery.similar import DEFAULT_LIMIT, MAX_LIMIT

router = APIRouter(prefix="/api/v1", tags=["discovery"], dependencies=[Depends(authenticate), Depends(known_only)])

_KEYS: Final = ("text", "kind", "limit")
_PAIR_KEYS: Final = ("a", "b", "reason")
MAX_QUERY_TEXT_CHARS: Final = 8_000
_kind_schema: Final[dict[str, Any]] = {"items": {"type": "string", "enum": list(COMPARED)}}
_TEXT_EXAMPLE: Final = {"text": "I plan to build an embedding of movies from their ratings and genres.", "limit": 5}
_PAIR_EXAMPLE: Final = {
    "a": "mlg://model/mlflow%3Aprod/title-embedding",
    "b": "mlg://model/mlflow%3Aprod/movie-vectors",
    "reason": "one is for search, the other for recommendations",
}


async def _at_least(
    services: Services,
    lanes: UseLanes,
    at_least: Annotated[
        int | None,
        Query(ge=0, le=2**63 - 1, description="Wait until the answer includes this watermark, else 503 with Retry-After."),
    ] = None,
) -> None:
    """Wait until comparisons include the write with this watermark. Raises `Unavailable` if that takes too long."""
    if at_least is not None and not services.discovery.reached(at_least):
        await lanes.at_least.run(lambda: services.discovery.wait_for(at_least))


@router.get(
    "/similar",
    summary="Similar assets",
    response_model=similar_shapes.Similar,
    responses=operations.answers("What is built already.", errors=(*READ_ERRORS, 404, 414)),
    dependencies=[Depends(_at_least)],
)
async def similar(
    services: Services,
    lanes: UseLanes,
    uri: Annotated[Uri | None, Query(description="The asset; a version or column stands for its model or dataset.")] = None,
    text: Annotated[
        str | None, Query(max_length=MAX_QUERY_TEXT_CHARS, description="What is to be built, in words, in place of `uri`.")
    ] = None,
    kind: Annotated[
        list[str] | None, Query(description="With `text`: only assets of these kinds.", json_schema_extra=_kind_schema)
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many hits to list at most.")] = DEFAULT_LIMIT,
) -> Response:
    """Return what may be a duplicate of an asset, or what exists of what a text describes, the most similar first.

    Each hit has its reasons: signed contributions that add up to its score. What is up- or downstream of the asset, its versions
    and its copies in other environments are no hits, nor are pairs that a person dismissed. Without hits, `nothing_like_it` is
    true.
    """
    if (uri is None) == (text is None):
        raise InvalidInput("give either 'uri' or 'text'", pointer="uri")
    if uri is not None:
        if kind:
            raise InvalidInput("an asset is compared with those of its own kind: 'kind' goes with 'text'", pointer="kind")
        return await lanes.light.run(lambda: answer(services.discovery.similar(uri, limit=limit)))
    kinds = _kinds(kind or [])
    return await lanes.heavy.run(lambda: answer(services.discovery.similar_to_text(text or "", kinds, limit=limit)))


@router.post(
    "/similar",
    summary="What exists of a plan",
    response_model=similar_shapes.Similar,
    responses=operations.answers("What is built already.", errors=WRITE_ERRORS),
    openapi_extra=operations.body("A brief or a plan, up to 1 MB of text.", {"application/json": _TEXT_EXAMPLE}),
)
async def similar_to_text(request: Request, services: Services, lanes: UseLanes) -> Response:
    """Return what exists already of what a brief or plan describes, who owns it, and whom to talk to."""
    async with request_bodies.buffered(request) as body:
        document = Located(decode_json(body))
        _known_keys(document, _KEYS)
        text = document.need("text").text()
        if len(text.encode("utf-8", "replace")) > MAX_TEXT_BYTES:
            raise TooLarge(f"'text' has at most {MAX_TEXT_BYTES} bytes: send the plan in parts")
        kind, limit = document.get("kind"), document.get("limit")
        kinds = _kinds([] if kind is None else [kind.text()] if isinstance(kind.value, str) else [k.text() for k in kind.items()])
        most = DEFAULT_LIMIT if limit is None else _limit(limit)
        return await lanes.heavy.run(lambda: answer(services.discovery.similar_to_text(text, kinds, limit=most)))


@router.post(
    "/similar/dismissals",
    summary="Not a duplicate",
    response_model=similar_shapes.Dismissal,
    responses=operations.answers("The pair is not shown again.", errors=(*WRITE_ERRORS, 404)),
    openapi_extra=operations.body("The pair, and why it is none.", {"application/json": _PAIR_EXAMPLE}),
)
async def dismiss(request: Request, services: Services, caller: Caller) -> Response:
    """Record that two assets are no duplicates of each other: the pair is never shown again, in either direction."""
    async with request_bodies.buffered(request) as body:
        document = Located(decode_json(body))
    _known_keys(document, _PAIR_KEYS)
    a, b, reason = str(document.need("a").uri()), str(document.need("b").uri()), document.get("reason")
    text = reason.text() if reason else None
    return answer(await anyio.to_thread.run_sync(services.discovery.dismiss, a, b, text, caller))


@router.delete(
    "/similar/dismissals",
    summary="Take back a dismissal",
    response_model=similar_shapes.Dismissal,
    responses=operations.answers("The pair is compared again.", errors=(*READ_ERRORS, 404)),
)
async def undo_dismissal(
    services: Services,
    caller: Caller,
    a: Annotated[Uri, Query(description="One asset of the pair.")],
    b: Annotated[Uri, Query(description="The other asset of the pair.")],
) -> Response:
    """Take back that two assets are no duplicates."""
    return answer(await anyio.to_thread.run_sync(services.discovery.undo_dismissal, a, b, caller))


def _known_keys(document: Located, known: tuple[str, ...]) -> None:
    for key in document.mapping():
        if key not in known:
            raise InvalidInput(f"unknown key {key[:60]!r}; known are {', '.join(known)}", pointer=f"/{key[:60]}")


def _kinds(kinds: list[str]) -> tuple[str, ...]:
    for kind in kinds:
        if kind not in COMPARED:
            raise InvalidInput(
                f"unknown kind {kind[:60]!r}; the kinds that are compared are {', '.join(COMPARED)}", pointer="kind"
            )
    return tuple(dict.fromkeys(kinds))


def _limit(limit: Located) -> int:
    value = limit.value
    if type(value) is not int or not 1 <= value <= MAX_LIMIT:
        limit.fail(f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(value)
