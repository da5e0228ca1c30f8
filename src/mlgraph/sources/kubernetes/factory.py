"""The factory of source adapters for Kubernetes clusters."""

from __future__ import annotations

from mlgraph.domain.credentials import Credentials
from mlgraph.ports.source_adapter import Access, SourceAdapter
from mlgraph.sources.http import RetryPolicy
from mlgraph.sources.kubernetes.api import ambient_credentials
from mlgraph.sources.kubernetes.source import KubernetesSource


class KubernetesSources:
    """The `SourceFactory` of Kubernetes."""

    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        """Return a source adapter for the API at `access`; without `patient`, requests are not retried.

        Raises `InvalidInput` if the address is not a URL, or the credentials are not a token alone.
        """
        return KubernetesSource(access, retries=None if patient else RetryPolicy(attempts=1, timeout_s=access.limits.timeout_s))

    def ambient(self) -> Credentials | None:
        """Return the token of the environment. Raises `InvalidInput`."""
        return ambient_credentials()
