"""The route `POST /graphql` (GraphQL over HTTP): one operation a request, no batches, no page for browsers."""

from __future__ import annotations

import json
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from graphql import GraphQLError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mlgraph.api.graphql.execution import GraphqlRequest, Prepared, error_body, prepare, run
from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import dump
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.http.problems import MEDIA_TYPE
from mlgraph.api.http.request_bodies import buffered
from mlgraph.api.schema import operations
from mlgraph.api.schema.parameters import known_only
from mlgraph.client.answer_shapes.graphql_shapes import GraphqlAnswer
from mlgraph.domain.errors import InvalidInput, NotJson, TooLarge, Unavailable

MAX_REQUEST_BYTES: Final = 128 * 1024
_MEMBERS: Final = frozenset({"query", "variables", "operationName", "extensions"})
_JSON: Final = "application/json"
_GRAPHQL_JSON: Final = "application/graphql-response+json"
_EXAMPLE: Final = {
    "query": "query Readers($uri: String!) { asset(uri: $uri) { name lineage(first: 100) { edges { distance node { uri } } } } }",
    "variables": {"uri": "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"},
}

router = APIRouter(tags=["graphql"], dependencies=[Depends(authenticate), Depends(known_only)])


@router.post(
    "/graphql",
    summary="GraphQL",
    response_model=GraphqlAnswer,
    responses={
        **operations.answers("The answer; `errors` if a field failed.", errors=(401, 403, 413, 415, 422, 503)),
        400: {
            "model": GraphqlAnswer,
            "description": "The query is not valid, or exceeds a limit: `errors` say which. A problem, if the body is not JSON.",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    },
    openapi_extra=operations.body("A query with its variables.", {_JSON: _EXAMPLE}),
)
async def graphql(request: Request, services: Services, lanes: UseLanes) -> Response:
    """Answer a GraphQL query (docs/graphql.md): `asset`, `search` and `impact`, as Relay connections.

    `first` is compulsory, at most 100; the product of all `first` along a query is at most 10,000 nodes, counted before
    the query runs. Cursors continue the list of the first page, whatever is written meanwhile. A field that fails is null,
    with an entry in `errors`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise HTTPException(415, f'send the query as {_JSON}: {{"query": ..., "variables": ...}}')
    async with buffered(request) as body:
        if len(body) > MAX_REQUEST_BYTES:
            raise TooLarge(
                f"a GraphQL request has at most {MAX_REQUEST_BYTES} bytes: send long lists of names as several queries"
            )
        sent = _read(body)
    prepared = await lanes.light.run(lambda: prepare(sent))
    if isinstance(prepared, list):
        return _answered(request, {"errors": prepared}, 400)
    try:
        await _reach(prepared, services, lanes)
    except Unavailable as error:
        return _not_yet(request, error)
    return _answered(request, await lanes.heavy.run(lambda: run(prepared, services)))


async def _reach(prepared: Prepared, services: Services, lanes: UseLanes) -> None:
    """Wait until answers include the watermark that the query wants. Raises `Unavailable`."""
    watermark = prepared.at_least
    if watermark and not services.queries.reached(watermark):
        await lanes.at_least.run(lambda: services.queries.wait_for(watermark))
    if watermark and prepared.searches and not services.search_pages.includes(watermark):
        await lanes.at_least.run(lambda: services.search_pages.wait_until(watermark))


def _read(body: bytes) -> GraphqlRequest:
    """Return the request in `body`. Raises `NotJson`, and `InvalidInput` for JSON that is no request."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotJson(f"the body is not JSON: {error}") from None
    if isinstance(sent, list):
        raise InvalidInput("one operation a request: batches (a JSON array) are not taken", pointer="")
    if not isinstance(sent, dict):
        raise InvalidInput("the body is a JSON object with `query` and `variables`", pointer="")
    if unknown := sorted(sent.keys() - _MEMBERS):
        raise InvalidInput(f"unknown member {unknown[0][:60]!r}; a request has {', '.join(sorted(_MEMBERS))}", pointer="")
    query, variables, name = sent.get("query"), sent.get("variables"), sent.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise InvalidInput("`query` is missing: the text of the query", pointer="/query")
    if variables is not None and not isinstance(variables, dict):
        raise InvalidInput("`variables` is an object with the value of each variable", pointer="/variables")
    if name is not None and not isinstance(name, str):
        raise InvalidInput("`operationName` is a string", pointer="/operationName")
    return GraphqlRequest(query, variables or {}, name)


def _not_yet(request: Request, error: Unavailable) -> Response:
    """Return the answer to a query whose watermark is not reached: an error of the query, so that clients read its message."""
    wrapped = GraphQLError(error.detail, original_error=error)
    response = _answered(request, {"errors": [error_body(wrapped)], "data": None})
    response.headers["retry-after"] = str(max(1, error.retry_after_s))
    return response


def _answered(request: Request, answer: dict[str, Any], status: int = 200) -> Response:
    accepted = request.headers.get("accept", "")
    return Response(dump(answer), status, media_type=_GRAPHQL_JSON if _GRAPHQL_JSON in accepted else _JSON)
