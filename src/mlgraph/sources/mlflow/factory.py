"""The factory of source adapters for MLflow servers."""

from __future__ import annotations

from mlgraph.domain.credentials import Credentials
from mlgraph.ports.source_adapter import Access, SourceAdapter
from mlgraph.sources.http import RetryPolicy
from mlgraph.sources.mlflow.api import ambient_credentials
from mlgraph.sources.mlflow.source import MlflowSource


class MlflowSources:
    """The `SourceFactory` of MLflow."""

    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        """Return a source adapter for the MLflow server at `access`; without `patient`, requests are not retried.

        Raises `InvalidInput` if the address is not a URL.
        """
        return MlflowSource(access, retries=None if patient else RetryPolicy(attempts=1, timeout_s=access.limits.timeout_s))

    def ambient(self) -> Credentials | None:
        """Return the credentials that MLflow's own client would read from the environment. Raises `InvalidInput`."""
        return ambient_credentials()
