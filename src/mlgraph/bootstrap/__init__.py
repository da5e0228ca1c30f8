"""The only place that picks concrete adapters and wires them: `mlgraph up`."""

from mlgraph.bootstrap.options import Options
from mlgraph.bootstrap.serving import serve

__all__ = ["Options", "serve"]
