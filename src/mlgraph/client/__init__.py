"""The typed HTTP client of mlgraph: a thin layer over httpx that programs and the command line share."""

from mlgraph.client.client import Client
from mlgraph.client.errors import ClientError, ServerNotReachable
from mlgraph.client.wire import Answer

__all__ = ["Answer", "Client", "ClientError", "ServerNotReachable"]
