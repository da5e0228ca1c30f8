"""The only place that picks concrete adapters and wires them: `mlgraph up`, and backups of stores that nobody serves."""

from mlgraph.bootstrap.archiving import backup, restore
from mlgraph.bootstrap.options import Options
from mlgraph.bootstrap.serving import serve

__all__ = ["Options", "backup", "restore", "serve"]
