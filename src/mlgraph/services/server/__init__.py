"""The services of one server: readiness and metrics, backup and restore, the bundle of all services."""
