"""Interpretation of MLflow's answers and webhooks for `mlgraph connect`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mlgraph.connectors.mlflow import freshness, payloads, reconciliation, webhooks
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Departure, Identity, States


class MlflowTool:
    """The `PulledTool` of MLflow."""

    subject = staticmethod(payloads.subject)
    source_key = staticmethod(reconciliation.source_key)
    deleted = staticmethod(reconciliation.deleted_at)
    version_of = staticmethod(freshness.version_of)
    version_of_state = staticmethod(freshness.version_of_state)
    verify = staticmethod(webhooks.verify_webhook)
    thin = staticmethod(webhooks.thin)
    occurred_at = staticmethod(webhooks.occurred_at)

    def departures(
        self, instance: str, known: States, existing: Collection[AssetUri], identities: Mapping[str, Identity], at: int
    ) -> Sequence[Departure]:
        """Return the deletions and renames at an instance since the reports of its `known` objects."""
        found = reconciliation.departures(instance, known, existing, identities, at)
        return [Departure(*reconciliation.departure_payloads(payload)) for payload in found]
