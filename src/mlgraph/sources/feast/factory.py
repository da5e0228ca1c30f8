"""The factory of source adapters for Feast registries."""

from __future__ import annotations

from mlgraph.domain.credentials import Credentials
from mlgraph.ports.source_adapter import Access, SourceAdapter
from mlgraph.sources.feast.api import ambient_credentials
from mlgraph.sources.feast.source import FeastSource
from mlgraph.sources.http import RetryPolicy


class FeastSources:
    """The `SourceFactory` of Feast."""

    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        """Return a source adapter for the registry at `access`; without `patient`, requests are not retried.

        Raises `InvalidInput` if the address is not a URL.
        """
        return FeastSource(access, retries=None if patient else RetryPolicy(attempts=1, timeout_s=access.limits.timeout_s))

    def ambient(self) -> Credentials | None:
        """Return the token that Feast's own clients would read from the environment. Raises `InvalidInput`."""
        return ambient_credentials()
