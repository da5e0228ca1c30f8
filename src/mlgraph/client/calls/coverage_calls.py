"""The calls of the client about what is known of the versions that serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.coverage_shapes import DeployedCoverage
    from mlgraph.client.responses import Answer, HttpTransport


class CoverageCalls:
    """Calls about coverage."""

    _transport: HttpTransport

    def coverage(
        self, *, as_of: str | None = None, limit: int | None = None, at_least: int | None = None
    ) -> Answer[DeployedCoverage]:
        """Return how many of the versions that serve reach a dataset, an owner, a commit, ..., and each gap with its fix."""
        return self._transport.get("/api/v1/coverage", {"as_of": as_of, "limit": limit, "at_least": at_least})
