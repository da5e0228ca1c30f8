"""The calls of the client for search."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mlgraph.client.responses import Answer, HttpTransport
from mlgraph.domain.options.search_options import DEFAULTS, SearchOptions

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.search_shapes import Search


class SearchCalls:
    """Methods of `Client` for search."""

    _transport: HttpTransport

    def search(self, q: str = "", options: SearchOptions = DEFAULTS, *, at_least: int | None = None) -> Answer[Search]:
        """Return the assets that match `q`, best first; without `q`, all assets that the filters of `options` admit."""
        values = {field.name: getattr(options, field.name) for field in fields(options)}
        changed: dict[str, Any] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != getattr(DEFAULTS, name)
        }
        return self._transport.get("/api/v1/search", {"q": q, **changed, "at_least": at_least})
