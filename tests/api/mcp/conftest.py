"""A real server over the company, and MCP clients of both protocol versions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.mcp import company
from tests.api.mcp.agents import Agent
from tests.contract.serving import Api, Process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process("--data", str(tmp_path_factory.mktemp("mcp") / "data"))
    api = Api(process.url)
    api.taken(*company.facts())
    api.ask("asset", uri=company.ORDERS)  # returns once the graph has the facts
    api.close()
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def agent(server: Process) -> Iterator[Agent]:
    """An agent with a client of the newest protocol version."""
    with Agent(server.url) as opened:
        yield opened
