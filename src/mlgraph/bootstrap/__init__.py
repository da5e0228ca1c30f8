"""The composition root, which selects and connects concrete adapters: `mlgraph up`, and backup of a store without a server."""

from mlgraph.bootstrap.archiving import backup, restore
from mlgraph.bootstrap.options import Options
from mlgraph.bootstrap.serving import serve

__all__ = ["Options", "backup", "restore", "serve"]
