"""Options of queries, with their bounds and defaults."""
