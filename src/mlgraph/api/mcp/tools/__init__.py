"""The tools of the MCP server: each reads its arguments, asks a service, and returns one budgeted answer."""
