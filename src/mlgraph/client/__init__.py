"""The typed HTTP client of mlgraph: a thin layer over httpx that programs and the command line share."""

from mlgraph.client.client import Client
from mlgraph.client.errors import ClientError, ServerNotReachable
from mlgraph.client.responses import Answer
from mlgraph.domain.walk_options import WalkOptions

__all__ = ["Answer", "Client", "ClientError", "ServerNotReachable", "WalkOptions"]
