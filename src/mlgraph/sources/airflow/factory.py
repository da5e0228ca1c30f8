"""The factory of source adapters for Airflow."""

from __future__ import annotations

from mlgraph.domain.credentials import Credentials
from mlgraph.ports.source_adapter import Access, SourceAdapter
from mlgraph.sources.airflow.api import ambient_credentials
from mlgraph.sources.airflow.source import AirflowSource
from mlgraph.sources.http import RetryPolicy


class AirflowSources:
    """The `SourceFactory` of Airflow."""

    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        """Return a source adapter for the Airflow at `access`; without `patient`, requests are not retried.

        Raises `InvalidInput` if the address is not a URL.
        """
        return AirflowSource(access, retries=None if patient else RetryPolicy(attempts=1, timeout_s=access.limits.timeout_s))

    def ambient(self) -> Credentials | None:
        """Return the credentials of the environment. Raises `InvalidInput`."""
        return ambient_credentials()
