"""The embedded PostgreSQL: cluster, child process, private socket, data directory lock, log."""
