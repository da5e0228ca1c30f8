"""Execution of one GraphQL request: parse, limits, validation, execution, and errors without internals."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute, parse, validate
from strawberry.dataloader import DataLoader

from mlgraph.api.graphql.limits import MAX_TOKENS, QueryLimits, QueryRefused
from mlgraph.api.graphql.schema import build_schema
from mlgraph.api.graphql.types import QueryContext
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.payloads.payload import clean_text
from mlgraph.services.history.asset_states import State
from mlgraph.services.queries.paged.closure_pages import AssetRef
from mlgraph.services.server.bundle import Services

MAX_ERRORS: Final = 20
CACHED_QUERIES: Final = 128
CACHED_CHARS: Final = 4_096
"""Longest query text that is cached: a syntax tree takes some hundred times the size of its text."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GraphqlRequest:
    """The members of a request (GraphQL over HTTP, section 5)."""

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that may be executed. `at_least` is the watermark to wait for first (0: none), `searches`: in the index too."""

    schema: GraphQLSchema
    document: DocumentNode
    request: GraphqlRequest
    at_least: int
    searches: bool


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """Return the schema, built on the first call."""
    return build_schema()


def _parse(query: str) -> DocumentNode:
    return parse(query, max_tokens=MAX_TOKENS)


def _validate(document: DocumentNode) -> tuple[GraphQLError, ...]:
    return tuple(validate(schema(), document, max_errors=MAX_ERRORS))


# Programs send the same texts with other variables; parsing and validating take longer than a small page.
_parsed = lru_cache(CACHED_QUERIES)(_parse)


@lru_cache(CACHED_QUERIES)
def _validated(query: str) -> tuple[GraphQLError, ...]:
    return _validate(_parsed(query))


def prepare(request: GraphqlRequest) -> Prepared | list[dict[str, Any]]:
    """Parse a request, check its limits and validate it; return the errors in the form of the answer if there are any."""
    usual = len(request.query) <= CACHED_CHARS
    try:
        document = _parsed(request.query) if usual else _parse(request.query)
        limits = QueryLimits(document, request.variables)
        limits.check()
        found = list(_validated(request.query) if usual else _validate(document))
    except GraphQLError as error:
        found = [error]
    except RecursionError:
        found = [QueryRefused("the query is nested too deeply to be read", "TOO_DEEP")]
    else:
        if not found:
            return Prepared(schema(), document, request, limits.at_least, limits.searches)
    return [error_body(error) for error in found]


def run(prepared: Prepared, services: Services) -> dict[str, Any]:
    """Execute a request in this thread and return the answer. Its fields run in an event loop of their own.

    States of assets that fields of one level ask for are read together, which a loop makes possible.
    """
    return asyncio.run(_run(prepared, services))


async def _run(prepared: Prepared, services: Services) -> dict[str, Any]:
    pages = services.queries.pages

    async def load(assets: list[AssetRef]) -> Sequence[State]:
        return pages.states(assets)

    states: DataLoader[AssetRef, State] = DataLoader(load, cache_key_fn=_identity)
    request = prepared.request
    executed = execute(
        prepared.schema,
        prepared.document,
        context_value=QueryContext(services.names.uri_of, pages, services.search_pages, states),
        variable_values=dict(request.variables),
        operation_name=request.operation_name,
    )
    result = executed if isinstance(executed, ExecutionResult) else await executed
    answer: dict[str, Any] = {"data": result.data}
    return {"errors": [error_body(error) for error in result.errors], **answer} if result.errors else answer


def _identity(asset: AssetRef) -> tuple[int, int, int]:
    return asset.graph.watermark, asset.moment, asset.number


def error_body(error: GraphQLError) -> dict[str, Any]:
    """Return an error of the answer. A failure that is no fault of the request is logged, and reported without its cause."""
    formatted: dict[str, Any] = {"message": clean_text(error.message)}
    if error.locations:
        formatted["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path:
        formatted["path"] = error.path
    extensions = dict(error.extensions or {})
    cause = error.original_error
    if isinstance(cause, MlgraphError):
        code = cause.title.upper().replace(" ", "_")
        extensions = {"code": code, "status": cause.status, "title": cause.title}
        if cause.pointer:
            extensions["argument"] = cause.pointer
        formatted["message"] = clean_text(cause.detail)
    elif error.path and cause is not None and not isinstance(cause, GraphQLError):  # a field, not the reading of a value
        instance = f"urn:uuid:{uuid.uuid4()}"
        _log.error("a GraphQL field failed: %s", instance, exc_info=cause)
        formatted["message"] = f"the server failed unexpectedly; its log has the cause under {instance}"
        extensions = {"code": "INTERNAL_ERROR", "status": 500, "instance": instance}
    extensions.setdefault("code", "INVALID_QUERY")
    return {**formatted, "extensions": extensions}
