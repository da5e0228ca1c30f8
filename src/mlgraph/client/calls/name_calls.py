"""The calls of the client for the resolution of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlgraph.client.responses import Answer, HttpTransport

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.name_shapes import ResolvedName


class NameCalls:
    """Methods of `Client` for the resolution of names."""

    _transport: HttpTransport

    def resolve(self, name: str, *, at_least: int | None = None) -> Answer[ResolvedName]:
        """Return the assets that a name may mean, the most exact first (docs/naming.md)."""
        return self._transport.get("/api/v1/resolve", {"name": name, "at_least": at_least})
