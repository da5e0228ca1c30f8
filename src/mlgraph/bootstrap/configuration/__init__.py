"""Reading and checking mlgraph.yaml (docs/configuration.md)."""

from mlgraph.bootstrap.configuration.loading import NAME, load
from mlgraph.bootstrap.configuration.secret_places import credentials_at

__all__ = ["NAME", "credentials_at", "load"]
