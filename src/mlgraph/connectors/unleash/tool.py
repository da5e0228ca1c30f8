"""Interpretation of Unleash's answers and webhooks for `mlgraph connect`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlgraph.connectors.unleash import webhooks
from mlgraph.connectors.unleash.removals import Removals
from mlgraph.domain.uri import AssetUri


class UnleashTool(Removals):
    """The `PulledTool` of Unleash.

    Its facts have the times of Unleash's events, and their order is that of the events, so that no answer needs the stored state:
    one that was requested earlier has a part of the facts of a later one.
    """

    verify = staticmethod(webhooks.verify_webhook)
    thin = staticmethod(webhooks.thin)
    occurred_at = staticmethod(webhooks.occurred_at)

    def subject(self, _: object) -> AssetUri | None:
        """Return None: no payload needs a stored state."""
        return None

    def version_of(self, _: object) -> int | None:
        """Return None: payloads are not ordered by a version."""
        return None

    def version_of_state(self, _: Mapping[str, Any]) -> int | None:
        """Return None, as `version_of`."""
        return None
