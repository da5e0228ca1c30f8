"""Makes sources that read MLflow servers."""

from __future__ import annotations

from mlgraph.domain.credentials import Credentials
from mlgraph.ports.source_adapter import Access, SourceAdapter
from mlgraph.sources.http import Patience
from mlgraph.sources.mlflow import MlflowSource
from mlgraph.sources.mlflow_api import ambient_credentials


class MlflowSources:
    """The `SourceFactory` of MLflow."""

    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        """Return a source that asks the MLflow server at an address; not `patient`: one attempt, as long as one request may take.

        Raises `InvalidInput` where the address is no URL.
        """
        return MlflowSource(access, patience=None if patient else Patience(attempts=1, timeout_s=access.limits.timeout_s))

    def ambient(self) -> Credentials | None:
        """Return the credentials that MLflow's own client would take from the environment. Raises `InvalidInput`."""
        return ambient_credentials()
