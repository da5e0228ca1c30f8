"""Requests to the APIs of Kubernetes clusters, and the payloads that the connector `kubernetes` reads."""
