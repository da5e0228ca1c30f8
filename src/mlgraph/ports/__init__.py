"""Protocols between the use cases and what surrounds them: the store, sources, clocks."""
