"""Shapes of the answers of `/graphql` (GraphQL over HTTP): the data has the shape of the query (docs/schema.graphql)."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class GraphqlError(TypedDict):
    """An error of the query, or of one field at `path`; `extensions.code` is a word for programs."""

    message: str
    locations: NotRequired[list[dict[str, int]]]
    path: NotRequired[list[str | int]]
    extensions: dict[str, Any]


class GraphqlAnswer(TypedDict):
    """The data, and the errors if there are any; without `data`, the query did not run."""

    errors: NotRequired[list[GraphqlError]]
    data: NotRequired[dict[str, Any] | None]
