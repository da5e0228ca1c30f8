"""Thousands of calls in one process leave its resident memory as it was. MLGRAPH_MCP_CALLS sets their number."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.api.mcp import company
from tests.api.mcp.agents import LEGACY, MODERN
from tests.contract.serving import Process

pytestmark = pytest.mark.slow
CALLS: Final = int(os.environ.get("MLGRAPH_MCP_CALLS", "2000"))
GROWTH_BYTES: Final = 8 * 1024 * 1024
"""What caches of names and the allocator may still gain after the first quarter."""
_ARGUMENTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("impact", {"asset": company.ORDERS, "change": "values"}),
    ("lineage", {"asset": "home-feed", "direction": "upstream"}),
    ("show", {"asset": "model:home-ranker"}),
    ("find", {"query": "orders"}),
    ("path", {"asset": company.ORDERS, "to": "service:checkout"}),
    ("live", {}),
    ("show", {"asset": "no-such-name"}),
    ("nothing", {}),
)


def resident_bytes(process: int) -> int:
    """Memory of a process (proc(5), statm)."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def call(http: httpx.Client, number: int) -> None:
    """Send one call; the versions of the protocol take turns."""
    tool, arguments = _ARGUMENTS[number % len(_ARGUMENTS)]
    parameters: dict[str, Any] = {"name": tool, "arguments": arguments}
    headers = {"accept": "application/json", "mcp-protocol-version": LEGACY}
    if number // len(_ARGUMENTS) % 2:
        headers |= {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}
        parameters["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": parameters}
    response = http.post("/mcp", json=body, headers=headers)
    assert ("error" if tool == "nothing" else "result") in response.json()


def test_memory_is_flat_over_many_calls(server: Process) -> None:
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as http:
        for number in range(CALLS // 4):
            call(http, number)
        before = resident_bytes(server.child.pid)
        for number in range(CALLS // 4, CALLS):
            call(http, number)
    growth = resident_bytes(server.child.pid) - before
    assert growth < GROWTH_BYTES, f"{growth} bytes after {CALLS} calls"
