"""Use cases and their transactions: intake, following the log, queries, connections."""
