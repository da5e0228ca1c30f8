"""The services of one server, its readiness, its archives."""
