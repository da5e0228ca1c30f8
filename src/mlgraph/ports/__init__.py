"""Interfaces (protocols) between the services and their adapters: store, base files, connectors, sources, backup."""
