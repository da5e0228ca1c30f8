"""Typed HTTP client of mlgraph for Python programs and the command line; a thin layer over httpx."""

from mlgraph.client.client import Client
from mlgraph.client.errors import ClientError, ServerNotReachable
from mlgraph.client.responses import Answer
from mlgraph.domain.walk_options import WalkOptions

__all__ = ["Answer", "Client", "ClientError", "ServerNotReachable", "WalkOptions"]
