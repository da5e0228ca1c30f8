"""Requests to Feast registries, and the payloads that the connector `feast` reads."""
