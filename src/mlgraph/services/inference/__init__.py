"""Inferred edges: rules evaluated over store and graph."""
