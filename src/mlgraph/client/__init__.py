"""Typed HTTP client of mlgraph for Python programs and the command line; a thin layer over httpx."""

from mlgraph.client.async_client import AsyncClient
from mlgraph.client.client import Client
from mlgraph.client.errors import ClientError, ServerNotReachable, UnresolvedName
from mlgraph.client.responses import Answer
from mlgraph.domain.options.walk_options import WalkOptions

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "ClientError",
    "ServerNotReachable",
    "UnresolvedName",
    "WalkOptions",
]
