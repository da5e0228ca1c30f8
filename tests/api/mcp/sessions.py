"""Recording of what the SDK's client sends in a session, and what the server answers: `python -m tests.api.mcp.sessions`."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.api.mcp import company
from tests.api.mcp.agents import LEGACY, MODERN
from tests.contract.serving import Api, Process

Json = dict[str, Any]
FOLDER: Final = Path(__file__).parent / "sessions"
MODES: Final = {MODERN: MODERN, LEGACY: "legacy"}
CALLS: Final[tuple[tuple[str, Json], ...]] = (
    ("show", {"asset": company.HOME_FEED}),
    ("impact", {"asset": "shop.public.orders", "change": "schema", "column": "user_id"}),
    ("lineage", {"asset": "home-feed", "direction": "upstream", "kind": ["dataset"]}),
    ("path", {"asset": "scratch", "to": "home-feed"}),
    ("live", {"asset": "service:checkout"}),
    ("show", {"asset": "home-fed"}),
    ("lineage", {"asset": "home-feed", "direction": "sideways"}),
)
_SENT: Final = ("accept", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id")


async def recorded(url: str, version: str) -> list[Json]:
    """Return the exchanges of a session of a protocol version with the server at `url`."""
    exchanges: list[Json] = []

    async def note(response: httpx2.Response) -> None:
        request = response.request
        await response.aread()
        exchanges.append(
            {
                "method": request.method,
                "headers": {name: request.headers[name] for name in _SENT if name in request.headers},
                "body": json.loads(request.content) if request.content else None,
                "status": response.status_code,
                "answer": json.loads(response.content) if response.content else None,
            }
        )

    http = httpx2.AsyncClient(event_hooks={"response": [note]}, trust_env=False, timeout=60)
    async with http, Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=MODES[version]) as client:
        await client.list_tools()
        for tool, arguments in CALLS:
            await client.call_tool(tool, arguments)
    return exchanges


def main() -> None:
    """Record a session of each protocol version over the company."""
    with tempfile.TemporaryDirectory() as folder:
        process = Process("--data", f"{folder}/data")
        try:
            api = Api(process.url)
            api.taken(*company.facts())
            api.ask("asset", uri=company.ORDERS)
            for version in MODES:
                exchanges = asyncio.run(recorded(process.url, version))
                text = json.dumps(exchanges, indent=1, ensure_ascii=True)
                (FOLDER / f"{version}.json").write_text(text + "\n")
        finally:
            process.stop()


if __name__ == "__main__":
    main()
