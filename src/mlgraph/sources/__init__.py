"""Clients of connected tools, with rate limits, retries and caches. They return the answers of a tool unchanged."""
