"""The Model Context Protocol at `/mcp`: tools for agents over the same services as the HTTP API (docs/agents.md)."""
