"""Fetching from tools: throttled, retried, cached. What comes back is what the tool said."""
