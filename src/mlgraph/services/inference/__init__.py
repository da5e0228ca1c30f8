"""Inferred edges: evaluation of rules over the facts of the store and the graph."""
