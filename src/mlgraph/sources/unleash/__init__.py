"""Requests to Unleash servers, and the payloads that the connector `unleash` reads."""
